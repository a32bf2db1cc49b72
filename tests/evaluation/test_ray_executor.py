"""The Ray executor: the answers of the local one, whatever becomes of the processes that do the work."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

from cramf.errors import CramfError, KnowledgeBaseError, ResourceError
from cramf.evaluation.check import CheckWork
from cramf.evaluation.executors import LocalExecutor
from cramf.evaluation.formalize import FormalizeWork
from cramf.evaluation.problems import Problem, ProblemSet
from cramf.evaluation.ray_executor import RayExecutor
from cramf.evaluation.resources import CheckerSpec
from cramf.evaluation.retrieval import RetrievalWork
from cramf.evaluation.run_directory import RunDirectory
from cramf.evaluation.runner import run
from cramf.evaluation.work import Answer, Failed, Task, Work, tasks
from cramf.knowledge.cache import code_version

ray: Any = pytest.importorskip("ray")

STATEMENTS = (
    "Every finite group of prime order is cyclic.",
    "The sum of two even integers is even.",
    "Every compact subset of a Hausdorff space is closed.",
    "If $n$ is a positive integer, then $n + 1 > n$.",
    "A continuous function on a closed interval is bounded.",
    "Let $p$ be a prime number. Then $p$ divides $a^p - a$ for every integer $a$.",
    "",
    "The quotient of a ring by a maximal ideal is a field.",
)
FORMAL = (
    "theorem a (G : Type*) [Group G] [Fintype G] : IsCyclic G := by sorry",
    "theorem b (x y : ℤ) (h : Even x) : Even (x + y - y) := by sorry",
    "theorem c (X : Type*) [TopologicalSpce X] (s : Set X) : IsClosed s := by sorry",
    "theorem d (n : ℕ) (h : 0 < n : n + 1 > n := by sorry",
    "theorem f (p : Prop) : p → p := by sorry",
    "theorem e (f : ℝ → ℝ) (hf : Continuous f) : ∃ M, ∀ x ∈ Set.Icc (0 : ℝ) 1, |f x| ≤ M := by sorry",
)


@pytest.fixture(scope="module")
def works() -> Iterator[ModuleType]:
    """`ray_works.py`, which workers get by value, for they cannot import it."""
    path = Path(__file__).with_name("ray_works.py")
    spec = importlib.util.spec_from_file_location("ray_works", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ray_works"] = module
    spec.loader.exec_module(module)
    ray.cloudpickle.register_pickle_by_value(module)
    yield module
    ray.cloudpickle.unregister_pickle_by_value(module)
    del sys.modules["ray_works"]


@pytest.fixture(scope="module")
def two_cores() -> Iterator[None]:
    """A cluster that is there before any executor, and is left by all of them."""
    from cramf.evaluation.ray_cluster import cluster

    with cluster(None, 2):
        yield
        assert ray.is_initialized()


@pytest.fixture(autouse=True)
def code_as_it_is() -> None:
    """Workers refuse code that was changed after it was hashed here, as somebody may do between two tests."""
    code_version.cache_clear()


def todo(*statements: str) -> list[Task]:
    return tasks({"test": 1}, tuple(Problem(f"p{n}", s, "x") for n, s in enumerate(statements)))


def answers(executor: RayExecutor | LocalExecutor, work: Work, given: list[Task]) -> dict[str, Answer]:
    """The answers by the problems' names; each came once."""
    found = [(task.problem.name, answer) for task, answer in executor.run(work, given)]
    assert len(found) == len(given)
    assert {task.problem.name for task in given} == {name for name, _ in found}
    return dict(found)


def tries(folder: Path, name: str) -> list[int]:
    """The processes that began with a problem."""
    return [int(line) for line in (folder / name).read_text().splitlines()]


def gone(pids: list[int]) -> bool:
    """Whether none of the processes runs any more, given a little time."""
    running = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(running, timeout=10)
    return not [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


class TestCluster:
    """Clusters that are begun, reached, or not to be had."""

    def test_without_ray(self, monkeypatch: pytest.MonkeyPatch, works: ModuleType, tmp_path: Path) -> None:
        monkeypatch.setitem(sys.modules, "ray", None)
        with pytest.raises(ResourceError, match=r"pip install 'cramf\[ray\]'"):
            list(RayExecutor().run(works.Deeds(tmp_path), todo("add")))

    @pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "nonsense"])
    def test_no_cluster_there(self, works: ModuleType, tmp_path: Path, address: str) -> None:
        assert not ray.is_initialized()
        with pytest.raises(CramfError, match=f"no Ray cluster answers at {address}"):
            list(RayExecutor(address=address).run(works.Deeds(tmp_path), todo("add")))


