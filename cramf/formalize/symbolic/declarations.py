"""Declarations brought into scope: types, binders, and what is known of single variables by signs alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from cramf.formalize.symbolic.infer import Typing
from cramf.formalize.symbolic.leanterm import (
    App,
    Atom,
    Binder,
    Infix,
    Lean,
    read_template,
)
from cramf.formalize.symbolic.lexicon import Lexicon, Pattern, Phrase
from cramf.formalize.symbolic.prepare import prepared
from cramf.formalize.symbolic.syntax import (
    And,
    Arith,
    Big,
    Congruent,
    Constant,
    Decl,
    Formula,
    FunctionSort,
    Integral,
    IsA,
    Limit,
    Member,
    Num,
    Op,
    Pi,
    Pred,
    Rel,
    SetRef,
    Statement,
    Term,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.terms import TermElaborator
from cramf.formalize.symbolic.traverse import (
    bound_names,
    every,
    free_variables,
    phrases_of,
    variables_of,
)

__all__ = ["DeclarationElaborator", "is_relational"]

_POSITIVE = read_template("0 < {0}")
_PRIME = read_template("Nat.Prime {0}")


class DeclarationElaborator(TermElaborator, ABC):
    """Adds declarations to what `TermElaborator` knows."""

    def __init__(self, statement: Statement, lexicon: Lexicon) -> None:
        ready = prepared(statement)
        self.statement = ready.statement
        self.lexicon = lexicon
        self.free = free_variables(self.statement)
        self.bound = bound_names(self.statement)
        self.unnamed = sum(name.startswith("?") for name in self.bound)
        used = {name.partition("@")[0] for name in self.bound if not name.startswith("?")}
        super().__init__(phrases_of(self.statement), used | {v.name for v in self.free})
        for note in ready.notes:
            self.note(note)
        self.typing = Typing(ready, self.words)
        self.binders: list[tuple[str, str]] = []
        self.hypotheses = 0
        # Names of hypotheses must not meet a variable's, nor each other.
        self.hypothesis_names: set[str] = set()
        self.summed = {
            part.var.name
            for part in every((*self.statement.setup, self.statement.goal))
            if isinstance(part, Big | Integral | Limit)
        }
        """Variables of sums, products, integrals and limits."""
        self.supposing = False
        self.positive: set[str] = set()
        self.nonzero: set[str] = set()

    @abstractmethod
    def conjuncts(self, formula: Formula) -> list[Lean]:
        """A formula's conjuncts in Lean; none where the types say it already."""

    # ---- names and types

    def bind_free(self, variable: Var) -> None:
        """Binds a variable that nothing declares."""
        name = variable.name
        if name in self.typing.functions:
            if not any(v.name == name for item in self.typing.supposed for v in variables_of(item)):
                raise UnreadError(f"what {name} is has not been said", variable.span)
            self.binders += self.bind_function(variable)
        elif name in self.typing.sets:
            if not self.typing.is_set_described(name):
                raise UnreadError(f"what {name} is has not been said", variable.span)
            self.sets[name] = self.typing.sets[name]
            self.note(f"{name} : Set {self.sets[name]} (a set by its use)")
            self.binders.append((name, f"Set {self.sets[name]}"))
        else:
            kind, why = self.typing.variable(name)
            self.bind_name(variable, kind, f"inferred from {why!r}")
            self.binders.append((self.name(name), kind))

    def bind_function(self, variable: Var) -> list[tuple[str, str]]:
        """The binder of a function symbol."""
        name = variable.name
        if name in self.functions or name in self.scope:
            raise UnreadError(f"{name} is declared twice", variable.span)
        signature = self.typing.signature(name)
        self.changed()
        self.functions[name] = signature
        self.note(f"{name} : {signature.text} ({signature.why})")
        return [(self.name(name), signature.text)]

    def function_condition(self, variable: Var, sort: FunctionSort) -> list[Lean]:
        """That the values meet the condition of the codomain, as in `f : ℕ → ℤ⁺`."""
        codomain = sort.codomain
        if codomain is None or not codomain.condition:
            return []
        signature = self.signature(variable)
        if len(signature.domain) != 1 or codomain.condition not in ("positive", "nonnegative", "nonzero"):
            raise UnreadError("a codomain that is not read", sort.span)
        if codomain.condition == "nonnegative" and signature.codomain == "ℕ":
            return []
        letter = self.fresh("n" if signature.domain[0] in ("ℕ", "ℤ") else "x")
        argument = Atom(letter)
        signs: dict[str, Callable[[Lean], Lean]] = {
            "positive": lambda t: Infix("<", Atom("0"), t),
            "nonnegative": lambda t: Infix("≤", Atom("0"), t),
            "nonzero": lambda t: Infix("≠", t, Atom("0")),
        }
        body = signs[codomain.condition](App(self.name(variable.name), (argument,)))
        domain = sort.domain[0]
        if (
            domain is not None
            and domain.condition
            and (domain.condition, signature.domain[0]) != ("nonnegative", "ℕ")
        ):
            body = Infix("→", signs[domain.condition](argument), body)
        return [Binder("∀", (letter,), signature.domain[0], body)]

    def bind_name(self, variable: Var, kind: str, why: str) -> str:
        if variable.name in self.scope and "@" not in variable.name:
            raise UnreadError(f"{variable.name} is declared twice", variable.span)
        self.changed()
        self.scope[variable.name] = kind
        self.least.pop(variable.name, None)
        if variable.name.startswith("?"):
            self.shown[variable.name] = self.letter(kind, why)
        self.note(f"{self.name(variable.name)} : {kind} ({why})")
        return self.name(variable.name)

    def letter(self, kind: str, why: str) -> str:
        """A name for an unnamed object: by its kind if it is the only one, else from the alphabet's start."""
        single = "p" if "prime" in why else {"ℕ": "n", "ℤ": "n", "ℚ": "q", "ℝ": "x", "ℂ": "z"}[kind]
        letters = single if self.unnamed == 1 else "abcdmn"
        free = next((letter for letter in letters if letter not in self.used), letters[0])
        name = self.fresh(free)
        self.used.add(name)
        return name

    def sort_pattern(self, sort: Phrase | SetRef) -> tuple[str, Lean | None, str]:
        """Type, condition template and name of a number sort."""
        if isinstance(sort, Phrase):
            pattern = sort.patterns(self.words)[0]
            trivial = pattern.template == Atom("True")
            return pattern.type, None if trivial else pattern.template, sort.name
        kind = sort.type
        name = f"{sort.condition} {kind}".strip()
        if sort.condition in ("positive", "nonnegative") and kind == "ℤ":
            kind = "ℕ"
        if not sort.condition or (sort.condition == "nonnegative" and kind == "ℕ"):
            return kind, None, name
        adjective = self.lexicon.role(sort.condition, "adjective")
        if adjective is None:
            raise UnreadError(f"no word {sort.condition!r} in the ontology", sort.span)
        return kind, adjective.patterns(self.words)[0].template, name

    def declare(self, decl: Decl) -> list[tuple[str, str]]:
        """Brings a declaration's variables into scope; their Lean names and types."""
        found: list[tuple[str, str]] = []
        for variable in decl.names:
            if variable.name in self.typing.functions:
                found += self.bind_function(variable)
                continue
            if isinstance(decl.sort, FunctionSort):
                # A function that is only named: nothing is said of its values.
                raise UnreadError("a function of which nothing is said", variable.span)
            if variable.name in self.typing.sets and decl.sort is None:
                self.bind_free(variable)
                found.append(self.binders.pop())
                continue
            if decl.sort is not None:
                kind, _, why = self.sort_pattern(decl.sort)
                if kind == "ℤ" and variable.name in self.typing.naturals:
                    kind, why = "ℕ", f"{why}, supposed not to be negative"
            else:
                kind, why = self.typing.variable(variable.name, decl.limits)
                why = f"inferred from {why!r}"
            found.append((self.bind_name(variable, kind, why), kind))
        return found

    def declared_type(self, decl: Decl) -> str:
        if decl.sort is None:
            return self.typing.variable(decl.names[0].name, decl.limits)[0]
        if isinstance(decl.sort, FunctionSort):
            raise UnreadError("a set of functions", decl.span)
        if decl.names[0].name in self.typing.naturals:
            return "ℕ"
        return self.sort_pattern(decl.sort)[0]

    def limits(self, decl: Decl) -> list[Lean]:
        """What a declaration says of its variables beyond their type."""
        found: list[Lean] = []
        if isinstance(decl.sort, FunctionSort):
            for variable in decl.names:
                found += self.function_condition(variable, decl.sort)
        elif decl.sort is not None:
            kind, condition, _ = self.sort_pattern(decl.sort)
            if condition is not None:
                pattern = Pattern("type", kind, kind, condition, 1)
                found.extend(self.applied(pattern, (v,), kind) for v in decl.names)
                if condition == _POSITIVE:
                    for variable in decl.names:
                        self.learn_bound(variable.name, ">", 0)
        for limit in decl.limits:
            self.learn(limit)
        for limit in decl.limits:
            before = len(self.presupposed)
            found.extend(self.conjuncts(limit))
            if not is_relational(limit):
                del self.presupposed[before:]
        return found

    # ---- signs and bounds

    def is_nonzero(self, term: Term) -> bool:
        """Whether what is supposed so far keeps the term from being 0, by signs alone."""
        match term:
            case Var(name):
                return name in self.nonzero or self.is_positive(term)
            case Arith("*" | "/", args):
                return all(map(self.is_nonzero, args))
            case Arith("^", (base, _)):
                return self.is_nonzero(base)
            case Arith("neg", (body,)):
                return self.is_nonzero(body)
            case _:
                return self.is_positive(term)

    def is_positive(self, term: Term) -> bool:
        match term:
            case Var(name):
                return name in self.positive or self.least.get(name, 0) > 0
            case Num(text):
                return any(digit not in "0." for digit in text)
            case Arith("+", (left, right)):
                if self.is_positive(left):
                    return self.is_nonnegative(right)
                return self.is_nonnegative(left) and self.is_positive(right)
            case Arith("*" | "/", args):
                return all(map(self.is_positive, args))
            case Arith("^", (base, _)):
                return self.is_positive(base)
            case Pi() | Constant("e"):
                return True
            case _:
                return False

    def is_nonnegative(self, term: Term) -> bool:
        """Whether signs alone keep the term from being negative."""
        match term:
            case Arith("+" | "*" | "/", args):
                return all(map(self.is_nonnegative, args))
            case Arith("^", (base, Num(text))):
                even = text.isdigit() and int(text[-1:]) % 2 == 0
                return even or self.is_nonnegative(base)
            case Op(phrase):
                return phrase.concept in ("square-root", "absolute-value", "factorial")
            case Num():
                return True
            case Var(name):
                return self.scope.get(name) == "ℕ" or self.is_positive(term)
            case _:
                return self.is_positive(term)

    def learn(self, formula: Formula) -> None:
        """Takes note of bounds and signs that a supposition gives single variables."""
        match formula:
            case And(parts):
                for part in parts:
                    self.learn(part)
            case Rel(op, Var(name), Num(text)) if text.isdigit():
                self.learn_bound(name, op, int(text))
            case Rel(op, Num(text), Var(name)) if text.isdigit():
                self.learn_bound(name, {"<": ">", "≤": "≥", ">": "<", "≥": "≤"}.get(op, op), int(text))
            case Rel("<" | "≤" as op, Var(low), Var(name)):
                self.learn_bound(name, {"<": ">", "≤": "≥"}[op], self.least.get(low, 0))
            case Rel(">" | "≥" as op, Var(name), Var(low)):
                self.learn_bound(name, op, self.least.get(low, 0))
            case Pred(phrase, (Var(name),)):
                kind = self.scope.get(name, "")
                templates = [p.template for p in phrase.patterns(self.words) if p.type in (kind, "α")]
                if kind == "ℕ" and _PRIME in templates:
                    self.learn_bound(name, "≥", 2)
                if _POSITIVE in templates:
                    self.learn_bound(name, ">", 0)

    def learn_bound(self, name: str, op: str, number: int) -> None:
        self.changed()
        if op in ">≥":
            least = number + (op == ">")
            if self.scope.get(name) == "ℕ":
                self.least[name] = max(self.least.get(name, 0), least)
            if number > 0 or op == ">":
                self.positive.add(name)
        elif op == "≠" and number == 0:
            self.nonzero.add(name)
            if self.scope.get(name) == "ℕ":
                self.least[name] = max(self.least.get(name, 0), 1)


def is_relational(formula: Formula) -> bool:
    """Whether a formula says something of terms, or several such things: it presupposes what they need."""
    if isinstance(formula, And):
        return all(map(is_relational, formula.parts))
    return isinstance(formula, (Rel, IsA, Pred, Congruent)) or (
        isinstance(formula, Member) and not formula.negated
    )
