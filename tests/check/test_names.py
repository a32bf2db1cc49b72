"""Suggestions of real names for ones that do not exist."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.check.names import NameFinder, name_words
from cramf.knowledge.types import Declaration, Kind
from cramf.knowledge.vocabulary import Vocabulary
from cramf.lean.scope import Context, Opened

DEFINITIONS = """
    Nat.Prime Prime Ideal.IsPrime Nat.Coprime IsCoprime Nat.gcd Int.gcd Nat.sqrt Real.sqrt
    NNReal.sqrt Real.pi Set.Finite Finite Set.Infinite Finset.card Set.ncard Nat.card Fintype.card
    Set.univ Finset.univ Set.image Function.Injective Function.Surjective Function.Bijective
    Set.InjOn IsCompact IsClosed IsOpen CompactSpace Continuous ContinuousOn ContinuousAt
    UniformContinuous MetricSpace TopologicalSpace Filter.Tendsto Filter.atTop nhds Module.finrank
    Module.rank LinearMap.ker LinearMap.range Subgroup.index Subgroup.Normal Subgroup.center orderOf
    Matrix.det Matrix.trace Matrix.IsHermitian Polynomial.eval Polynomial.degree Polynomial.natDegree
    Polynomial.Splits MvPolynomial.eval MeasureTheory.Measure MeasureTheory.Integrable
    MeasureTheory.volume IsDedekindDomain UniqueFactorizationMonoid IsNoetherianRing
    FiniteDimensional Irrational Transcendental SimpleGraph.chromaticNumber SimpleGraph.Coloring
    SimpleGraph.IsTree EuclideanSpace InnerProductSpace LinearIndependent Submodule.span
    CategoryTheory.Functor CategoryTheory.Limits.HasLimits Nat.factorization Nat.primeFactorsList
    Nat.divisors Complex.re Complex.normSq Metric.ball Metric.closedBall Bornology.IsBounded
""".split()
PROOFS = """
    Nat.Prime.two_le IsCompact.isClosed Continuous.comp Nat.gcd_comm
    Real.sqrt_nonneg Set.Finite.subset
