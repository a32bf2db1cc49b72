r"""What a token is, as far as its neighbours or the whole statement decide it.

- a letter followed by `(` is a function or a factor: `f g h F G H` are functions unless they stand alone as
  numbers elsewhere, and so is any letter before one letter in brackets, `p(x)`; any other letter is one
  where `p(x, y) =` defines it, `p : A \to B` declares it, or the word "function", "polynomial" or "map"
  stands next to it;
- `a_n` makes `a` a sequence, and then `a_1` is a term of it; without any such index `a_1` is a variable;
- `x_1, \ldots, x_5` and `x_1 + \cdots + x_5` with variables are written out;
- "a" of plain text is the article or a variable;
- `|` opens or closes an absolute value, divides, or says "such that" in a set.
"""

from __future__ import annotations

from dataclasses import replace

from cramf.formalize.symbolic.syntax import UnreadError
from cramf.formalize.symbolic.tokens import CLOSING, MAX_DEPTH, OPENING, OPERAND_END, Token

__all__ = ["settled"]

_BREAKS = ("WORD", "COMMA", "STOP", "COLON", "EDGE")
_USUAL_FUNCTIONS = frozenset("fghFGHφψ")
_FUNCTION_WORDS = frozenset({"function", "functions", "polynomial", "polynomials", "map", "maps"})
_MAX_WRITTEN_OUT = 20


def settled(tokens: list[Token]) -> list[Token]:
    """The tokens with everything settled.

    Raises:
        UnreadError: where brackets or bars nest too deeply.
    """
    for step in (_edges, _sets, _maps, _subscripts, _functions, _articles, _bars, _integrals):
        tokens = step(tokens)
    return tokens


def _edges(tokens: list[Token]) -> list[Token]:
    """Punctuation before a closing delimiter belongs to the sentence."""
    result: list[Token] = []
    inside = False
    for token in tokens:
        if token.kind == "EDGE":
            inside = not inside
            at = len(result) - 1
            while not inside and at >= 0 and result[at].kind in ("COMMA", "STOP", "COLON"):
                result[at] = replace(result[at], math=False)
                at -= 1
        result.append(token)
    return result


def _sets(tokens: list[Token]) -> list[Token]:
    """The `:` or first bar directly in a set's braces says "such that"."""
    result = list(tokens)
    open_: list[tuple[str, bool]] = []
    for index, token in enumerate(tokens):
        if token.kind in OPENING:
            open_.append((token.kind, False))
        elif token.kind in CLOSING and open_:
            open_.pop()
        elif token.kind in ("COLON", "BAR", "DVD") and open_ and open_[-1] == ("LSET", False):
            open_[-1] = ("LSET", True)
            result[index] = replace(token, kind="SUCH")
    return result


def _maps(tokens: list[Token]) -> list[Token]:
    """The colon of `f : A \\to B`, and whether `→` is such an arrow or implies."""
    result = list(tokens)
    for index, token in enumerate(tokens):
        if token.kind == "COLON" and index and tokens[index - 1].kind == "VAR":
            for later in range(index + 1, min(index + 14, len(tokens))):
                if (
                    tokens[later].kind in ("WORD", "STOP", "COLON", "EDGE")
                    and tokens[later].text != "implies"
                ):
                    break
                if tokens[later].kind == "TO" or tokens[later].text == "implies":
                    result[index] = replace(token, kind="MAPS")
                    result[later] = replace(tokens[later], kind="TO", math=True)
                    break
    return result


# ---- subscripts


def _index(tokens: list[Token], at: int) -> tuple[str, int]:
    """The numeral of a constant subscript that begins at `at` (empty if none), and the place after it."""
    kinds = [token.kind for token in tokens[at : at + 4]]
    if kinds[:2] == ["SUB", "NUM"]:
        return tokens[at + 1].text, at + 2
    if kinds == ["SUB", "LBRACE", "NUM", "RBRACE"]:
        return tokens[at + 2].text, at + 4
    return "", at


