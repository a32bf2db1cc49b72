"""The examples of `cramf/retrieval/README.md` run, in their order, against the shipped index."""

from __future__ import annotations

import re
from pathlib import Path

import cramf.retrieval

PAGE = Path(cramf.retrieval.__file__).with_name("README.md")
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_ten_examples_run(capsys: object) -> None:
    blocks = _BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 10
    names: dict[str, object] = {}
    for number, block in enumerate(blocks, start=1):
        assert "assert" in block or number == 1, f"example {number} checks nothing"
        exec(compile(block, f"{PAGE.name}, example {number}", "exec"), names)


def test_every_channel_is_on_the_page() -> None:
    from cramf.retrieval.arms import CHANNELS

    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in CHANNELS if f"| `{name}` |" not in text] == []
