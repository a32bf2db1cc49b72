"""What is sought or counted: "positive integers n such that ...", "real solutions of ...", "values of x"."""

from __future__ import annotations

from dataclasses import replace

from cramf.formalize.symbolic.builder import FormulaBuilder
from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.forms import conjuncts, defines, of_variable, replaced
from cramf.formalize.symbolic.nouns import EMPTY_QUALITIES, POSTS, conjoined
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.syntax import (
    Card,
    Decl,
    Formula,
    FunctionSort,
    IsA,
    Maps,
    Quant,
    Rel,
    Span,
    Statement,
    SumOver,
    Term,
    Tuple,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.traverse import free_variables

__all__ = ["ObjectBuilder"]


class ObjectBuilder(FormulaBuilder):
    """Adds objects that meet conditions to what `FormulaBuilder` knows."""

    def gathered(self, node: Node) -> Term:
        """A sum or product over all objects of a kind, or their number."""
        decl, plural = self.objects(node.nodes()[0], None)
        word = node.chunks("OPER", "NUMBEROF")[0]
        if word.kind == "OPER" and word.text not in ("sum of", "product of"):
            raise UnreadError(f"{word.text!r} of many things", node.span, misfit=True)
        if not plural:
            raise UnreadError("several things are expected", node.span, misfit=True)
        decl = self.taken(decl)
        if not decl.limits:
            raise UnreadError("nothing is said of what is gathered", node.span)
        if word.kind == "NUMBEROF":
            return Card(decl, node.span)
        if len(decl.names) != 1:
            raise UnreadError("a sum of tuples", node.span)
        return SumOver("+" if word.text == "sum of" else "*", decl, node.span)

    # ---- what is sought

    def objects(self, node: Node, held: Node | None) -> tuple[Decl, bool]:
        """The declaration of what is sought with its conditions, and whether there may be several."""
        posts = [n for n in node.nodes() if n.rule in POSTS]
        match node.rule:
            case "obj_noun":
                decl = self._noun_objects(node, posts)
                head = node.nodes("nounp", "relational")[0].chunks("QUAL", "PLURAL", "NUMBER", "RELW")[-1]
                plural = head.kind == "PLURAL" or head.text == "numbers" or head.text.endswith("s of")
            case "obj_values":
                names = self.names(node.nodes("lvars")[0])
                sort, limits = self.qualified(node.chunks("QUAL"), names)
                limits += self.posts(posts, list(names))
                decl = Decl(tuple(names), sort, tuple(limits), node.span)
                plural = "values" in node.chunks("VALUEOF")[0].text
            case "obj_term_values":
                if "values" not in node.chunks("VALUEOF")[0].text:
                    raise UnreadError("the value of a term", node.span, misfit=True)
                term = self.closed(node.chunks("MTERM")[0])
                self.setup.extend(self.posts(posts, [term]))
                decl, plural = self.values_of(term, set(), node.span), True
            case "obj_solutions":
                decl = self._solutions(node, posts)
                plural = node.chunks("SOLUTION")[0].text.endswith("s")
            case "obj_tuple":
                decl = self._tuple_objects(node, posts)
                plural = node.chunks("PAIRS")[0].text.endswith("s")
            case "obj_mems":
                decl, plural = self.members(node.nodes("mems")[0], posts), False
            case _:
                names = self.names(node.nodes("lvars")[0])
                limits = self.lvar_limits(node.nodes("lvars")[0]) + self.posts(posts, list(names))
                decl, plural = Decl(tuple(names), None, tuple(limits), node.span), False
        if held is not None:
            decl = replace(decl, limits=(*decl.limits, self._holding(held)))
        return decl, plural

    def _holding(self, node: Node) -> Formula:
        """What `for how many n is ...` says of each n."""
        outer, self._scoped = self._scoped, True
        if node.rule == "inverted":
            subject, predicate = node.parts
            assert isinstance(predicate, Node)
            said = self.said(subject, predicate, negated=False, span=node.span)
        else:
            said = self.given(node.parts[-1])
        self._scoped = outer
        return said

    def _noun_objects(self, node: Node, posts: list[Node]) -> Decl:
        nounp = node.nodes("nounp", "relational")[0]
        kept = tuple(p for p in nounp.parts if not isinstance(p, Chunk) or p.text not in EMPTY_QUALITIES)
        nounp = Node(nounp.rule, kept, nounp.span)
        lvars = node.nodes("lvars")
        if lvars:
            decl = self.named(lvars[0], nounp, posts, node.span)
        else:
            decl = self.by_its_letter(self.unnamed(nounp, posts, 1)[1][0])
        relation = nounp.chunks("RELW")
        if decl.sort is None and relation and relation[0].phrases[0].concept == "divisor":
            # Divisors that are counted or sought are positive by habit, where nothing is said.
            decl = replace(decl, sort=self._lexicon.role("positive integer", "type"))
        return decl

    def by_its_letter(self, decl: Decl) -> Decl:
        """ "How many integers satisfy x^2 < 9?" speaks of x, the one letter that nothing else has."""
        (name,) = decl.names
        known = self.declared() | {name.name}
        free = free_variables(Statement((), Quant("∃", (decl,), None, decl.span)))
        letters = [v for v in free if v.name not in known and v.name not in self.spoken()]
        if len(letters) != 1:
            return decl
        limits: tuple[Formula, ...] = replaced(decl.limits, name.name, letters[0])
        return Decl((letters[0],), decl.sort, limits, decl.span)

    def _tuple_objects(self, node: Node, posts: list[Node]) -> Decl:
        """`ordered pairs (x, y) of integers`."""
        chunk = node.chunks("MTERM")[0]
        items = chunk.math.items if isinstance(chunk.math, Tuple) else ()
        names = [item for item in items if isinstance(item, Var)]
        if not names or len(names) != len(items):
            raise UnreadError("variables in parentheses are expected", chunk.span)
        sort, limits = self.qualified(node.chunks("QUAL", "PLURAL"), names)
        limits += self.posts(posts, list(names))
        return Decl(tuple(names), sort, tuple(limits), node.span)

    def _solutions(self, node: Node, posts: list[Node]) -> Decl:
        equation = self.equation(node.nodes("equation")[0])
        lvars = node.nodes("lvars")
        names = self.names(lvars[0]) if lvars else self.unknowns([equation], node.span, usual=True)
        sort, limits = self.qualified(node.chunks("QUAL"), names)
        limits += [equation, *self.posts(posts, list(names))]
        return Decl(tuple(names), sort, tuple(limits), node.span)

    def placeholders(self, count: int, span: Span) -> list[Var]:
        found = []
        for _ in range(count):
            self._unnamed += 1
            found.append(Var(f"?{self._unnamed}", span))
        return found

    def declare_said(self) -> None:
        """Turns "x and y are integers" in the setup into the declaration that it is."""
        declared = self.declared()
        found: list[Decl | Formula] = []
        for item in self.setup:
            for part in conjuncts(item):
                if isinstance(part, IsA) and isinstance(part.term, Var) and part.term.name not in declared:
                    last = found[-1] if found else None
                    if isinstance(last, Decl) and last.sort == part.sort and not last.limits:
                        found[-1] = replace(last, names=(*last.names, part.term))
                    else:
                        found.append(Decl((part.term,), part.sort, (), part.span))
                    declared |= {part.term.name}
                else:
                    found.append(part)
        # What spoke of a variable before its declaration comes after it.
        self.setup[:] = [i for i in found if isinstance(i, Decl)] + [
            i for i in found if not isinstance(i, Decl)
        ]

    def taken(self, decl: Decl) -> Decl:
        """The declaration with what the setup says of its variables taken out of there and into it."""
        self.declare_said()
        names = {v.name for v in decl.names}
        sort, limits = decl.sort, list(decl.limits)
        kept: list[Decl | Formula] = []
        for item in self.setup:
            mine = {v.name for v in item.names} & names if isinstance(item, Decl) else set()
            if isinstance(item, Decl) and mine:
                if {v.name for v in item.names} != names:
                    raise UnreadError("which of these is sought is not clear", decl.span)
                sort = sort or item.sort
                limits = [*item.limits, *limits]
            elif (
                not isinstance(item, Decl)
                and not defines(item)
                and names & {v.name for v in free_variables(Statement((), item))}
            ):
                limits.insert(0, item)
            else:
                kept.append(item)
        self.setup[:] = kept
        return replace(decl, sort=sort, limits=tuple(limits))

    def values_of(self, term: Term, outside: set[str], span: Span) -> Decl:
        """The set of a term's values, with what the setup says of its variables taken into it.

        `outside` names what the values may depend on.
        """
        self.declare_said()
        decls: list[Decl] = []
        conditions: list[Formula] = []
        kept: list[Decl | Formula] = []
        for item in self.setup:
            if isinstance(item, Decl):
                stays = isinstance(item.sort, FunctionSort) or any(v.name in outside for v in item.names)
                (kept if stays else decls).append(item)
            elif isinstance(item, Maps) or defines(item):
                kept.append(item)
            elif {v.name for v in free_variables(Statement((), item))} <= outside:
                kept.append(item)
            else:
                conditions.append(item)
        bound = {v.name for decl in decls for v in decl.names}
        free = free_variables(Statement((), conjoined([*conditions, Rel("=", term, term, span)])))
        kept_names = outside | {v.name for item in kept if isinstance(item, Decl) for v in item.names}
        more = tuple(v for v in free if v.name not in bound | kept_names)
        if more:
            decls.append(Decl(more, None, (), span))
        if not decls:
            raise UnreadError("nothing varies here", span)
        self.setup[:] = kept
        if isinstance(term, Var):
            return of_variable(term, decls, conditions, span)
        (name,) = self.placeholders(1, span)
        conditions.append(Rel("=", term, name, span))
        body = Quant("∃", tuple(decls), conjoined(conditions), span)
        return Decl((name,), None, (body,), span)
