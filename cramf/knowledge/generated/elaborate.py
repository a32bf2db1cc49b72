"""A type's tree as the constants and arguments that Lean's name generator looks at.

Source: `winnowExpr` in Lean/Elab/DeclNameGen.lean keeps the explicit arguments of a function, and of
the implicit ones those that are types or families of types. Which these are is read from the
signatures of the functions; what fills them is found by matching the types of explicit arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from cramf.knowledge.generated.notations import desugared
from cramf.knowledge.generated.signatures import Parameter, Signature
from cramf.knowledge.generated.tree import Node, parse_type

__all__ = ["Elaborator", "Winnowed"]

Winnowed = tuple[Any, ...]
"""("const", name), ("app", f, x), ("forall", domain, body), ("sort", word) or ("none",)."""

_NONE: Winnowed = ("none",)


def _core(*sorts: str, names: str, cls: str = "") -> dict[str, Signature]:
    """Functions of Lean core with a type in braces, an instance of a class and explicit arguments."""
    first = [Parameter("{", "α", "Type")]
    wanted = [Parameter("[", "", f"{cls} α")] if cls else []
    rest = [Parameter("(", f"a{n}", sort) for n, sort in enumerate(sorts)]
    return {name: Signature((*first, *wanted, *rest)) for name in names.split()}


_CORE: dict[str, Signature] = {
    "Membership.mem": Signature(
        (
            Parameter("{", "α", "Type"),
            Parameter("{", "γ", "Type"),
            Parameter("(", "s", "γ"),
            Parameter("(", "a", "α"),
        )
    ),
    **_core("α → Prop", names="Subtype Exists"),
    **_core("α → Type", names="Sigma"),
    **_core("Set α", names="Set.Elem"),
    **_core("ℕ", names="OfNat.ofNat"),
    **_core("α", "α", names="Eq Ne"),
    **_core("α", "α", names="LE.le GE.ge", cls="LE"),
    **_core("α", "α", names="LT.lt GT.gt", cls="LT"),
    **_core("α", "α", names="Max.max", cls="Max"),
    **_core("α", "α", names="Min.min", cls="Min"),
    **_core("α", "α", names="Dvd.dvd", cls="Dvd"),
    **_core("α", "α", names="Union.union Inter.inter HasSubset.Subset"),
    **_core(names="Top.top", cls="Top"),
    **_core(names="Bot.bot", cls="Bot"),
}
_MAX_DEPTH = 40


class Elaborator:
    """Winnows trees with the variables in `local`; `certain` turns false at the first gap."""

    def __init__(
        self,
        resolve: Callable[[str], str | None],
        notation: Callable[[str], str | None],
        signature: Callable[[str], Signature | None],
        coercion: Callable[[str], str | None],
        parent_projection: Callable[[str], bool],
        ancestors: Callable[[str], frozenset[str]],
        local: dict[str, Node],
    ) -> None:
        self._resolve, self._notation, self._coercion = resolve, notation, coercion
        self._signature, self._parent_projection = signature, parent_projection
        self._ancestors = ancestors
        self.local = local
        self.certain = True
        self._depth = 0

    def full_name(self, written: str) -> str:
        """Full name of an identifier; as written where it is not known."""
        written = written.removeprefix("@")
        if written.startswith("_root_."):
            return written.removeprefix("_root_.")
        return self._resolve(written) or written

    def signature(self, name: str) -> Signature | None:
        return _CORE.get(name) or self._signature(name)

    def winnow(self, node: Node) -> Winnowed:
        self._depth += 1
        try:
            return self._winnowed(node) if self._depth < _MAX_DEPTH else _NONE
        finally:
            self._depth -= 1

    def _winnowed(self, node: Node) -> Winnowed:
        node = desugared(node, self._notation)
        kind = node.kind
        if kind == "sort":
            return ("sort", node.text)
        if kind == "pi":
            return self._pi(node)
        if kind == "lambda":
            return self._under(node, self.winnow)
        if kind == "name":
            return self._application(node)
        if kind == "operator" and node.text in ("↥", "↑", "⇑") and node.args:
            return self._as_type(node.args[0])
        if kind == "number":
            return ("app", ("const", "OfNat.ofNat"), _NONE)
        if kind == "typed":
            return self.winnow(node.args[0])
        if kind == "method":
            return self._method(node.args[0], node.text, node.args[1:])
        if kind == "apply":
            self.certain = False
            return self._applied(self.winnow(node.args[0]), [self.winnow(a) for a in node.args[1:]])
        self.certain = False
        return _NONE

    def _pi(self, node: Node) -> Winnowed:
        domain, body = node.args
        dependent = bool(node.text) and _occurs(node.text, body)
        read = _NONE if dependent else self._as_type(domain)
        return ("forall", read, self._under(node, self._as_type))

    def _under(self, node: Node, read: Callable[[Node], Winnowed]) -> Winnowed:
        """What is under a binder, with the variable that it binds."""
        name, before = node.text, self.local.get(node.text)
        if not name:
            return read(node.args[1])
        self.local[name] = node.args[0]
        try:
            return read(node.args[1])
        finally:
            if before is None:
                del self.local[name]
            else:
                self.local[name] = before

    @staticmethod
    def _applied(head: Winnowed, args: Sequence[Winnowed]) -> Winnowed:
        for arg in args:
            head = ("app", head, arg)
        return head

    def _application(self, node: Node) -> Winnowed:
        written, args = node.text, node.args
        first, _, rest = written.removeprefix("@").partition(".")
        if first in self.local or written in ("_", "·"):
            if not rest:
                return self._applied(_NONE, [self.winnow(a) for a in args])
            return self._methods(Node("name", first), rest, args)
        name = self.full_name(written)
        if name == written and _auto_bound(written):
            return self._applied(_NONE, [self.winnow(a) for a in args])
        if name == written and rest and not self._resolve(written):
            for place in range(written.count("."), 0, -1):
                prefix = ".".join(written.split(".")[:place])
                if self._resolve(prefix) and not written.startswith("_root_."):
                    return self._methods(Node("name", prefix), written[len(prefix) + 1 :], args)
        if written.startswith("@"):
            return self._explicit(name, args)
        return self._constant(name, args)

    def _methods(self, target: Node, fields: str, args: Sequence[Node]) -> Winnowed:
        """`x.f.g a`: one method after the other, the arguments with the last."""
        first, _, rest = fields.partition(".")
        if rest:
            return self._methods(Node("method", first, (target,)), rest, args)
        return self._method(target, first, args)

    def _method(self, target: Node, field: str, args: Sequence[Node]) -> Winnowed:
        """`x.f a` as an application of the function that the type of `x` makes it."""
        name = self._method_name(target, field)
        if name is not None:
            return self._constant(name, (target, *args), method=True)
        # Only the last part of a name is written out, so that an unknown function has a name too.
        self.certain = False
        if field.isdigit():
            return self.winnow(target)
        return self._applied(("const", field), [self.winnow(a) for a in (target, *args)])

    def _method_name(self, target: Node, field: str) -> str | None:
        kind = self.type_of(target)
        head = desugared(kind, self._notation) if kind is not None else None
        if head is None or head.kind != "name":
            return None
        base = self.full_name(head.text)
        for place in (base, *sorted(self._ancestors(base))):
            name = f"{place}.{field}"
            if self.signature(name) is not None or self._parent_projection(name) or self._known(name):
                return name
        return None

    def _known(self, name: str) -> bool:
        return self._resolve(f"_root_.{name}") is not None

    def _explicit(self, name: str, args: Sequence[Node]) -> Winnowed:
        """`@f a b c`: every argument is written."""
        signature = self.signature(name)
        if signature is None:
            self.certain = False
            return self._applied(("const", name), [self._as_type(a) for a in args])
        kept = [
            self.winnow(arg)
            for parameter, arg in zip(signature.parameters, args, strict=False)
            if parameter.bracket == "(" or _is_family(parameter.type)
        ]
        return self._applied(("const", name), kept)

    def _constant(self, name: str, args: Sequence[Node], method: bool = False) -> Winnowed:
        signature = self.signature(name)
        if self._parent_projection(name) and len(args) == 1:
            return self.winnow(args[0])
        head: Winnowed = ("const", name)
        if signature is None:
            # An unknown name is one of Lean core, unless it is local notation such as `Rₚ`.
            self.certain = self.certain and name.isascii()
            return self._applied(head, [self._as_type(a) for a in args if a.kind != "named"])
        named = {a.text: a.args[0] for a in args if a.kind == "named"}
        pairs, rest = self._paired(signature, [a for a in args if a.kind != "named"], named, method)
        implied = any(p.bracket in ("{", "⦃") and _is_family(p.type) for p in signature.parameters)
        filled = self._inferred(signature, pairs) if implied else {}
        kept: list[Winnowed] = []
        for parameter in signature.parameters:
            if parameter.name in pairs and parameter.bracket in ("(", "{", "⦃"):
                arg = pairs[parameter.name]
                # What is written for a parameter counts as explicit, but for `(R := S)`.
                if parameter.name not in named or _is_family(parameter.type):
                    kept.append(self._as_type(arg) if _is_sort(parameter.type) else self.winnow(arg))
            elif parameter.bracket in ("{", "⦃") and _is_family(parameter.type):
                value = filled.get(parameter.name)
                if value is not None:
                    kept += [self.winnow(value)] if value.kind != "sort" else []
                else:
                    self.certain = False
        return self._applied(head, [*kept, *(self.winnow(a) for a in rest)])

    def _paired(
        self, signature: Signature, args: Sequence[Node], named: dict[str, Node], method: bool
    ) -> tuple[dict[str, Node], Sequence[Node]]:
        """Explicit parameters with their arguments in order, and the arguments that are left."""
        explicit = [p for p in signature.parameters if p.bracket == "(" and p.name not in named]
        if method and args and not explicit:
            args = args[1:]
        if len(args) > len(explicit):
            # `variable (R M)` may have made parameters explicit that were declared in braces.
            every = [p for p in signature.parameters if p.bracket != "[" and p.name not in named]
            explicit = every if len(args) == len(every) else explicit
        pairs = dict(named)
        for number, (parameter, arg) in enumerate(zip(explicit, args, strict=False)):
            pairs[parameter.name or f"#{number}"] = arg
        return pairs, args[len(explicit) :]

    def _inferred(self, signature: Signature, pairs: dict[str, Node]) -> dict[str, Node]:
        """What the implicit parameters are, from the types of the explicit arguments."""
        wanted = {p.name for p in signature.parameters if p.bracket in ("{", "⦃")}
        types = {p.name: p.type for p in signature.parameters}
        found: dict[str, Node] = {}
        agenda = list(pairs.items()) if wanted else []
        while agenda:
            name, value = agenda.pop(0)
            kind = self.type_of(value) if types.get(name) else None
            if kind is not None:
                before = set(found)
                self._match(parse_type(types[name]), kind, wanted, found)
                # What was found has a type too, which tells of the parameters before it.
                agenda += [(n, v) for n, v in found.items() if n not in before]
        return found

    def _match(self, pattern: Node, value: Node, wanted: set[str], found: dict[str, Node]) -> None:
        value = desugared(value, self._notation)
        pattern = desugared(pattern, self._notation)
        if pattern.kind == "name" and pattern.text in wanted and not pattern.args:
            found.setdefault(pattern.text, value)
        elif pattern.kind == value.kind and len(pattern.args) == len(value.args):
            if pattern.kind == "name" and not self._same(pattern.text, value.text):
                return
            for inner, arg in zip(pattern.args, value.args, strict=True):
                self._match(inner, arg, wanted, found)

    def _same(self, pattern: str, value: str) -> bool:
        """Whether two identifiers can mean one constant; they stand in different namespaces."""
        return pattern.rpartition(".")[2] == value.rpartition(".")[2]

    def type_of(self, node: Node) -> Node | None:
        """The type of a term where the text tells it."""
        node = desugared(node, self._notation)
        if node.kind == "typed":
            return node.args[1]
        if node.kind == "method" and not node.text.isdigit():
            name = self._method_name(node.args[0], node.text)
            return self.type_of(Node("name", f"_root_.{name}", node.args)) if name else None
        if node.kind != "name":
            return None
        first, _, rest = node.text.removeprefix("@").partition(".")
        if first in self.local:
            kind = self.local[first]
            if rest:
                target = Node("name", first)
                for part in rest.split(".")[:-1]:
                    target = Node("method", part, (target,))
                return self.type_of(Node("method", rest.rpartition(".")[2], (target, *node.args)))
            for _arg in node.args:
                if kind.kind != "pi":
                    return None
                kind = kind.args[1]
            return kind if kind.kind != "opaque" else None
        signature = self.signature(self.full_name(node.text))
        if signature is None or not signature.result:
            return None
        positional = [a for a in node.args if a.kind != "named"]
        pairs, rest_args = self._paired(signature, positional, {}, False)
        if rest_args:
            return None
        pairs = {**self._inferred(signature, pairs), **pairs}
        return _substituted(parse_type(signature.result), pairs)

    def _as_type(self, node: Node) -> Winnowed:
        """A term where a type is wanted: an element of a set-like type stands for its subtype."""
        kind = self.type_of(node)
        head = desugared(kind, self._notation) if kind is not None else None
        if head is None or head.kind != "name":
            return self.winnow(node)
        if node.kind == "typed":
            node = node.args[0]
        name = self.full_name(head.text)
        if name == "Set":
            inner = self.winnow(head.args[-1]) if head.args else _NONE
            return self._applied(("const", "Set.Elem"), [inner, self.winnow(node)])
        way = self._coercion(name)
        if way is None:
            return self.winnow(node)
        if way != "SetLike":
            return self._applied(("const", way), [self.winnow(node)])
        carrier = self.winnow(head.args[-1]) if head.args else _NONE
        member = [carrier, self.winnow(kind) if kind else _NONE, self.winnow(node), _NONE]
        return self._applied(
            ("const", "Subtype"), [carrier, self._applied(("const", "Membership.mem"), member)]
        )

    def instance_arguments(self, node: Node) -> Iterator[tuple[str, tuple[Node, ...]]]:
        """Classes that the functions in a tree take as instances, with arguments where these are told."""
        node = desugared(node, self._notation)
        if node.kind == "name" and node.text.partition(".")[0] not in self.local:
            name = self.full_name(node.text)
            signature = self.signature(name)
            if signature is not None:
                explicit = [a for a in node.args if a.kind != "named"]
                pairs, _ = self._paired(signature, explicit, {}, False)
                pairs = {**self._inferred(signature, pairs), **pairs}
                for parameter in signature.parameters:
                    if parameter.bracket == "[":
                        wanted = parse_type(parameter.type)
                        if wanted.kind == "name":
                            filled = _substituted(wanted, pairs).args
                            names = {p.name for p in signature.parameters if p.name not in pairs}
                            told = not any(_occurs(n, a) for n in names if n for a in filled)
                            yield wanted.text.rpartition(".")[2], filled if told else ()
        for arg in node.args:
            yield from self.instance_arguments(arg)


@lru_cache(maxsize=1 << 14)
def _is_sort(text: str) -> bool:
    return text.strip().split(" ")[0].rstrip("*") in ("Type", "Sort")


@lru_cache(maxsize=1 << 14)
def _is_family(text: str) -> bool:
    """Whether a type is that of types or of families of types."""
    last = text.replace("→", " → ").split("→")[-1].strip()
    return last.split(" ")[0].rstrip("*").split(".")[0] in ("Type", "Sort", "Prop")


def _auto_bound(text: str) -> bool:
    """Lean binds by itself a single letter with digits that nothing else names."""
    return len(text.rstrip("0123456789₀₁₂₃₄₅₆₇₈₉'")) == 1


def _occurs(name: str, node: Node) -> bool:
    if node.kind == "name" and node.text.partition(".")[0] == name:
        return True
    return any(_occurs(name, arg) for arg in node.args)


def _substituted(node: Node, values: dict[str, Node]) -> Node:
    if node.kind == "name" and not node.args and node.text in values:
        return values[node.text]
    return Node(node.kind, node.text, tuple(_substituted(arg, values) for arg in node.args))