""".split()
OLD = {
    "Nat.primes": "Nat.Prime",
    "Matrix.IsHermitean": "Matrix.IsHermitian",
    "FiniteDimensional.finrank": "Module.finrank",
}


def vocabulary(order: random.Random | None = None) -> Vocabulary:
    made = [Declaration(n, Kind.DEF, "M", 1) for n in DEFINITIONS]
    made += [Declaration(n, Kind.THEOREM, "M", 1) for n in PROOFS]
    made += [Declaration(n, Kind.DEF, "M", 1, "written", new) for n, new in OLD.items()]
    if order is not None:
        order.shuffle(made)
    return Vocabulary.of(made)


@pytest.fixture(scope="module")
def finder() -> NameFinder:
    return NameFinder(vocabulary())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        # case and marks
        ("nat.prime", "Nat.Prime"),
        ("NAT.PRIME", "Nat.Prime"),
        ("Nat.prime", "Nat.Prime"),
        ("iscompact", "IsCompact"),
        ("Real.Pi", "Real.pi"),
        ("Real.PI", "Real.pi"),
        ("Filter.tendsto", "Filter.Tendsto"),
        ("Filter.at_top", "Filter.atTop"),
        # the spelling of Lean 3
        ("is_compact", "IsCompact"),
        ("metric_space", "MetricSpace"),
        ("function.injective", "Function.Injective"),
        ("set.inj_on", "Set.InjOn"),
        ("is_dedekind_domain", "IsDedekindDomain"),
        ("polynomial.nat_degree", "Polynomial.natDegree"),
        ("measure_theory.integrable", "MeasureTheory.Integrable"),
        ("category_theory.limits.has_limits", "CategoryTheory.Limits.HasLimits"),
        # the namespace lost
        ("Injective", "Function.Injective"),
        ("Tendsto", "Filter.Tendsto"),
        ("finrank", "Module.finrank"),
        ("closedBall", "Metric.closedBall"),
        ("chromaticNumber", "SimpleGraph.chromaticNumber"),
        ("HasLimits", "CategoryTheory.Limits.HasLimits"),
        # another namespace
        ("FiniteDimensional.finrank", "Module.finrank"),
        ("LinearAlgebra.finrank", "Module.finrank"),
        ("Set.Injective", "Function.Injective"),
        ("Topology.IsCompact", "IsCompact"),
        ("Nat.IsCoprime", "IsCoprime"),
        ("Group.index", "Subgroup.index"),
        ("Limits.HasLimits", "CategoryTheory.Limits.HasLimits"),
        ("_root_.Injective", "Function.Injective"),
        # misspelt
        ("IsCompakt", "IsCompact"),
        ("Continous", "Continuous"),
        ("Function.Injectiv", "Function.Injective"),
        ("Function.Surjectve", "Function.Surjective"),
        ("Polynomial.natDegre", "Polynomial.natDegree"),
        ("Irational", "Irrational"),
        ("Module.finRank", "Module.finrank"),
        ("Nat.divisor", "Nat.divisors"),
        ("Submodule.spann", "Submodule.span"),
        # words added or put about
        ("Set.IsFinite", "Set.Finite"),
        ("Function.IsInjective", "Function.Injective"),
        ("Subgroup.IsNormal", "Subgroup.Normal"),
        ("Matrix.Hermitian", "Matrix.IsHermitian"),
        ("IsContinuous", "Continuous"),
        ("SimpleGraph.Tree", "SimpleGraph.IsTree"),
        ("NoetherianRing", "IsNoetherianRing"),
        ("DedekindDomain", "IsDedekindDomain"),
        ("LinearlyIndependent", "LinearIndependent"),
    ],
)
def test_the_first_suggestion(finder: NameFinder, written: str, meant: str) -> None:
    assert finder.nearest(written)[:1] == (meant,)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Nat.isPrime", "Nat.Prime"),
        ("prime", "Nat.Prime"),
        ("sqrt", "Real.sqrt"),
        ("gcd", "Nat.gcd"),
        ("card", "Finset.card"),
        ("Finset.cardinality", "Finset.card"),
        ("Matrix.determinant", "Matrix.det"),
    ],
)
def test_among_the_suggestions(finder: NameFinder, written: str, meant: str) -> None:
    assert meant in finder.nearest(written)


def test_open_namespaces_come_first(finder: NameFinder) -> None:
    for space in ("Real", "NNReal", "Nat"):
        context = Context("", (Opened("", space),))
        assert finder.nearest("Sqrt", context)[0] == f"{space}.sqrt"


def test_words() -> None:
    assert name_words("Finset.card_lt") == ("finset", "card", "lt")
    assert name_words("IsT2Space") == ("is", "t", "2", "space")
    assert name_words("MvPolynomial.totalDegree'") == ("mv", "polynomial", "total", "degree")
    assert name_words("") == name_words("._'") == ()
    assert name_words("αβ.γ") == ("αβ", "γ")
    assert name_words("LTSeries") == ("lt", "series") or name_words("LTSeries") == ("lts", "eries")


def test_deprecated_names_are_never_suggested(finder: NameFinder) -> None:
    for written in [*OLD, "Nat.primess", "Matrix.IsHermitea", "FiniteDimensional.finranks", "primes"]:
        assert not set(finder.nearest(written)) & set(OLD)


def test_definitions_come_before_proofs(finder: NameFinder) -> None:
    assert finder.nearest("Nat.Gcd")[0] == "Nat.gcd"
    assert finder.nearest("Real.Sqrt")[0] == "Real.sqrt"
    assert finder.nearest("nat.prime.two_le")[0] == "Nat.Prime.two_le"


def test_nothing_is_near_to_nonsense(finder: NameFinder) -> None:
    assert finder.nearest("qqqqzzzzxxxx") == ()
    assert finder.nearest("") == ()
    assert NameFinder(Vocabulary.of([])).nearest("Nat.Prime") == ()


@settings(max_examples=150)
@given(word=st.text(max_size=40) | st.text(alphabet="._'NatPrime", max_size=300))
def test_any_text_gets_at_most_three_real_names(finder: NameFinder, word: str) -> None:
    found = finder.nearest(word)
    assert len(found) == len(set(found)) <= 3
    assert set(found) <= {*DEFINITIONS, *PROOFS}
    assert finder.nearest(word) == found
    assert len(finder.namespaces(word)) <= 3


def test_a_long_name_is_cut_before_it_is_compared(finder: NameFinder) -> None:
    assert finder.nearest("Nat.Prime" + "x" * 100_000) == finder.nearest("Nat.Prime" + "x" * 200)
    assert isinstance(finder.namespaces("N" * 100_000), tuple)


def test_the_order_of_declarations_does_not_matter() -> None:
    written = [
        "Sqrt",
        "nat.prime",
        "Finset.cardinality",
        "Set.IsFinite",
        "card",
        "IsContinuous",
        "univ",
        "eval",
        "gcds",
    ]
    expected = [NameFinder(vocabulary()).nearest(w) for w in written]
    for seed in range(5):
        shuffled = NameFinder(vocabulary(random.Random(seed)))
        assert [shuffled.nearest(w) for w in written] == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Nats", "Nat"),
        ("nat", "Nat"),
        ("Limits", "CategoryTheory.Limits"),
        ("MeasureTheroy", "MeasureTheory"),
        ("Polynomials", "Polynomial"),
        ("linear_map", "LinearMap"),
    ],
)
def test_namespaces(finder: NameFinder, written: str, meant: str) -> None:
    assert finder.namespaces(written)[:1] == (meant,)


PROBE = """
import importlib.util
spec = importlib.util.spec_from_file_location("probe", {path!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
finder = module.NameFinder(module.vocabulary())
print([finder.namespaces(word) for word in "Reals Mats Tet Inal Set Natural Fin".split()])
print([finder.nearest(word) for word in "sqrt Foo.card gcds univ evals is_prime Space".split()])
finder = module.NameFinder(module.alike())
print(finder.namespaces("Aaaaax"))
print(finder.nearest("Aaaaax"), finder.nearest("Aaaaab.Aaaaax"))
"""


def alike() -> Vocabulary:
    """Names and namespaces that are all equally near to `Aaaaax`."""
    return Vocabulary.of(Declaration(f"Aaaaa{c}.Aaaaa{c}", Kind.DEF, "M", 1) for c in "bcdefghijk")


def test_nothing_depends_on_the_hashes_of_strings() -> None:
    """Names lie in sets; two runs of Python order them differently."""
    printed = set()
    for seed in range(6):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        done = subprocess.run(
            [sys.executable, "-c", PROBE.format(path=str(Path(__file__)))],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
            env=environment,
        )
        printed.add(done.stdout)
    assert len(printed) == 1
