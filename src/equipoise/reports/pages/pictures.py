"""Pictures inside the page: embedded bytes, few enough that the page stays small.

PNG files are embedded as they are while all of them fit. Where they do not, fewer of the steps are shown, evenly
chosen; and where even these are too large, they are embedded as WebP, which a look cannot tell from them.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from equipoise.reports.pages.records import Sample

T = TypeVar("T")
BUDGET = 2_400_000
"""Bytes of all sample pictures of a page, before base64 adds a third."""
_FEWEST = 12
_KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


@dataclass(frozen=True)
class Picture:
    """An embedded picture.

    Attributes:
        source: a data URI.
        width: in pixels.
        height: in pixels.
    """

    source: str
    width: int
    height: int


@dataclass(frozen=True)
class Frame:
    """The samples of one step.

    Attributes:
        step: after which they were made.
        picture: of them.
    """

    step: int
    picture: Picture


def embedded(path: Path, *, as_webp: bool = False, most: int = BUDGET) -> Picture | None:
    """A picture file as a data URI; None where it is missing or damaged, or no picture of a kind that browsers show.

    Args:
        path: of the file.
        as_webp: make it smaller.
        most: bytes above which it is made smaller in any case.
    """
    try:
        return embedded_bytes(path.read_bytes(), as_webp=as_webp, most=most)
    except OSError:
        return None


def embedded_bytes(content: bytes, *, as_webp: bool = False, most: int = BUDGET) -> Picture | None:
    """As `embedded`, of what the file holds."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            size, kind = image.size, _KINDS.get(str(image.format))
            if kind is None or as_webp or len(content) > most:
                content, kind = _smaller(image), "image/webp"
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return Picture(f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}", *size)


def frames(samples: Sequence[Sample], budget: int = BUDGET) -> list[Frame]:
    """The sample pictures of a run that fit ``budget`` bytes: the first and the last among them.

    Args:
        samples: by step.
        budget: bytes.
    """
    files = [sample for sample in samples if sample.path.suffix == ".png"]
    total = sum(sample.path.stat().st_size for sample in files)
    if not files or total <= budget:
        return _embedded_frames(files, as_webp=False)
    fitting = int(budget * len(files) / total)
    if fitting >= min(_FEWEST, len(files)):
        return _embedded_frames(_spread(files, fitting), as_webp=False)
    found = _embedded_frames(_spread(files, _FEWEST), as_webp=True)
    size = sum(len(frame.picture.source) for frame in found) * 3 // 4
    return _spread(found, max(1, int(len(found) * budget / size))) if size > budget else found


def _embedded_frames(samples: Sequence[Sample], *, as_webp: bool) -> list[Frame]:
    pictures = ((sample.step, embedded(sample.path, as_webp=as_webp)) for sample in samples)
    return [Frame(step, picture) for step, picture in pictures if picture is not None]


def _spread(items: Sequence[T], number: int) -> list[T]:
    """``number`` of ``items`` at even distances, the last always, the first where there are two."""
    last = len(items) - 1
    if number <= 1:
        return [items[last]]
    places = sorted({round(place * last / (number - 1)) for place in range(number)})
    return [items[place] for place in places]


def _smaller(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.convert("RGB").save(written, format="WEBP", quality=85, method=4)
    return written.getvalue()