def _subscripts(tokens: list[Token]) -> list[Token]:
    sequences = {
        token.text
        for at, token in enumerate(tokens[:-1])
        if token.kind == "VAR"
        and tokens[at + 1].kind == "SUB"
        and not _index(tokens, at + 1)[0]
        and not (at > 1 and tokens[at - 2].kind == "BIG")
    }
    sequences |= _listed(tokens)
    result: list[Token] = []
    bases: dict[int, tuple[str, int]] = {}
    at = 0
    while at < len(tokens):
        token = tokens[at]
        digits, after = _index(tokens, at + 1)
        if token.kind == "VAR" and token.text in sequences:
            if tokens[at + 1 : at + 2] and tokens[at + 1].kind == "SUB":
                token = replace(token, kind="SEQ")
        elif token.kind == "VAR" and digits and "." not in digits:
            bases[len(result)] = token.text, int(digits[:4])
            name = token.text + "".join(chr(0x2080 + int(d)) for d in digits)
            result.append(replace(token, text=name, end=tokens[after - 1].end))
            at = after
            continue
        result.append(token)
        at += 1
    return _written_out(result, bases)


def _listed(tokens: list[Token]) -> set[str]:
    """Letters of lists without end or with many terms: `a_1, a_2, ...` and `a_1 + ... + a_{98}`."""
    ends: dict[int, tuple[str, int]] = {}
    starts: dict[int, tuple[str, int]] = {}
    for at, token in enumerate(tokens):
        digits, after = _index(tokens, at + 1)
        if token.kind == "VAR" and digits:
            ends[after - 1] = starts[at] = token.text, int(digits[:6])
    found: set[str] = set()
    for at, token in enumerate(tokens):
        before = ends.get(_beside(tokens, at, -1)) if token.kind == "DOTS" else None
        if before is not None:
            after_dots = starts.get(_beside(tokens, at, 1))
            if after_dots is None or after_dots[0] != before[0] or after_dots[1] > _MAX_WRITTEN_OUT:
                found.add(before[0])
    return found


def _written_out(tokens: list[Token], bases: dict[int, tuple[str, int]]) -> list[Token]:
    """`x₁, ..., x₅` and `x₁ + ... + x₅` with the variables between."""
    result: list[Token] = []
    for at, token in enumerate(tokens):
        if token.kind == "DOTS":
            before = _beside(tokens, at, -1)
            after = _beside(tokens, at, 1)
            if before in bases and after in bases and at:
                base, first = bases[before]
                other, last = bases[after]
                joint = tokens[before + 1 : at]
                mark = next((t for t in joint if t.kind in ("COMMA", "PLUS", "TIMES")), None)
                if base == other and first < last <= _MAX_WRITTEN_OUT and (mark or not joint):
                    for number in range(first + 1, last):
                        name = base + "".join(chr(0x2080 + int(d)) for d in str(number))
                        result.append(replace(token, kind="VAR", text=name))
                        if mark is not None and number < last - 1:
                            result.append(replace(mark, start=token.start, end=token.end))
                    if first + 1 == last:
                        while result and result[-1].kind in ("COMMA", "PLUS", "TIMES"):
                            result.pop()
                    continue
        result.append(token)
    return result


def _beside(tokens: list[Token], at: int, step: int) -> int:
    """The nearest place on one side that is no comma, sign or delimiter."""
    at += step
    while 0 <= at < len(tokens) and tokens[at].kind in ("COMMA", "EDGE", "PLUS", "TIMES"):
        at += step
    return at


# ---- functions


