"""The doc-gen4 builder on generated documentation: what it reads, and what it says of damaged input."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.errors import InputError, ResourceError
from cramf.knowledge.docgen import pages
from cramf.knowledge.docgen.blobs import BlobError, decode_code
from cramf.knowledge.docgen.builder import build_from_docs, find_documentation
from cramf.knowledge.docgen.pages import read_page, split_attributes
from cramf.knowledge.linking import Linked
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Declaration, Definition, Kind, Usage
from cramf.retrieval.indexing import write_index

ROOT = Path(__file__).resolve().parents[2]


def _sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "docgen_sample", Path(__file__).with_name("docgen_sample.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules["docgen_sample"] = module
    spec.loader.exec_module(module)
    return module


sample: Any = _sample()
HEAP = Path("Mathlib/Order/Heap.html")


def definitions(linked: Linked) -> dict[str, Definition]:
    return {d.name: d for d in linked.definitions}


def declarations(linked: Linked) -> dict[str, Declaration]:
    return {d.name: d for d in linked.declarations}


def usages(linked: Linked) -> dict[str, Usage]:
    return {u.name: u for u in linked.usages}


def messages(linked: Linked) -> list[str]:
    return [f"{e.module}:{e.line}: {e.message}" for e in linked.errors]


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages and search index; not to be written to."""
    return sample.write_docs(tmp_path_factory.mktemp("docs"))


@pytest.fixture(scope="module")
def linked(docs: Path) -> Linked:
    return build_from_docs(docs)[0]


@pytest.fixture
def copy(docs: Path, tmp_path: Path) -> Path:
    """A copy of the documentation, to be damaged."""
    return Path(shutil.copytree(docs, tmp_path / "doc"))


# --- What pages say


def test_sound_documentation_has_no_errors(linked: Linked) -> None:
    assert linked.errors == ()
    assert linked.files == len(sample.MODULES)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Nat", Kind.INDUCTIVE),
        ("Nat.succ", Kind.CONSTRUCTOR),
        ("Nat.rec", Kind.RECURSOR),
        ("Heap", Kind.CLASS),
        ("Heap.mk", Kind.CONSTRUCTOR),
        ("Heap.top", Kind.FIELD),
        ("Heap.IsTall", Kind.DEF),
        ("Heap.tall_top", Kind.THEOREM),
        ("Heap.pile", Kind.DEF),
        ("Heap.Short", Kind.ABBREV),
        ("Heap.search", Kind.DEF),
        ("Heap.secret", Kind.OPAQUE),
        ("Heap.choice", Kind.AXIOM),
        ("instHeapNat", Kind.INSTANCE),
        ("Heap.Thin", Kind.CLASS_INDUCTIVE),
        ("HeapHom", Kind.STRUCTURE),
        ("HeapHom.make", Kind.CONSTRUCTOR),
        ("HeapHom.toHeap", Kind.FIELD),
        ('Heap.«a<b & "c"».d\'', Kind.THEOREM),
        ("Heap.«term_≼_»", Kind.DEF),
        ("Heap.αω₁", Kind.DEF),
        ("HeapHom.«map?+»", Kind.FIELD),
        ("And", Kind.ATTESTED),
    ],
)
def test_kinds(linked: Linked, name: str, kind: Kind) -> None:
    assert declarations(linked)[name].kind is kind


def test_private_names_are_left_out(linked: Linked) -> None:
    assert not [d.name for d in linked.declarations if "_private" in d.name]
    assert definitions(linked)["Heap"].fields == ("top", "size")


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("Heap.IsTall", "{α : Type u} [Heap α] (a : α) (n : ℕ := 0) : Prop"),
        ("Heap.Short", ": Prop"),
        ("HeapHom", "(α : Type u) [Heap α] extends Heap (α, ℕ), Lost α : Type (max u v)"),
        ("Heap.size", "(a : α) : ℕ"),
        ("HeapHom.«map?+»", "{a : α} (b : α) : IsTall b"),
        ("Eq.refl", "(a : α) : Eq a a"),
        ("Nat.zero", ": Nat"),
        ("HeapHom.toHeap", ": Heap (α, ℕ)"),
    ],
)
def test_signatures(linked: Linked, name: str, signature: str) -> None:
    assert declarations(linked)[name].signature == signature


