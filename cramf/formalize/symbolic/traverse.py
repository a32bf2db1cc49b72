"""Walks over the logical form: which variables and phrases it has, and what it says of a variable's type."""

from __future__ import annotations

from collections.abc import Iterator

from cramf.formalize.symbolic.lexicon import TOWER, Phrase
from cramf.formalize.symbolic.syntax import (
    And,
    Arith,
    Congruent,
    Decl,
    Formula,
    Iff,
    Implies,
    Infinite,
    IsA,
    Member,
    Not,
    Num,
    Op,
    Or,
    Pi,
    Pred,
    Quant,
    Rel,
    SetRef,
    Span,
    Statement,
    Term,
    Var,
)

__all__ = [
    "asserted",
    "bound_names",
    "free_variables",
    "inferred_type",
    "parts_of",
    "phrases_of",
    "span_of",
    "terms_of",
    "variables_of",
]

Item = Decl | Formula


def parts_of(item: Item) -> tuple[Item, ...]:
    """The declarations and formulas directly inside."""
    match item:
        case Decl(limits=limits):
            return limits
        case And(parts) | Or(parts):
            return parts
        case Not(body):
            return (body,)
        case Implies(first, second) | Iff(first, second):
            return first, second
        case Quant(_, decls, body):
            return (*decls, body) if body is not None else decls
        case Infinite(decl):
            return (decl,)
        case _:
            return ()


def terms_of(item: Item) -> tuple[Term, ...]:
    """The terms directly inside a formula."""
    match item:
        case Rel(_, left, right):
            return left, right
        case Congruent(left, right, modulus):
            return left, right, modulus
        case Pred(_, args):
            return args
        case IsA(term) | Member(term):
            return (term,)
        case _:
            return ()


def variables_of(term: Term) -> Iterator[Var]:
    """The variables of a term, from left to right."""
    match term:
        case Var():
            yield term
        case Arith(_, args) | Op(_, args):
            for arg in args:
                yield from variables_of(arg)
        case Num() | Pi():
            return


