"""A stand-in for `lake`: plays the scenario that a file beside its launcher names.

Called as `fake_lake.py HOME ARGUMENTS…`; HOME holds `scenario` (one word), and `calls.jsonl`, to which each
call is appended. HOME is also a mark in the command line of every process started here, by which tests find
survivors. Both ways of asking are answered: `build MODULE` in Lake's text, `env lean --json FILE` in Lean's
JSON. Tests and `eval/lake_faults.py` also load this file as a module, for what they need around it.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LATE = 600  # seconds that a process sleeps which should be killed

# -- around it ---------------------------------------------------------------------------------------------


def install(home: Path) -> Path:
    """Put a `lake` that plays scenarios into `HOME/bin`, and give that folder."""
    folder = home / "bin"
    folder.mkdir(parents=True)
    launcher = folder / "lake"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "{home}" "$@"\n')
    launcher.chmod(0o755)
    return folder


def survivors(home: Path) -> list[Any]:
    """Live processes that were started for a stand-in."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and any(str(home) in a for a in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def make_workspace(root: Path) -> Path:
    """A workspace that looks fetched and built."""
    packages = root / ".lake" / "packages"
    entries = []
    for name, lakefile in (("mathlib", "lakefile.lean"), ("batteries", "lakefile.toml")):
        folder = packages / name
        (folder / ".lake" / "build" / "lib").mkdir(parents=True)
        (folder / ".lake" / "config" / name).mkdir(parents=True)
        (folder / ".lake" / "config" / name / "lakefile.olean").write_text("cached")
        (folder / ".git").mkdir()
        (folder / lakefile).write_text("-- a package\n")
        entry = {"type": "git", "name": name, "scope": "", "url": f"https://{name}", "rev": name[0] * 40}
        entry |= {"configFile": lakefile, "manifestFile": "lake-manifest.json", "subDir": None}
        entries.append(entry | {"inherited": name != "mathlib"})
    (packages / "mathlib" / "Mathlib").mkdir()
    (packages / "mathlib" / "Mathlib.lean").write_text("import Mathlib.Init\n")
    manifest = {"version": "1.2.0", "packagesDir": ".lake/packages", "packages": entries, "name": "user"}
    (root / "lake-manifest.json").write_text(json.dumps({**manifest, "lakeDir": ".lake"}))
    (root / "lean-toolchain").write_text("leanprover/lean4:v4.33.0-rc1\n")
    options = "[leanOptions]\nautoImplicit = false\npp.unicode.fun = true\n"
    (root / "lakefile.toml").write_text(f'name = "user"\n{options}\n[[require]]\nname = "mathlib"\n')
    return root


# -- what it plays -----------------------------------------------------------------------------------------


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def spawn(count: int) -> None:
    """Children of three kinds: plain, in a session of their own, and orphaned by a double fork."""
    for i in range(count):
        if os.fork() == 0:
            if i % 3:
                os.setsid()
            if i % 3 == 2 and os.fork() > 0:
                os._exit(0)
            time.sleep(LATE)
            os._exit(0)


