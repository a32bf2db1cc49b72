"""The ladders as data."""

from __future__ import annotations

import pytest

from cramf.errors import InputError
from cramf.evaluation.equivalence import BEQ, BEQ_L, BEQ_PLUS, BEQ_PLUS_BEFORE_4_18, METHODS, Role, ladder_for


def test_the_order_of_the_rungs() -> None:
    assert [rung.name for rung in BEQ.rungs] == [rung.name for rung in BEQ_L.rungs] == ["exact?"]
    assert [rung.name for rung in BEQ_PLUS.rungs] == [
        "exact?",
        "assumption",
        "apply",
        "alone",
        "have",
        *(f"convert using {depth}" for depth in range(5)),
    ]
    guards = {rung.name: rung.role for rung in BEQ_PLUS.rungs if rung.role is not Role.PROVE}
    assert guards == {"assumption": Role.GUARD, "alone": Role.GUARD_NEXT}
    assert [rung.name for rung in BEQ_PLUS.rungs if rung.alone] == ["alone"]
    assert all(not ladder.rungs[0].tactics.strip("exact?") for ladder in (BEQ, BEQ_L, BEQ_PLUS))
    assert (BEQ.preamble, BEQ_PLUS.preamble) == ((), ("intros", "symm_saturate"))
    assert (BEQ.seconds, BEQ_L.seconds, BEQ_PLUS.seconds) == (120.0, 60.0, 60.0)


def test_each_ladder_states_its_source_and_departures() -> None:
    for ladder in (BEQ, BEQ_L, BEQ_PLUS, BEQ_PLUS_BEFORE_4_18):
        assert "@" in ladder.source
        assert ladder.version
        assert any("axioms" in line for line in ladder.departures)
    assert BEQ_PLUS.identity != BEQ_PLUS_BEFORE_4_18.identity


def test_the_tactics_of_the_rungs() -> None:
    rungs = {rung.name: rung.tactics for rung in BEQ_PLUS_BEFORE_4_18.rungs}
    solvers = ["tauto", "simp_all_arith!", "noncomm_ring", "exact?"]
    first, intros, finish = rungs["apply"].split("\n")
    assert (first, intros) == ("apply {assumed}", "all_goals intros")
    assert finish.startswith("first | ")
    assert finish.count(" | ") == 2
    apart, together = finish.removeprefix("first | ").split(" | ")
    assert [part.strip("()").removeprefix("all_goals try ") for part in apart.split(" ; ")] == solvers
    assert together.startswith("(all_goals (")
    inner = together.removeprefix("(all_goals (").removesuffix("))")
    assert [part.strip("()").removeprefix("try ") for part in inner.split(" ; ")] == solvers
    have = rungs["have"].split("\n")
    assert have[:2] == ["have : {conclusion} := by", "  apply_rules [{assumed}]"]
    assert have[-2:] == rungs["alone"].split("\n")
    assert "exact? using this" in have[-1]
    assert "noncomm_ring" not in have[-1]
    assert rungs["convert using 3"].startswith("convert (config := .unfoldSameFun) {assumed} using 3\n")
    newer = {rung.name: rung.tactics for rung in BEQ_PLUS.rungs}
    for name, tactics in rungs.items():
        assert newer[name] == tactics.replace("simp_all_arith!", "simp_all! +arith +decide")


def test_the_ladder_for_a_version_of_lean() -> None:
    assert ladder_for("beq+") is BEQ_PLUS
    for newer in ("v4.18.0", "leanprover/lean4:v4.33.0-rc1", "4.19.0"):
        assert ladder_for("beq+", newer) is BEQ_PLUS
    for older in ("v4.17.0", "leanprover/lean4:v4.9.0", "4.8.0"):
        assert ladder_for("beq+", older) is BEQ_PLUS_BEFORE_4_18
    assert ladder_for("beq", "v4.9.0") is BEQ
    assert set(METHODS) == {"beq", "beq-l", "beq+"}
    with pytest.raises(InputError, match="beq-l"):
        ladder_for("beq++")
    with pytest.raises(InputError, match="version of Lean 4"):
        ladder_for("beq+", "nightly")


def test_rungs_can_be_left_out_and_the_version_says_so() -> None:
    shorter = BEQ_PLUS.without("alone", "convert using 4")
    assert len(shorter.rungs) == len(BEQ_PLUS.rungs) - 2
    assert shorter.identity.endswith("without alone, convert using 4")
    assert BEQ_PLUS.without() == BEQ_PLUS
    with pytest.raises(InputError, match="no rung `aply`"):
        BEQ_PLUS.without("aply")
