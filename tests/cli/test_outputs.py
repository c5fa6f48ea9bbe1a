"""No command deletes or replaces what the project did not write, or an input."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.test_files import NAMESPACE, needs_mounts


@pytest.fixture
def kept(invoke, tmp_path):
    """Runs a command that must be refused and must change nothing; returns the line."""

    def run(*args: object) -> str:
        before = state(tmp_path)
        result = invoke(*args)
        assert result.exit_code == 2, (result.stdout, result.stderr, result.exception)
        assert state(tmp_path) == before
        return result.stderr.splitlines()[-1]

    return run


def state(folder: Path) -> dict:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else os.path.islink(p)
        for p in folder.rglob("*")
    }


def test_export_saved_model(kept, run, tmp_path):
    mine, copy = tmp_path / "mine", tmp_path / "run"
    mine.mkdir()
    (mine / "keep").write_text("mine")
    shutil.copytree(run, copy)
    assert "it holds keep" in kept("export", "saved-model", copy, mine)
    assert "is an input" in kept("export", "saved-model", copy, copy)
    assert "lies inside" in kept("export", "saved-model", copy, copy / "model")
    link = tmp_path / "link"
    link.symlink_to(copy)
    assert "is an input" in kept("export", "saved-model", copy, link)
    assert "is a file" in kept("export", "saved-model", copy, mine / "keep")


def test_versions(invoke, kept, run, mel, tmp_path):
    out = tmp_path / "m"
    assert invoke("export", "saved-model", run, out, "--no-xla").exit_code == 0
    (out / "1").rename(out / "7")
    assert "version: 7" in invoke("inspect", out).stdout
    again = invoke("export", "saved-model", run, out, "--no-xla")
    assert again.exit_code == 0 and again.stdout.startswith(str(out / "8"))
    assert sorted(os.listdir(out)) == ["7", "8"]
    shown = invoke("inspect", out).stdout
    assert "version: 8" in shown and "versions: 7, 8" in shown
    shutil.rmtree(out / "8" / "variables")  # the highest is taken: a broken one is told
    assert "8 cannot be loaded" in kept("synthesize", out, mel, tmp_path / "o.wav")
    assert invoke("synthesize", out / "7", mel, tmp_path / "o.wav").exit_code == 0


def test_export_tflite(kept, invoke, run, tmp_path):
    copy, out = tmp_path / "run", tmp_path / "v.tflite"
    shutil.copytree(run, copy)
    options = ("--no-parity", "--no-timing")
    assert "lies inside" in kept("export", "tflite", copy, copy / "v.tflite", *options)
    for text in (b"mine", b"\0\0\0\0TFL3" + b"\0" * 64):
        out.write_bytes(text)
        assert "was not written by" in kept("export", "tflite", copy, out, *options)
    out.unlink()
    for _ in range(2):  # again: its own file is replaced
        assert invoke("export", "tflite", copy, out, *options).exit_code == 0
    out.write_bytes(out.read_bytes()[:-100])  # damaged, and still ours
    out.chmod(0o444)
    assert "v.tflite is read-only" in kept("export", "tflite", copy, out, *options)
    out.chmod(0o644)
    assert invoke("export", "tflite", copy, out, *options).exit_code == 0


def test_synthesize(kept, invoke, tflite, mel, recording, tmp_path):
    source, out = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, *soundfile.read(recording))  # no file of ours
    assert "is an input" in kept("synthesize", tflite, source, source)
    (tmp_path / "other.wav").symlink_to(source)
    assert "is an input" in kept("synthesize", tflite, source, tmp_path / "other.wav")
    assert "was not written by" in kept("synthesize", tflite, mel, source)
    assert "is a file, not a folder" in kept("synthesize", tflite, mel, source / "o.wav")
    for _ in range(2):
        assert invoke("synthesize", tflite, mel, out).exit_code == 0
    link = tmp_path / "link.wav"
    link.symlink_to(out)
    out.write_bytes(b"")
    assert invoke("synthesize", tflite, mel, link).exit_code == 0
    assert link.is_symlink() and out.stat().st_size > 1000


def test_report(kept, run, data, tmp_path):
    report = tmp_path / "report.html"
    report.write_text("<p>mine</p>")
    assert "was not written by" in kept("evaluate", run, "--report", report)
    assert "lies inside" in kept("evaluate", run, "--report", run / "report.html")


def test_prepare(kept, invoke, recordings, tmp_path):
    source = tmp_path / "rec"
    source.mkdir()
    for n, clip in enumerate(sorted(recordings.glob("*.wav"))):
        shutil.copy(clip, source / f"train-000{n}.wav")
    assert "is an input" in kept("prepare", source, source)
    assert "lies inside" in kept("prepare", source, source / "data")
    mels = tmp_path / "mels"
    mels.mkdir()
    assert "is an input" in kept("prepare", source, mels, "--mel-dir", mels)
    for name in ("train-00000.tfrecord", "manifest.json", "held_out-00000.json", "settings.json"):
        out = tmp_path / f"with {name}"
        out.mkdir()
        (out / name).write_text("{}")
        assert "did not write there" in kept("prepare", source, out)
    # What is not in the way stays, also in a folder that is prepared again with less.
    out = tmp_path / "data"
    out.mkdir()
    mine = ["train-0001.flac", "train-00009.wav", "train-00009.json", "held_out.txt", "notes"]
    for name in mine:
        (out / name).write_text("mine")
    (out / "train-00009.json").rename(tmp_path / "train-00009.json")
    assert invoke("prepare", source, out).exit_code == 0
    (tmp_path / "train-00009.json").rename(out / "train-00009.json")
    (source / "train-0000.wav").unlink()
    assert invoke("prepare", source, out).exit_code == 0
    assert all((out / name).read_text() == "mine" for name in mine)


def test_train(kept, data, tmp_path):
    assert "is an input" in kept("train", data, data)
    assert "lies inside" in kept("train", data, data / "run")
    for name in ("voice.npz", "checkpoints"):
        out = tmp_path / f"with {name}"
        out.mkdir()
        (out / name).write_text("mine")
        assert "no config.yaml" in kept("train", data, out)


def test_mount_points_and_shut_parents(run, tmp_path):
    """A folder that is a mount point, in a parent that cannot be written, gets its version."""
    needs_mounts()
    (tmp_path / "shut" / "m").mkdir(parents=True)
    script = """
        mount --bind shut shut; mount -t tmpfs x shut/m; mount -o remount,bind,ro shut
        mkdir shut/m/lost+found
        "$1" -m wavernn_tf.cli export saved-model "$2" shut/m
        ls -A shut shut/m
        "$1" -m wavernn_tf.cli export saved-model "$2" shut/n || echo "rc $?"
    """
    done = subprocess.run(
        [*NAMESPACE, script, "sh", sys.executable, str(run)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.splitlines()[1:] == ["shut:", "m", "", "shut/m:", "1", "lost+found", "rc 2"]
    assert "shut/n cannot be written" in done.stderr and "Traceback" not in done.stderr


def test_a_full_disk_is_one_line(run, tmp_path):
    needs_mounts()
    (tmp_path / "m").mkdir()
    script = """
        mount -t tmpfs -o size=100k x m
        "$1" -m wavernn_tf.cli export saved-model "$2" m/new || echo "rc $?"
        "$1" -m wavernn_tf.cli export tflite "$2" m/v.tflite --no-parity --no-timing || echo "rc $?"
        ls -A m
    """
    done = subprocess.run(
        [*NAMESPACE, script, "sh", sys.executable, str(run)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.splitlines() == ["rc 2", "rc 2"], done.stderr
    lines = [x for x in done.stderr.splitlines() if x.startswith("wavernn-tf: ")]
    assert [("m/new" in lines[0], "m/v.tflite" in lines[1])] == [(True, True)]
    assert all("No space left on device" in line for line in lines)
    assert "Traceback" not in done.stderr