class Play:
    """One call: where the candidate is, and how messages about it are printed."""

    def __init__(self, home: Path, arguments: list[str]) -> None:
        self.home = home
        self.json = arguments[0] == "env"
        self.file = arguments[-1] if self.json else arguments[-1].replace(".", "/") + ".lean"
        self.module = self.file.removesuffix(".lean").replace("/", ".")
        self.lines = Path(self.file).read_text(encoding="utf-8").splitlines()

    def line_of(self, word: str) -> int:
        """Line, from 1, of the first line of the candidate that holds a word."""
        return next((i for i, line in enumerate(self.lines, 1) if word in line), 1)

    def message(
        self, severity: str, text: str, line: int | None = None, column: int = 0, kind: str = ""
    ) -> None:
        if self.json:
            place = None if line is None else {"line": line, "column": column}
            value = {"severity": severity, "data": text, "fileName": self.file, "pos": place, "endPos": None}
            say(json.dumps({**value, "kind": kind or "[anonymous]", "caption": ""}, ensure_ascii=False))
            return
        label = "info" if severity == "information" else severity
        where = self.file if line is None else f"{self.file}:{line}:{column}"
        say(f"{label}{f'({kind})' if kind else ''}: {where}: {text}")

    def about(self, severity: str, text: str, column: int, kind: str = "") -> None:
        """A message at the theorem."""
        self.message(severity, text, self.line_of("theorem"), column, kind)

    def answer(self) -> None:
        """What Lean says to the command that CRAMF added, as the end of the file is reached."""
        found = re.fullmatch(r'#print "(.*)"', self.lines[-1]) if self.json else None
        if found:
            self.message("information", found[1], len(self.lines))

    def accepted(self, tell: Callable[[], None] = lambda: None) -> None:
        """The candidate compiles; `tell` prints what is said on the way."""
        if self.json:
            tell()
            self.answer()
            return
        path = Path(".lake/build/lib/lean") / self.file.replace(".lean", ".olean")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"olean")
        say(f"⚠ [7442/7442] Built {self.module} (3.2s)")
        tell()
        say("Build completed successfully (7442 jobs).")

    def refused(self, tell: Callable[[], None], code: int = 1) -> None:
        """The candidate does not compile; `tell` prints the errors, `code` is Lean's exit code."""
        if self.json:
            tell()
            self.answer()
            sys.exit(code)
        say(f"✖ [3/3] Building {self.module} (2.1s)")
        say("trace: .> LEAN_PATH=/packages/mathlib/.lake/build/lib/lean lean --json")
        tell()
        say(f"error: Lean exited with code {code}")
        say(f"Some required targets logged failures:\n- {self.module}\nerror: build failed")
        sys.exit(1)

    def run(self, scenario: str) -> None:
        match scenario:
            case "sorry" | "sorry_old":
                quote = "'" if scenario == "sorry_old" else "`"
                text = f"declaration uses {quote}sorry{quote}"
                self.accepted(lambda: self.about("warning", text, 8))
            case "sorry_in_helper":
                line = self.line_of("def ")
                self.accepted(lambda: self.message("warning", "declaration uses 'sorry'", line, 4))
            case "proved":
                self.accepted()
            case "linted":  # a linter that dislikes commands with a hash speaks of the added line
                said = "`#`-commands are not allowed"
                self.accepted(lambda: self.message("warning", said, len(self.lines) if self.json else 1))
            case "unknown":
                text = "Unknown identifier `Foo.bar`"
                self.refused(lambda: self.about("error", text, 20, "lean.unknownIdentifier"))
            case "mismatch":
                text = "type mismatch\n  x\nhas type\n  ℕ : Type\nbut is expected to have type\n  ℝ : Type"

                def both() -> None:
                    self.about("error", text, 31)
                    self.about("warning", "declaration uses 'sorry'", 8)

                self.refused(both)
            case "header":
                self.refused(lambda: self.message("error", "unknown namespace 'Nowhere'", 2, 5))
            case "cut_short":
                last = len(self.lines)
                found = "token '#print'" if self.json else "end of input"
                self.refused(lambda: self.message("error", f"unexpected {found}; expected ':='", last, 0))
            case "bad_import":
                if self.json:
                    self.message("error", "unknown module prefix 'Mathlib.Nowhere'", 1, 0)
                    sys.exit(1)
                say(f"✖ [2/3] Running {self.module}\nerror: {self.file}: bad import 'Mathlib.Nowhere'")
                say(f"Some required targets logged failures:\n- {self.module}\nerror: build failed")
                sys.exit(1)
            case "elsewhere":
                say("✖ [2/3] Building Mathlib.Init")
                say("error: Mathlib/Init.lean:1:0: unknown module prefix 'Batteries'")
                say("error: Lean exited with code 1\nSome required targets logged failures:\n- Mathlib.Init")
                sys.stderr.write("error: build failed: unknown module prefix\n")
                sys.exit(1)
            case "lean_segfault":
                self.refused(lambda: self.about("error", "type mismatch", 1), 139)
            case "stack_overflow":
                said = "Stack overflow detected. Aborting."
                self.refused(lambda: say(said if self.json else f"info: stderr:\n{said}"), 134)
            case "error_but_zero":
                say(f"✔ [3/3] Built {self.module}")
                sys.stderr.write("error: something went wrong\n")
                self.answer()
            case "no_answer":  # Lean says something, ends with 0, and never reached the end of the file
                self.about("warning", "declaration uses 'sorry'", 8)
            case "wrong_answer":
                self.message("information", "cramf 0123456789abcdef", len(self.lines))
            case "answer_elsewhere":
                found = re.fullmatch(r'#print "(.*)"', self.lines[-1])
                self.about("information", found[1] if found else "", 0)
            case "hang":
                say("⠋ [2/3] Running")
                time.sleep(LATE)
            case "slow_mathlib":
                say("✔ [12/7442] Built Mathlib.Order.Basic (41s)")
                time.sleep(LATE)
            case "ignore_sigterm":
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):
                    signal.signal(number, signal.SIG_IGN)
                time.sleep(LATE)
            case "fork":
                spawn(12)
                time.sleep(LATE)
            case "fork_bomb":
                spawn(200)
                (self.home / "forked").write_text("200")
                time.sleep(LATE)
            case "fork_and_exit":
                spawn(9)
                self.accepted()
            case "memory":  # 4 GiB, bit by bit
                kept = [bytearray(b"x" * (1 << 20)) for _ in range(4096)]
                time.sleep(LATE + len(kept))
            case "memory_at_once":  # 4 GiB in one allocation, every page of it touched
                block = mmap.mmap(-1, 4 << 30)
                for at in range(0, len(block), mmap.PAGESIZE):
                    block[at] = 1
                time.sleep(LATE)
            case "flood":
                for _ in range(1600):
                    sys.stdout.write("y" * (1 << 16))
            case "litter":
                Path(os.environ["TMPDIR"], "left behind").write_text("x")
                Path("left behind").write_text("x")
                self.accepted()
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
                self.bad_bytes()
            case "garbage":
                sys.stdout.buffer.write(bytes(range(256)) * 64)
            case _:
                sys.exit(f"no scenario {scenario}")

    def bad_bytes(self) -> None:
        """An error message that holds bytes that are no UTF-8, and a torn end."""
        bad, line = b"unexpected token '\xff\xfe\x80'", self.line_of("theorem")
        out = sys.stdout.buffer
        if self.json:
            head = (
                f'{{"severity":"error","fileName":"{self.file}","pos":{{"line":{line},"column":0}},"data":"'
            )
            out.write(head.encode() + bad + b'"}\n\xc3\n')
        else:
            out.write(f"error: {self.file}:{line}:0: ".encode() + bad)
            out.write(b"\nerror: Lean exited with code 1\n\xc3\n")
        out.flush()
        sys.exit(1)


def main() -> None:
    home, arguments = Path(sys.argv[1]), sys.argv[2:]
    scenario = (home / "scenario").read_text().strip()
    kept = [Path(n) for n in ("lakefile.toml", "lake-manifest.json", "lean-toolchain") if Path(n).is_file()]
    call = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "files": {str(p): p.read_text(encoding="utf-8") for p in (*kept, *Path().glob("Candidates/*"))},
        "cwd": str(Path.cwd()),
    }
    with (home / "calls.jsonl").open("a") as log:
        log.write(json.dumps(call) + "\n")
    if "--no-build" in arguments:
        if scenario == "mathlib_not_built":
            say("✖ [7/9] Building Mathlib.Init\nerror: target is out-of-date and needs to be rebuilt")
            sys.exit(3)
        say("All targets up-to-date (7441 jobs).")
        return
    with contextlib.suppress(BrokenPipeError):
        Play(home, arguments).run(scenario)


if __name__ == "__main__":
    main()
