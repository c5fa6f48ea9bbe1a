"""The C programs that check the API: nothing allocates after the start."""

import re
import subprocess

import pytest

from tests.c_api.small_voices import KINDS
from tests.helpers import scripts
from tests.helpers.native_build import build, run
from wavernn_tf.export.benchmark import machine


@pytest.fixture(scope="module")
def folder(voices, tmp_path_factory):
    """A folder with a small voice of every kind."""
    folder = tmp_path_factory.mktemp("voices")
    for i, kind in enumerate(KINDS):
        content = voices(kind, "int8" if i % 2 else "float32")
        (folder / f"{i}.tflite").write_bytes(content)
    return folder


def test_nothing_allocates_after_the_start(folder):
    checks = build("allocations_check", "footprint") / "c_api" / "checks"
    printed = run(checks / "allocations_check", folder)
    counts = re.findall(r"(\d+) allocations at creation, (\d+) after", printed)
    assert len(counts) == len(KINDS)
    assert all(int(made) > 0 and int(after) == 0 for made, after in counts)

    milliseconds, kilobytes = run(checks / "footprint", folder / "0.tflite").split()
    assert float(milliseconds) > 0 and int(kilobytes) > 0
    wrong = subprocess.run([checks / "footprint", folder], check=False)
    assert wrong.returncode == 2


def test_footprint_is_what_the_page_shows(folder):
    checks = build("wavernn", "allocations_check", "footprint") / "c_api"
    footprint = scripts.load("export/native/c_api/checks/footprint.py")
    found = footprint.measure(checks, folder / "0.tflite")
    assert found["allocations_after"] == 0
    assert 0 < found["loaded_kib"] < found["peak_kib"]
    assert found["library_kb"] > 100 and found["first_frame_ms"] > 0
    shown = scripts.load("docs/tables.py").footprint({**machine.stamp(), **found})
    assert f"{found['peak_kib']:,} KiB at most while loading" in shown
