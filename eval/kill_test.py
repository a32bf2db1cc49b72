"""Does an evaluation that is killed again and again end with the results of one that never was?

    python eval/kill_test.py --data minif2f.jsonl [--kills 100] [--chain 20] [--command formalize|check]

`cramf eval` runs as a process of its own on 500 statements: those of --data, and from the first on again
under other names where there are fewer. One run is never disturbed. Every other is a chain: its process gets
SIGKILL at a random moment, another one goes on with the folder and gets it too, and so on until --chain kills
(20) have hit; the last process ends by itself. A moment is a random number of further answers and then up to
a few milliseconds more, so that it may be in the middle of one; every eighth is a random moment of the first
two seconds, while the program still starts. A kill counts as a hit where the process was alive and 1 to
n - 1 answers were there. Each process works in one thread or in three.

After each kill, what the file of results held before must still be its beginning. At the end of each chain
the answers (all but milliseconds), the scores and the table of problems (likewise) must be those of the
undisturbed run, and each statement must have exactly one line. Exits with 1 on any difference.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_CRAMF = [sys.executable, "-m", "cramf"]
_ENDS_WITHIN = 600.0
_TIMES = ("ms", "latency_ms")
_START_EVERY = 8
_START_SECONDS = 2.0
_MIDDLE_SECONDS = 0.03


@dataclass
class Tally:
    """What came of all kills."""

    hits: int = 0
    starting: int = 0
    """Hits that came before the process had added an answer of its own."""
    early: int = 0
    """Kills before the first answer."""
    late: int = 0
    """Processes that were at their end before they could be killed."""
    differences: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    """Answers that were there when a kill hit."""
    seconds: float = 0.0


def statements(path: Path, count: int, out: Path) -> int:
    """Write so many rows, the first again under other names where the file has fewer; how many of those."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    chosen = []
    for number in range(count):
        row = dict(rows[number % len(rows)])
        if number >= len(rows):
            row["name"] = f"{row['name']}_again_{number // len(rows)}"
        chosen.append(row)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in chosen)
    out.write_text(text, encoding="utf-8")
    return max(0, count - len(rows))


def start(command: str, data: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    arguments = ["eval", command, "--data", str(data), "--out", str(out), "--workers", str(workers), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*_CRAMF, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, told = process.communicate(timeout=_ENDS_WITHIN)
    if process.returncode != 0:
        raise SystemExit(f"a run ended with {process.returncode}: {told.decode(errors='replace')[-2000:]}")


def lines(out: Path) -> bytes:
    """The whole lines of a run's results."""
    path = out / "results.jsonl"
    data = path.read_bytes() if path.is_file() else b""
    return data[: data.rfind(b"\n") + 1]


def untimed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: untimed(inner) for name, inner in value.items() if name not in _TIMES}
    return [untimed(inner) for inner in value] if isinstance(value, list) else value


def outcome(out: Path) -> dict[str, Any]:
    """All that must be equal, by what it is."""
    results = [json.loads(line) for line in lines(out).splitlines()]
    table = (out / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()
    return {
        "keys, each once": sorted(line["key"] for line in results),
        "answers": {line["key"]: untimed(line) for line in results},
        "scores": untimed(json.loads((out / "scores.json").read_text(encoding="utf-8"))),
        "table of problems": [untimed(json.loads(line)) for line in table],
    }


def kill(process: subprocess.Popen[bytes], out: Path, until: int | None, wait: float) -> bool:
    """SIGKILL after so many answers (None for any) and so many seconds more; whether it was still alive."""
    end = time.monotonic() + _ENDS_WITHIN
    while until is not None and process.poll() is None and lines(out).count(b"\n") < until:
        if time.monotonic() > end:
            raise SystemExit("a run stands still")
        time.sleep(0.001)
    time.sleep(wait)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return alive and process.returncode == -signal.SIGKILL


def chain(
    command: str, data: Path, out: Path, n: int, kills: int, chance: random.Random, tally: Tally
) -> None:
    """One run with so many hits, until its end."""
    workers = chance.choice((1, 3))
    hits = tries = 0
    while hits < kills:
        tries += 1
        before = lines(out)
        there = before.count(b"\n")
        until, wait = None, chance.uniform(0, _START_SECONDS)
        if tries % _START_EVERY:
            # Drawn so that the kills still to come find something to do.
            until = there + chance.randint(1, max(1, 2 * (n - 1 - there) // (kills - hits + 1)))
            wait = chance.uniform(0, _MIDDLE_SECONDS)
        if until is not None and until >= n:
            break
        alive = kill(start(command, data, out, workers), out, until, wait)
        after = lines(out)
        if not after.startswith(before):
            tally.differences.append(f"{out.name}: lines were changed after kill {tries}")
        found = after.count(b"\n")
        if not alive:
            tally.late += 1
            break
        if 0 < found < n:
            hits += 1
            tally.hits += 1
            tally.starting += found == there
            tally.at.append(found)
        else:
            tally.early += 1
    finish(start(command, data, out, workers))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=100, help="hits wanted (100)")
    parser.add_argument("--chain", type=int, default=20, help="hits of one run (20)")
    parser.add_argument("--statements", type=int, default=500)
    parser.add_argument("--command", choices=("formalize", "check"), default="formalize")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    tally = Tally()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cramf-kill-") as name:
        folder = Path(name)
        data = folder / "rows.jsonl"
        n = options.statements
        repeats = statements(options.data, n, data)
        undisturbed = time.monotonic()
        finish(start(options.command, data, folder / "whole", 1))
        undisturbed = time.monotonic() - undisturbed
        whole = outcome(folder / "whole")
        if len(whole["answers"]) != n:
            raise SystemExit(f"{len(whole['answers'])} of {n} statements have an answer")
        chains = 0
        while tally.hits < options.kills:
            chains += 1
            out = folder / f"chain-{chains}"
            wanted = min(options.chain, options.kills - tally.hits)
            chain(options.command, data, out, n, wanted, chance, tally)
            found = outcome(out)
            differing = [what for what in whole if found[what] != whole[what]]
            tally.differences += [f"{out.name}: {what} differ" for what in differing]
            equal = "equal" if not differing else f"DIFFERENT: {', '.join(differing)}"
            print(f"chain {chains}: {tally.hits} hits so far, {equal}", file=sys.stderr, flush=True)
    print(f"cramf eval {options.command}, {n} statements ({repeats} of them repeats under other names)")
    print(f"one undisturbed run: {undisturbed:.1f} s")
    print(
        f"{tally.hits} kills hit, after {min(tally.at)} to {max(tally.at)} answers, in {chains} runs; "
        f"{tally.starting} of them before the process had added one; "
        f"besides {tally.early} before the first answer, and {tally.late} that came too late"
    )
    print(f"differences to the undisturbed run: {len(tally.differences)}, {time.monotonic() - began:.0f} s")
    for difference in tally.differences:
        print(difference, file=sys.stderr)
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main())
