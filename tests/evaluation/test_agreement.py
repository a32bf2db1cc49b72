"""A judge's agreement with people, against scikit-learn and by counting."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from cramf.errors import InputError
from cramf.evaluation.agreement import Agreement, agreement, corrected_rate, fleiss_kappa, majority
from cramf.evaluation.intervals import Interval

Rows = list[tuple[bool | None, bool]]
DECIDED = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=25)
ANY = st.lists(st.tuples(st.sampled_from([True, False, None]), st.booleans()), min_size=1, max_size=25)


def measured(rows: Rows, samples: int = 20) -> Agreement:
    return agreement([j for j, _ in rows], [h for _, h in rows], samples)


def value(interval: Interval | None) -> float | None:
    return None if interval is None else interval.value


@settings(max_examples=60)
@given(DECIDED)
def test_figures_equal_those_of_scikit_learn(rows: list[tuple[bool, bool]]) -> None:
    got = measured(list(rows))
    judged, human = [j for j, _ in rows], [h for _, h in rows]
    assert value(got.accuracy) == pytest.approx(sklearn_metrics.accuracy_score(human, judged))
    measures = {
        "precision": sklearn_metrics.precision_score(human, judged, zero_division=np.nan),
        "recall": sklearn_metrics.recall_score(human, judged, zero_division=np.nan),
        "f1": sklearn_metrics.f1_score(human, judged, zero_division=np.nan),
        "specificity": sklearn_metrics.recall_score(human, judged, pos_label=False, zero_division=np.nan),
    }
    if len({*judged, *human}) > 1:
        measures["kappa"] = sklearn_metrics.cohen_kappa_score(human, judged)
    else:
        assert got.kappa is None
    for name, expected in measures.items():
        found = value(getattr(got, name))
        assert (float("nan") if found is None else found) == pytest.approx(float(expected), nan_ok=True)


@given(ANY)
def test_undecided_judgements_stay_in_the_count(rows: Rows) -> None:
    got = measured(rows)
    counts = (got.true_faithful, got.false_faithful, got.false_unfaithful, got.true_unfaithful)
    undecided = got.undecided_faithful + got.undecided_unfaithful
    assert sum(counts) + undecided == got.n == len(rows)
    assert undecided == sum(j is None for j, _ in rows)
    assert value(got.accuracy) == pytest.approx(sum(j is h for j, h in rows) / len(rows))
    if any(h for _, h in rows):
        assert value(got.recall) == pytest.approx(
            sum(j is True and h for j, h in rows) / sum(h for _, h in rows)
        )
    # A third answer, which nobody's label is.
    words = [str(j) for j, _ in rows], [str(h) for _, h in rows]
    if len({*words[0], *words[1]}) > 1:
        assert value(got.kappa) == pytest.approx(sklearn_metrics.cohen_kappa_score(*words))


@given(ANY)
def test_ac1_by_its_definition(rows: Rows) -> None:
    answers = [True, False, *([None] if any(j is None for j, _ in rows) else [])]
    seen = sum(j is h for j, h in rows) / len(rows)
    said = [answer for row in rows for answer in row]
    shares = [sum(s is answer for s in said) / len(said) for answer in answers]
    chance = sum(s * (1 - s) for s in shares) / (len(answers) - 1)
    got = value(measured(rows).ac1)
    assert got == pytest.approx((seen - chance) / (1 - chance))


def test_ac1_stays_high_where_kappa_falls_with_the_labels_uneven() -> None:
    rows: Rows = [(True, True)] * 94 + [(True, False)] * 3 + [(False, True)] * 3
    got = measured(rows)
    assert got.accuracy is not None and got.accuracy.value == 0.94
    assert got.kappa is not None and got.kappa.value < 0
    assert got.ac1 is not None and got.ac1.value > 0.93


def test_the_intervals_hold_the_values() -> None:
    rows: Rows = [(True, True)] * 40 + [(False, False)] * 30 + [(True, False)] * 8 + [(None, True)] * 5
    got = measured(rows, 2000)
    for name in ("accuracy", "precision", "recall", "specificity", "f1", "kappa", "ac1"):
        interval = getattr(got, name)
        assert interval.low < interval.value < interval.high
    assert got == measured(rows, 2000)


def test_rows_without_a_label_are_counted_and_say_nothing() -> None:
    got = agreement([True, False, None, True], [True, None, None, False], samples=10)
    assert (got.n, got.unlabelled) == (2, 2)
    assert value(got.accuracy) == 0.5
    empty = agreement([True], [None], samples=10)
    assert (empty.n, empty.unlabelled) == (0, 1)
    assert empty.accuracy is empty.kappa is empty.ac1 is empty.f1 is None
    with pytest.raises(ValueError, match="same rows"):
        agreement([True], [])


def test_a_judge_that_calls_nothing_faithful_has_no_precision() -> None:
    got = measured([(False, True), (False, False), (None, False)])
    assert got.precision is None
    assert value(got.recall) == 0.0 and value(got.specificity) == 1.0 and value(got.f1) == 0.0


VOTES = st.integers(2, 5).flatmap(
    lambda size: st.lists(
        st.lists(st.sampled_from([True, False, None]), min_size=size, max_size=size), min_size=1, max_size=12
    )
)


@given(VOTES)
def test_fleiss_kappa_by_pairs_of_votes(votes: list[list[bool | None]]) -> None:
    got = fleiss_kappa(votes, samples=10)
    pairs = [[a is b for a, b in combinations(own, 2)] for own in votes]
    seen = float(np.mean([np.mean(own) for own in pairs]))
    said = [vote for own in votes for vote in own]
    chance = sum((sum(s is answer for s in said) / len(said)) ** 2 for answer in (True, False, None))
    if chance == 1:
        assert got.kappa is None
    else:
        assert value(got.kappa) == pytest.approx((seen - chance) / (1 - chance))
    assert got.unanimous == sum(all(own) for own in pairs)


def test_fleiss_kappa_at_the_ends() -> None:
    assert value(fleiss_kappa([[True] * 3, [False] * 3]).kappa) == pytest.approx(1.0)
    assert value(fleiss_kappa([[True, False]] * 6).kappa) == pytest.approx(-1.0)
    empty = fleiss_kappa([])
    assert (empty.n, empty.votes, empty.kappa) == (0, 0, None)
    for wrong in ([[True, False], [True]], [[True]], [[]]):
        with pytest.raises(ValueError, match="number of votes"):
            fleiss_kappa(wrong)


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ([True, True, False], True),
        ([False, False, True], False),
        ([True, False], None),
        ([True, None, None], None),
        ([True, True, None], True),
        ([], None),
    ],
)
def test_the_majority_is_of_all_votes(votes: list[bool | None], expected: bool | None) -> None:
    assert majority(votes) is expected


def calibration(sensitivity: float, specificity: float, size: int) -> Agreement:
    right, wrong = round(sensitivity * size), round((1 - specificity) * size)
    rows: Rows = [(n < right, True) for n in range(size)] + [(n < wrong, False) for n in range(size)]
    return measured(rows)


def test_the_corrected_rate_undoes_the_errors() -> None:
    # Of 1000, 400 are faithful: 0.9 of them and 0.2 of the others are called so.
    judged = [n < 0.9 * 400 + 0.2 * 600 for n in range(1000)]
    got = corrected_rate(judged, calibration(0.9, 0.8, 200))
    assert (got.apparent, got.sensitivity) == (0.48, 0.9)
    assert got.specificity == pytest.approx(0.8)
    assert got.corrected is not None and got.corrected.value == pytest.approx(0.4)
    assert got.corrected.low < 0.4 < got.corrected.high
    rough = corrected_rate(judged, calibration(0.9, 0.8, 20)).corrected
    assert rough is not None
    assert rough.high - rough.low > 2 * (got.corrected.high - got.corrected.low)


def test_a_judge_without_a_seen_error_still_leaves_doubt() -> None:
    judged = [n < 50 for n in range(100)]
    few, many = (corrected_rate(judged, calibration(1, 1, size)).corrected for size in (5, 5000))
    assert few is not None and many is not None
    assert few.value == many.value == 0.5
    assert few.high - few.low > many.high - many.low > 0.15


@pytest.mark.parametrize("faithful", [0, 100])
def test_the_corrected_rate_is_a_rate(faithful: int) -> None:
    got = corrected_rate([n < faithful for n in range(100)], calibration(0.9, 0.8, 50)).corrected
    assert got is not None
    assert got.value == faithful / 100
    assert 0 <= got.low <= got.value <= got.high <= 1


def test_a_judge_no_better_than_chance_says_nothing() -> None:
    assert corrected_rate([True, False], calibration(0.5, 0.5, 40)).corrected is None
    barely = corrected_rate([True, False] * 50, calibration(0.55, 0.5, 40)).corrected
    assert barely is not None and (barely.low, barely.high) == (0.0, 1.0)


def test_undecided_answers_count_as_not_faithful_in_all_three_rates() -> None:
    rows: Rows = [(True, True)] * 8 + [(None, True)] * 2 + [(None, False)] * 5 + [(True, False)] * 5
    got = corrected_rate([True, None], measured(rows))
    assert (got.apparent, got.sensitivity, got.specificity) == (0.5, 0.8, 0.5)


def test_what_cannot_be_corrected() -> None:
    with pytest.raises(InputError, match="labelled unfaithful"):
        corrected_rate([True], measured([(True, True)]))
    with pytest.raises(InputError, match="labelled faithful"):
        corrected_rate([True], measured([(True, False)]))
    with pytest.raises(InputError, match="no statement was judged"):
        corrected_rate([], calibration(0.9, 0.9, 10))


def test_the_interval_of_the_corrected_rate_covers_the_true_one() -> None:
    random = np.random.default_rng(8)
    covered = 0
    for _ in range(300):
        labels = np.repeat([True, False], 30)
        said = random.random(60) < np.where(labels, 0.85, 0.1)
        own = agreement(said.tolist(), labels.tolist(), samples=1)
        truth = random.random(150) < 0.35
        judged = random.random(150) < np.where(truth, 0.85, 0.1)
        got = corrected_rate(judged.tolist(), own, draws=1000).corrected
        assert got is not None
        covered += got.low <= 0.35 <= got.high
    # 95% of 300 is 285, with a standard error of 3.8.
    assert 272 <= covered <= 298
