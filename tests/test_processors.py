"""Processors: the affinity and the control group decide, not the host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wavernn_tf import processors


def group(folder: Path, files: dict, lines: str) -> int:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "groups").write_text(lines)
    return processors.count(folder / "groups", folder)


@pytest.mark.parametrize(
    ("files", "lines", "expected"),
    [
        ({"cpu.max": "max 100000\n"}, "0::/\n", 64),
        ({"cpu.max": "200000 100000\n"}, "0::/\n", 2),
        ({"cpu.max": "150000 100000\n"}, "0::/\n", 2),
        ({"cpu.max": "10000 100000\n"}, "0::/\n", 1),
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000"}, "0::/a/b\n", 3),
        ({"cpu/d/cpu.cfs_quota_us": "400000", "cpu/d/cpu.cfs_period_us": "100000"}, "4:cpu:/d", 4),
        ({"cpu/d/cpu.cfs_quota_us": "-1", "cpu/d/cpu.cfs_period_us": "100000"}, "4:cpu:/d", 64),
        ({"cpu.max": "nonsense"}, "nonsense", 64),
        ({}, "", 64),
    ],
)
def test_quota(tmp_path, monkeypatch, files, lines, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    assert group(tmp_path, files, lines) == expected


def test_affinity(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5}, raising=False)
    assert group(tmp_path, {}, "") == 2
    assert processors.count() >= 1
