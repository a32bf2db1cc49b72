"""The logical form made ready for types: what letters stand for, what is a definition, what holds for all.

Rules, each told in a note where it adds something to what is written:

- `e` as the base of a power is Euler's number and `i` the imaginary unit where nothing else declares them;
- in what is supposed, `f(x) = ...` holds for all `x`, and so does an equation of functions or sequences whose
  letter stands nowhere else (`f(x + 1) = f(x) + 2`, `a_{n+1} = 2 a_n`); an index starts from 1 unless the
  statement has a term of index 0;
- a function given by cases is one implication a case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from cramf.formalize.symbolic.syntax import (
    And,
    Apply,
    Arith,
    Big,
    Cases,
    Constant,
    Decl,
    Derived,
    Formula,
    FunctionSort,
    Implies,
    Integral,
    Maps,
    Member,
    Not,
    Num,
    Op,
    Pi,
    Quant,
    Rel,
    SetRef,
    Statement,
    Term,
    UnreadError,
    Var,
    defines,
)
from cramf.formalize.symbolic.traverse import asserted, bound_names, every, rebuilt, span_of, variables_of

__all__ = ["Prepared", "prepared"]

_BESIDE_I = frozenset("hjklmn")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The statement with its notes, and the function symbols with the number of their arguments."""

    statement: Statement
    notes: tuple[str, ...]
    functions: dict[str, int]
    sequences: frozenset[str]


def prepared(statement: Statement) -> Prepared:
    """Applies the rules above.

    Raises:
        UnreadError: where a function has two numbers of arguments, or a letter two uses.
    """
    notes: list[str] = []
    statement = _without_sets_as_sorts(_constants(statement, notes))
    functions: dict[str, int] = {}
    sequences: set[str] = set()
    for part in every((*statement.setup, statement.goal)):
        if isinstance(part, Apply | Derived):
            count = len(part.args) if isinstance(part, Apply) else 1
            if functions.setdefault(part.function.name, count) != count:
                raise UnreadError("a function with two numbers of arguments", part.span)
            if isinstance(part, Apply) and part.indexed:
                sequences.add(part.function.name)
        elif isinstance(part, Maps):
            functions.update((v.name, len(part.sort.domain)) for v in part.names)
        elif isinstance(part, Decl) and isinstance(part.sort, FunctionSort):
            functions.update((v.name, len(part.sort.domain)) for v in part.names)
    statement = _early_declarations(_narrowed(statement))
    if functions:
        statement = _general(statement, functions, notes)
    return Prepared(statement, tuple(notes), functions, frozenset(sequences))


def _without_sets_as_sorts(statement: Statement) -> Statement:
    """A declaration by a set of the statement (`x ∈ [0, 1]`) as a condition on an unsorted variable."""

    def change(node: object) -> object:
        if not isinstance(node, Decl) or not isinstance(node.sort, get_args(Term)):
            return node
        if isinstance(node.sort, SetRef):
            return node
        members: tuple[Formula, ...] = tuple(Member(v, node.sort, False, node.span) for v in node.names)
        return replace(node, sort=None, limits=members + node.limits)

    setup = tuple(rebuilt(item, change) for item in statement.setup)
    return Statement(setup, rebuilt(statement.goal, change))


def _early_declarations(statement: Statement) -> Statement:
    """Declarations of what is used before, moved to the front: "Let f(x) = bx. For which real b ...?"."""
    setup = list(statement.setup)
    for decl in [item for item in setup if isinstance(item, Decl)]:
        names = _names(decl)
        place = next(i for i, item in enumerate(setup) if item is decl)
        used = [i for i, item in enumerate(setup[:place]) if names & _mentioned(item)]
        between = setup[used[0] : place] if used else []
        declared = {name for item in between if isinstance(item, Decl) for name in _names(item)}
        if used and not declared & (names | _mentioned(decl)) and not names & _arguments(between):
            setup.remove(decl)
            setup.insert(used[0], decl)
    goal = statement.goal
    if not isinstance(goal, Quant) or goal.kind != "∀" or goal.body is None:
        return Statement(tuple(setup), goal)
    used_names = {name for item in setup for name in _mentioned(item)} - _arguments(setup)
    declared = {name for item in setup if isinstance(item, Decl) for name in _names(item)}
    early = [decl for decl in goal.decls if _names(decl) & used_names and not _names(decl) & declared]
    rest = tuple(decl for decl in goal.decls if decl not in early)
    return Statement((*early, *setup), replace(goal, decls=rest) if rest else goal.body)


def _names(decl: Decl) -> set[str]:
    return {v.name for v in decl.names}


