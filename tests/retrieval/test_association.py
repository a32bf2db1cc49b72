"""Terms and the definitions that they account for, against expectation maximisation written as loops."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.retrieval.association import Association, TermScores, learn_association

COMPACT, SET, OPEN, CLOSED, PRIME, NAT = range(6)
CORPUS: list[tuple[list[str], list[int]]] = [
    (["compact", "set"], [COMPACT, SET]),
    (["open", "set"], [OPEN, SET]),
    (["closed", "set"], [CLOSED, SET]),
    (["number", "prime"], [PRIME, NAT]),
    (["number"], [NAT]),
]

Corpus = tuple[list[list[str]], list[list[int]], int]


def repeated(times: int) -> tuple[list[list[str]], list[list[int]]]:
    return [terms for terms, _ in CORPUS] * times, [used for _, used in CORPUS] * times


def value(learned: Association, table: str, term: str, definition: int) -> float:
    return float(getattr(learned, table)[learned.terms[term], definition])


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Statements of a few terms with a few definitions, each once in a statement."""
    size = draw(st.integers(1, 5))
    terms = st.lists(st.sampled_from("abcdef"), max_size=4, unique=True)
    used = st.lists(st.integers(0, size - 1), max_size=3, unique=True)
    statements = draw(st.lists(st.tuples(terms, used), max_size=10))
    return [words for words, _ in statements], [rows for _, rows in statements], size


def reference(corpus: Corpus, rounds: int, fewest: int) -> tuple[dict[tuple[str, int], float], ...]:
    """Expected uses that a term accounts for, and shrunk frequencies, by term and definition."""
    statements, used, _ = corpus
    counts = Counter(term for terms in statements for term in terms)
    counts[""] = len(statements)
    said = [["", *(t for t in terms if counts[t] >= fewest)] for terms in statements]
    together = Counter((t, d) for terms, rows in zip(said, used, strict=True) for t in terms for d in rows)
    account = {(t, d): n / counts[t] for (t, d), n in together.items()}
    for _ in range(rounds):
        expected: dict[tuple[str, int], float] = dict.fromkeys(account, 0.0)
        for terms, rows in zip(said, used, strict=True):
            for d in rows:
                whole = sum(account[t, d] for t in terms)
                for t in terms:
                    expected[t, d] += account[t, d] / whole
        account = {(t, d): n / (counts[t] + 5.0) for (t, d), n in expected.items()}
    frequency = {(t, d): n / (counts[t] + 5.0) for (t, d), n in together.items()}
    return account, frequency


# -- learning -----------------------------------------------------------------------------------------------


def test_each_term_goes_to_its_own_definition() -> None:
    learned = learn_association(*repeated(20), 6)
    meant = {"compact": COMPACT, "set": SET, "open": OPEN, "closed": CLOSED, "prime": PRIME, "number": NAT}
    for term, definition in meant.items():
        row = learned.account[learned.terms[term]].toarray().ravel()
        assert int(row.argmax()) == definition
        # What stands beside it in the same statements is left to the term that it belongs to.
        assert row[definition] > 3 * np.delete(row, definition).max()
    # Frequencies know no such thing: a compact set is a set each time.
    assert value(learned, "frequency", "compact", SET) == value(learned, "frequency", "compact", COMPACT)


def test_one_round_by_hand() -> None:
    learned = learn_association([["a"], ["a"], [], []], [[0], [0], [], []], 2, rounds=1)
    # Before: the empty term 2/4, `a` 2/2, so `a` takes two thirds of both uses; then five more occurrences.
    assert value(learned, "account", "a", 0) == pytest.approx(2 * (2 / 3) / (2 + 5))
    assert value(learned, "frequency", "a", 0) == pytest.approx(2 / (2 + 5))
    assert value(learned, "account", "a", 1) == value(learned, "frequency", "a", 1) == 0.0
    assert learned.prior.tolist() == [0.5, 0.0]