@pytest.mark.slow
def test_two_machines_of_which_one_goes_away(
    works: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes of one cluster, on this machine; the driver's own node has no room for workers."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    room = {"object_store_memory": 100 << 20}
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **room})
    try:
        first, second = (nodes.add_node(num_cpus=1, **room) for _ in range(2))
        assert first is not second
        work = works.Deeds(tmp_path)
        # A worker on another node that hangs is killed there, and what it started with it.
        executor = RayExecutor(nodes.address, retries=0, task_seconds=2)
        found = answers(executor, work, todo("command", "add", "add"))
        assert [a.failure is None for _, a in sorted(found.items())] == [False, True, True]
        assert gone([int(line) for line in (tmp_path / "command").read_text().split()])
        given = todo(*["sleep 0.1"] * 30)
        found = {}
        for task, answer in RayExecutor(nodes.address).run(work, given):
            found[task.problem.name] = answer
            if len(found) == 8:
                nodes.remove_node(second, allow_graceful=False)
        assert found == answers(LocalExecutor(), work, given)
        assert not ray.is_initialized()
    finally:
        nodes.shutdown()


SCRIPT = """
from pathlib import Path
import ray_works, ray
from cramf.evaluation.problems import Problem
from cramf.evaluation.ray_executor import RayExecutor
from cramf.evaluation.work import tasks

given = tasks({{}}, tuple(Problem(f"p{{n}}", text, "x") for n, text in enumerate({statements!r})))
try:
    for task, answer in RayExecutor(workers=2).run(ray_works.Deeds(Path({folder!r})), given):
        print(task.problem.name, "result" if answer.failure is None else answer.failure.kind, flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
print("connected" if ray.is_initialized() else "free")
"""


def script(folder: Path, *statements: str) -> list[str]:
    return [sys.executable, "-c", SCRIPT.format(statements=statements, folder=str(folder))]


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """`ray_works.py` can be imported by the processes of a test, and by the workers that those start."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


def ray_folder(pids: list[int]) -> Path:
    """Where Ray keeps its files: what the guard among the processes was told."""
    commands = [psutil.Process(pid).cmdline() for pid in pids]
    (folder,) = [Path(c[-1]) for c in commands if any(part.endswith("ray_guard.py") for part in c)]
    assert folder.is_dir()
    return folder


def below(process: subprocess.Popen[str]) -> list[int]:
    return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]


@pytest.mark.slow
@pytest.mark.usefixtures("importable")
class TestOwnCluster:
    """A cluster of this machine's own, in a process of its own."""

    def test_it_ends_with_the_run_and_prints_nothing(self, tmp_path: Path) -> None:
        command = script(tmp_path, "add", "exit-once", "add", "add")
        done = subprocess.run(command, capture_output=True, text=True, timeout=100)
        assert sorted(done.stdout.splitlines()) == ["free", *(f"p{n} result" for n in range(4))]
        assert done.stderr == ""
        assert done.returncode == 0

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
    def test_nothing_is_left_of_a_run_that_ends_early(self, tmp_path: Path, number: signal.Signals) -> None:
        command = script(tmp_path, "add", "add", *["sleep 100"] * 6)
        # Ctrl-C goes to all processes of a terminal, so the whole group gets it.
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline().endswith("result\n")
            pids = below(process)
            assert len(pids) >= 4
            folder = ray_folder(pids)
            if number is signal.SIGINT:
                os.killpg(process.pid, number)
                assert process.stdout.read().splitlines()[-2:] == ["interrupted", "free"]
                assert process.wait(60) == 0
            else:
                os.kill(process.pid, number)
                process.wait(60)
        assert gone(pids)
        give_up = time.monotonic() + 10
        while folder.exists() and time.monotonic() < give_up:
            time.sleep(0.1)
        assert not folder.exists()


