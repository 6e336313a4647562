"""A table of words and numbers as Markdown and as LaTeX."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | int | float | None
_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    "-": "-{}",  # two of them would become a dash
}


@dataclass(frozen=True)
class Table:
    """Attributes: ``title``, ``columns`` and ``rows`` of one cell for each column; None is an empty cell."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def as_json(self) -> dict[str, Any]:
        """As any page can show it."""
        return {"title": self.title, "columns": list(self.columns), "rows": [list(row) for row in self.rows]}

    def as_markdown(self) -> str:
        r"""With its title above.

        >>> print(Table("Arms", ["arm", "FD"], [["a|b", 2.0]]).as_markdown())
        **Arms**
        <BLANKLINE>
        | arm | FD |
        |---|---|
        | a\|b | 2 |
        """
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        drawn = [[cell_text(cell).replace("|", "\\|") for cell in line] for line in lines]
        rows = ["| " + " | ".join(line) + " |" for line in drawn]
        rows[1] = rows[1].replace(" ", "")
        return "\n".join([f"**{self.title}**", "", *rows])

    def as_latex(self) -> str:
        r"""A ``tabular`` that needs no package, with its title as a comment.

        >>> print(Table("Arms", ["arm", "95 %"], [["a_b", 2.0]]).as_latex())
        % Arms
        \begin{tabular}{lr}
        \hline
        arm & 95 \% \\
        \hline
        a\_b & 2 \\
        \hline
        \end{tabular}
        """
        rows = [" & ".join(map(latex, line)) + r" \\" for line in (self.columns, *self.rows)]
        start = f"\\begin{{tabular}}{{l{'r' * (len(self.columns) - 1)}}}"
        lines = [f"% {self.title}", start, r"\hline", rows[0], r"\hline", *rows[1:], r"\hline", r"\end{tabular}"]
        return "\n".join(lines)


def cell_text(cell: Cell) -> str:
    """A cell in words: three digits, or more before the point; nothing for None.

    >>> [cell_text(cell) for cell in ("a", 3, 0.12345, 12345.6, float("inf"), None)]
    ['a', '3', '0.123', '12,346', 'infinite', '']
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if not math.isfinite(cell):
        return "infinite" if cell > 0 else "-infinite" if cell < 0 else "unknown"
    return f"{cell:,.0f}" if isinstance(cell, int) or abs(cell) >= 1000 else f"{cell:.3g}"


def latex(cell: Cell) -> str:
    r"""A cell with everything escaped that LaTeX would read as a command.

    >>> latex("a --b_c 5%")
    'a -{}-{}b\\_c 5\\%'
    """
    return "".join(_LATEX.get(sign, sign) for sign in cell_text(cell))