def test_lines_and_modules(linked: Linked) -> None:
    found = declarations(linked)["Heap.tall_top"]
    assert (found.module, found.line, found.namespace) == ("Mathlib.Order.Heap", 30, "Heap")
    assert declarations(linked)["Nat.casesOn"].line == 1000


def test_a_structure(linked: Linked) -> None:
    found = definitions(linked)["HeapHom"]
    assert found.parents == ("Heap", "Lost")
    assert found.fields == ("«map?+»",)
    assert "HeapHom.top" not in declarations(linked)
    assert declarations(linked)["HeapHom.toLost"].origin == "structure"
    assert declarations(linked)["Heap.top"].origin == "written"
    assert declarations(linked)["Heap.size"].origin == "structure"


def test_docstrings_are_markdown(linked: Linked) -> None:
    assert definitions(linked)["Heap.IsTall"].docstring == textwrap.dedent(
        """\
        Whether it is *tall*, see `Heap`:
        at least $n < 2$ by that page.

        * one
        * two **bold**

        ```
        x < y
        z
        ```"""
    )


def test_dependencies_are_the_links_of_the_statement(linked: Linked) -> None:
    # Neither the link in the docstring (`Heap.pile`) nor those of equations and of the own name count.
    assert linked.dependencies["Heap.tall_top"] == ("And", "Heap", "Heap.IsTall", "Heap.top")
    assert linked.dependencies["Heap.IsTall"] == ("Heap", "Nat")
    assert linked.dependencies["Heap.Thin.intro"] == ("Heap.IsTall", "Heap.Thin")
    assert linked.dependencies["HeapHom"] == ("Heap", "Lost", "Nat")
    assert "Heap.choice" not in linked.dependencies
    assert {n for names in linked.dependencies.values() for n in names} <= set(declarations(linked))


def test_usages_and_counts(linked: Linked) -> None:
    assert set(usages(linked)) == {"Heap.tall_top", "instHeapNat"}
    assert usages(linked)["Heap.tall_top"].definitions == ("And", "Heap", "Heap.IsTall")
    assert definitions(linked)["Heap.IsTall"].usage_count == 3
    assert definitions(linked)["And"].usage_count == 1
    # The two statements of the tool's module do not count, nor do fields and constructors.
    assert definitions(linked)["Eq"].usage_count == 0


def test_tools_and_syntax_are_names_only(linked: Linked) -> None:
    for name in ("Lean.Elab.toy", "Heap.«term_≼_»"):
        assert name in declarations(linked)
        assert name not in definitions(linked)
    assert "Lean.Elab.toy_eq" not in usages(linked)


def test_deprecation(linked: Linked) -> None:
    old = declarations(linked)["Heap.old"]
    assert (old.deprecated, old.since, old.attributes) == (
        "Heap.tall_top",
        "2025-02-03",
        ("simp", "deprecated"),
    )
    older = definitions(linked)["Heap.older"]
    assert (older.deprecated, older.since) == ("", "2024-01-01")
    assert definitions(linked)["Heap.IsTall"].deprecated is None


def test_notation_is_read_off_the_links(linked: Linked) -> None:
    assert linked.notations == {"=": ("Eq",), "ℕ": ("Nat",), "∧": ("And",), "≼": ("Heap.IsTall",)}


def test_commit_and_toolchain(docs: Path, copy: Path) -> None:
    info = build_from_docs(docs)[1]
    assert (info.commit, info.toolchain) == (sample.COMMIT, "leanprover/lean4:v4.33.0-rc1")
    (copy / "index.html").unlink()
    assert build_from_docs(copy)[1].toolchain == ""
    (copy.parent / "lean-toolchain").write_text("leanprover/lean4:v4.20.0\n")
    assert build_from_docs(copy)[1].toolchain == "leanprover/lean4:v4.20.0"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("@[simp, reducible]", ("simp", "reducible")),
        ('@[extern "a, b", inline]', ('extern "a, b"', "inline")),
        ('@[extern c inline "\\"#1, x"]', ('extern c inline "\\"#1, x"',)),
        ('@[deprecated A (since := "2024-01-01")]', ('deprecated A (since := "2024-01-01")',)),
        ("@[specialize [a, b], simp]", ("specialize [a, b]", "simp")),
        ("@[]", ()),
    ],
)
def test_attributes_are_parted_at_commas(text: str, parts: tuple[str, ...]) -> None:
    assert split_attributes(text) == parts


