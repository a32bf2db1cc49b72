"""What is understood of a query without a language model. All statements are written for these tests."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.environment import default_ontology
from cramf.knowledge.ontology import Ontology, load_ontology
from cramf.knowledge.types import Concept, Sense
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.query import ConceptMatcher
from cramf.retrieval.reading import SymbolicReader, clauses_of
from cramf.retrieval.types import ConceptMention, QueryReader

STATEMENTS = (
    "Let $G$ be a finite group and $N$ a normal subgroup of $G$. Then $G/N$ is finite.",
    r"If $f : \mathbb{R} \to \mathbb{R}$ is uniformly continuous, prove that $f$ is continuous.",
    "Every compact metric space is complete",
    r"$\int_0^1 f \in \mathbb{Q}$",
    "zebra quartz",
    "",
)


@pytest.fixture(scope="module")
def matcher() -> ConceptMatcher:
    return ConceptMatcher(load_ontology(default_ontology()))


def concept(name_list: str, latex: tuple[str, ...] = ()) -> Concept:
    names = tuple(name_list.split("; "))
    return Concept(f"test.{names[0]}", names, "00-01", "A thing for tests.", (Sense("Nat"),), latex)


# -- clauses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "clauses"),
    [
        (
            "Let G be a finite group. Show that its order divides n.",
            ("Let G be a finite group", "its order divides n"),
        ),
        (
            "Suppose that f is continuous, then f is bounded on K",
            ("f is continuous", "f is bounded on K"),
        ),
        (
            "the ring R is local if and only if it has one maximal ideal",
            ("the ring R is local", "it has one maximal ideal"),
        ),
        (
            "A number n such that n squared is even is equivalent to being even itself",
            ("A number n", "n squared is even", "being even itself"),
        ),
        (
            "Is it true? It is very true! Prove it at once",
            ("Is it true?", "It is very true!", "Prove it at once"),
        ),
        ("a set is open iff its complement is closed", ("a set is open", "its complement is closed")),
        ("IF AND ONLY IF: the first holds; the second holds", ("the first holds", "the second holds")),
        # One thing said is no clause beside the statement itself.
        ("every compact set is closed and bounded", ()),
        ("x is even. So.", ()),
        ("then", ()),
        ("", ()),
        (". . ; ! ?", ()),
        # Words that only begin like a break are none, and a point inside a number is no end.
        ("the lengthen of iffy things, thence more of it", ()),
        ("the number 3.14 is not rational at all", ()),
        # What is said twice is a clause once.
        (
            "the map is onto; the map is onto; the kernel is trivial",
            ("the map is onto", "the kernel is trivial"),
        ),
        ("a lone comma, three more words", ()),
        ("a b c, and d e f", ("a b c", "and d e f")),
    ],
)
def test_clauses(words: str, clauses: tuple[str, ...]) -> None:
    assert clauses_of(words) == clauses


def test_at_most_six_clauses() -> None:
    said = clauses_of(" ".join(f"clause number {n}." for n in range(20)))
    assert said == tuple(f"clause number {n}" for n in range(6))


PIECES = st.sampled_from(
    "let f be a set . ; ? , then iff and such that prove show if only suppose IFF ring \n é".split(" ")
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=40).map(" ".join) | st.text(max_size=60))
def test_clauses_are_pieces_of_the_statement(words: str) -> None:
    clauses = clauses_of(words)
    assert len(clauses) <= 6
    assert len(set(clauses)) == len(clauses)
    place = 0
    for clause in clauses:
        assert len(clause.split()) >= 3
        assert clause == clause.strip(" ,.;:")
        place = words.index(clause, place)


@pytest.mark.parametrize("piece", [" ", ", ", "then ", ". ", "if and only ", " ,", "\n", "suppose "])
def test_clauses_of_a_hundred_kilobytes(piece: str) -> None:
    start = time.perf_counter()
    assert len(clauses_of(piece * (100_000 // len(piece)))) <= 6
    # What is linear takes a hundredth of a second; the bound leaves room for a busy machine.
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("text", ["$" + " " * 99_998 + "$", "{" + "\n" * 99_998 + "}"])
def test_a_long_query_of_nothing_is_read_at_once(matcher: ConceptMatcher, text: str) -> None:
    """Blanks are squeezed where something can be said in words; here nothing can, and the text stands."""
    start = time.perf_counter()
    SymbolicReader(matcher).read([text])
    assert time.perf_counter() - start < 5


# -- the reader ---------------------------------------------------------------------------------------------


def test_readings_come_in_the_order_of_the_texts(matcher: ConceptMatcher) -> None:
    reader: QueryReader = SymbolicReader(matcher)
    assert reader.name == "symbolic"
    readings = reader.read(STATEMENTS)
    assert [reading.text for reading in readings] == list(STATEMENTS)
    assert [reader.read([text])[0] for text in STATEMENTS] == readings
    assert reader.read(STATEMENTS[::-1]) == readings[::-1]
    assert reader.read([]) == []
    assert reader.read([STATEMENTS[0]] * 3) == [readings[0]] * 3


def test_a_reading_holds_what_its_parts_find(matcher: ConceptMatcher) -> None:
    for reading in SymbolicReader(matcher).read(STATEMENTS):
        assert reading.words == normalize_query(reading.text)
        assert reading.clauses == clauses_of(reading.words)
        mentions, parts = matcher.find_with_parts(reading.text)
        assert (reading.mentions, reading.parts) == (tuple(mentions), tuple(parts))
        # Only a language model writes these.
        assert reading.names == ()
        assert reading.explanations == {}


def test_a_statement_as_it_is_read(matcher: ConceptMatcher) -> None:
    (reading,) = SymbolicReader(matcher).read([STATEMENTS[1]])
    assert reading.words == (
        "If f : real numbers to real numbers is uniformly continuous, prove that f is continuous."
    )
    assert reading.clauses == (
        "If f : real numbers to real numbers is uniformly continuous",
        "f is continuous",
    )
    declarations = [mention.declaration for mention in reading.mentions]
    assert declarations == ["Real", "Real", "UniformContinuous", "Continuous"]
    # Twice: inside `uniformly continuous` and inside `is continuous`.
    assert [part.text for part in reading.parts].count("continuous") == 2


@pytest.mark.parametrize("text", ["$$", "{}", "$ $", "\\left\\right"])
def test_where_nothing_can_be_said_in_words_the_text_stands(matcher: ConceptMatcher, text: str) -> None:
    """The encoder and the lexical channel are never given an empty text for one that is not."""
    assert normalize_query(text) == ""
    assert SymbolicReader(matcher).read([text])[0].words == text.strip()


def test_eight_threads_read_the_same(matcher: ConceptMatcher) -> None:
    reader = SymbolicReader(matcher)
    expected = reader.read(STATEMENTS)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: reader.read(STATEMENTS), range(24))) == [expected] * 24


# -- parts --------------------------------------------------------------------------------------------------


def spans(mentions: list[ConceptMention]) -> list[str]:
    return [mention.text for mention in mentions]


@pytest.mark.parametrize(
    ("text", "mentions", "parts"),
    [
        ("a compact metric space", ["compact metric space"], ["compact", "metric space", "metric"]),
        ("a normal subgroup", ["normal subgroup"], ["normal", "subgroup"]),
        ("a finite group", ["finite", "group"], []),
        ("an abelian group", ["abelian group"], ["abelian", "group"]),
        ("zebra quartz", [], []),
    ],
)
def test_parts_of_the_shipped_ontology(
    matcher: ConceptMatcher, text: str, mentions: list[str], parts: list[str]
) -> None:
    found, inside = matcher.find_with_parts(text)
    assert (spans(found), spans(inside)) == (mentions, parts)


def test_parts_have_concepts_and_senses_of_their_own(matcher: ConceptMatcher) -> None:
    _, parts = matcher.find_with_parts("Every normal subgroup of a group is a kernel")
    meant = {part.text: (part.concept, part.declaration) for part in parts}
    assert meant == {
        "normal": ("group.normal", "Subgroup.Normal"),
        "subgroup": ("group.subgroup", "Subgroup"),
    }


FEW = Ontology(
    (
        concept("compact space"),
        concept("space group"),
        concept("space"),
        concept("continuous"),
        concept("continuous map"),
        concept("map of spaces"),
        concept("ring of integers", latex=("\\mathcal{O}_K",)),
        concept("ideal", latex=("\\mathcal{O}",)),
    )
)


@pytest.mark.parametrize(
    ("text", "mentions", "parts"),
    [
        # Inside a mention, across its end, and across two of them.
        ("a compact space here", ["compact space"], ["space"]),
        ("a compact space group", ["compact space"], ["space group", "space"]),
        ("a continuous map of spaces", ["continuous map", "spaces"], ["continuous", "map of spaces"]),
        ("the continuity", ["continuity"], []),
        # One span is a part once, and the span of a mention is none.
        ("space, space", ["space", "space"], []),
        # A cue stands inside a longer one.
        (r"in $\mathcal{O}_K$", [r"\mathcal{O}_K"], [r"\mathcal{O}"]),
    ],
)
def test_parts_stand_inside_or_across_mentions(text: str, mentions: list[str], parts: list[str]) -> None:
    found, inside = ConceptMatcher(FEW).find_with_parts(text)
    assert (spans(found), spans(inside)) == (mentions, parts)


WORDS = (
    "compact space group continuous continuity map maps of integers ring uniformly uniform noncompact".split()
)


@st.composite
def ontology_and_text(draw: st.DrawFn) -> tuple[Ontology, str]:
    name = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
    names = draw(st.lists(name, min_size=1, max_size=7, unique=True))
    text = draw(st.lists(st.sampled_from([*WORDS, "a", ",", "$x$"]), max_size=12).map(" ".join))
    return Ontology(tuple(map(concept, names))), text


@settings(max_examples=300)
@given(ontology_and_text())
def test_parts_meet_mentions_and_leave_them_as_they_are(drawn: tuple[Ontology, str]) -> None:
    ontology, text = drawn
    matcher = ConceptMatcher(ontology)
    mentions, parts = matcher.find_with_parts(text)
    assert mentions == matcher.find(text)
    taken = {(mention.start, mention.end) for mention in mentions}
    places = [(part.start, -part.end) for part in parts]
    assert places == sorted(set(places))
    for part in parts:
        assert text[part.start : part.end] == part.text
        assert (part.start, part.end) not in taken
        assert any(start < part.end and part.start < end for start, end in taken)
    # Every name that the text holds as written is a mention or a part.
    found = {mention.text.lower() for mention in (*mentions, *parts)}
    for item in ontology.concepts:
        if f" {item.names[0]} " in f" {text} ":
            assert item.names[0] in found
