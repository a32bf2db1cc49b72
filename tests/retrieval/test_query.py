"""Concepts and words of informal statements. All statements are written for these tests."""

from __future__ import annotations

import random
import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.environment import default_ontology
from cramf.knowledge.ontology import Ontology, load_ontology
from cramf.knowledge.types import Concept, Sense
from cramf.retrieval.automata import CueAutomaton, PhraseAutomaton
from cramf.retrieval.concept_tokens import linked, tokens_of
from cramf.retrieval.inflection import inflects
from cramf.retrieval.query import ConceptMatcher, find_concepts, name_key, normalize_query
from cramf.retrieval.types import ConceptMention


def concept(name_list: str, *senses: Sense, latex: tuple[str, ...] = ()) -> Concept:
    names = tuple(name_list.split("; "))
    return Concept(f"test.{names[0]}", names, "00-01", "A thing for tests.", senses or (Sense("Nat"),), latex)


SMALL = Ontology(
    (
        concept("subgroup"),
        concept("normal subgroup"),
        concept(
            "normal",
            Sense("Subgroup.Normal", ("group", "coset")),
            Sense("NormalSpace", ("space", "closed")),
            Sense("Normal", ("field extension", "splits")),
        ),
        concept("p-group; $p$-group"),
        concept("vertex"),
        concept("matrix"),
        concept("homotopy"),
        concept("class"),
        concept("Euler totient function"),
        concept("nonempty"),
        concept("abelian"),
        concept("sigma-algebra"),
        concept("ring"),
        concept("Möbius function"),
        concept("preimage"),
        concept("integral", latex=("\\int", "\\iint")),
        concept("membership", latex=("\\in",)),
        concept("closed interval", latex=("[0,1]",)),
        concept("cyclic graph", latex=("C_n",)),
    )
)


@pytest.fixture(scope="module")
def shipped() -> Ontology:
    return load_ontology(default_ontology())


def texts(text: str, ontology: Ontology = SMALL) -> list[str]:
    return [mention.text for mention in find_concepts(text, ontology)]


def names(text: str, ontology: Ontology = SMALL) -> list[str]:
    return [mention.name for mention in find_concepts(text, ontology)]