HEADER = (
    '<div class="decl" id="{name}"><div class="structure">'
    '<div class="gh_link"><a href="{source}">source</a></div><div class="decl_header">'
    '<span class="decl_kind">structure</span><span class="decl_name">x</span>{extends}'
    '<span class="decl_args"> :</span><div class="decl_type">T</div></div>{after}</div></div>'
)


def one_page(path: Path, body: str) -> Any:
    path.write_text(f'<html><body><nav class="internal_nav"></nav><main>{body}</main></body></html>')
    return read_page(path, "A.B")


@pytest.mark.parametrize(
    "extends",
    [
        # Before v4.29 parents had no element; those of v4.12 were names without arguments.
        'extends</span> <a href="../M.html#P">P</a> (f, <a href="../M.html#Q">Q</a>), '
        '<span class="fn"><a href="../M.html#R.S">R.S</a> α</span>',
        'extends</span><span class="decl_parent">\n<span class="fn">'
        '<a class="break_within" href="../M.html#P"><span class="name">P</span></a></span></span>\n, '
        '<span class="decl_parent"><span class="fn">'
        '<a href="../M.html#R.S"><span class="name">R</span>.<span class="name">S</span></a></span></span>',
    ],
)
def test_parents_of_older_versions(tmp_path: Path, extends: str) -> None:
    body = HEADER.format(name="X", source="", extends=f'<span class="decl_extends">{extends}', after="")
    (found,) = one_page(tmp_path / "B.html", body).declarations
    assert found.parents == ("P", "R.S")
    assert [m.name for m in found.members] == ["X.toP", "X.toS"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("https://github.com/a/b/blob/0/A.lean#L7-L9", 7),
        ("https://github.com/a/b/blob/0/A.lean#L7", 7),
        ("vscode://file//home/a/A.lean:12:3", 12),
        ("file:///home/a/A.lean", 0),
        ("#", 0),
        ("x#L99999999999999", 0),
    ],
)
def test_lines_of_source_links(tmp_path: Path, source: str, line: int) -> None:
    body = HEADER.format(name="X", source=source, extends="", after="")
    (found,) = one_page(tmp_path / "B.html", body).declarations
    assert found.line == line


def test_an_inherited_field_with_a_projection_is_no_own_field(tmp_path: Path) -> None:
    fields = (
        '<ul class="structure_fields" id="X.mk"><li id="X.y" class="structure_field inherited_field">'
        '<div class="structure_field_info"><a href="#A.y">y</a> : U</div></li></ul>'
    )
    (found,) = one_page(
        tmp_path / "B.html", HEADER.format(name="X", source="", extends="", after=fields)
    ).declarations
    assert found.fields == ()
    assert [(m.name, m.kind, m.signature) for m in found.members] == [
        ("X.mk", Kind.CONSTRUCTOR, ""),
        ("X.y", Kind.FIELD, ": U"),
    ]


def test_a_docstring_with_lists_tables_and_headings(tmp_path: Path) -> None:
    after = (
        '<h2 id="a" class="markdown-heading">Title <a class="hover-link" href="#a">#</a></h2><hr>'
        "<ol><li><p>one</p><ul><li>deep</li></ul></li><li>two</li></ol><blockquote><p>said</p></blockquote>"
        "<table><thead><tr><th>a</th><th>b</th></tr></thead></table><p>x<br>\ny</p>"
        '<details><summary>Equations</summary><ul class="equations"><li>E</li></ul></details>'
    )
    (found,) = one_page(
        tmp_path / "B.html", HEADER.format(name="X", source="", extends="", after=after)
    ).declarations
    assert found.docstring == ("## Title\n\n1. one\n\n  * deep\n2. two\n\n> said\n\n| a | b |\n\nx\ny")


def test_terms_nested_deeper_than_the_parser_allows(tmp_path: Path) -> None:
    deep = '<span class="fn">(' * 400 + '<a href="../M.html#Q">q</a>' + ")</span>" * 400
    first = HEADER.format(name="X", source="", extends=f'<span class="decl_args">{deep}</span>', after="")
    facts = one_page(tmp_path / "B.html", first + HEADER.format(name="Y", source="", extends="", after=""))
    assert facts.errors == ()
    assert [d.name for d in facts.declarations] == ["X", "Y"]
    assert facts.declarations[0].uses == ("Q",)
    assert facts.declarations[0].signature == "(" * 400 + "q" + ")" * 400 + " : T"