def _mentioned(item: Decl | Formula) -> set[str]:
    return {v.name for v in variables_of(item)}


def _arguments(items: Sequence[Decl | Formula]) -> set[str]:
    """Names in the arguments of functions, which may stand for all arguments."""
    applied = [part for part in every(items) if isinstance(part, Apply)]
    return {v.name for part in applied for arg in part.args for v in variables_of(arg)}


def _narrowed(statement: Statement) -> Statement:
    """`A ∧ B n for all n` as `A` and `B n for all n`: what does not speak of `n` stands outside."""

    def change(node: object) -> object:
        if not isinstance(node, Quant) or node.kind != "∀" or not isinstance(node.body, And):
            return node
        names = {v.name for decl in node.decls for v in decl.names}
        inside = [p for p in node.body.parts if names & {v.name for v in variables_of(p)}]
        outside = [p for p in node.body.parts if p not in inside]
        if not inside or not outside:
            return node
        body = inside[0] if len(inside) == 1 else And(tuple(inside))
        return And((*outside, replace(node, body=body)))

    setup = tuple(rebuilt(item, change) for item in statement.setup)
    return Statement(setup, rebuilt(statement.goal, change))


# ---- constants


def _constants(statement: Statement, notes: list[str]) -> Statement:
    parts = list(every((*statement.setup, statement.goal)))
    names = Counter(part.name for part in parts if isinstance(part, Var))
    bound = bound_names(statement)
    powers = [part for part in parts if isinstance(part, Constant) and part.name == "e?"]
    logarithms = any(isinstance(p, Op) and p.phrase.concept.startswith("logarithm") for p in parts)
    euler = (
        bool(powers or (logarithms and "e" in names))
        and "e" not in bound
        and not ("e" in names and names.keys() & set("abcdf"))
    )
    euler = euler and "d" not in names
    imaginary = (
        "i" in names and "i" not in bound and not names.keys() & _BESIDE_I and not _as_index(parts, "i")
    )
    if not powers and not imaginary and not euler:
        return statement
    if euler:
        notes.append("e is Euler's number")
    if imaginary:
        notes.append("i is the imaginary unit")

    def change(node: object) -> object:
        if isinstance(node, Constant) and node.name == "e?":
            return Constant("e", node.span) if euler else Var("e", node.span)
        if isinstance(node, Var) and node.name == "i" and imaginary:
            return Constant("i", node.span)
        if isinstance(node, Var) and node.name == "e" and euler:
            return Constant("e", node.span)
        return node

    setup = tuple(rebuilt(item, change) for item in statement.setup)
    return Statement(setup, rebuilt(statement.goal, change))


def _as_index(parts: Sequence[object], name: str) -> bool:
    for part in parts:
        if (
            isinstance(part, Apply)
            and part.indexed
            and any(v.name == name for v in variables_of(part.args[0]))
        ):
            return True
        if isinstance(part, Big) and any(
            v.name == name for end in (part.low, part.high) for v in variables_of(end)
        ):
            return True
    return False


# ---- definitions and equations that hold for all