def test_what_is_seldom_is_shrunk() -> None:
    few, many = (learn_association(*repeated(times), 6) for times in (3, 60))
    for term, definition in (("compact", COMPACT), ("open", OPEN), ("prime", PRIME)):
        assert value(few, "account", term, definition) < value(many, "account", term, definition)
    assert value(few, "frequency", "compact", COMPACT) == pytest.approx(3 / 8)
    assert value(many, "frequency", "compact", COMPACT) == pytest.approx(60 / 65)


@settings(max_examples=150)
@given(corpora(), st.integers(0, 4), st.integers(1, 3))
def test_tables_equal_the_loops(corpus: Corpus, rounds: int, fewest: int) -> None:
    statements, used, size = corpus
    learned = learn_association(statements, used, size, rounds=rounds, fewest=fewest)
    account, frequency = reference(corpus, rounds, fewest)
    counts = Counter(term for terms in statements for term in terms)
    assert sorted(learned.terms) == sorted(term for term, count in counts.items() if count >= fewest)
    assert sorted(learned.terms.values()) == list(range(len(learned.terms)))
    assert learned.account.shape == learned.frequency.shape == (len(learned.terms), size)
    for term, row in learned.terms.items():
        for d in range(size):
            assert learned.account[row, d] == pytest.approx(account.get((term, d), 0.0), rel=1e-5, abs=1e-9)
            assert learned.frequency[row, d] == pytest.approx(frequency.get((term, d), 0.0), rel=1e-5)
    share = [sum(d in rows for rows in used) / max(len(used), 1) for d in range(size)]
    np.testing.assert_allclose(learned.prior, share)


@settings(max_examples=100)
@given(corpora(), st.integers(0, 8), st.sampled_from([0.0, 0.002, 0.05, 0.2]))
def test_values_are_shares_in_one_pattern(corpus: Corpus, rounds: int, keep: float) -> None:
    learned = learn_association(*corpus, rounds=rounds, fewest=1, keep=keep)
    np.testing.assert_array_equal(learned.account.indptr, learned.frequency.indptr)
    np.testing.assert_array_equal(learned.account.indices, learned.frequency.indices)
    for values in (learned.account.data, learned.frequency.data, learned.prior):
        assert np.isfinite(values).all()
        assert ((values >= 0.0) & (values <= 1.0)).all()


def test_terms_of_too_few_statements_are_left_out() -> None:
    statements, used = [["a", "b"], ["a", "c"], ["a", "b"]], [[0], [1], [0]]
    assert sorted(learn_association(statements, used, 2).terms) == ["a", "b"]
    assert sorted(learn_association(statements, used, 2, fewest=3).terms) == ["a"]
    assert sorted(learn_association(statements, used, 2, fewest=1).terms) == ["a", "b", "c"]
    assert not learn_association(statements, used, 2, fewest=4).terms


@pytest.mark.parametrize("keep", [0.01, 0.1, 0.3])
def test_keep_leaves_out_what_is_small(keep: float) -> None:
    whole, pruned = (learn_association(*repeated(20), 6, keep=k) for k in (0.0, keep))
    assert pruned.terms == whole.terms
    dropped = 0
    for term in whole.terms:
        for d in range(6):
            account, frequency = (value(whole, table, term, d) for table in ("account", "frequency"))
            left = value(pruned, "account", term, d), value(pruned, "frequency", term, d)
            if account >= keep:
                assert left == (account, frequency)
            elif frequency < keep:
                assert left == (0.0, 0.0)
            else:
                assert left in ((account, frequency), (0.0, 0.0))
            dropped += frequency > 0.0 and left == (0.0, 0.0)
    assert dropped == whole.account.nnz - pruned.account.nnz
    assert (dropped > 0) == (keep > 0.05)