# --- Where the documentation is


@pytest.mark.parametrize("place", [".", ".lake/build", ".lake/build/doc"])
def test_the_folder_or_a_parent_of_it(docs: Path, linked: Linked, place: str) -> None:
    assert build_from_docs(docs.parents[2] / place)[0] == linked


def test_a_part_of_the_documentation_names_the_whole(docs: Path) -> None:
    with pytest.raises(InputError, match="is a part of the documentation") as caught:
        build_from_docs(docs / "Mathlib")
    assert str(docs.resolve()) in caught.value.mend


def test_pages_without_the_files_of_the_site(docs: Path, linked: Linked, tmp_path: Path) -> None:
    for name in ("Mathlib", "Init", "Lean"):
        shutil.copytree(docs / name, tmp_path / "doc" / name)
    assert build_from_docs(tmp_path)[0] == linked


def test_pages_that_lie_deeper_or_higher_than_they_say(docs: Path, tmp_path: Path) -> None:
    for name in ("Mathlib", "Init", "Lean"):
        shutil.copytree(docs / name, tmp_path / "site" / "api" / name)
    with pytest.raises(InputError, match="lies above the documentation") as caught:
        build_from_docs(tmp_path / "site")
    assert caught.value.mend == f"give --docs {tmp_path / 'site' / 'api'}"
    with pytest.raises(InputError, match="is a part of the documentation") as caught:
        build_from_docs(tmp_path / "site" / "api" / "Mathlib")
    assert caught.value.mend == f"give --docs the whole, {tmp_path / 'site' / 'api'}"


def test_links_to_documentation_elsewhere(tmp_path: Path) -> None:
    extends = '<span class="decl_extends">extends</span> <a href="https://A.org/b/M/n.html#P">P</a>'
    facts = one_page(tmp_path / "B.html", HEADER.format(name="X", source="", extends=extends, after=""))
    assert facts.homes == {"P": "M.n"}


@pytest.mark.parametrize("make", ["missing", "file", "empty", "others"])
def test_folders_that_hold_none(tmp_path: Path, make: str) -> None:
    place = tmp_path / "x"
    if make == "file":
        place.write_text("x")
    elif make != "missing":
        place.mkdir()
    if make == "others":
        (place / "notes.html").write_text("<p>notes</p>")
    with pytest.raises(InputError) as caught:
        build_from_docs(place)
    assert "--docs" in caught.value.mend
    assert "\n" not in str(caught.value)