def _functions(tokens: list[Token]) -> list[Token]:
    found = _function_letters(tokens)
    result: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "VAR" and token.text in found:
            composed, after = _composition(tokens, at, found)
            if composed:
                result.append(replace(token, kind="FNAME", text=composed, end=tokens[after - 1].end))
                at = after
                continue
            inverse = [t.text for t in tokens[at + 1 : at + 7]]
            if inverse == ["^", "{", "-", "1", "}", "("]:
                result.append(replace(token, kind="FINV", end=tokens[at + 5].end))
                at += 6
                continue
            following = tokens[at + 1].kind if at + 1 < len(tokens) else ""
            if following in ("LPAR", "PRIME"):
                token = replace(token, kind="FNAME")
        elif token.kind == "PRIME" and (not result or result[-1].kind != "FNAME"):
            raise UnreadError("primed variables are not read", token.span)
        elif token.kind == "LPAR":
            # (f ∘ g)(x): the brackets around the composition go.
            composed, after = _composition(tokens, at + 1, found)
            if composed and tokens[after : after + 1] and tokens[after].kind == "RPAR":
                result.append(replace(token, kind="FNAME", text=composed, end=tokens[after].end))
                at = after + 1
                continue
        result.append(token)
        at += 1
    return result


def _composition(tokens: list[Token], at: int, found: set[str]) -> tuple[str, int]:
    names: list[str] = []
    while at < len(tokens) and tokens[at].kind == "VAR" and tokens[at].text in found:
        names.append(tokens[at].text)
        at += 1
        if at >= len(tokens) or tokens[at].kind != "CIRC":
            break
        at += 1
    return ("∘".join(names), at) if len(names) > 1 else ("", at)


def _function_letters(tokens: list[Token]) -> set[str]:
    called: set[str] = set()
    likely: set[str] = set()
    alone: set[str] = set()
    known: set[str] = set()
    for at, token in enumerate(tokens):
        if token.kind != "VAR":
            continue
        name = token.text
        following = tokens[at + 1].kind if at + 1 < len(tokens) else ""
        before = tokens[at - 1].kind if at else "EDGE"
        if following == "MAPS" or following == "PRIME":
            known.add(name)
        elif following == "LPAR":
            called.add(name)
            if [t.kind for t in tokens[at + 2 : at + 4]] == ["VAR", "RPAR"]:
                # A product with one letter would be written without brackets.
                likely.add(name)
            starts = before in ("EDGE", "WORD", "COMMA", "STOP", "COLON")
            if starts and _defines(tokens, at + 1):
                known.add(name)
        elif following == "CIRC" or before == "CIRC":
            if name in _USUAL_FUNCTIONS:
                known.add(name)
        elif following == "POW":
            inverse = [t.text for t in tokens[at + 2 : at + 6]]
            if inverse != ["{", "-", "1", "}"]:
                alone.add(name)
            else:
                called.add(name)
        elif not (before in ("EDGE", "WORD") and following in ("EDGE", "WORD", "COMMA", "STOP", "")):
            # Alone between delimiters a letter can be the name of a function.
            alone.add(name)
        if _near_word(tokens, at):
            known.add(name)
    return (known | likely | (called & _USUAL_FUNCTIONS)) - (alone - known)


def _defines(tokens: list[Token], at: int) -> bool:
    """Whether `(x, y) =` begins at `at`, with single letters in the brackets."""
    at += 1
    while at + 1 < len(tokens) and tokens[at].kind == "VAR":
        if tokens[at + 1].kind == "RPAR":
            return at + 2 < len(tokens) and tokens[at + 2].kind == "EQ"
        if tokens[at + 1].kind != "COMMA":
            return False
        at += 2
    return False


def _near_word(tokens: list[Token], at: int) -> bool:
    """Whether "function" or the like stands right before the letter, or `f is a function` says it."""
    before = [t for t in tokens[max(0, at - 3) : at] if t.kind != "EDGE"]
    if before and before[-1].kind == "WORD" and before[-1].text in _FUNCTION_WORDS:
        return True
    after = [t for t in tokens[at + 1 : at + 8] if t.kind != "EDGE"]
    words = [t.text for t in after[:6]]
    return (
        len(words) > 2
        and words[0] in ("be", "is")
        and after[0].kind == "WORD"
        and any(word in _FUNCTION_WORDS for word in words[1:4])
    )


