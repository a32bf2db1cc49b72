"""From the name of a checker to the checker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cramf.check.cache import CachedChecker
from cramf.check.checkers import CHECKERS, USES, open_checker
from cramf.check.lake import LakeChecker
from cramf.check.static import StaticChecker
from cramf.check.verdict import Candidate, Checker, Status
from cramf.errors import InputError, KnowledgeBaseError, ResourceError

CANDIDATE = Candidate("t", "import Mathlib", "theorem t (G : Type) [MyGroup G] : True := by sorry")


@pytest.fixture(autouse=True)
def own_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "verdicts.sqlite"
    monkeypatch.setenv("CRAMF_VERDICTS", str(path))
    return path


def test_static_is_not_cached(sample_index: Path, own_verdicts: Path) -> None:
    with open_checker("static", index=sample_index) as checker:
        assert isinstance(checker, StaticChecker)
        assert checker.check(CANDIDATE).status is Status.VALID
    assert not own_verdicts.exists()


def test_static_uses_the_index_of_the_environment(
    sample_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index))
    assert open_checker("static").identity().checker == "static"
    monkeypatch.setenv("CRAMF_INDEX", str(sample_index / "none"))
    with pytest.raises(KnowledgeBaseError):
        open_checker("static")


def test_static_loads_nothing_heavy(sample_index: Path) -> None:
    heavy = "torch faiss transformers sentence_transformers scipy openai lean_interact aiohttp httpx".split()
    code = f"""
import sys
from pathlib import Path
from cramf.check.checkers import open_checker
open_checker("static", index=Path({str(sample_index)!r}))
print(sorted(set({heavy!r}) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_the_collector_runs_again_after_loading(sample_index: Path) -> None:
    import gc

    assert gc.isenabled()
    open_checker("static", index=sample_index)
    assert gc.isenabled()
    with pytest.raises(KnowledgeBaseError):
        open_checker("static", index=sample_index / "none")
    assert gc.isenabled()


@pytest.mark.parametrize("spec", ["lake", "lean"])
def test_checkers_of_lean_are_cached_unless_told(tmp_path: Path, spec: str) -> None:
    cached = open_checker(spec, workspace=tmp_path, timeout_seconds=5, memory_bytes=1 << 30)
    assert isinstance(cached, CachedChecker) and isinstance(cached, Checker)
    assert isinstance(cached.inner, LakeChecker)
    assert cached.cache.path == tmp_path / "verdicts.sqlite"
    plain = open_checker(spec, workspace=tmp_path, cached=False)
    assert isinstance(plain, LakeChecker)


def test_lake_and_lean_are_two_identities() -> None:
    identities = {open_checker(spec).identity() for spec in ("lake", "lean")}
    assert len(identities) == 2


def test_every_checker_that_is_named_opens(sample_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cramf.check.checkers.find_spec", lambda name: name)
    limits: dict[str, Any] = {"timeout_seconds": 5.0, "memory_bytes": 1 << 30, "workers": 2}
    options = {
        "static": {"index": sample_index},
        "kimina": {"url": "http://127.0.0.1:9", "server_mathlib": "0123abc"},
    }
    for spec in CHECKERS:
        more = {o: v for o, v in limits.items() if spec in USES[o.split("_")[0]]}
        with open_checker(spec, **options.get(spec, {}), **more) as checker:
            assert isinstance(checker, Checker)
            assert isinstance(checker, CachedChecker) == (spec != "static")
            assert checker.name == spec


def test_a_server_that_does_not_tell_its_mathlib_is_not_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cramf.check.checkers.find_spec", lambda name: name)
    with open_checker("kimina", url="http://127.0.0.1:9") as checker:
        assert checker.name == "kimina" and not isinstance(checker, CachedChecker)


@pytest.mark.parametrize(("spec", "package"), [("repl", "lean_interact"), ("kimina", "httpx2")])
def test_a_missing_extra_names_the_mend(monkeypatch: pytest.MonkeyPatch, spec: str, package: str) -> None:
    monkeypatch.setattr("cramf.check.checkers.find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=rf"needs the package {package}; pip install 'cramf\[{spec}\]'"):
        open_checker(spec)


def test_an_unknown_checker_is_told() -> None:
    with pytest.raises(InputError, match="there is no checker 'magic'; choose one of static, lake"):
        open_checker("magic")


@pytest.mark.parametrize("spec", CHECKERS)
def test_options_that_are_of_no_use_are_refused(spec: str, tmp_path: Path) -> None:
    values: dict[str, tuple[str, Any]] = {
        "index": ("index", tmp_path),
        "workspace": ("workspace", tmp_path),
        "workers": ("workers", 2),
        "timeout": ("timeout_seconds", 5.0),
        "memory": ("memory_bytes", 1 << 30),
        "url": ("url", "http://127.0.0.1:9"),
        "server-mathlib": ("server_mathlib", "0123abc"),
    }
    assert set(values) == set(USES)
    for option, (argument, value) in values.items():
        if spec not in USES[option]:
            with pytest.raises(InputError, match=f"--{option} is of no use to the checker {spec}"):
                open_checker(spec, **{argument: value})