def test_links_that_loop_or_lead_nowhere(copy: Path, linked: Linked) -> None:
    (copy / "Mathlib" / "Loop").symlink_to(copy, target_is_directory=True)
    (copy / "Mathlib" / "Self.html").symlink_to("Self.html")
    os.mkfifo(copy / "Mathlib" / "Pipe.html")
    found = build_from_docs(copy)[0]
    assert replace(found, errors=()) == linked
    assert [e.module for e in found.errors] == ["Mathlib.Pipe", "Mathlib.Self"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folders_that_cannot_be_read(copy: Path) -> None:
    (copy / "Mathlib" / "Order").chmod(0)
    try:
        with pytest.raises(ResourceError, match="cannot read"):
            build_from_docs(copy)
    finally:
        (copy / "Mathlib" / "Order").chmod(0o755)


def test_a_page_whose_name_is_no_text(copy: Path, linked: Linked) -> None:
    path = os.fsencode(copy / "Mathlib") + b"/\xff.html"
    try:
        Path(os.fsdecode(path)).write_text("x")
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    found = build_from_docs(copy)[0]
    assert replace(found, errors=()) == linked
    assert messages(found) == ["'Mathlib.\\udcff':1: its page's name is not UTF-8"]


# --- Damaged pages


def damaged(copy: Path, change: Callable[[bytes], bytes], index: bool = False) -> Linked:
    path = copy / HEAP
    path.write_bytes(change(path.read_bytes()))
    if not index:
        shutil.rmtree(copy / "declarations")
    return build_from_docs(copy)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"", "its page is none that doc-gen4 wrote"),
        (lambda data: b"<html><body>moved</body></html>", "its page is none that doc-gen4 wrote"),
        (lambda data: b"\x00\x01\x02", "its page is none that doc-gen4 wrote"),
        (lambda data: data[:40] + b"\xff" + data[40:], "its page is not UTF-8 (byte 40)"),
        (lambda data: data.replace(b'class="decl_type"', b'class="x"'), "has no whole header"),
        (
            lambda data: data.replace(b">axiom<", b">spell<"),
            "Heap.choice is of a kind that is not known, 'spell'",
        ),
        (lambda data: data.replace(b'id="Heap.choice"', b'id=""'), "a declaration on its page has no name"),
        (lambda data: data[: data.index(b'id="Heap.search"')], "its page is cut short"),
    ],
)
def test_a_damaged_page_is_an_error_with_its_module(
    copy: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    found = damaged(copy, change)
    assert any(e.module == sample.HEAP and message in e.message and e.line >= 1 for e in found.errors)
    # The other pages stand.
    assert {"Nat", "HeapHom"} <= set(definitions(found))


def test_what_comes_before_the_cut_is_kept(copy: Path) -> None:
    # The cut is after the header of the last one, but before its constructor.
    found = damaged(copy, lambda data: data[: data.index(b'<ul class="constructors">')])
    assert "Heap.αω₁" in definitions(found)
    assert "Heap.Thin" not in definitions(found)
    assert messages(found)[0].endswith("its page is cut short")


def test_lines_of_errors_are_those_of_the_page(copy: Path) -> None:
    data = (copy / HEAP).read_bytes()
    found = damaged(copy, lambda data: data.replace(b">axiom<", b">spell<"))
    line = data.count(b"\n", 0, data.index(b'<div class="decl" id="Heap.choice"')) + 1
    assert messages(found) == [f"{sample.HEAP}:{line}: Heap.choice is of a kind that is not known, 'spell'"]


def test_a_huge_page_is_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_BYTES", (copy / HEAP).stat().st_size - 1)
    found = build_from_docs(copy, workers=1)[0]
    assert any(e.module == sample.HEAP and "larger than" in e.message for e in found.errors)
    assert "HeapHom" in definitions(found)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    body = HEADER.format(name="X", source="", extends="", after="<p>&e;</p>")
    path = tmp_path / "B.html"
    path.write_text(
        f'<!DOCTYPE html [<!ENTITY e SYSTEM "{secret.as_uri()}">]><html><body>'
        f'<nav class="internal_nav"></nav><main>{body}</main></body></html>'
    )
    facts = read_page(path, "A.B")
    assert [d.name for d in facts.declarations] == ["X"]
    assert "SECRET" not in repr(facts)


@given(data=st.data())
def test_no_damage_to_a_page_is_a_crash_or_silent(
    docs: Path, tmp_path_factory: Any, data: st.DataObject
) -> None:
    whole = (docs / HEAP).read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 4000)))
    piece = data.draw(
        st.sampled_from([b"", b"<", b"</div></div>", b'"', b"\xff", b"<ul class='constructors'>", b"&#0;"])
    )
    path = tmp_path_factory.getbasetemp() / "damaged.html"
    path.write_bytes(whole[:start] + piece + whole[end:])
    facts = read_page(path, sample.HEAP)
    before = {d.name for d in read_page(docs / HEAP, sample.HEAP).declarations}
    lost = before - {d.name for d in facts.declarations}
    # A declaration may only be missing without a word where its whole opening tag was cut out.
    opened = [name for name in lost if f'<div class="decl" id="{name}">'.encode() in path.read_bytes()]
    assert facts.errors or not opened


@pytest.mark.parametrize("old", ["Aged", "Zigzag"])
def test_a_name_on_two_pages(copy: Path, linked: Linked, old: str) -> None:
    # A module was moved and its old page is still there.
    shutil.copy(copy / HEAP, copy / "Mathlib" / "Order" / f"{old}.html")
    found = build_from_docs(copy)[0]
    assert declarations(found)["Heap.IsTall"].module == sample.HEAP
    assert declarations(found)["Heap.top"].module == sample.HEAP
    assert found.definitions == linked.definitions
    assert len(found.errors) == 1
    assert found.errors[0].module == f"Mathlib.Order.{old}"
    assert "are on another page too" in found.errors[0].message


# --- The search index