class _Generalizer:
    def __init__(self, statement: Statement, functions: dict[str, int], notes: list[str]) -> None:
        self.functions = functions
        self.notes = notes
        self.seen: set[str] = set()
        self.bound = bound_names(statement)
        self.uses = Counter(
            v.name for v in variables_in_all((*statement.setup, statement.goal)) if v.name not in functions
        )
        indices = [
            part.args[0]
            for part in every((*statement.setup, statement.goal))
            if isinstance(part, Apply) and part.indexed
        ]
        self.from_zero = any(isinstance(index, Num) and index.text == "0" for index in indices) or not any(
            isinstance(index, Num) for index in indices
        )
        supposed = asserted(statement)
        self.equations = Counter[str]()
        for item in supposed:
            for formula in _flat(item):
                if isinstance(formula, Rel | Implies) and self._applied(formula):
                    self.equations.update(v.name for v in variables_of(formula))

    def _applied(self, formula: Formula) -> list[Apply]:
        return [part for part in every([formula]) if isinstance(part, Apply)]

    def formula(self, formula: Formula) -> Formula:
        """A supposition with its letters bound where it holds for all of them."""
        if isinstance(formula, And):
            return And(tuple(self.formula(part) for part in formula.parts))
        if isinstance(formula, Quant) and formula.kind == "∀" and isinstance(formula.body, Rel):
            result: Formula = formula
            if isinstance(formula.body.right, Cases) and defines(formula.body):
                result = replace(formula, body=_cases(formula.body, formula.body.right))
            self._note_seen(formula)
            return result
        equation = formula.conclusion if isinstance(formula, Implies) else formula
        if not isinstance(equation, Rel):
            self._note_seen(formula)
            return formula
        applied = self._applied(formula)
        names = self._quantified(equation, applied)
        self._note_seen(formula)
        if not names:
            return formula
        assert isinstance(formula, Rel | Implies)
        return self._for_all(formula, names, any(part.indexed for part in applied))

    def _note_seen(self, formula: Formula) -> None:
        self.seen.update(part.function.name for part in self._applied(formula))

    def _quantified(self, formula: Rel, applied: list[Apply]) -> list[Var]:
        if defines(formula) and isinstance(formula.left, Apply):
            name = formula.left.function.name
            recursive = any(
                part.function.name == name for part in every([formula.right]) if isinstance(part, Apply)
            )
            if name not in self.seen and not recursive:
                return [arg for arg in formula.left.args if isinstance(arg, Var)]
        inside = {v.name: v for part in applied for arg in part.args for v in variables_of(arg)}
        found: list[Var] = []
        for name, variable in inside.items():
            if name in self.functions or name in self.bound or "@" in name:
                continue
            if self.uses[name] == self.equations[name] and formula.op == "=":
                found.append(variable)
        return found

    def _for_all(self, formula: Rel | Implies, names: list[Var], indexed: bool) -> Formula:
        span = span_of(formula)
        renamed = {v.name: f"{v.name}@{span[0]}" for v in names}

        def change(node: object) -> object:
            if isinstance(node, Var) and node.name in renamed:
                return Var(renamed[node.name], node.span)
            return node

        inner = rebuilt(formula, change)
        variables = tuple(Var(renamed[v.name], v.span) for v in names)
        limits: tuple[Formula, ...] = ()
        if indexed and not self.from_zero and not isinstance(inner, Implies):
            limits = tuple(Rel("<", Num("0", span), v, span) for v in variables)
            self.notes.append("an index starts from 1, since no term of index 0 is named")
        shown = ", ".join(v.name for v in names)
        self.notes.append(f"an equation of a function holds for all {shown}")
        body: Formula = inner
        if isinstance(inner, Rel) and isinstance(inner.right, Cases):
            body = _cases(inner, inner.right)
        return Quant("∀", (Decl(variables, None, limits, span),), body, span)


def _cases(formula: Rel, cases: Cases) -> Formula:
    parts: list[Formula] = []
    earlier: list[Formula] = []
    for value, condition in cases.branches:
        equation = Rel("=", formula.left, value, formula.span)
        if condition is None:
            if not earlier:
                raise UnreadError("otherwise than what", cases.span)
            denied: list[Formula] = [Not(other) for other in earlier]
            premise: Formula = denied[0] if len(denied) == 1 else And(tuple(denied))
        else:
            premise = condition
            earlier.append(condition)
        parts.append(Implies(premise, equation))
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def _flat(item: object) -> list[Formula]:
    if isinstance(item, And):
        return [part for inner in item.parts for part in _flat(inner)]
    if isinstance(item, Decl):
        return [part for limit in item.limits for part in _flat(limit)]
    return [item]  # type: ignore[list-item]


def variables_in_all(items: tuple[object, ...]) -> list[Var]:
    """The variables in several items."""
    return [part for part in every(items) if isinstance(part, Var)]  # type: ignore[arg-type]


def _general(statement: Statement, functions: dict[str, int], notes: list[str]) -> Statement:
    general = _Generalizer(statement, functions, notes)
    setup: list[Decl | Formula] = []
    for item in statement.setup:
        if isinstance(item, Decl):
            if isinstance(item.sort, FunctionSort) or any(v.name in functions for v in item.names):
                item = replace(item, limits=tuple(general.formula(limit) for limit in item.limits))
            setup.append(item)
        else:
            setup.append(general.formula(item))

    def goal(formula: Formula) -> Formula:
        if isinstance(formula, Implies):
            return Implies(general.formula(formula.premise), goal(formula.conclusion))
        if isinstance(formula, Quant) and formula.kind == "∀" and formula.body is not None:
            decls = tuple(
                replace(d, limits=tuple(general.formula(limit) for limit in d.limits))
                if any(v.name in functions for v in d.names)
                else d
                for d in formula.decls
            )
            return replace(formula, decls=decls, body=goal(formula.body))
        return formula

    return Statement(tuple(setup), goal(statement.goal))


def is_integral(parts: Sequence[object]) -> bool:
    """Whether nothing in the statement asks for more than integers."""
    for part in parts:
        match part:
            case Arith("/") | Pi() | Constant() | Integral() | Derived():
                return False
            case Arith("^", (_, Arith("neg"))):
                return False
            case Num(text) if "." in text:
                return False
    return True
