"""LaTeX source made ready: comments and verbatim text hidden, braces matched, offsets as they were."""

from __future__ import annotations

import re
from typing import Final

from cramf.formalize.documents.types import Lines

__all__ = ["GONE", "Source"]

GONE: Final = "\0"
"""Stands for each character that LaTeX does not see; the text that is read holds no other NUL."""

_VERBATIM = (
    "verbatim verbatim* Verbatim Verbatim* BVerbatim LVerbatim lstlisting minted comment alltt filecontents "
    "filecontents* tikzpicture asy"
).split()
_HIDING = re.compile(
    r"\\begin[ \t]*\{(?P<name>" + "|".join(map(re.escape, _VERBATIM)) + r")\}"
    r"|\\(?:verb|lstinline)\*?(?P<mark>[^A-Za-z*\s{\[])"
    r"|\\(?P<false>iffalse)(?![A-Za-z])"
    r"|\\(?:url|href|path)[ \t]*\{[^{}\n]*\}"  # a per cent sign in an address begins no comment
    r"|\\(?:[A-Za-z]+|.|\n)"
    r"|(?P<comment>%[^\n]*(?:\n[ \t]*)?)"
)
_CONDITIONAL = re.compile(r"\\(?:(?P<fi>fi)|(?P<other>else)|if(?!f\b|thenelse\b)[A-Za-z]*)(?![A-Za-z])")
_BRACES = re.compile(r"\\(?:[A-Za-z]+|.|\n)|[{}\[\]]")


class Source:
    """A LaTeX text whose comments and verbatim parts are `GONE`, and the way around its braces.

    `text` has the length of the original. Everything here takes time linear in it.
    """

    def __init__(self, original: str, lines: Lines) -> None:
        self._lines = lines
        self.text = self._hidden(original)
        self._close: dict[int, int] = {}
        """Where each brace closes, and each bracket: at the first one that is within the same braces."""
        opened: list[tuple[int, list[int]]] = [(-1, [])]
        for found in _BRACES.finditer(self.text):
            character, at = found.group(), found.start()
            if character == "{":
                opened.append((at, []))
            elif character == "}" and len(opened) > 1:
                self._close[opened.pop()[0]] = at
            elif character == "[":
                opened[-1][1].append(at)
            elif character == "]":
                self._close.update(dict.fromkeys(opened[-1][1], at))
                opened[-1][1].clear()

    def _hidden(self, text: str) -> str:
        pieces: list[str] = []
        done = at = 0
        while (found := _HIDING.search(text, at)) is not None:
            at, end = found.end(), found.end()
            start = found.start()
            if found["comment"] is not None:
                # The end of a commented line and the blanks after it are no space; an empty line stays one.
                if text.startswith("\n", end) and "\n" in found.group():
                    end = found.start() + found.group().index("\n")
            elif found["mark"] is not None:
                line = text.find("\n", end)
                close = text.find(found["mark"], end, line if line >= 0 else len(text))
                if close < 0:
                    continue
                end = close + 1
            elif found["name"] is not None:
                closing = f"\\end{{{found['name']}}}"
                close = text.find(closing, end)
                if close < 0:
                    self._lines.remark(start, f"`{found['name']}` is never closed; nothing after it was read")
                end = len(text) if close < 0 else close + len(closing)
            elif found["false"] is not None:
                end = self._past_fi(text, start, end)
            else:
                continue
            pieces += (text[done:start], GONE * (end - start))
            done = at = end
        return "".join((*pieces, text[done:]))

    def _past_fi(self, text: str, start: int, at: int) -> int:
        """End of the part that `\\iffalse` hides."""
        depth = 1
        for found in _CONDITIONAL.finditer(text, at):
            depth += 0 if found["other"] else (-1 if found["fi"] else 1)
            if depth == 0 or (depth == 1 and found["other"]):
                return found.end()
        self._lines.remark(start, "`\\iffalse` has no `\\fi`; nothing after it was read")
        return len(text)

    def skip(self, at: int) -> int:
        """The next offset that holds neither a blank nor what LaTeX does not see."""
        while at < len(self.text) and (self.text[at].isspace() or self.text[at] == GONE):
            at += 1
        return at

    def group(self, at: int) -> tuple[str, int] | None:
        """What the braces hold that begin here, perhaps after blanks, and the offset behind them."""
        at = self.skip(at)
        if not self.text.startswith("{", at) or at not in self._close:
            return None
        end = self._close[at]
        return self.text[at + 1 : end], end + 1

    def option(self, at: int, longest: int = 2000) -> tuple[str, int] | None:
        """What the brackets hold that begin here, perhaps after blanks, and the offset behind them.

        A bracket within braces closes nothing, and more than `longest` characters are no option.
        """
        at = self.skip(at)
        end = self._close.get(at, at + longest + 1)
        if not self.text.startswith("[", at) or end - at > longest:
            return None
        return self.text[at + 1 : end], end + 1