def test_names_of_a_missing_page_come_from_the_index(copy: Path) -> None:
    (copy / HEAP).unlink()
    found = build_from_docs(copy)[0]
    assert declarations(found)["Heap.tall_top"].kind is Kind.THEOREM
    assert declarations(found)['Heap.«a<b & "c"».d\''].module == sample.HEAP
    assert declarations(found)["Heap.mk"].kind is Kind.CONSTRUCTOR
    assert definitions(found)["Heap"].signature == ""
    assert definitions(found)["Heap"].usage_count > 0
    assert len(found.errors) == 1
    assert found.errors[0].module == "Mathlib"
    assert "known by name only" in found.errors[0].message


def test_projections_that_no_page_shows(copy: Path) -> None:
    path = copy / "declarations" / "declaration-data.bmp"
    values = json.loads(path.read_text())
    link = {"kind": "def", "docLink": "./Mathlib/Order/HeapHom.html#HeapHom.toHidden"}
    values["declarations"] |= {"HeapHom.toHidden": link, "HeapHom.id.lost": link}
    path.write_text(json.dumps(values))
    found = build_from_docs(copy)[0]
    assert declarations(found)["HeapHom.toHidden"].kind is Kind.FIELD
    assert declarations(found)["HeapHom.id.lost"].kind is Kind.DEF
    # The second is no projection, so its page ought to show it.
    assert [e.module for e in found.errors] == ["Mathlib.Order.HeapHom"]
    assert "HeapHom.id.lost" in found.errors[0].message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is no JSON"),
        (b'{"declarations": {', "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[]", "names no declarations"),
        (b'{"declarations": [1]}', "names no declarations"),
        (
            b'{"declarations": {"A": 1, "B": {"kind": "def"}, "\\ud800": {}}}',
            "3 of its 3 entries cannot be read",
        ),
        (b'{"declarations": {"A": {"kind": ["def"], "docLink": 7}}}', "1 of its 1 entries cannot be read"),
    ],
)
def test_a_damaged_index_is_an_error_and_the_pages_stand(
    copy: Path, linked: Linked, text: bytes, message: str
) -> None:
    (copy / "declarations" / "declaration-data.bmp").write_bytes(text)
    found = build_from_docs(copy)[0]
    assert found.definitions == linked.definitions
    assert len(found.errors) == 1
    assert message in found.errors[0].message


def test_a_module_of_the_index_cannot_lead_out_of_the_folder(copy: Path) -> None:
    path = copy / "declarations" / "declaration-data.bmp"
    path.write_text(
        json.dumps({"declarations": {"A": {"kind": "def", "docLink": "../../../etc/x/../y.html#A"}}})
    )
    assert declarations(build_from_docs(copy)[0])["A"].module == "etc.x.y"


def test_whole_declarations_from_the_data_beside_the_pages(tmp_path: Path, linked: Linked) -> None:
    root = sample.write_docs(tmp_path, data=True)
    (root / HEAP).unlink()
    found = build_from_docs(root)[0]
    assert found.errors == ()
    for name in ("Heap.IsTall", "Heap", "Heap.Thin"):
        now, then = definitions(found)[name], definitions(linked)[name]
        assert now.docstring.startswith(then.docstring.split("by that")[0])
        assert (now.kind, now.signature, now.line, now.fields) == (
            then.kind,
            then.signature,
            then.line,
            then.fields,
        )
        assert found.dependencies.get(name) == linked.dependencies.get(name)
    assert declarations(found)["Heap.top"].kind is Kind.FIELD
    (root.parent / "doc-data" / f"declaration-data-{sample.HEAP}.bmp").write_text("{")
    assert any(e.module == sample.HEAP and "is no JSON" in e.message for e in build_from_docs(root)[0].errors)


# --- The database


@pytest.fixture
def with_database(tmp_path: Path) -> Path:
    return sample.write_docs(tmp_path, database=True)


def test_lines_docstrings_and_attributes_of_the_database(with_database: Path, linked: Linked) -> None:
    found = build_from_docs(with_database)[0]
    assert found.errors == ()
    tall = definitions(found)["Heap.IsTall"]
    assert tall.line == definitions(linked)["Heap.IsTall"].line + 1
    assert tall.docstring.endswith("by [that page](https://example.org).")
    assert tall.attributes == ("simp", "extern")
    # A field has a line of its own there.
    assert declarations(found)["Heap.size"].line == 13
    assert found.dependencies == linked.dependencies


