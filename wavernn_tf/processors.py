"""How many processors this process may use, where the host has more."""

from __future__ import annotations

import os
from pathlib import Path


def count(groups: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> int:
    """Processors by affinity and by the quota of the control group, at least 1.

    Args:
      groups: the kernel's list of the process' control groups.
      root: where control groups are mounted.
    """
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, int(_quota(groups, root))))


def _quota(groups: Path, root: Path) -> float:
    """Processors that the control groups above the process grant; infinity-like without any."""
    least = 1e9
    for folder in _folders(groups, root):
        try:
            if (folder / "cpu.max").is_file():
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text().strip()
                period = (folder / "cpu.cfs_period_us").read_text().strip()
            if quota != "max" and int(quota) > 0:
                least = min(least, max(1.0, -(-int(quota) // int(period))))
        except (OSError, ValueError, ZeroDivisionError):
            continue
    return least


def _folders(groups: Path, root: Path) -> list:
    """The group's folder and those above it, of version 2 and of version 1."""
    found = [root, root / "cpu"]
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        _, controllers, path = (line.split(":", 2) + ["", ""])[:3]
        if controllers == "" or "cpu" in controllers.split(","):
            base = root if controllers == "" else root / "cpu"
            here = base / path.lstrip("/")
            while here != base and base in here.parents:
                found.append(here)
                here = here.parent
    return found