def chosen(text: str, concept_id: str, ontology: Ontology) -> ConceptMention:
    return next(mention for mention in find_concepts(text, ontology) if mention.concept == concept_id)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("each normal subgroup", ["normal subgroup"]),
        ("two Subgroups of a p-group", ["Subgroups", "p-group"]),
        ("some $p$-groups", ["$p$-groups"]),
        ("The VERTICES and Matrices", ["VERTICES", "Matrices"]),
        ("homotopies of classes", ["homotopies", "classes"]),
        ("Euler's totient function", ["Euler's totient function"]),
        ("Euler’s totient function", ["Euler’s totient function"]),
        ("a non-empty set and a nonempty one", ["non-empty", "nonempty"]),
        ("a non-abelian thing", ["non-abelian"]),
        (
            r"a $\sigma$-algebra, a σ-algebra, a sigma algebra",
            [r"$\sigma$-algebra", "σ-algebra", "sigma algebra"],
        ),
        ("the Mobius function", ["Mobius function"]),
        (r"the M\"obius function", [r"M\"obius function"]),
        ("a pre-image", ["pre-image"]),
        ("a normal\n  subgroup", ["normal\n  subgroup"]),
    ],
)
def test_inflections_are_found_with_their_span_in_the_original(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


FORMS = Ontology(
    (
        concept("continuous"),
        concept("uniformly continuous"),
        concept("continuity of a map"),
        concept("prime"),
        concept("commutative"),
        concept("nonnegative"),
        concept("nonunital"),
        concept("unital ring"),
        concept("complete normality"),
        concept("normal", Sense("Subgroup.Normal", ("group",)), Sense("NormalSpace", ("space",))),
        concept("normality"),
        concept("Bayes' theorem"),
        concept("d'Alembert test"),
        concept("$\\mathcal{O}$-module"),
        concept("ring of integers", latex=("\\mathcal{O}",)),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the Continuity of $f$", [("Continuity", "continuous", "inflected: Continuity -> continuous")]),
        (
            "by uniform\n continuity",
            [
                (
                    "uniform\n continuity",
                    "uniformly continuous",
                    "inflected: uniform continuity -> uniformly con",
                )
            ],
        ),
        ("is continuous", [("continuous", "continuous", "only sense")]),
        # A name as written is taken before another form that would cut it.
        ("uniform continuity of a map", [("continuity of a map", "continuity of a map", "only sense")]),
        ("normality", [("normality", "normality", "only sense")]),
        ("normality in a space", [("normality", "normality", "only sense")]),
        (
            "non-commutativity",
            [("non-commutativity", "commutative", "negated with non-; inflected: non-com")],
        ),
        (
            "nonnegativity",
            [("nonnegativity", "nonnegative", "inflected: nonnegativity -> nonnegative; only")],
        ),
        ("primality, primes", [("primality", "prime", "inflected: "), ("primes", "prime", "only sense")]),
        # A name that begins with non- is taken before what is left without it, even where that is longer.
        ("nonunital ring", [("nonunital", "nonunital", "only sense")]),
        ("a nonunitality", [("nonunitality", "nonunital", "inflected: nonunitality -> nonunital; only")]),
        ("finally, normally", []),
    ],
)
def test_other_forms_of_names(text: str, expected: list[tuple[str, str, str]]) -> None:
    mentions = find_concepts(text, FORMS)
    assert [(m.text, m.name) for m in mentions] == [row[:2] for row in expected]
    for mention, (_, _, reason) in zip(mentions, expected, strict=True):
        assert mention.reason.startswith(reason)


def test_another_form_has_its_sense_from_the_context() -> None:
    only_adjective = Ontology(tuple(c for c in FORMS.concepts if c.names[0] != "normality"))
    (mention,) = find_concepts("normality in a space", only_adjective)
    assert mention.declaration == "NormalSpace"
    assert mention.reason == "inflected: normality -> normal; context: space"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("by Bayes' theorem", "Bayes' theorem"),
        ("by d'Alembert's test", "d'Alembert test"),
        ("by d’Alembert’s test", "d'Alembert test"),
        (r"each $\mathcal{O}$-module here", r"$\mathcal{O}$-module"),
        (r"each $\mathcal{O}$ here", "ring of integers"),
    ],
)
def test_apostrophes_and_braces_inside_names(text: str, name: str) -> None:
    assert names(text, FORMS) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "strings and classical springs",
        "$ring + matrix$",
        r"\begin{align*} ring \end{align*}",
        r"\[ vertex \]",
        "$p$. Group them",
        r"\vertex",
        r"$x \infty$",
        r"a $2C_n$-free word",
    ],
)
def test_no_mention(text: str) -> None:
    assert texts(text) == []


def test_prose_inside_mathematics_is_read() -> None:
    assert texts(r"$\{x : x \text{ a vertex of ring } ring\}$ matrix") == ["vertex", "ring", "matrix"]


def test_a_name_does_not_run_over_the_end_of_a_sentence() -> None:
    assert texts("It is normal. Subgroup it is") == ["normal", "Subgroup"]
    assert texts("normal\n\nsubgroup") == ["normal", "subgroup"]


def test_an_unclosed_dollar_does_not_hide_the_rest() -> None:
    assert texts("it costs 5$ to buy a matrix") == ["matrix"]


def test_cues_are_literal_and_end_with_their_macro() -> None:
    assert names(r"$\int_0^1 f$") == ["integral"]
    assert texts(r"$\iint f$") == [r"\iint"]
    assert names(r"$x \in A$, $\infty$, $\inf A$") == ["membership"]
    assert texts("on [0,1] we") == ["[0,1]"]


def test_context_chooses_the_sense() -> None:
    group = chosen("a coset of a normal thing", "test.normal", SMALL)
    space = chosen("disjoint closed sets in spaces that are normal", "test.normal", SMALL)
    field = chosen("the field extension is normal", "test.normal", SMALL)
    assert (group.declaration, group.reason) == ("Subgroup.Normal", "context: coset")
    assert space.declaration == "NormalSpace"
    assert set(space.alternatives) == {"Subgroup.Normal", "Normal"}
    assert field.declaration == "Normal"


def test_without_context_or_on_a_tie_the_first_sense_wins() -> None:
    bare = chosen("it is normal", "test.normal", SMALL)
    assert (bare.declaration, bare.reason) == ("Subgroup.Normal", "first sense, no context")
    tie = chosen("a group, a space: normal", "test.normal", SMALL)
    assert tie.declaration == "Subgroup.Normal"
    assert "tie" in tie.reason