def test_declarations_of_a_missing_page_come_from_the_database(with_database: Path, linked: Linked) -> None:
    (with_database / HEAP).unlink()
    (with_database / "Mathlib/Order/HeapHom.html").write_text("gone")
    found = build_from_docs(with_database)[0]
    assert messages(found) == ["Mathlib.Order.HeapHom:1: its page is none that doc-gen4 wrote"]
    kinds = {d.name: (d.kind, d.signature) for d in linked.declarations if d.kind is not Kind.ATTESTED}
    assert {d.name: (d.kind, d.signature) for d in found.declarations if d.name in kinds} == kinds
    for name, then in definitions(linked).items():
        if then.kind is not Kind.ATTESTED:
            now = definitions(found)[name]
            assert (now.fields, now.parents, now.deprecated) == (then.fields, then.parents, then.deprecated)
    assert found.dependencies["Heap.Thin.intro"] == ("Heap.IsTall", "Heap.Thin")


def test_a_database_alone(with_database: Path) -> None:
    shutil.rmtree(with_database)
    with_database.mkdir()
    found = build_from_docs(with_database.parent)[0]
    assert "Heap.IsTall" in definitions(found)
    assert usages(found)["Heap.tall_top"].definitions == ("Heap", "Heap.IsTall")


def set_database(root: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    connection = sqlite3.connect(root.parent / "api-docs.db")
    change(connection)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE name_info ADD COLUMN extra TEXT",
        "ALTER TABLE declaration_ranges RENAME COLUMN start_line TO first_line",
        "DROP TABLE structure_fields",
        "ALTER TABLE name_info RENAME TO n; CREATE VIEW name_info AS SELECT * FROM n",
    ],
)
def test_a_database_of_another_version_is_left_aside(
    with_database: Path, linked: Linked, statement: str
) -> None:
    set_database(with_database, lambda c: c.executescript(statement))
    found = build_from_docs(with_database)[0]
    assert replace(found, errors=()) == linked
    assert len(found.errors) == 1
    assert "it is left aside" in found.errors[0].message


@pytest.mark.parametrize("how", ["empty", "text", "cut", "scribbled"])
def test_a_damaged_database_is_left_aside(with_database: Path, linked: Linked, how: str) -> None:
    path = with_database.parent / "api-docs.db"
    data = path.read_bytes()
    changed = {
        "empty": b"",
        "text": b"not a database" * 1000,
        "cut": data[:6000],
        "scribbled": data[:100] + b"\xa5" * (len(data) - 100),
    }[how]
    path.write_bytes(changed)
    found = build_from_docs(with_database)[0]
    assert replace(found, errors=()) == linked
    assert [e.module for e in found.errors] == ["api-docs.db"]


def test_odd_values_of_the_database(with_database: Path) -> None:
    (with_database / HEAP).unlink()

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE declaration_ranges SET start_line = 99999999999999 WHERE position = 0")
        connection.execute("UPDATE declaration_ranges SET start_line = 'x' WHERE position = 1")
        connection.execute("UPDATE name_info SET type = 7 WHERE name = 'Heap.IsTall'")
        connection.execute("UPDATE name_info SET kind = 'spell' WHERE name = 'Heap.choice'")
        connection.execute("UPDATE name_info SET name = X'FF' WHERE name = 'Heap.secret'")
        connection.execute("UPDATE declaration_attrs SET attr = 5")
        connection.execute("UPDATE declaration_markdown_docstrings SET text = CAST(X'41FF' AS TEXT)")

    set_database(with_database, change)
    found = build_from_docs(with_database)[0]
    assert definitions(found)["Nat"].line == 1000
    assert definitions(found)["Nat"].docstring == "A\ufffd"
    assert definitions(found)["Heap.IsTall"].signature == ""
    assert f"{sample.HEAP}:1: 3 of its entries in api-docs.db cannot be decoded" in messages(found)


def test_the_database_is_not_written_to(with_database: Path) -> None:
    folder = with_database.parent
    before = sorted(p.name for p in folder.iterdir()), (folder / "api-docs.db").read_bytes()
    build_from_docs(with_database)
    assert (sorted(p.name for p in folder.iterdir()), (folder / "api-docs.db").read_bytes()) == before


