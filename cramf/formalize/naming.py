"""Names of theorems: which ones are safe to put into Lean text, and a default made from the statement."""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Callable

from cramf.errors import InputError
from cramf.lean.lexer import is_identifier

__all__ = ["MAX_NAME", "Names", "statement_name", "unique_name", "valid_theorem_name"]

MAX_NAME = 128
"""Longest theorem name taken, in characters."""
_MAX_DEFAULT = 60
_MAX_WORDS = 8

# Words that Lean or Mathlib reserve, so that a name made of one could not be read back.
_RESERVED = frozenset(
    "Prop Sort Type abbrev alias assume at attribute axiom begin break builtin_initialize by calc catch "
    "class coinductive continue declare_syntax_cat def deriving do elab elab_rules else end example "
    "exists export extends finally for forall from fun have haveI if import in include inductive infix "
    "infixl infixr init_quot initialize instance irreducible_def lemma let letI local macro macro_rules "
    "match meta mut mutual namespace noncomputable nofun nomatch nonrec notation notation3 omit opaque "
    "open partial postfix prefix private proof_wanted protected public rec renaming hiding return "
    "run_cmd run_elab run_meta scoped section set_option show simproc sorry structure suffices syntax "
    "termination_by decreasing_by then theorem this try unif_hint universe universes unless unsafe "
    "using variable variables where while with".split()
)
# Words that say nothing of what a statement is about.
_STOP_WORDS = frozenset(
    "a all also an and any are as assume at be by can denote denotes each every exists follows "
    "following for from given has have hence holds if in into is it its let of on only or prove proves "
    "show shows so some such suppose than that the their then there these they this those thus to we "
    "when where which with".split()
)
# A dollar sign escaped as `\$` is a price, not mathematics.
_MATH = re.compile(r"(?<!\\)\$\$.*?\$\$|(?<!\\)\$.*?(?<!\\)\$|\\\(.*?\\\)|\\\[.*?\\\]", re.DOTALL)
_COMMAND = re.compile(r"\\[A-Za-z]+\*?")
_WORD = re.compile(r"[a-z]{2,}")


def valid_theorem_name(name: str) -> str:
    """The name, if it is a Lean identifier that can be declared; dots make a namespace.

    Quoted parts (`«…»`), reserved words and `_root_` are refused: what is written into Lean text must not
    be able to end the declaration's head.

    Raises:
        InputError: where it is not such a name, with the reason.
    """
    mend = "use letters, digits, underscores and dots, such as my_theorem"
    shown = name if len(name) <= 40 and name.isprintable() else f"{name[:40]!a}…"
    if not name:
        raise InputError("the theorem's name is empty", mend)
    if len(name) > MAX_NAME:
        raise InputError(f"the theorem's name is longer than {MAX_NAME} characters", "choose a shorter one")
    if "«" in name or not is_identifier(name):
        raise InputError(f"'{shown}' is not a Lean identifier", mend)
    for part in name.split("."):
        if part in _RESERVED or part == "_root_" or not part.strip("_"):
            raise InputError(f"'{shown}' cannot name a theorem, for '{part}' is reserved in Lean", mend)
    return name


def statement_name(statement: str) -> str:
    """A name made of a statement's content words: ASCII, snake case, the same for the same statement.

    Formulas, LaTeX commands and words such as "the" are left out. Fewer than two content words make
    `statement_` and the first eight digits of the statement's SHA-256, since one common word is likely to be
    a name that Mathlib has.
    """
    text = _COMMAND.sub(" ", _MATH.sub(" ", statement))
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = [word for word in _WORD.findall(plain.replace("'s ", " ")) if word not in _STOP_WORDS]
    chosen: list[str] = []
    for word in words[:_MAX_WORDS]:
        if len("_".join([*chosen, word])) > _MAX_DEFAULT:
            break
        chosen.append(word)
    if len(chosen) < 2:
        return f"statement_{hashlib.sha256(statement.encode(errors='surrogatepass')).hexdigest()[:8]}"
    return "_".join(chosen)


def unique_name(base: str, taken: Callable[[str], bool]) -> str:
    """The name, or the first of `NAME_2`, `NAME_3`, … that is not taken."""
    if not taken(base):
        return base
    number = 2
    while taken(f"{base}_{number}"):
        number += 1
    return f"{base}_{number}"


class Names:
    """Names handed out in one run, each to one owner; safe between threads.

    An owner that asks for a name again gets the same one. Where several ask for one name at the same time,
    who asks first gets it without a number.
    """

    def __init__(self, known: Callable[[str], bool] = lambda _: False) -> None:
        self._known = known
        self._lock = threading.Lock()
        self._owners: dict[str, str] = {}
        self._given: dict[tuple[str, str], str] = {}

    def claim(self, owner: str, base: str) -> str:
        """A name like `base` that nobody else has and that is not known."""
        with self._lock:
            name = self._given.get((owner, base))
            if name is None:
                name = unique_name(base, lambda n: n in self._owners or self._known(n))
                self._owners[name] = owner
                self._given[owner, base] = name
            return name

    def keep(self, owner: str, name: str | None) -> None:
        """Settle on one name of an owner, or none, and give its others back."""
        with self._lock:
            for key in [key for key in self._given if key[0] == owner]:
                given = self._given.pop(key)
                if given != name:
                    del self._owners[given]
            if name is not None:
                self._owners[name] = owner