@pytest.mark.usefixtures("two_cores")
class TestSameResults:
    """Bit for bit what the local executor gives."""

    @pytest.mark.slow
    def test_retrieval(self) -> None:
        work = RetrievalWork(("full", "words", "dense"))
        gold = frozenset({"Even", "NoSuchThing"})
        problems = tuple(Problem(f"p{n}", text, "x", gold=gold) for n, text in enumerate(STATEMENTS))
        given = tasks(work.settings(), problems)
        local = answers(LocalExecutor(), work, given)
        for task in given:
            result = local[task.problem.name].result
            assert (result is None) == (not task.problem.statement)
            assert result is None or (result["missing"] == ["NoSuchThing"] and result["arms"]["full"])
        assert answers(RayExecutor(workers=2), work, given) == local

    def test_symbolic_formalizing(self, sample_index: Path) -> None:
        work = FormalizeWork(checker=CheckerSpec(index=sample_index), index=sample_index)
        given = tasks(work.settings(), tuple(Problem(f"p{n}", s, "x") for n, s in enumerate(STATEMENTS)))
        local = answers(LocalExecutor(), work, given)
        assert any(a.result is not None and a.result["attempts"] for a in local.values())
        assert answers(RayExecutor(workers=2), work, given) == local

    def test_static_check(self, sample_index: Path) -> None:
        work = CheckWork(CheckerSpec(index=sample_index))
        given = tasks(work.settings(), tuple(Problem(f"p{n}", "", f) for n, f in enumerate(FORMAL)))
        local = answers(LocalExecutor(), work, given)
        assert len({a.result["status"] for a in local.values() if a.result is not None}) > 1
        assert answers(RayExecutor(workers=2), work, given) == local