def test_what_a_build_has_only_logged_is_read(with_database: Path) -> None:
    path = with_database.parent / "api-docs.db"
    writer = sqlite3.connect(path)
    writer.execute("UPDATE declaration_ranges SET start_line = 4321 WHERE start_line = 21")
    writer.commit()
    try:
        assert path.with_name("api-docs.db-wal").stat().st_size > 0
        assert definitions(build_from_docs(with_database)[0])["Heap.IsTall"].line == 4321
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("code", "text", "names"),
    [
        ("[ℕ|Nat] → [Prop|]", "ℕ → Prop", ("Nat",)),
        ("a [+|HAdd.hAdd] b [+|HAdd.hAdd] c", "a + b + c", ("HAdd.hAdd",)),
        ("[x|A.«b c».0.d₁'] " + "y" * 300, "x " + "y" * 300, ("A.«b c».0.d₁'",)),
        ("", "", ()),
    ],
)
def test_stored_code(code: str, text: str, names: tuple[str, ...]) -> None:
    assert decode_code(sample.blob(code)) == (text, names)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x03",
        b"\x00\x05ab",
        b"\x00\x01\xff",
        b"\x00\x01aa",
        b"\x01\x09\x00\x00",
        b"\x01\x02\x05",
        b"\x02\xff\xff\xff\xff\x7f",
        b"\x00" + b"\xff" * 50,
        b"\x01\x00" * 50_000,
    ],
)
def test_bytes_that_are_no_code(data: bytes) -> None:
    with pytest.raises(BlobError):
        decode_code(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_code_or_an_error(data: bytes) -> None:
    try:
        decode_code(data)
    except BlobError:
        return


# --- The whole


def test_an_index_of_the_documentation(docs: Path, linked: Linked, hash_encoder: Any, tmp_path: Path) -> None:
    info = build_from_docs(docs)[1]
    write_index(linked, info, hash_encoder, tmp_path / "index", quantise="none")
    base = KnowledgeBase.open(tmp_path / "index")
    assert base.manifest.mathlib_commit == sample.COMMIT
    assert tuple(base.definition(row) for row in range(len(base.definition_names))) == linked.definitions
    vocabulary = base.vocabulary()
    assert set(vocabulary.declarations) == {d.name for d in linked.declarations}
    assert vocabulary.notations["ℕ"] == ("Nat",)
    votes = base.matrix("votes.npz")
    assert votes.shape == (len(linked.usages), len(linked.definitions))
    assert votes.sum() == sum(len(u.definitions) for u in linked.usages)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough pages for several processes."""
    modules = dict(sample.MODULES)
    for number in range(60):
        decl = sample.Decl(f"Many.d{number}", "def", "[ℕ|Nat]", line=number + 1)
        modules[f"Mathlib.Many.M{number}"] = [decl]
    return sample.write_docs(tmp_path_factory.mktemp("many"), modules)


def test_processes_change_nothing(many: Path) -> None:
    seen: list[tuple[int, int]] = []
    alone = build_from_docs(many, workers=1)
    together = build_from_docs(many, lambda done, total: seen.append((done, total)), workers=2)
    assert together == alone
    assert seen == [(n, 65) for n in range(1, 66)]
    assert definitions(alone[0])["Many.d7"].line == 8


def test_the_index_names_the_order_of_nothing(many: Path) -> None:
    found = find_documentation(many)
    assert [module for _, module in found.pages] == sorted(
        (module for _, module in found.pages), key=lambda m: m.split(".")
    )
    assert found.root == many


def test_an_interrupt_ends_it(many: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path;"
        "from cramf.knowledge.docgen.builder import build_from_docs;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "stop = lambda done, total: done == 1 and os.kill(os.getpid(), signal.SIGINT);"
        f"build_from_docs(Path({str(many)!r}), stop, 2)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert "KeyboardInterrupt" in done.stderr
    assert done.returncode in (-signal.SIGINT, 130, 1)


def test_a_process_that_dies_is_an_error(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cramf.knowledge.docgen import builder

    monkeypatch.setattr(builder, "_read", _die)
    with pytest.raises(ResourceError, match="died"):
        build_from_docs(many, workers=2)


def _die(job: tuple[str, str]) -> None:
    os._exit(9)
