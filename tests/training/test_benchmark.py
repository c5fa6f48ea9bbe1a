"""The training benchmark's document: how it was taken, and what the page makes of it."""

import json
import os
import subprocess
import sys

import pytest

from tests.helpers import scripts
from tests.helpers.wheels import CHECKOUT


@pytest.mark.slow
def test_json():
    sizes = ["--state", "64", "--sparsity", "0.5", "--threads", "1", "--batch", "16"]
    quick = ["--window", "32", "--rounds", "1", "--steps", "1", "--json"]
    command = [sys.executable, "-m", "wavernn_tf.training.benchmark", *sizes, *quick]
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert tree["command"].startswith("python -m wavernn_tf.training.benchmark --state 64")
    assert tree["machine"]["processor"] and tree["date"]
    assert [row["kernel"] for row in tree["rows"]] == ["native", "keras"]
    assert all(row["samples_per_second"] > 0 for row in tree["rows"])
    assert "| 64 | 50 % |" in scripts.load("docs/tables.py").training(tree)