# ---- articles, bars, integrals

_AROUND_VARIABLE = frozenset(
    "PLUS MINUS TIMES DIV POW EQ LT GT LE GE NE BAR BANG DVD NDVD EQUIV IN NOTIN RPAR COMMA STOP SUB".split()
)
_AFTER_VARIABLE = frozenset(
    "and or is are be divides divide does do not if then such with where satisfies".split()
)


def _articles(tokens: list[Token]) -> list[Token]:
    """Turns "a" of plain text into the article unless what stands around it makes it a variable."""
    result: list[Token] = []
    for index, token in enumerate(tokens):
        if token.kind == "VAR" and not token.math and token.text in ("a", "A", "I"):
            after = tokens[index + 1] if index + 1 < len(tokens) else None
            before = tokens[index - 1] if index else None
            # A word after "a" that a verb or connective begins shows a variable: "a and b", "a divides b".
            spoken = after is not None and after.kind == "WORD" and after.text in _AFTER_VARIABLE
            joined = before is not None and before.kind in _AROUND_VARIABLE - {"COMMA", "STOP", "RPAR"}
            if token.text != "I" and not (
                after is None or spoken or joined or after.kind in _AROUND_VARIABLE
            ):
                result.append(replace(token, kind="WORD", text="a"))
                continue
        result.append(token)
    return result


def _bars(tokens: list[Token]) -> list[Token]:
    """Says of each `|` whether it opens, closes or divides."""
    result: list[Token] = []
    open_bars = [0]
    for index, token in enumerate(tokens):
        if token.kind in _BREAKS and len(open_bars) == 1:
            open_bars = [0]
        if token.kind in OPENING:
            open_bars.append(0)
        elif token.kind in CLOSING and len(open_bars) > 1:
            open_bars.pop()
        if len(open_bars) > MAX_DEPTH:
            raise UnreadError(f"brackets nested deeper than {MAX_DEPTH}", token.span)
        if token.kind == "BAR":
            ended = bool(result) and result[-1].kind in OPERAND_END
            if not ended:
                kind = "ABSL"
            elif open_bars[-1]:
                kind = "ABSR"
            else:
                kind = "ABSL" if _bars_ahead(tokens, index) % 2 == 0 else "DVD"
            open_bars[-1] += {"ABSL": 1, "ABSR": -1, "DVD": 0}[kind]
            if open_bars[-1] > MAX_DEPTH:
                raise UnreadError(f"brackets nested deeper than {MAX_DEPTH}", token.span)
            token = replace(token, kind=kind)
        result.append(token)
    return result


def _bars_ahead(tokens: list[Token], index: int) -> int:
    """How many `|` the same formula has from `index` on, outside inner brackets."""
    count = depth = 0
    for token in tokens[index:]:
        if token.kind in OPENING:
            depth += 1
        elif token.kind in CLOSING:
            depth -= 1
        if depth < 0 or token.kind in _BREAKS:
            break
        count += depth == 0 and token.kind == "BAR"
    return count


def _integrals(tokens: list[Token]) -> list[Token]:
    """The `dx` that ends an integral."""
    result: list[Token] = []
    open_ = 0
    skip = False
    for index, token in enumerate(tokens):
        if skip:
            skip = False
            continue
        if token.kind in ("WORD", "EDGE"):
            open_ = 0
        open_ += token.kind == "INT"
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if (
            open_
            and token.kind == "VAR"
            and token.text == "d"
            and following is not None
            and following.kind == "VAR"
        ):
            result.append(Token("DX", following.text, token.start, following.end, token.math))
            open_ -= 1
            skip = True
            continue
        result.append(token)
    return result
