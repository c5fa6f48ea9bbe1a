"""Names with brackets, spaces, accents and odd bytes, through every command and any locale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# A session of training and exporting takes long: many oddities in few names.
NAMES = ["r[1] * {b} ? back\\slash", os.fsdecode(b"caf\xe9 e\xcc\x81 \xc3\xbc")]
SMALL = "--set model.state_size=32 --set model.projection_size=32 --set training.steps=4"
SMALL += " --set training.eval_every=2 --set training.batch_size=2 --set training.window=200"
SMALL += " --set training.eval_windows=2 --set pruning.enabled=false --quiet"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_command(invoke, recordings, run, tmp_path, name):
    here = tmp_path / name
    here.mkdir()

    def done(*args):
        result = invoke(*args)
        assert result.exit_code == 0, (args, result.stderr, result.exception)
        return result.stdout

    source = here / f"rec {name}"
    source.mkdir()
    for n, clip in enumerate(sorted(recordings.glob("*.wav"))):
        shutil.copy(clip, source / f"{n} {name}.wav")
    clip = source / f"0 {name}.wav"
    (source / "held_out.txt").write_bytes(os.fsencode(f"2 {name}\n"))
    assert "skipped: 0" in done("prepare", source, here / "data")
    done("train", here / "data", here / "run", *SMALL.split())
    (here / "run" / "voice.npz").unlink()
    printed = done("train", here / "data", here / "run", *SMALL.split())
    assert "finished: 4 steps are done" in printed
    done("export", "saved-model", here / "run", here / "m")
    done("synthesize", here / "m", clip, here / "o.wav")
    done("export", "tflite", here / "run", here / "v.tflite", "--no-timing", "--seconds", "0.2")
    done("synthesize", here / "v.tflite", clip, here / "o.wav")
    done("score", here / "v.tflite", clip)
    done("evaluate", here / "v.tflite", "--data", here / "data", "--report", here / "r.html")
    for what in ("data", "run", "m", "v.tflite"):
        done("inspect", here / what)
        done("inspect", here / what, "--json")


def test_mel_dir_with_accents_spelled_in_another_way(invoke, recordings, tmp_path):
    source, mels = tmp_path / "rec", tmp_path / "mels"
    source.mkdir()
    mels.mkdir()
    for n, clip in enumerate(sorted(recordings.glob("*.wav"))):
        shutil.copy(clip, source / f"caf\u00e9 {n}.wav")
        np.savez(mels / f"cafe\u0301 {n}.npz", mel=np.zeros((96, 80), np.float32))
    result = invoke("prepare", source, tmp_path / "data", "--mel-dir", mels)
    assert result.exit_code == 0 and "skipped: 0" in result.stdout, result.stderr


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_the_c_locale(recordings, tmp_path, variables):
    source = tmp_path / "rec"
    source.mkdir()
    for n, clip in enumerate(sorted(recordings.glob("*.wav"))):
        shutil.copy(clip, source / f"caf\u00e9 {n}.wav")
    (source / "caf\u00e9 broken.wav").write_bytes(b"RIFF")
    (source / "held_out.txt").write_text("caf\u00e9 0\n", encoding="utf-8")
    if variables.get("PYTHONUTF8") == "0":
        variables = {**variables, "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "wavernn_tf.cli", "prepare", source, tmp_path / "data"],
        capture_output=True,
        check=False,
        env={**os.environ, **variables, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    assert b"skipped: 1" in done.stdout and b"broken.wav" in done.stdout
    assert "caf\u00e9 0" in (tmp_path / "data" / "manifest.json").read_text(encoding="utf-8")
