"""The examples of docs/optimizers.md run, and the first ends where the page says."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "optimizers.md"


def test_the_examples_run(capsys):
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), {})
    assert capsys.readouterr().out.startswith("1e-07  beta")