def test_nearer_context_counts_more() -> None:
    far = "a group " + "and so on " * 10 + "that space is normal"
    assert chosen(far, "test.normal", SMALL).declaration == "NormalSpace"


def test_of_two_concepts_with_one_name_context_then_rank_decides() -> None:
    both = Ontology(
        (
            concept("whole; integral", Sense("Int")),
            concept("integral; area", Sense("integral", ("measure",))),
        )
    )
    assert [m.concept for m in find_concepts("integral", both)] == ["test.integral"]
    swapped = Ontology((concept("integral", Sense("A")), concept("area; integral", Sense("B", ("measure",)))))
    assert [m.concept for m in find_concepts("integral", swapped)] == ["test.integral"]
    assert [m.concept for m in find_concepts("integral by a measure", swapped)] == ["test.area"]


@pytest.mark.parametrize(
    ("text", "concept_id", "declaration"),
    [
        ("Suppose every element of $G$ has finite order.", "group.finite-order", "IsOfFinOrder"),
        ("Let $G$ be a group of order 35.", "group.group-order", "Nat.card"),
        ("Pick an element of order 5 in the group.", "group.element-order", "orderOf"),
        ("The holomorphic function $f$ vanishes at 0 to order 3.", "group.order", "analyticOrderAt"),
        ("In a normal topological space closed sets separate.", "top.normal", "NormalSpace"),
        ("the degree of a vertex in a graph", "comb.graph-degree", "SimpleGraph.degree"),
        ("the monic polynomial has degree 4", "poly.degree", "Polynomial.natDegree"),
        ("the kernel of the group homomorphism", "group.kernel", "MonoidHom.ker"),
        ("the kernel of the linear map on a vector space", "group.kernel", "LinearMap.ker"),
        ("the closure of the set in the topology", "top.closure", "closure"),
        ("a cycle in a graph on 5 vertices", "comb.graph-cycle", "SimpleGraph.Walk.IsCycle"),
        ("a cycle in the symmetric group", "comb.graph-cycle", "Equiv.Perm.IsCycle"),
        ("a prime ideal", "ring.prime-ideal", "Ideal.IsPrime"),
        ("the function has an integral", "real.integral", "intervalIntegral"),
        ("independent random variables", "measure.independent", "ProbabilityTheory.IndepFun"),
        ("a convex function on an interval", "real.convex-function", "ConvexOn"),
        ("a convex subset", "geo.convex-set", "Convex"),
    ],
)
def test_senses_of_the_shipped_ontology(
    shipped: Ontology, text: str, concept_id: str, declaration: str
) -> None:
    assert chosen(text, concept_id, shipped).declaration == declaration


def test_every_shipped_name_is_found_whole(shipped: Ontology) -> None:
    matcher = ConceptMatcher(shipped)
    lost = []
    for item in shipped.concepts:
        for name in item.names:
            found = matcher.find(f"some {name} here")
            if not any(name_key(mention.text) == name_key(name) for mention in found):
                lost.append((item.id, name))
    assert lost == []


ALPHABET = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "$", "$$", "\\[", "\\]", "{", "}", "\\text{", "\\mathbb{R}", "\\int", "\\begin{align*}",
            "\\end{align*}", "normal ", "subgroup", "non-", "p-group", " ", "\n\n", "'s", "\\frac{", "^{-1}",
            "\\\"o", "[0,1]", "\\", "σ", "vertices ", "\\overline{A}", "space ", "f'(x)",
        ]
    ),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(ALPHABET, max_size=30).map("".join))
def test_any_text_gives_ordered_true_spans(text: str) -> None:
    mentions = find_concepts(text, SMALL)
    for mention in mentions:
        assert 0 <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.text
    assert all(a.end <= b.start for a, b in pairwise(mentions))
    assert ConceptMatcher(SMALL).find(text) == mentions


VOCABULARY = "p uniformly continuous uniform continuity at normality normal group nonnormal".split()
SWAPS = dict(
    pair.split(">")
    for pair in "uniform>uniformly uniformly>uniform continuous>continuity continuity>continuous "
    "normal>nonnormal nonnormal>normality normality>nonnormality group>Groups p>$p$".split()
)
CUES = st.sampled_from(["\\in", "\\int", "\\int_0", "_0^1", "in", "normal g", "0^"])
STRAY = "non-normal $p$ $group$ \\int_0^1 \\in \\inf , .".split()
BETWEEN = st.sampled_from([" ", " ", " ", " ", "-", ", ", "\n\n", ""])


