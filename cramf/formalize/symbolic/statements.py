"""A whole derivation to the logical form: what sets the scene, what is asked, and what is to be proved."""

from __future__ import annotations

from cramf.formalize.symbolic.answers import AnswerBuilder
from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.nouns import COUNTS, POSTS, function_sort
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.questions import Asked
from cramf.formalize.symbolic.syntax import (
    Apply,
    Decl,
    Formula,
    FunctionSort,
    Maps,
    Quant,
    Rel,
    Statement,
    UnreadError,
    Var,
)

__all__ = ["Builder"]


class Builder(AnswerBuilder):
    """Builds the logical form of one derivation; make a new one for each."""

    def statement(self, tree: Node) -> Statement:
        """The logical form of a whole derivation.

        Raises:
            UnreadError: where the derivation uses a word in a role that it does not have.
        """
        goal: Formula | None = None
        question: Node | None = None
        answer: Node | None = None
        self._introduces = any(isinstance(n, Node) and n.rule.startswith("ask_") for n in tree.parts)
        for node in tree.parts:
            if isinstance(node, Chunk):
                goal = self.formula(node)
            elif node.rule.startswith("ask_"):
                question = node
            elif node.rule in ("answer", "answer_claim", "answer_infinite"):
                answer = node
            elif hasattr(self, f"setup_{node.rule}"):
                self.setup.extend(getattr(self, f"setup_{node.rule}")(node))
            else:
                goal = self.formula(node)
        if question is not None and answer is not None:
            # What follows the question ("..., if x = 1") is supposed too, so the question is built last.
            asked: Asked = self.asked(question)
            goal = self.answered(asked, answer)
        assert goal is not None
        if self._floated:
            goal = Quant("∀", tuple(self._floated), goal, tree.span)
        return Statement(tuple(self.setup), goal)

    # ---- what sets the scene

    def setup_let(self, node: Node) -> list[Decl | Formula]:
        return [decl for bind in node.nodes() for decl in self.bind(bind)]

    def setup_suppose(self, node: Node) -> list[Decl | Formula]:
        outer, self._floated = self._floated, []
        told = self.given(node.parts[-1])
        # "An integer n is even." as a supposition declares n for all that follows.
        declared, self._floated = self._floated, outer
        return [*declared, told]

    def setup_given(self, node: Node) -> list[Decl | Formula]:
        return list(self.decls(node))

    def setup_let_for_all(self, node: Node) -> list[Decl | Formula]:
        """`Let f(n) = n + 1 for all integers n.`"""
        body = self.given(node.nodes("conjunction")[0])
        return [Quant("∀", tuple(self.decls(node)), body, node.span)]

    def setup_let_satisfy_for_all(self, node: Node) -> list[Decl | Formula]:
        """`Let f satisfy f(x + y) = f(x) + f(y) for all real x and y.`"""
        chunks = node.chunks("MMAP", "MREL", "MVREL")
        *maps, equation = (self.given(chunk) for chunk in chunks)
        return [*maps, Quant("∀", tuple(self.decls(node)), equation, node.span)]

    def setup_let_such(self, node: Node) -> list[Decl | Formula]:
        """`Let x and y satisfy ...`, `Let x be such that ...`."""
        lvars, *rest = node.nodes()
        names = self.names(lvars)
        limits = self.lvar_limits(lvars)
        if rest[0].rule == "conjunction":
            limits.append(self.given(rest[0]))
        else:
            limits += self.posts(rest, list(names))
        return [Decl(tuple(names), None, tuple(limits), node.span)]

    def setup_let_equal(self, node: Node) -> list[Decl | Formula]:
        variable = node.parts[0]
        return [Rel("=", self.closed(variable), self.closed(node.parts[-1]), node.span)]

    def setup_let_solutions(self, node: Node) -> list[Decl | Formula]:
        """`Let a and b be the roots of ...`."""
        lvars, solutions = node.nodes()
        return [self.solved_by(solutions, list(self.names(lvars)))]

    def setup_let_function(self, node: Node) -> list[Decl | Formula]:
        """`Let f be a function such that ...`."""
        posts = node.nodes(*POSTS)
        explicit = node.nodes("conjunction")
        sort = None if explicit else function_sort(node) if node.chunks("FUNCTION") else None
        first = node.chunks()[0].math
        if isinstance(first, Apply):
            first = first.function
        told = [self.given(n) for n in node.nodes("conjunction")]
        if isinstance(first, Var):
            sort = sort or FunctionSort((None,), None, node.span)
            return [Decl((first,), sort, (*self.posts(posts, [first]), *told), node.span)]
        assert isinstance(first, Maps)
        return [first, *self.posts(posts, list(first.names)), *told]

    def setup_let_map(self, node: Node) -> list[Decl | Formula]:
        maps = node.chunks("MMAP")[0].math
        assert isinstance(maps, Maps)
        return [maps, *self.posts(node.nodes(), list(maps.names))]

    def bind(self, node: Node) -> list[Decl]:
        if node.rule == "bind_mem":
            mems, *posts = node.nodes()
            return [self.members(mems, posts)]
        lvars, nounp, *posts = node.nodes()
        self.counted(node, lvars)
        return [self.named(lvars, nounp, posts, node.span)]

    def counted(self, node: Node, lvars: Node) -> None:
        for count in node.chunks("COUNT"):
            if COUNTS[count.text] != len(self.names(lvars)):
                raise UnreadError("another number of variables than it says", count.span)
