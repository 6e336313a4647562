"""A page as one file: templates filled in with escaping on, style and script inside, nothing to be fetched.

The page forbids itself everything else: its content security policy allows no connection, and of scripts and styles
only those that came with the package, by their hash. So a text from the data that slipped through the escaping would
still do nothing.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from equipoise.core.errors import UserError
from equipoise.core.files import write_text
from equipoise.reports.pages.words import number

PAGE = "report.html"
GENERATOR = '<meta name="generator" content="Equipoise">'
"""Stands near the top of every page; a file without it was not made here."""
_TOP = 2000


@cache
def _environment() -> Environment:
    loader = PackageLoader("equipoise.reports.pages", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["number"] = number
    return made


def _asset(name: str) -> tuple[Markup, str]:
    """A file of the package, and its hash in the words of a content security policy."""
    environment = _environment()
    assert environment.loader is not None
    text = environment.loader.get_source(environment, name)[0]
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return Markup(text), f"'sha256-{digest}'"


def rendered(template: str, **context: Any) -> str:
    """The HTML of a page.

    Args:
        template: name of its template.
        context: what the template shows; texts are escaped.
    """
    style, style_hash = _asset("style.css")
    script, script_hash = _asset("page.js")
    policy = f"default-src 'none'; img-src data:; style-src {style_hash}; script-src {script_hash}"
    made = _environment().get_template(template)
    return made.render(style=style, script=script, policy=policy, generator=Markup(GENERATOR), **context)


def refuse_foreign(path: Path) -> None:
    """Nothing where ``path`` may be written: it is free, or holds a page of ours.

    Raises:
        UserError: something else lies there.
    """
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            is_ours = GENERATOR.encode("ascii") in file.read(_TOP)
    except OSError:
        is_ours = False
    if not is_ours:
        raise UserError(
            f"'{path}' exists already and is not a page of 'equipoise report'; give another --out, or remove it."
        )


def write_page(path: Path, html: str) -> Path:
    """Write a page atomically, over an older one of ours, never over anything else.

    Raises:
        UserError: something else lies there, or the place cannot be written.
    """
    refuse_foreign(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, html)
    except OSError as error:
        raise UserError(f"'{path}' cannot be written ({error.strerror or error}); give another --out.") from error
    return path
