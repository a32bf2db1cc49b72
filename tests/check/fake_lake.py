"""A stand-in for `lake`: plays the scenario that a file beside its launcher names.

Called as `fake_lake.py HOME ARGUMENTS…`; HOME holds `scenario` (one word), and `calls.jsonl`, to which each
call is appended. HOME is also a mark in the command line of every process started here, by which tests find
survivors.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(sys.argv[1])
ARGUMENTS = sys.argv[2:]
SCENARIO = (HOME / "scenario").read_text().strip()
MODULE = ARGUMENTS[-1]
FILE = MODULE.replace(".", "/") + ".lean"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def olean() -> None:
    path = Path(".lake/build/lib/lean") / FILE.replace(".lean", ".olean")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"olean")


def line_of(word: str) -> int:
    """Line, from 1, of the first line of the candidate that holds a word."""
    lines = Path(FILE).read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if word in line)


def failed(*messages: str, code: int = 1) -> None:
    say(f"✖ [3/3] Building {MODULE} (2.1s)")
    say("trace: .> LEAN_PATH=/packages/mathlib/.lake/build/lib/lean lean --json")
    for message in messages:
        say(message)
    say(f"error: Lean exited with code {code}")
    say(f"Some required targets logged failures:\n- {MODULE}\nerror: build failed")
    sys.exit(1)


def sleepers(count: int) -> None:
    """Children of every kind: plain, in a session of their own, and orphaned by a double fork."""
    sleep = f"import time; time.sleep(600)  # {HOME}"
    for i in range(count):
        if i % 3 == 2:
            start = f"subprocess.Popen([sys.executable, '-c', {sleep!r}], start_new_session=True)"
            subprocess.run([sys.executable, "-c", f"import subprocess, sys; {start}"], check=True)
        else:
            subprocess.Popen([sys.executable, "-c", sleep], start_new_session=i % 3 == 1)


def main() -> None:
    call = {
        "arguments": ARGUMENTS,
        "environment": dict(os.environ),
        "files": {
            name: Path(name).read_text(encoding="utf-8")
            for name in ("lakefile.toml", "lake-manifest.json", "lean-toolchain", FILE)
            if Path(name).is_file()
        },
        "cwd": str(Path.cwd()),
    }
    with (HOME / "calls.jsonl").open("a") as log:
        log.write(json.dumps(call) + "\n")
    if "--no-build" in ARGUMENTS:
        if SCENARIO == "mathlib_not_built":
            say("✖ [7/9] Building Mathlib.Init\nerror: target is out-of-date and needs to be rebuilt")
            sys.exit(3)
        say("All targets up-to-date (7441 jobs).")
        return
    place = f"{FILE}:{line_of('theorem')}"
    match SCENARIO:
        case "sorry" | "sorry_old":
            quote = "'" if SCENARIO == "sorry_old" else "`"
            end = quote
            olean()
            say(f"⚠ [7442/7442] Built {MODULE} (3.2s)")
            say(f"warning: {place}:8: declaration uses {quote}sorry{end}")
            say("Build completed successfully (7442 jobs).")
        case "proved":
            olean()
            say(f"✔ [7442/7442] Built {MODULE} (3.2s)\nBuild completed successfully (7442 jobs).")
        case "unknown":
            failed(f"error(lean.unknownIdentifier): {place}:20: Unknown identifier `Foo.bar`")
        case "mismatch":
            failed(
                f"error: {place}:31: type mismatch\n  x\nhas type\n  ℕ : Type\n"
                "but is expected to have type\n  ℝ : Type",
                f"warning: {place}:8: declaration uses 'sorry'",
            )
        case "header":
            failed(f"error: {FILE}:2:5: unknown namespace 'Nowhere'")
        case "bad_import":
            say(f"✖ [2/3] Running {MODULE}\nerror: {FILE}: bad import 'Mathlib.Nowhere'")
            say(f"Some required targets logged failures:\n- {MODULE}\nerror: build failed")
            sys.exit(1)
        case "elsewhere":
            say("✖ [2/3] Building Mathlib.Init")
            say("error: Mathlib/Init.lean:1:0: unknown module prefix 'Batteries'")
            say("error: Lean exited with code 1\nSome required targets logged failures:\n- Mathlib.Init")
            say("error: build failed")
            sys.exit(1)
        case "lean_segfault":
            failed(f"error: {place}:1: type mismatch", code=139)
        case "stack_overflow":
            failed("info: stderr:\nStack overflow detected. Aborting.", code=134)
        case "error_but_zero":
            say(f"✔ [3/3] Built {MODULE}\nerror: something went wrong")
        case "hang":
            say("⠋ [2/3] Running")
            time.sleep(600)
        case "slow_mathlib":
            say("✔ [12/7442] Built Mathlib.Order.Basic (41s)")
            time.sleep(600)
        case "ignore_sigterm":
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):
                signal.signal(number, signal.SIG_IGN)
            time.sleep(600)
        case "fork":
            sleepers(12)
            time.sleep(600)
        case "fork_and_exit":
            sleepers(9)
            olean()
            say(f"✔ [3/3] Built {MODULE}")
        case "memory":
            kept = [bytearray(b"x" * (1 << 20)) for _ in range(8192)]
            time.sleep(600 + len(kept))
        case "flood":
            for _ in range(1600):
                sys.stdout.write("y" * (1 << 16))
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "silent":
            return
        case "unfinished":
            say("ℹ [2/3] Replayed Mathlib.Init")
        case "exit_only":
            sys.stderr.write("elan could not do it\n")
            sys.exit(7)
        case "bytes":
            sys.stdout.buffer.write(f"error: {place}:0: ".encode() + b"unexpected token '\xff\xfe\x80'\n")
            sys.stdout.buffer.write(b"error: Lean exited with code 1\n\xc3\n")
            sys.stdout.flush()
            sys.exit(1)
        case _:
            sys.exit(f"no scenario {SCENARIO}")


main()