@st.composite
def ontology_and_text(draw: st.DrawFn) -> tuple[Ontology, str]:
    """Names of a few words, and a text of the same words, some in another form, and of stray formulas."""
    few = draw(st.sampled_from([*pairwise(VOCABULARY), *zip(VOCABULARY, VOCABULARY[2:], strict=False)]))
    name = st.lists(st.sampled_from(few), min_size=1, max_size=3).map(" ".join)
    names = draw(st.lists(name, min_size=1, max_size=5, unique=True))
    cues = draw(st.lists(CUES, max_size=3, unique=True))
    cued = [concept(f"cue of {number}", latex=(cue,)) for number, cue in enumerate(cues)]
    pieces: list[str] = []
    for word in draw(st.lists(st.sampled_from([*few, *few, *few, *STRAY]), max_size=12)):
        pieces.append(SWAPS.get(word, word) if draw(st.booleans()) else word)
        pieces.append(draw(BETWEEN))
    return Ontology((*map(concept, names), *cued)), "".join(pieces)


Span = tuple[int, int, str]


def greedy(spans: list[Span]) -> list[Span]:
    taken: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not taken or taken[-1][1] <= span[0]:
            taken.append(span)
    return taken


def reference(text: str, ontology: Ontology) -> list[Span]:
    """Every run of tokens against every name, every place of the text against every cue."""
    tokens = list(tokens_of(text))
    keys = [(c.names[0], name_key(c.names[0])) for c in ontology.concepts]
    words: list[Span] = []
    forms: list[Span] = []
    for first, token in enumerate(tokens):
        prose, exact, negated = False, list[Span](), list[Span]()
        for last in range(first, len(tokens)):
            if last > first and not linked(text, tokens[last - 1], tokens[last]):
                break
            prose = prose or tokens[last].prose
            read = tuple(t.key for t in tokens[first : last + 1])
            bare = (read[0][3:], *read[1:]) if token.prose and token.key.startswith("non") else None
            start, end = token.start, tokens[last].end
            if not prose:
                continue
            exact += [(start, end, name) for name, key in keys if key == read]
            forms += [(start, end, name) for name, key in keys if inflects(key, read)]
            if bare and len(bare[0]) >= 5:
                negated += [(start, end, name) for name, key in keys if key == bare]
                forms += [(start, end, name) for name, key in keys if inflects(key, bare)]
        words += exact or negated
    cues: list[Span] = []
    for item in ontology.concepts:
        for cue in item.latex:
            for start in range(len(text)):
                end = start + len(cue)
                inside = cue[0].isalnum() and re.search(r"[\\\w]\Z", text[:start])
                longer = re.search(r"\\[A-Za-z]+\Z", cue) and re.match("[A-Za-z]", text[end:])
                if text.startswith(cue, start) and not inside and not longer:
                    cues.append((start, end, item.names[0]))
    chosen = greedy([*greedy(words), *greedy(cues)])
    whole = [
        (start, end, name)
        for start, end, name in forms
        if all(
            b <= start or end <= a or (start <= a and b <= end and (a, b) != (start, end))
            for a, b, _ in chosen
        )
    ]
    return greedy([*chosen, *greedy(whole)])


@settings(max_examples=600, deadline=None)
@given(ontology_and_text())
def test_spans_are_those_of_a_slow_search(drawn: tuple[Ontology, str]) -> None:
    ontology, text = drawn
    found = ConceptMatcher(ontology).find(text)
    # A name that begins or ends in mathematics takes its dollar along, which the slow search leaves out.
    lean = [
        (m.start + m.text.startswith("$"), m.end - (m.text.endswith("$") and len(m.text) > 1), m.name)
        for m in found
    ]
    assert lean == reference(text, ontology)


@given(st.lists(st.sampled_from([*VOCABULARY, "non", "semi", "Bases", "σ"]), min_size=1).map(" ".join))
def test_plain_names_are_read_as_texts_are(name: str) -> None:
    assert name_key(name) == tuple(token.key for token in tokens_of(name))


