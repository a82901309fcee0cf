"""A process of the stack must not outlive its supervisor: two stacks on one directory would fight over it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def die_with_supervisor() -> None:
    """Ask the kernel to kill this process when its supervisor ends, however that ends. Does nothing without one."""
    supervisor = os.environ.get("VSM_SUPERVISOR_PID")
    if supervisor is not None:
        die_with(int(supervisor))


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, however that ends; nothing where it is not Linux."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