def _all_items(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _all_items(parts_of(item))


def _items(statement: Statement) -> Iterator[Item]:
    return _all_items((*statement.setup, statement.goal))


def bound_names(statement: Statement) -> frozenset[str]:
    """Every name that a declaration binds, anywhere."""
    return frozenset(v.name for item in _items(statement) if isinstance(item, Decl) for v in item.names)


def free_variables(statement: Statement) -> list[Var]:
    """Variables that no declaration binds where they stand, by first appearance."""
    found: dict[str, Var] = {}

    def visit(item: Item, scope: frozenset[str]) -> frozenset[str]:
        """Collects from one item; what is in scope after it."""
        if isinstance(item, Decl):
            scope |= {v.name for v in item.names}
        for term in terms_of(item):
            for variable in variables_of(term):
                if variable.name not in scope:
                    found.setdefault(variable.name, variable)
        inner = scope
        for part in parts_of(item):
            after = visit(part, inner)
            inner = after if isinstance(item, Quant) else inner
        return scope

    scope: frozenset[str] = frozenset()
    for item in (*statement.setup, statement.goal):
        scope = visit(item, scope)
    return list(found.values())


def phrases_of(statement: Statement) -> frozenset[str]:
    """Names of all phrases used; what is said of something counts as `is NAME` too."""
    found: set[str] = set()
    for item in _items(statement):
        if isinstance(item, Pred):
            found.add(item.phrase.name)
            if item.phrase.role == "adjective":
                found.add(f"is {item.phrase.name}")
        elif isinstance(item, IsA):
            found.add(item.sort.name)
            if not isinstance(item.term, Var):
                found.add(f"is {item.sort.name}")
        elif isinstance(item, Decl) and isinstance(item.sort, Phrase):
            found.add(item.sort.name)
    return frozenset(found)


def _reached(term: Term) -> frozenset[str]:
    """Names that the type demanded of an arithmetic term carries over to; exponents have their own type."""
    match term:
        case Var(name):
            return frozenset({name})
        case Arith("^", (base, _)):
            return _reached(base)
        case Arith(_, args):
            return frozenset().union(*map(_reached, args))
        case _:
            return frozenset()


def _in_operations(term: Term, name: str, words: frozenset[str]) -> Iterator[tuple[str, str]]:
    if isinstance(term, Op):
        pattern = term.phrase.patterns(words)[0]
        kinds = {p.type for p in term.phrase.patterns(words)}
        # An absolute value is of integers as well as of reals, so it says nothing.
        telling = kinds <= {"ℕ", "ℤ"} or not kinds & {"ℕ", "ℤ", "α"}
        if telling and any(name in _reached(arg) for arg in term.args):
            yield pattern.type, term.phrase.name
    if isinstance(term, Arith | Op):
        for arg in term.args:
            yield from _in_operations(arg, name, words)


def asserted(statement: Statement) -> tuple[Item, ...]:
    """What the statement supposes outright: its setup, and the premises and declarations of its goal."""
    found: list[Item] = list(statement.setup)
    goal: Formula | None = statement.goal
    while isinstance(goal, Implies) or (isinstance(goal, Quant) and goal.kind == "∀"):
        if isinstance(goal, Implies):
            found.append(goal.premise)
            goal = goal.conclusion
        else:
            found.extend(goal.decls)
            goal = goal.body
    return tuple(found)


def _conjuncts(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, And | Decl):
            yield from _conjuncts(parts_of(item))
        else:
            yield item


def inferred_type(
    name: str, supposed: tuple[Item, ...], items: tuple[Item, ...], words: frozenset[str]
) -> tuple[str, str] | None:
    """The type that the items give an undeclared variable, and the words that say so.

    Being said in `supposed` to be of a number sort decides (the widest if several). Otherwise a predicate
    or operation of particular number types gives its preferred one, and the narrowest such is taken: parity,
    divisibility and congruence make an integer, primality and factorials a natural number, roots a real one.
    """
    said: list[tuple[str, str]] = []
    used: list[tuple[str, str]] = []
    for item in _conjuncts(supposed):
        if isinstance(item, IsA) and isinstance(item.term, Var) and item.term.name == name:
            said.append((item.sort.patterns(words)[0].type, item.sort.name))
        elif (
            isinstance(item, Member)
            and isinstance(item.term, Var)
            and item.term.name == name
            and not item.negated
        ):
            said.append((_set_type(item.set), "its number set"))
    for item in _all_items(items):
        if isinstance(item, Pred):
            pattern = item.phrase.patterns(words)[0]
            if pattern.type != "α" and any(name in _reached(arg) for arg in item.args):
                used.append((pattern.type, item.phrase.name))
        elif isinstance(item, Congruent) and any(name in _reached(term) for term in terms_of(item)):
            used.append(("ℤ", "congruent"))
        elif isinstance(item, Rel) and item.op in "∣∤" and any(name in _reached(t) for t in terms_of(item)):
            used.append(("ℤ", "divides"))
        for term in terms_of(item):
            used.extend(_in_operations(term, name, words))
    if said:
        return max(said, key=lambda pair: TOWER.index(pair[0]))
    return min(used, key=lambda pair: TOWER.index(pair[0])) if used else None


def _set_type(number_set: SetRef) -> str:
    """Positive and nonnegative integers are natural numbers."""
    natural = number_set.type == "ℤ" and number_set.condition in ("positive", "nonnegative")
    return "ℕ" if natural else number_set.type


def span_of(formula: Formula) -> Span:
    """Where a formula stands."""
    match formula:
        case And(parts) | Or(parts):
            return span_of(parts[0])[0], span_of(parts[-1])[1]
        case Not(body):
            return span_of(body)
        case Implies(first, second) | Iff(first, second):
            return span_of(first)[0], span_of(second)[1]
        case _:
            return formula.span
