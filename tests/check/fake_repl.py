"""A stand-in for the Lean REPL: what it is asked says what it plays.

Called as `fake_repl.py HOME`; to HOME/calls.jsonl each command is appended with the process that got it, and
HOME in the command line marks the process for tests that look for survivors. It numbers its environments as
the REPL does, knows which texts each was made from, and answers by the words in the text: `play:WORD`
anywhere plays a fault, `bad` is an unknown identifier at its place, `sorry` is reported.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(sys.argv[1])
ENVIRONMENTS: list[list[str]] = []
KEPT: list[bytes] = []


def out(value: object, end: str = "\n\n") -> None:
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
    sys.stdout.write(text + end)
    sys.stdout.flush()


def place(text: str, word: str) -> dict[str, object]:
    line = next(i for i, line in enumerate(text.split("\n"), 1) if word in line)
    column = text.split("\n")[line - 1].index(word)
    return {"pos": {"line": line, "column": column}, "endPos": {"line": line, "column": column + len(word)}}


def message(text: str, word: str, severity: str, data: str) -> dict[str, object]:
    return {**place(text, word), "severity": severity, "data": data}


def elaborate(text: str, before: list[str]) -> dict[str, object]:
    messages, sorries = [], []
    if "import Mathlib.Nowhere" in text:
        return {"message": "unknown module prefix 'Mathlib.Nowhere'\n\nNo directory 'Nowhere'"}
    if "open Nowhere" in text:
        messages.append(message(text, "Nowhere", "error", "unknown namespace `Nowhere`"))
    if "open Old" in text:
        messages.append(message(text, "Old", "warning", "`Old` has been deprecated: use `New` instead"))
    if "set_option nonsense" in text:
        messages.append(message(text, "nonsense", "error", "unknown option 'nonsense'"))
    if "bad" in text:
        messages.append(message(text, "bad", "error", "unknown identifier 'bad'"))
    if "needsMathlib" in text and not any("import Mathlib" in earlier for earlier in before):
        messages.append(message(text, "needsMathlib", "error", "unknown identifier 'needsMathlib'"))
    if "earlier" in text and any("theorem earlier" in one for one in before):
        messages.append(message(text, "earlier", "error", "`earlier` has already been declared"))
    if "sorry" in text:
        messages.append(message(text, "theorem", "warning", "declaration uses `sorry`"))
        sorries.append({**place(text, "sorry"), "goal": "⊢ 1 = 1", "proofState": 0})
    ENVIRONMENTS.append([*before, text])
    answer: dict[str, object] = {"env": len(ENVIRONMENTS) - 1}
    if messages:
        answer["messages"] = messages
    return {**answer, "sorries": sorries} if sorries else answer


def play(word: str, text: str, before: list[str]) -> None:
    """Play a fault; what comes back goes on to be elaborated."""
    match word:
        case "hang":
            # In a session of its own, so that no signal to the group reaches it.
            null = subprocess.DEVNULL
            sleeper = subprocess.Popen(["sleep", "600"], stdin=null, stdout=null, start_new_session=True)
            with (HOME / "sleepers").open("a") as log:
                log.write(f"{sleeper.pid}\n")
            time.sleep(600)
        case "deaf":
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            time.sleep(600)
        case "die":
            sys.stderr.write("something broke\n")
            sys.exit(3)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "half":
            out('{"env": 7, "mess', "")
            sys.exit(0)
        case "stall":
            out('{"env": 7, "mess', "")
            time.sleep(600)
        case "garbage":
            out("this is no JSON")
        case "list":
            out("[1, 2]")
        case "object":
            out({})
        case "empty":
            out("")
        case "refuse":
            out({"message": "something went wrong inside"})
        case "unknown":
            out({"message": "Unknown environment."})
        case "noenv":
            out({"messages": []})
        case "shape":
            out({"env": 99, "messages": [{"severity": "error"}]})
        case "severity":
            out({"env": 99, "messages": [message(text, "theorem", "catastrophe", "?")]})
        case "panic":
            sys.stderr.write("PANIC at Foo.bar Mathlib:1:2: unreachable code has been reached\n")
            sys.stderr.flush()
            out(elaborate(text, before))
        case "twice":
            answer = elaborate(text, before)
            out(json.dumps(answer) + "\n\n" + json.dumps(answer))
        case "stale":
            out({"env": 0})
        case "flood":
            sys.stdout.write('{"env": 1, "messages": "')
            for _ in range(64):
                sys.stdout.write("x" * (1 << 20))
            out('"}')
        case "memory":
            KEPT.extend(bytes([1]) * (1 << 20) for _ in range(8192))
            time.sleep(600)
        case "grow":
            KEPT.extend(bytes([1]) * (1 << 20) for _ in range(140))
            time.sleep(0.6)  # so that it is seen
            out(elaborate(text, before))
        case "oom":
            out({"env": 99, "messages": [message(text, "theorem", "error", "out of memory")]})
        case "worn":
            # Breaks down in a REPL that has served others, and not in a fresh one.
            if sum("theorem" in made[-1] for made in ENVIRONMENTS):
                sys.exit(9)
            out(elaborate(text, before))
        case "connect":
            try:
                socket.create_connection(("127.0.0.1", int((HOME / "port").read_text())), 5).close()
                reached = "yes"
            except OSError:
                reached = "no"
            (HOME / "connected").write_text(reached)
            out(elaborate(text, before))
        case "limits":
            limits = [resource.getrlimit(which)[0] for which in (resource.RLIMIT_AS, resource.RLIMIT_CORE)]
            (HOME / "limits").write_text(json.dumps(limits))
            out(elaborate(text, before))
        case "fork":
            for _ in range(600):
                if os.fork() == 0:
                    time.sleep(600)
            time.sleep(600)
        case "slow":
            time.sleep(0.3)
            out(elaborate(text, before))
        case _:
            out({"message": f"no play {word}"})


def main() -> None:
    block = ""
    for line in sys.stdin:
        if line.strip():
            block += line
            continue
        command, block = json.loads(block), ""
        with (HOME / "calls.jsonl").open("a") as log:
            log.write(json.dumps({"pid": os.getpid(), "environment": dict(os.environ), **command}) + "\n")
        text, number = command["cmd"], command.get("env")
        if number is not None and number >= len(ENVIRONMENTS):
            out({"message": "Unknown environment."})
            continue
        before = [] if number is None else ENVIRONMENTS[number]
        if "play_" in text:
            play(text.partition("play_")[2].split()[0].strip("():"), text, before)
        else:
            out(elaborate(text, before))


main()
