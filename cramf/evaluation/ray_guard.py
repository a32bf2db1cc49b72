"""Ends what Ray started when the process that asked for it has ended, by whatever it did.

Run by path, never imported by CRAMF: `python -I ray_guard.py FOLDER`. Standard input holds a line
`PID BORN` for each process of Ray's (BORN in seconds since 1970, so that a later process of the same number
is left alone); its end is the end of the process that writes there. Then all of them are killed that still
run, and FOLDER, where Ray keeps its files, is removed.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time

import psutil

_SECONDS = 5.0
"""How long workers may take to notice that Ray is gone."""


def main() -> None:
    processes: list[psutil.Process] = []
    for line in sys.stdin:
        pid, born = line.split()
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(pid))
            if abs(process.create_time() - float(born)) < 1:
                processes.append(process)
    for process in processes:
        # Those that were reparented are here too, for they were written down before.
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=_SECONDS)
    for _ in range(3):
        shutil.rmtree(sys.argv[1], ignore_errors=True)
        time.sleep(0.2 if processes else 0)


if __name__ == "__main__":
    main()