@pytest.mark.usefixtures("two_cores")
class TestLosses:
    """Processes that die, hang, or cannot work."""

    def test_every_kind_of_failure_is_told_as_the_local_executor_tells_it(
        self, works: ModuleType, tmp_path: Path
    ) -> None:
        given = todo("add", "input", "backend", "stubborn", "add more")
        work = works.Deeds(tmp_path)
        local = answers(LocalExecutor(), work, given)
        assert answers(RayExecutor(workers=2), work, given) == local
        kinds = [a.failure.kind if a.failure else None for a in local.values()]
        assert kinds == [None, Failed.INPUT, Failed.BACKEND, Failed.DEFECT, None]

    def test_no_task_starts_no_worker(self, works: ModuleType, tmp_path: Path) -> None:
        assert list(RayExecutor().run(works.Deeds(tmp_path, opening="die"), [])) == []

    def test_a_worker_killed_in_the_middle_is_replaced(self, works: ModuleType, tmp_path: Path) -> None:
        given = todo(*(f"sleep 0.0{n % 7}" for n in range(40)))
        work = works.Deeds(tmp_path)
        killed: list[int] = []
        found: dict[str, Answer] = {}
        for task, answer in RayExecutor(workers=2).run(work, given):
            assert task.problem.name not in found
            found[task.problem.name] = answer
            if len(found) in (5, 20):
                killed.append(tries(tmp_path, task.problem.name)[-1])
                os.kill(killed[-1], signal.SIGKILL)
        assert found == answers(LocalExecutor(), work, given)
        assert len(set(killed)) == 2

    def test_a_process_that_dies_once_is_no_reason_to_give_up(
        self, works: ModuleType, tmp_path: Path
    ) -> None:
        given = todo("add", "exit-once", "add more", "add")
        found = answers(RayExecutor(workers=1), works.Deeds(tmp_path), given)
        assert all(answer.failure is None for answer in found.values())

    @pytest.mark.parametrize("retries", [0, 1])
    def test_poison_is_quarantined_and_nothing_else(
        self, works: ModuleType, tmp_path: Path, retries: int
    ) -> None:
        given = todo("add", "add", "exit", *["sleep 0.01"] * 8, "exit", "add")
        found = answers(RayExecutor(workers=2, retries=retries), works.Deeds(tmp_path), given)
        for task in given:
            failure = found[task.problem.name].failure
            if task.problem.statement == "exit":
                assert failure is not None
                assert failure.kind is Failed.QUARANTINED
                assert "\n" not in failure.message
                # Once more where another was there the first time, so that nobody else is blamed.
                assert len(tries(tmp_path, task.problem.name)) in (retries + 1, retries + 2)
            else:
                assert failure is None

    def test_memory_that_runs_out_is_a_loss_of_the_worker(self, works: ModuleType, tmp_path: Path) -> None:
        found = answers(
            RayExecutor(workers=1, retries=0), works.Deeds(tmp_path), todo("memory", "add", "add")
        )
        assert [a.failure.kind if a.failure else None for a in found.values()].count(Failed.QUARANTINED) == 1
        failure = found["p0"].failure
        assert failure is not None
        assert failure.message == "the process that worked on it died once: it ran out of memory"

    def test_what_hangs_is_killed(self, works: ModuleType, tmp_path: Path) -> None:
        executor = RayExecutor(workers=2, retries=0, task_seconds=1.5)
        found = answers(executor, works.Deeds(tmp_path), todo("sleep 300", "add", "sleep 0.1", "add", "add"))
        failure = found.pop("p0").failure
        assert failure is not None
        assert failure.message.endswith("it took more than 1.5 s")
        assert all(answer.failure is None for answer in found.values())
        assert gone(tries(tmp_path, "p0"))

    def test_death_of_all_at_the_start_ends_the_run(
        self, works: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cramf.evaluation.ray_pool.MAX_LOST", 1)
        executor = RayExecutor(workers=2, retries=0)
        with pytest.raises(ResourceError, match="died on each of the first 2"):
            list(executor.run(works.Deeds(tmp_path), todo(*["exit"] * 20)))

    @pytest.mark.parametrize(
        ("opening", "kind", "message"),
        [
            ("refuse", KnowledgeBaseError, "no index lies there; make one"),
            ("odd", ResourceError, "odd; even it out"),
            ("die", ResourceError, "worker processes die before they can work"),
            ("stubborn", RuntimeError, "opened badly"),
        ],
    )
    def test_a_work_that_does_not_open(
        self, works: ModuleType, tmp_path: Path, opening: str, kind: type[Exception], message: str
    ) -> None:
        with pytest.raises(kind, match=message) as caught:
            list(RayExecutor(workers=1, retries=0).run(works.Deeds(tmp_path, opening=opening), todo("add")))
        assert type(caught.value) is kind

    def test_an_error_that_ends_a_run_keeps_its_mend(self, works: ModuleType, tmp_path: Path) -> None:
        with pytest.raises(ResourceError) as caught:
            list(RayExecutor(workers=1).run(works.Deeds(tmp_path), todo("add", "resource", "add")))
        assert (caught.value.message, caught.value.mend) == ("the index went away", "bring it back")

    def test_a_worker_with_other_settings_is_refused(self, works: ModuleType, tmp_path: Path) -> None:
        with pytest.raises(ResourceError, match="has another where than this machine"):
            list(RayExecutor(workers=1).run(works.Deeds(tmp_path, where="here"), todo("add")))

    def test_workers_close_what_they_opened(self, works: ModuleType, tmp_path: Path) -> None:
        answers(RayExecutor(workers=1), works.Deeds(tmp_path), todo("add", "add"))
        (pid,) = set(tries(tmp_path, "p0"))
        assert (tmp_path / f"closed-{pid}").exists()
        assert gone([pid])

    def test_closing_the_stream_ends_the_workers(self, works: ModuleType, tmp_path: Path) -> None:
        given = todo("add", *["sleep 60"] * 6)
        with closing(RayExecutor(workers=2).run(works.Deeds(tmp_path), given)) as stream:  # type: ignore[type-var]
            next(stream)
            time.sleep(0.5)
        begun = [
            pid
            for task in given
            if (tmp_path / task.problem.name).exists()
            for pid in tries(tmp_path, task.problem.name)
        ]
        assert begun
        assert gone(begun)

    def test_commands_of_a_worker_do_not_outlive_it(self, works: ModuleType, tmp_path: Path) -> None:
        executor = RayExecutor(workers=1, retries=0, task_seconds=2)
        found = answers(executor, works.Deeds(tmp_path), todo("command"))
        assert found["p0"].failure is not None
        pids = [int(line) for line in (tmp_path / "command").read_text().split()]
        assert len(pids) == 2
        assert gone(pids)

    def test_a_run_is_gone_on_with(self, works: ModuleType, tmp_path: Path) -> None:
        deeds = tmp_path / "deeds"
        deeds.mkdir()
        work = works.Deeds(deeds)
        problems = tuple(Problem(f"p{n}", f"add {n}" if n != 3 else "exit", "x") for n in range(12))
        data = ProblemSet(problems)
        directory = RunDirectory.prepare(tmp_path / "ray", work.kind, work.settings(), data)
        first = run(work, directory, RayExecutor(workers=2, retries=0), limit=6)
        assert first.failures == {"quarantined": 1}
        whole = run(work, directory, RayExecutor(workers=2, retries=0))
        assert whole.resumed == 5
        assert whole.failures == {"quarantined": 1}
        assert whole.pending == 0
        other = RunDirectory.prepare(tmp_path / "local", work.kind, work.settings(), ProblemSet(problems[:3]))
        assert run(work, other).answers == whole.answers[:3]
        assert len(tries(deeds, "p1")) == 2  # once by Ray, once by the local executor
