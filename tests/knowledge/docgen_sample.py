"""Writes documentation in the shapes of doc-gen4, of a small library of our own, for tests of the builder.

Code is marked up as `[text|Name]` where a text links to a declaration and `[Prop|]` where it is a sort.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape as escape_html
from pathlib import Path

__all__ = [
    "COMMIT",
    "HEAP",
    "MODULES",
    "Decl",
    "Entry",
    "Site",
    "blob",
    "render_page",
    "write_database",
    "write_docs",
]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LEAN = "fedcba9876543210fedcba9876543210fedcba98"
_MARKUP = re.compile(r"\[([^\[\]|]+)\|([^\[\]|]*)\]")


@dataclass(frozen=True)
class Entry:
    """A field or constructor; `direct` is false for an inherited field."""

    name: str
    type: str
    args: tuple[str, ...] = ()
    doc: str = ""
    markdown: str = ""
    direct: bool = True


@dataclass(frozen=True)
class Decl:
    name: str
    kind: str
    type: str
    args: tuple[str, ...] = ()
    line: int = 1
    doc: str = ""
    """As doc-gen4 renders it; `markdown` is what was written."""
    markdown: str = ""
    attributes: tuple[str, ...] = ()
    parents: tuple[tuple[str, str], ...] = ()
    """Projections and types."""
    fields: tuple[Entry, ...] = ()
    constructors: tuple[Entry, ...] = ()
    maker: str = ""
    equations: tuple[str, ...] = ()
    sorried: bool = False


def escape(text: str) -> str:
    return escape_html(text, quote=False).replace('"', "&quot;")


@dataclass
class Site:
    """Where every name lives, so that links can be written."""

    modules: dict[str, list[Decl]]
    homes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for module, decls in self.modules.items():
            for decl in decls:
                for name in (decl.name, *(e.name for e in (*decl.fields, *decl.constructors))):
                    self.homes.setdefault(name, module)

    def page(self, module: str, depth: int) -> str:
        return ("../" * depth or "./") + module.replace(".", "/") + ".html"

    def link(self, name: str, depth: int) -> str:
        return escape(f"{self.page(self.homes.get(name, 'Init.Lost'), depth)}#{name}")

    def code(self, code: str, depth: int) -> str:
        """Code as HTML: linked constants and sorts, and colour around what stands between."""
        parts: list[str] = []
        at = 0
        for found in _MARKUP.finditer(code):
            if code[at : found.start()]:
                parts.append(f'<span class="fn">{escape(code[at : found.start()])}</span>')
            text, name = found.groups()
            href = self.link(name, depth) if name else ("../" * depth or "./") + "foundational_types.html"
            parts.append(f'<a href="{href}">{escape(text)}</a>')
            at = found.end()
        if code[at:]:
            parts.append(escape(code[at:]))
        return "".join(parts)

    def args(self, args: tuple[str, ...], depth: int) -> str:
        shown = ""
        for arg in args:
            inner = f'<span class="decl_args">\n<span class="fn">{self.code(arg, depth)}</span></span>\n'
            shown += inner if arg.startswith("(") else f'<span class="impl_arg">{inner}</span>'
        return shown


def header(decl: Decl, site: Site, depth: int) -> str:
    parts = ".".join(f'<span class="name">{escape(part)}</span>' for part in decl.name.split("."))
    title = " title=\"declaration uses 'sorry'\"" if decl.sorried else ""
    shown = f'<span class="decl_kind">{decl.kind}</span>\n<span class="decl_name"{title}>'
    shown += f'<a class="break_within" href="{site.link(decl.name, depth)}">{parts}</a></span>'
    shown += site.args(decl.args, depth)
    if decl.parents:
        spans = (f'<span id="{escape(p)}">{site.code(t, depth)}</span>' for p, t in decl.parents)
        shown += '<span class="decl_extends">extends</span> ' + ", ".join(spans)
    shown += f'<span class="decl_args"> :</span><div class="decl_type">{site.code(decl.type, depth)}</div>'
    return f'<div class="decl_header">{shown}</div>'


_CSS_KINDS = {"abbrev": "def", "class inductive": "class"}


def css_kind(decl: Decl) -> str:
    last = decl.kind.replace("noncomputable ", "").replace("unsafe ", "")
    return "opaque" if last == "partial def" else _CSS_KINDS.get(last, last)


def declaration(decl: Decl, module: str, site: Site, depth: int) -> str:
    source = f"{source_url(module)}#L{decl.line}-L{decl.line + 3}"
    shown = f'<div class="decl{" sorried" if decl.sorried else ""}" id="{escape(decl.name)}">'
    shown += f'<div class="{css_kind(decl)}"><div class="gh_link"><a href="{source}">source</a></div>'
    if decl.attributes:
        shown += f'<div class="attributes">{escape("@[" + ", ".join(decl.attributes) + "]")}</div>\n'
    shown += header(decl, site, depth) + decl.doc
    if decl.fields or decl.maker:
        items = "".join(structure_field(f, site, depth) for f in decl.fields)
        if decl.maker.endswith(".mk"):
            shown += f'<ul class="structure_fields" id="{escape(decl.maker)}">{items}</ul>'
        else:
            short = decl.maker.rpartition(".")[2]
            shown += f'<ul class="structure_ext"><li id="{escape(decl.maker)}" class="structure_ext_ctor">'
            shown += f'{short}  :: (</li><ul class="structure_ext_fields">{items}</ul>'
            shown += '<li class="structure_ext_ctor">)</li></ul>'
    if css_kind(decl) in ("inductive", "class") and decl.constructors:
        shown += "".join(
            ['<ul class="constructors">', *(constructor(c, site, depth) for c in decl.constructors), "</ul>"]
        )
    if decl.equations:
        items = "".join(f'<li class="equation">{site.code(e, depth)}</li>' for e in decl.equations)
        shown += f'<details><summary>Equations</summary><ul class="equations">{items}</ul></details>'
    if css_kind(decl) in ("def", "structure", "inductive"):
        shown += f'<details id="instances-for-list-{escape(decl.name)}" class="instances-for-list">'
        shown += '<summary>Instances For</summary><ul class="instances-for-enum"></ul></details>'
    return shown + "</div></div>"


def short_name(name: str) -> str:
    return re.sub(r"[«»]", "", re.search(r"«[^»]*»\Z|[^.]*\Z", name)[0])  # type: ignore[index]


def structure_field(entry: Entry, site: Site, depth: int) -> str:
    short = escape(short_name(entry.name))
    rest = f"{site.args(entry.args, depth)} : {site.code(entry.type, depth)}"
    if not entry.direct:
        link = f'<a href="{site.link(entry.name, depth)}">{short}</a>'
        info = f'<div class="structure_field_info">{link}{rest}</div>'
        return f'<li class="structure_field inherited_field">{info}</li>'
    doc = f'<div class="structure_field_doc">{entry.doc}</div>' if entry.doc else ""
    info = f'<div class="structure_field_info">{short}{rest}</div>'
    return f'<li id="{escape(entry.name)}" class="structure_field">{info}{doc}</li>'


def constructor(entry: Entry, site: Site, depth: int) -> str:
    text = f"{entry.name.rpartition('.')[2]}{site.args(entry.args, depth)} : {site.code(entry.type, depth)}"
    doc = f'<div class="inductive_ctor_doc">{entry.doc}</div>' if entry.doc else ""
    return f'<li class="constructor" id="{escape(entry.name)}">{text}{doc}</li>'


def source_url(module: str) -> str:
    path = module.replace(".", "/") + ".lean"
    if module.split(".")[0] in ("Init", "Lean"):
        return f"https://github.com/leanprover/lean4/blob/{LEAN}/src/{path}"
    return f"https://github.com/leanprover-community/mathlib4/blob/{COMMIT}/{path}"


def render_page(module: str, decls: list[Decl], site: Site) -> str:
    depth = module.count(".")
    links = "".join(
        f'<div class="nav_link"><a class="break_within" href="#{escape(d.name)}">{escape(d.name)}</a></div>'
        for d in decls
    )
    body = "".join(declaration(d, module, site, depth) for d in decls)
    return (
        f'<html lang="en"><head><meta charset="UTF-8"/><title>{module}</title>\n'
        f'<script>const MODULE_NAME="{module}";</script></head><body>'
        '<input id="nav_toggle" type="checkbox"/><nav class="internal_nav"><p><a href="#top">to top</a></p>'
        f'<p class="gh_nav_link"><a href="{source_url(module)}">source</a></p>{links}</nav><main>\n'
        f'<div class="mod_doc"><h1 id="x">About <a href="#Nowhere">{module}</a></h1></div>{body}</main>\n'
        '<nav class="nav"><iframe src="./navbar.html" class="navframe"></iframe></nav></body></html>'
    )


HEAP = "Mathlib.Order.Heap"
MODULES: dict[str, list[Decl]] = {
    "Init.Prelude": [
        Decl(
            "Nat",
            "inductive",
            "[Type|]",
            line=1000,
            doc="<p>Numbers to count with.</p>",
            markdown="Numbers to count with.",
            constructors=(
                Entry("Nat.zero", "[Nat|Nat]", doc="<p>Nothing.</p>", markdown="Nothing."),
                Entry("Nat.succ", "[Nat|Nat]", ("(n : [Nat|Nat])",)),
            ),
        ),
        Decl(
            "Eq",
            "inductive",
            "[Prop|]",
            ("{α : [Sort|] u_1}",),
            12,
            constructors=(Entry("Eq.refl", "[Eq|Eq] a a", ("(a : α)",)),),
        ),
    ],
    "Lean.Elab.Toy": [
        Decl("Lean.Elab.toy", "def", "[Nat|Nat]", line=3, doc="<p>A tool.</p>", markdown="A tool."),
        Decl("Lean.Elab.toy_eq", "theorem", "[toy|Lean.Elab.toy] [=|Eq] 0", line=5, doc="<p>It is.</p>"),
    ],
    HEAP: [
        Decl(
            "Heap",
            "class",
            "[Type|] u",
            ("(α : [Type|] u)",),
            10,
            "<p>A heap is piled up.</p><p>It has a <code>top</code>.</p>",
            "A heap is piled up.\n\nIt has a `top`.",
            maker="Heap.mk",
            fields=(
                Entry("Heap.top", "α", doc="<p>The highest.</p>", markdown="The highest."),
                Entry("Heap.size", "[ℕ|Nat]", ("(a : α)",)),
                Entry("_private.Mathlib.Order.Heap.0.Heap.hidden", "[ℕ|Nat]"),
            ),
        ),
        Decl(
            "Heap.IsTall",
            "def",
            "[Prop|]",
            ("{α : [Type|] u}", "[[Heap|Heap] α]", "(a : α)", "(n : [ℕ|Nat] := 0)"),
            20,
            '<p>Whether it is <em>tall</em>, see <code><a href="#Heap">Heap</a></code>:\n'
            'at least $n &lt; 2$ by <a href="https://example.org">that page</a>.</p>'
            "<ul><li>one</li><li>two <strong>bold</strong></li></ul>"
            '<pre><code class="language-lean">x &lt; y\nz</code></pre>',
            "Whether it is *tall*, see `Heap`:\nat least $n < 2$ by [that page](https://example.org).",
            attributes=("simp", 'extern c inline "f(#1, #2)"'),
            equations=("[IsTall|Heap.IsTall] a n [=|Eq] [False|False]",),
        ),
        Decl(
            "Heap.tall_top",
            "theorem",
            "[IsTall|Heap.IsTall] [top|Heap.top] [∧|And] 1 < 2",
            ("{α : [Type|] u}", "[[Heap|Heap] α]"),
            30,
            '<p>The top is tall by <code><a href="#Heap.pile">Heap.pile</a></code>.</p>',
            "The top is tall by `Heap.pile`.",
        ),
        Decl("Heap.pile", "noncomputable def", "[Heap|Heap] α", ("(α : [Type|] u)",), 34),
        Decl("Heap.Short", "abbrev", "[Prop|]", line=36, attributes=("reducible",)),
        Decl("Heap.search", "partial def", "[ℕ|Nat] → [ℕ|Nat]", line=38),
        Decl("Heap.secret", "opaque", "[ℕ|Nat]", line=40),
        Decl("Heap.choice", "axiom", "[Prop|]", line=41),
        Decl(
            "instHeapNat",
            "instance",
            "[Heap|Heap] [ℕ|Nat]",
            line=44,
            doc="<p>Numbers pile up.</p>",
            markdown="Numbers pile up.",
            attributes=("instance 900",),
        ),
        Decl(
            "Heap.old",
            "theorem",
            "[IsTall|Heap.IsTall] 1",
            line=46,
            attributes=("simp", 'deprecated Heap.tall_top "use, rather, this" (since := "2025-02-03")'),
        ),
        Decl(
            "Heap.older", "def", "[ℕ|Nat]", line=48, attributes=('deprecated "gone" (since := "2024-01-01")',)
        ),
        Decl("Heap.«term_≼_»", "def", "[Lean.TrailingParserDescr|Lean.TrailingParserDescr]", line=50),
        Decl(
            'Heap.«a<b & "c"».d\'', "theorem", "[Nat.zero|Nat.zero] [≼|Heap.IsTall] 1", line=52, sorried=True
        ),
        Decl("Heap.«x.y»", "def", "[ℕ|Nat]", line=54),
        Decl("Heap.αω₁", "def", "[ℕ|Nat]", line=56),
        Decl(
            "Heap.Thin",
            "class inductive",
            "[Prop|]",
            ("(α : [Type|] u)", "[[Heap|Heap] α]"),
            60,
            constructors=(Entry("Heap.Thin.intro", "[Thin|Heap.Thin] α", ("(h : [IsTall|Heap.IsTall] 1)",)),),
        ),
    ],
    "Mathlib.Order.HeapHom": [
        Decl(
            "HeapHom",
            "structure",
            "[Type|] (max u v)",
            ("(α : [Type|] u)", "[[Heap|Heap] α]"),
            8,
            parents=(
                ("HeapHom.toHeap", "[Heap|Heap] (α, [ℕ|Nat])"),
                ("HeapHom.toLost", "[Lost|Lost] α"),
            ),
            maker="HeapHom.make",
            fields=(
                Entry("Heap.top", "α", direct=False),
                Entry("HeapHom.«map?+»", "[IsTall|Heap.IsTall] b", ("{a : α}", "(b : α)"), direct=True),
            ),
        ),
        Decl("HeapHom.id", "def", "[HeapHom|HeapHom] α", ("(α : [Type|] u)",), 20),
    ],
    "Mathlib.Order.Empty": [],
}


def write_docs(
    folder: Path,
    modules: dict[str, list[Decl]] = MODULES,
    index: bool = True,
    database: bool = False,
    data: bool = False,
) -> Path:
    """Write a project's `.lake/build` into `folder`; the folder `doc` of it is returned."""
    site = Site(modules)
    root = folder / ".lake" / "build" / "doc"
    (root / "find").mkdir(parents=True)
    for page in ("navbar", "404", "search", "foundational_types", "tactics", "references", "find/index"):
        (root / f"{page}.html").write_text("<html><body><main>none</main></body></html>")
    version = f'<a href="https://github.com/leanprover/lean4/tree/{LEAN}">4.33.0-rc1</a>'
    (root / "index.html").write_text(
        f"<html><body><p>This was built using Lean 4 {version}</p></body></html>"
    )
    for module, decls in modules.items():
        path = root / (module.replace(".", "/") + ".html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_page(module, decls, site), encoding="utf-8")
    if index:
        (root / "declarations").mkdir()
        text = json.dumps(search_index(site), ensure_ascii=False)
        (root / "declarations" / "declaration-data.bmp").write_text(text, encoding="utf-8")
    if database:
        write_database(root.parent / "api-docs.db", site)
    if data:
        (root.parent / "doc-data").mkdir()
        for module, decls in modules.items():
            text = json.dumps(module_data(module, decls, site))
            (root.parent / "doc-data" / f"declaration-data-{module}.bmp").write_text(text, encoding="utf-8")
    return root


def _listed(decl: Decl) -> Iterator[tuple[str, str]]:
    yield decl.name, css_kind(decl)
    for entry in decl.fields:
        if entry.direct and not entry.name.startswith("_private."):
            yield entry.name, "def"
    for entry in decl.constructors:
        yield entry.name, "ctor"
    for projection, _ in decl.parents:
        yield projection, "def"
    if decl.maker:
        yield decl.maker, "ctor"


def search_index(site: Site) -> dict[str, object]:
    declarations = {
        name: {"kind": kind, "docLink": f"{site.page(module, 0)}#{name}"}
        for module, decls in site.modules.items()
        for decl in decls
        for name, kind in _listed(decl)
    }
    modules = {m: {"importedBy": [], "url": site.page(m, 0)} for m in site.modules}
    return {"declarations": declarations, "instances": {}, "modules": modules, "instancesFor": {}}


def module_data(module: str, decls: list[Decl], site: Site) -> dict[str, object]:
    entries: list[dict[str, object]] = []

    def add(decl: Decl, kind: str) -> None:
        link = f"{site.page(module, 0)}#{decl.name}"
        info = {"name": decl.name, "kind": kind, "doc": decl.markdown, "docLink": link}
        info |= {"sourceLink": f"{source_url(module)}#L{decl.line}-L{decl.line}", "line": decl.line}
        entries.append({"info": info, "header": header(decl, site, 0)})

    for decl in decls:
        add(decl, css_kind(decl))
        self_ = f"[self : [{decl.name}|{decl.name}] α]"
        for entry in decl.fields:
            if entry.direct and not entry.name.startswith("_private."):
                add(Decl(entry.name, "def", entry.type, (self_, *entry.args), decl.line), "def")
        for entry in decl.constructors:
            add(Decl(entry.name, "constructor", entry.type, entry.args, decl.line), "ctor")
    return {"name": module, "declarations": entries, "instances": [], "imports": ["Init"]}


# --- api-docs.db: tables by name, each with its columns and the number of those in its key.
TABLES = {
    "modules": ("name TEXT, source_url TEXT", 1),
    "module_imports": ("importer TEXT, imported TEXT", 2),
    "declaration_ranges": (
        "module_name TEXT, position INTEGER, start_line INTEGER, start_column INTEGER, start_utf16 INTEGER,"
        " end_line INTEGER, end_column INTEGER, end_utf16 INTEGER",
        2,
    ),
    "declaration_markdown_docstrings": ("module_name TEXT, position INTEGER, text TEXT", 2),
    "module_docs_markdown": ("module_name TEXT, position INTEGER, text TEXT", 2),
    "declaration_verso_docstrings": ("module_name TEXT, position INTEGER, content BLOB", 2),
    "name_info": (
        "module_name TEXT, position INTEGER, kind TEXT, name TEXT, type BLOB, sorried INTEGER,"
        " render INTEGER",
        2,
    ),
    "axioms": ("module_name TEXT, position INTEGER, is_unsafe INTEGER", 2),
    "internal_names": ("name TEXT, target_module TEXT, target_position INTEGER", 1),
    "constructors": ("module_name TEXT, position INTEGER, type_position INTEGER", 2),
    "inductives": ("module_name TEXT, position INTEGER, is_unsafe INTEGER", 2),
    "class_inductives": ("module_name TEXT, position INTEGER, is_unsafe INTEGER", 2),
    "opaques": ("module_name TEXT, position INTEGER, safety TEXT", 2),
    "definitions": (
        "module_name TEXT, position INTEGER, is_unsafe INTEGER, hints TEXT, is_noncomputable INTEGER",
        2,
    ),
    "definition_equations": (
        "module_name TEXT, position INTEGER, code BLOB, text_length INTEGER, sequence INTEGER",
        2,
    ),
    "instances": ("module_name TEXT, position INTEGER, class_name TEXT", 2),
    "instance_args": ("module_name TEXT, position INTEGER, sequence INTEGER, type_name TEXT", 3),
    "structures": ("module_name TEXT, position INTEGER, is_class INTEGER", 2),
    "structure_parents": (
        "module_name TEXT, position INTEGER, sequence INTEGER, projection_fn TEXT, type BLOB",
        3,
    ),
    "structure_constructors": (
        "module_name TEXT, position INTEGER, ctor_position INTEGER, name TEXT, type BLOB",
        2,
    ),
    "structure_fields": (
        "module_name TEXT, position INTEGER, sequence INTEGER, proj_name TEXT, type BLOB, is_direct INTEGER",
        3,
    ),
    "structure_field_args": (
        "module_name TEXT, position INTEGER, field_sequence INTEGER, arg_sequence INTEGER, binder BLOB,"
        " is_implicit INTEGER",
        4,
    ),
    "declaration_args": (
        "module_name TEXT, position INTEGER, sequence INTEGER, binder BLOB, is_implicit INTEGER",
        3,
    ),
    "declaration_attrs": ("module_name TEXT, position INTEGER, sequence INTEGER, attr TEXT", 3),
    "tactics": ("module_name TEXT, internal_name TEXT, user_name TEXT, doc_string TEXT", 2),
    "tactic_tags": ("module_name TEXT, internal_name TEXT, tag TEXT", 3),
    "schema_meta": ("key TEXT, value TEXT", 1),
}


def number(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def string(text: str) -> bytes:
    data = text.encode()
    return number(len(data)) + data


def name_blob(name: str) -> bytes:
    out = b"\0"
    for part in re.findall(r"«[^»]*»|[^.]+", name):
        if part.isdigit():
            out = b"\2" + out + number(int(part))
        else:
            out = b"\1" + out + string(part.strip("«»"))
    return out


def blob(code: str) -> bytes:
    """Rendered code as the database stores it: a sequence of texts, constants, sorts and other terms."""
    parts: list[bytes] = []
    at = 0
    for found in _MARKUP.finditer(code):
        parts.append(b"\1\7\0" + string(code[at : found.start()]))
        text, name = found.groups()
        tag = b"\2" + name_blob(name) if name else b"\4"
        parts.append(b"\1" + tag + b"\0" + string(text))
        at = found.end()
    parts.append(b"\0" + string(code[at:]))
    return b"\2" + number(len(parts)) + b"".join(parts)


_DB_KINDS = {"def": "definition", "class": "class"}


def write_database(
    path: Path, site: Site, change: Callable[[sqlite3.Connection], None] | None = None
) -> None:
    """A database as doc-gen4 fills it, lines one further than on the pages so that they can be told apart."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    for table, (columns, keys) in TABLES.items():
        key = ", ".join(column.split()[0] for column in columns.split(",")[:keys])
        connection.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({key}))")

    def put(table: str, *values: object) -> None:
        marks = ", ".join("?" * len(values))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)

    def described(module: str, position: int, line: int, markdown: str) -> None:
        put("declaration_ranges", module, position, line + 1, 0, 0, line + 2, 4, 4)
        if markdown:
            put("declaration_markdown_docstrings", module, position, markdown)

    for module, decls in site.modules.items():
        put("modules", module, source_url(module))
        position = 0
        for decl in decls:
            at = position
            kind = "class inductive" if decl.kind == "class inductive" else css_kind(decl)
            kind = _DB_KINDS.get(kind, kind)
            put("name_info", module, at, kind, decl.name, blob(decl.type), int(decl.sorried), 1)
            described(module, at, decl.line, decl.markdown)
            for sequence, arg in enumerate(decl.args):
                put("declaration_args", module, at, sequence, blob(arg), int(not arg.startswith("(")))
            for sequence, attribute in enumerate(decl.attributes):
                put("declaration_attrs", module, at, sequence, attribute)
            if kind in ("definition", "instance"):
                hints = "abbrev" if decl.kind == "abbrev" else 3
                put("definitions", module, at, 0, hints, int("noncomputable" in decl.kind))
            if kind == "opaque":
                put("opaques", module, at, "partial" if decl.kind == "partial def" else "safe")
            for entry in decl.constructors:
                position += 1
                put("name_info", module, position, "constructor", entry.name, blob(entry.type), 0, 1)
                put("constructors", module, position, at)
                described(module, position, decl.line, entry.markdown)
                for sequence, arg in enumerate(entry.args):
                    put("declaration_args", module, position, sequence, blob(arg), 0)
            if decl.maker:
                position += 1
                put("structures", module, at, int(decl.kind == "class"))
                put("structure_constructors", module, at, position, decl.maker, blob(decl.type))
                put("name_info", module, position, "constructor", decl.maker, blob(decl.type), 0, 0)
                described(module, position, decl.line, "")
            for sequence, (projection, type_) in enumerate(decl.parents):
                put("structure_parents", module, at, sequence, projection, blob(type_))
            for sequence, entry in enumerate(decl.fields):
                put("structure_fields", module, at, sequence, entry.name, blob(entry.type), int(entry.direct))
                for n, arg in enumerate(entry.args):
                    put("structure_field_args", module, at, sequence, n, blob(arg), 0)
                if entry.direct:
                    position += 1
                    put("name_info", module, position, "definition", entry.name, blob(entry.type), 0, 0)
                    described(module, position, decl.line + 1 + sequence, entry.markdown)
            position += 1
    put("schema_meta", "ddl_hash", "1")
    if change is not None:
        change(connection)
    connection.commit()
    connection.close()
