"""Faults of a stand-in `lake`: is the verdict right, does a child survive, is a file left over?

    python eval/lake_faults.py [--rounds N] [--mode build|lean]

Every fault is played in both modes of the lake checker, N times (3). "Right" is the verdict that `FAULTS`
names. After each round, live processes that the stand-in started and files in the temporary folder are
counted, and the user's workspace is compared with what it was. (A killed parent cannot take its scratch copy
with it: there the count is made after the next check, which removes it.) The accepted candidates at the end
are there so that a checker that calls everything crashed does not look perfect. No Lean takes part: the
stand-in is `tests/check/fake_lake.py`.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cramf.check.lake import LakeChecker, Mode
from cramf.check.sandbox import Limits
from cramf.check.verdict import Candidate, Status

ROOT = Path(__file__).resolve().parents[1]
CANDIDATE = Candidate("t", "import Mathlib", "theorem t (n : ℕ) : n + 0 = n := by\n  simp")
LIMITS = {"wall_seconds": 20.0, "memory_bytes": 1 << 30}
SHORT = {"wall_seconds": 1.0}


@dataclass(frozen=True)
class Fault:
    title: str
    scenario: str
    right: Status
    limits: dict[str, Any] = field(default_factory=dict)


FAULTS = (
    Fault("hang", "hang", Status.TIMEOUT, SHORT),
    Fault("hang that ignores SIGTERM", "ignore_sigterm", Status.TIMEOUT, SHORT),
    # Pages that forked children share count for each, so memory gets its usual limit here.
    Fault(
        "fork bomb of 200 children",
        "fork_bomb",
        Status.TIMEOUT,
        {"wall_seconds": 3.0, "memory_bytes": 12 << 30},
    ),
    Fault("the same, above the process limit", "fork_bomb", Status.CRASHED, {"processes": 64}),
    Fault("children left behind, then success", "fork_and_exit", Status.VALID),
    Fault("4 GiB, MiB by MiB", "memory", Status.CRASHED),
    Fault("4 GiB in one allocation", "memory_at_once", Status.CRASHED),
    Fault("100 MB of output", "flood", Status.CRASHED),
    Fault("SIGSEGV of lake", "segfault", Status.CRASHED),
    Fault("SIGSEGV of lean below lake", "lean_segfault", Status.CRASHED),
    Fault("silence with exit code 0", "silent", Status.CRASHED),
    Fault("exit code 0, no finished line", "unfinished", Status.CRASHED),
    Fault("unreadable bytes in an error", "bytes", Status.INVALID),
    Fault("unreadable bytes alone, exit code 0", "garbage", Status.CRASHED),
    Fault("(no fault: accepted)", "proved", Status.VALID),
    Fault("(no fault: accepted with sorry)", "sorry", Status.VALID_WITH_SORRY),
    Fault("(no fault: an error of Lean)", "unknown", Status.INVALID),
)
PARENT = "killed parent"


@dataclass
class Count:
    """What was seen of one fault in one mode."""

    right: int = 0
    total: int = 0
    survivors: int = 0
    leftovers: int = 0
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, verdict: str, right: bool, survivors: int, leftovers: int, seconds: float) -> None:
        self.total += 1
        self.right += right
        self.survivors += survivors
        self.leftovers += leftovers
        self.seconds.append(seconds)
        if not right:
            self.wrong.append(verdict)

    @property
    def clean(self) -> bool:
        return self.right == self.total and not self.survivors and not self.leftovers


class Bench:
    """A stand-in on PATH, a workspace that looks fetched, and a temporary folder of its own."""

    def __init__(self, root: Path, fake: Any) -> None:
        self.fake = fake
        self.home = root / "lake home"
        programs = fake.install(self.home)
        os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
        (root / "workspace").mkdir()
        self.workspace = fake.make_workspace(root / "workspace")
        self.temporary = root / "tmp"
        self.temporary.mkdir()
        tempfile.tempdir = str(self.temporary)
        self._before = self._files()

    def _files(self) -> dict[Path, bytes]:
        return {p: p.read_bytes() if p.is_file() else b"" for p in self.workspace.rglob("*")}

    def play(self, scenario: str) -> None:
        (self.home / "scenario").write_text(scenario)
        (self.home / "calls.jsonl").unlink(missing_ok=True)
        (self.home / "forked").unlink(missing_ok=True)

    def survivors(self) -> int:
        """Live processes of the stand-in; they are ended, so that the next round starts clean."""
        found = self.fake.survivors(self.home)
        for process in found:
            process.kill()
        return len(found)

    def leftovers(self) -> int:
        """Files in the temporary folder, and files of the workspace that are not as they were."""
        now = self._files()
        changed = {p for p in now.keys() | self._before.keys() if now.get(p) != self._before.get(p)}
        return len(list(self.temporary.iterdir())) + len(changed)


def play(bench: Bench, fault: Fault, mode: Mode, count: Count) -> None:
    bench.play(fault.scenario)
    limits = Limits(**{**LIMITS, **fault.limits})
    start = time.monotonic()
    with LakeChecker(bench.workspace, limits, mode=mode) as checker:
        verdict = checker.check(CANDIDATE)
    seconds = time.monotonic() - start
    right = verdict.status is fault.right
    if fault.scenario == "fork_bomb" and fault.right is Status.TIMEOUT:
        # Only a bomb that went off says anything.
        right = right and (bench.home / "forked").is_file()
    count.add(f"{verdict.status}: {verdict.detail}", right, bench.survivors(), bench.leftovers(), seconds)


def kill_parent(bench: Bench, mode: Mode, count: Count) -> None:
    """SIGKILL to the process that checks, while 200 children run; then a check by another process."""
    bench.play("fork_bomb")
    code = (
        "import sys\nfrom pathlib import Path\nfrom cramf.check.lake import LakeChecker\n"
        "from cramf.check.verdict import Candidate\n"
        "checker = LakeChecker(Path(sys.argv[1]), mode=sys.argv[2])\n"
        "checker.check(Candidate('t', 'import Mathlib', 'theorem t : 1 = 1 := rfl'))\n"
    )
    environment = {**os.environ, "TMPDIR": str(bench.temporary), "PYTHONPATH": str(ROOT)}
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", code, str(bench.workspace), mode], env=environment)
    went_off = until(lambda: (bench.home / "forked").is_file())
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: not bench.fake.survivors(bench.home))
    seconds = time.monotonic() - start
    survivors = bench.survivors()
    bench.play("proved")
    with LakeChecker(bench.workspace, Limits(**LIMITS), mode=mode) as checker:
        verdict = checker.check(CANDIDATE)
    right = went_off and verdict.status is Status.VALID
    said = f"bomb went off: {went_off}; afterwards {verdict.status}"
    count.add(said, right, survivors, bench.leftovers(), seconds)


def until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def load_fake() -> Any:
    path = ROOT / "tests" / "check" / "fake_lake.py"
    spec = importlib.util.spec_from_file_location("fake_lake", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is played (3)")
    parser.add_argument("--mode", choices=("build", "lean"), help="one mode only")
    options = parser.parse_args()
    modes: tuple[Mode, ...] = (options.mode,) if options.mode else ("build", "lean")
    counts: dict[tuple[str, Mode], Count] = {}
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lake-faults-") as folder:
        bench = Bench(Path(folder), load_fake())
        for _ in range(options.rounds):
            for mode in modes:
                for fault in FAULTS:
                    play(bench, fault, mode, counts.setdefault((fault.title, mode), Count()))
                kill_parent(bench, mode, counts.setdefault((PARENT, mode), Count()))
        tempfile.tempdir = None
    print(f"| {'fault':<35} | mode  | right   | survivors | leftovers | median s |")
    print(f"|{'-' * 37}|-------|---------|-----------|-----------|----------|")
    for (title, mode), count in sorted(counts.items(), key=lambda item: item[0][1]):
        print(
            f"| {title:<35} | {mode:<5} | {count.right:>3}/{count.total:<3} | {count.survivors:>9} | "
            f"{count.leftovers:>9} | {statistics.median(count.seconds):>8.2f} |"
        )
    total = sum(c.total for c in counts.values())
    right = sum(c.right for c in counts.values())
    print(
        f"\n{right}/{total} right, {sum(c.survivors for c in counts.values())} survivors, "
        f"{sum(c.leftovers for c in counts.values())} leftover files, {time.monotonic() - started:.0f} s"
    )
    for (title, mode), count in counts.items():
        for said in count.wrong:
            print(f"wrong: {title} ({mode}): {said[:300]}", file=sys.stderr)
    return 0 if total and all(c.clean for c in counts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
