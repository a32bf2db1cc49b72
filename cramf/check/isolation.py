"""Can a command's network be cut on this machine, and how?

The supervisor does it itself by `unshare(2)` where the kernel allows. Where it does not, the programs
`bwrap` and `unshare` are tried, which some systems give rights that other programs have not (Ubuntu's
AppArmor profiles, a setuid `bwrap`). What works is found by trying, once a process.
"""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["SUPERVISOR", "Isolation", "network_isolation"]

SUPERVISOR = Path(__file__).with_name("supervisor.py")
"""The program that stands between CRAMF and a command."""

_SECONDS = 20.0  # for one trial; each takes some hundredths of a second
_PROGRAMS: tuple[tuple[Literal["unshare", "bubblewrap"], tuple[str, ...]], ...] = (
    ("bubblewrap", ("bwrap", "--dev-bind", "/", "/", "--unshare-net", "--die-with-parent", "--")),
    ("unshare", ("unshare", "--user", "--map-current-user", "--net", "--")),
    ("unshare", ("unshare", "--net", "--")),
)
# Settings that forbid it, the value that does, and how to name them to the user.
_SETTINGS = (
    ("kernel/unprivileged_userns_clone", "0"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1"),
    ("user/max_user_namespaces", "0"),
    ("user/max_net_namespaces", "0"),
)


@dataclass(frozen=True, slots=True)
class Isolation:
    """How a command is kept from the network.

    `prefix` goes before the command line and is empty where the supervisor does it by itself. `network` is
    True where the command still has the network, and `reason` then says why.
    """

    kind: Literal["unshare", "bubblewrap", "none"]
    prefix: tuple[str, ...] = ()
    network: bool = True
    reason: str = ""
    way: int = 0
    """How the supervisor shall do it: the WAY of its command line."""

    def __str__(self) -> str:
        if self.network:
            return f"network not cut: {self.reason}"
        how = f"by `{Path(self.prefix[0]).name}`" if self.prefix else "by a namespace"
        return f"network cut {how}" + ("" if self.way != 2 else ", which root could leave")


def _works(command: tuple[str, ...]) -> bool:
    """Whether a command ends well; anything that goes wrong means no."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS)
        return done.returncode == 0
    return False


def _direct() -> tuple[int, list[str]]:
    """The way in which the supervisor itself can do it (0 for none), and why it cannot."""
    command = [sys.executable, "-I", "-S", str(SUPERVISOR), "--probe"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS)
        said = json.loads(done.stdout)
        return int(said["way"]), [str(reason) for reason in said["reasons"]]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        return 0, [f"the trial failed: {error}"]


def _settings() -> list[str]:
    """Kernel settings that forbid namespaces, as `sysctl` names them."""
    found = []
    for name, value in _SETTINGS:
        with contextlib.suppress(OSError):
            if (Path("/proc/sys") / name).read_text().strip() == value:
                found.append(f"{name.replace('/', '.')}={value}")
    return found


def _look() -> Isolation:
    """Try every way there is."""
    if not sys.platform.startswith("linux"):
        return Isolation("none", reason=f"only Linux has network namespaces, and this is {sys.platform}")
    way, reasons = _direct()
    if way:
        return Isolation("unshare", network=False, way=way)
    missing = []
    for kind, prefix in _PROGRAMS:
        program = shutil.which(prefix[0])
        if program is None:
            missing.append(f"no `{prefix[0]}`")
        elif _works((program, *prefix[1:], "true")):
            return Isolation(kind, (program, *prefix[1:]), network=False)
        else:
            missing.append(f"`{prefix[0]}` fails too")
    reasons += [*_settings(), *dict.fromkeys(missing)]
    return Isolation("none", reason="; ".join(dict.fromkeys(reasons)))


@functools.cache
def network_isolation() -> Isolation:
    """How the network of a command can be cut here, found by trying it; the same answer all through a
    process. Never raises: where nothing works, the answer says why."""
    return _look()
