"""Become another program, after asking the kernel to end it when the test process dies.

Run as a script: guard.py PARENT_PID SIGNAL PROGRAM [ARGUMENT...]. The request survives `exec` and
the process id stays the same, so nothing stands between a test and its server. It is a program of
its own because code between fork and exec is unsafe in a parent that has threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Set the death signal, then become the program."""
    parent, death_signal, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != int(parent):  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)
    os.execvp(command[0], command)  # noqa: S606  a fixed argument list, no shell


if __name__ == "__main__":
    main()