def test_automata_give_every_occurrence_and_respect_breaks() -> None:
    phrases = PhraseAutomaton([(("a", "b"), 0), (("b",), 1), (("a", "b", "a"), 2), (("b",), 3), ((), 4)])
    found = sorted(phrases.matches(["a", "b", "a", None, "b", "?"]))
    assert found == [(0, 1, (0,)), (0, 2, (2,)), (1, 1, (1, 3)), (4, 4, (1, 3))]
    assert phrases.longest == 3
    assert phrases.begins("b") and not phrases.begins("?")
    cues = CueAutomaton([("\\in", 0), ("\\int", 1), ("C_n", 2)])
    assert list(cues.matches("😀\\int \\in. C_n 2C_n")) == [(1, 5, (1,)), (6, 9, (0,)), (11, 14, (2,))]
    assert list(PhraseAutomaton([]).matches(["a"])) == list(CueAutomaton([]).matches("a")) == []


@pytest.mark.parametrize("piece", ["nonnormal ", "uniform ", "continuity of a ", "$p$-", "\\int_", "non-"])
def test_a_long_hostile_text_comes_to_an_end(shipped: Ontology, piece: str) -> None:
    text = piece * (200_000 // len(piece))
    mentions = find_concepts(text, shipped)
    assert all(a.end <= b.start for a, b in pairwise(mentions))


@settings(max_examples=400, deadline=None)
@given(st.lists(ALPHABET, max_size=30).map("".join))
def test_any_text_normalizes(text: str) -> None:
    out = normalize_query(text)
    assert out == normalize_query(text)
    assert out == " ".join(out.split())


@given(st.lists(st.from_regex(r"[A-Za-z0-9,.;()=+<>-]{1,8}", fullmatch=True)))
def test_plain_prose_is_left_alone(words: list[str]) -> None:
    assert normalize_query("  ".join(words)) == " ".join(words)


@pytest.mark.parametrize(
    ("latex", "words"),
    [
        (r"$f : \mathbb{R} \to \mathbb{R}$", "f : real numbers to real numbers"),
        (r"$a_n \to 0$", "a n tends to 0"),
        (r"$\lim_{x \to 0} f(x)$", "limit x tends to 0 f(x)"),
        (r"$\frac{a}{b}$", "a over b"),
        (r"$\frac{a}{\frac{b}{c}} d$", "a over b over c d"),
        (r"$x^{-1} \le y$", "x inverse at most y"),
        (r"$A^T$, $A^{\top}$, $V^\perp$", "A transpose , A transpose , V orthogonal complement"),
        (r"$\overline{A} \subset \bar{z}$", "closure of A subset of conjugate of z"),
        (r"$\operatorname{Gal}(K/F)$", "Galois group (K/F)"),
        (r"\begin{align*} \sum_{n} a_n \end{align*}", "sum n a n"),
        (r"\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}", "matrix 1 0 0 1"),
        (r"$\int f$ and $\prod a$", "integral f and product a"),
        (r"a $p$-group and a $\sigma$-algebra", "a p-group and a sigma -algebra"),
        (r"H\"older", "Holder"),
        ("Euler's ℝ ∪ ∅", "Euler's real numbers union empty set"),
        (r"$f'(x)$", "f derivative (x)"),
        (r"$\mathbf{v}$", "v"),
        (r"\text{if } x \in \Q", "if x in rational numbers"),
        (r"\unknownmacro x", "unknownmacro x"),
    ],
)
def test_latex_in_words(latex: str, words: str) -> None:
    assert normalize_query(latex) == words


HOSTILE = [
    "\\", "$", "{", "a-", "non-", "normal ", "\\math", "\\\"o", "(", "\n ", "^{", "\\frac{", " ", "a", "'",
    "\\int_", "\\begin{", "[0,", "$[$(",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_hostile_text_takes_seconds(shipped: Ontology, piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.perf_counter()
    normalize_query(text)
    ConceptMatcher(shipped).find(text)
    # Quadratic behaviour would take hours; the bound leaves room for a busy machine.
    assert time.perf_counter() - start < 60


def test_order_of_concepts_in_files_does_not_move_spans(shipped: Ontology) -> None:
    text = "Let $G$ be a finite abelian group and $f$ a continuous function with compact support on $[0,1]$."
    shuffled = list(shipped.concepts)
    random.Random(7).shuffle(shuffled)
    spans = [(m.start, m.end) for m in find_concepts(text, shipped)]
    assert spans == [(m.start, m.end) for m in find_concepts(text, Ontology(tuple(shuffled)))]
    assert len(spans) >= 4


def test_an_empty_ontology_finds_nothing(tmp_path: Path) -> None:
    assert find_concepts("a normal subgroup $\\int$", Ontology()) == []