def test_nothing_to_learn_from() -> None:
    for statements, used in (([], []), ([[], []], [[], []]), ([["a"], ["a"]], [[], []]), ([[]], [[1]])):
        learned = learn_association(statements, used, 3)
        assert learned.account.nnz == learned.frequency.nnz == 0
        assert learned.account.shape == (len(learned.terms), 3)
        for part in fields(TermScores):
            assert getattr(learned.scores(["a", "b"]), part.name).tolist() == [0.0, 0.0, 0.0]
    assert learn_association([], [], 0).scores(["a"]).total.shape == (0,)


def test_as_many_lists_of_definitions_as_statements() -> None:
    with pytest.raises(ValueError, match="zip"):
        learn_association([["a"], ["a"]], [[0]], 1)


@settings(max_examples=50)
@given(corpora(), st.randoms(use_true_random=False))
def test_the_same_again_and_order_does_not_matter(corpus: Corpus, random: object) -> None:
    statements, used, size = corpus
    learned, again = (learn_association(statements, used, size, fewest=1) for _ in range(2))
    assert list(learned.terms.items()) == list(again.terms.items())
    for table in ("account", "frequency"):
        np.testing.assert_array_equal(getattr(learned, table).data, getattr(again, table).data)
        np.testing.assert_array_equal(getattr(learned, table).indices, getattr(again, table).indices)
    pairs = [(terms[::-1], rows[::-1]) for terms, rows in zip(statements, used, strict=True)]
    random.shuffle(pairs)  # type: ignore[attr-defined]
    turned = learn_association([t for t, _ in pairs], [r for _, r in pairs], size, fewest=1)
    assert turned.terms == learned.terms
    np.testing.assert_allclose(turned.account.toarray(), learned.account.toarray(), rtol=1e-5)
    np.testing.assert_array_equal(turned.frequency.toarray(), learned.frequency.toarray())


# -- scores -------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(corpora(), st.lists(st.sampled_from("abcdefgh"), max_size=6, unique=True))
def test_scores_equal_the_loops(corpus: Corpus, said: list[str]) -> None:
    statements, used, size = corpus
    learned = learn_association(statements, used, size, fewest=1)
    scores = learned.scores(said)
    known = [learned.terms[term] for term in said if term in learned.terms]
    for d in range(size):
        accounts = [float(learned.account[row, d]) for row in known]
        shares = [float(learned.frequency[row, d]) for row in known]
        lift = sum(math.log(1.0 + share / (learned.prior[d] + 1e-4)) for share in shares)
        expected = {
            "total": sum(accounts),
            "best": max(accounts, default=0.0),
            "speaking": sum(account > 0.05 for account in accounts),
            "joint": sum(share * share for share in shares),
            "joint_best": max(shares, default=0.0),
            "lift": lift / max(len(known), 1),
        }
        assert {part.name for part in fields(TermScores)} == set(expected)
        for name, number in expected.items():
            assert getattr(scores, name)[d] == pytest.approx(number, rel=1e-9, abs=1e-12)


def test_unknown_terms_say_nothing() -> None:
    learned = learn_association(*repeated(5), 6)
    alone, among = learned.scores(["compact"]), learned.scores(["zebra", "compact", ""])
    for part in fields(TermScores):
        np.testing.assert_array_equal(getattr(alone, part.name), getattr(among, part.name))
        assert getattr(alone, part.name).shape == (6,)
        assert not getattr(learned.scores(["zebra"]), part.name).any()
    assert alone.total[COMPACT] > alone.total[PRIME] == 0.0


def test_more_terms_say_more_of_what_they_share() -> None:
    learned = learn_association(*repeated(20), 6)
    one, two = learned.scores(["compact"]), learned.scores(["compact", "set"])
    assert two.total[SET] > one.total[SET]
    assert two.joint[SET] > one.joint[SET]
    assert two.speaking[SET] >= one.speaking[SET]
    assert two.best[COMPACT] == one.best[COMPACT]
    assert int(two.total.argmax()) == SET
    # The lift is per term: one that says nothing of a definition halves it.
    assert learned.scores(["compact", "prime"]).lift[COMPACT] == pytest.approx(one.lift[COMPACT] / 2)
