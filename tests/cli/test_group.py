"""How the command ends: exit codes, Ctrl-C, bugs; and what it may import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Sequence

import click
import pytest
from click.testing import CliRunner

from tests.cli.interrupts import interrupted
from wavernn_tf.cli.group import Commands
from wavernn_tf.errors import WaveRNNError

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "tf_keras", "tensorflow_io", "matplotlib", "tqdm", "yaml", "absl")
BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Block())
from wavernn_tf.cli import main
main()
"""


def blocked(*args: object, absent: Sequence[str] = HEAVY) -> subprocess.CompletedProcess:
    """Runs the command line where TensorFlow and its company are not installed."""
    code = BLOCKED.replace("ABSENT", repr(tuple(absent)))
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, env=environment())


def environment() -> dict:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}


def group(error: BaseException) -> click.Group:
    @click.group(cls=Commands)
    def top() -> None:
        """Nothing."""

    @top.command()
    def fail() -> None:
        raise error

    return top


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (WaveRNNError("two\nlines"), 2, "wavernn-tf: two lines\n"),
        (FileNotFoundError(2, "No such file or directory", "x"), 2, "x: No such file"),
        (PermissionError(13, "Permission denied", "x"), 2, "x: Permission denied"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.UsageError("wrong"), 2, "wrong"),
    ],
)
def test_clean_ends(error, code, line, capfd):
    with pytest.raises(SystemExit) as ended:
        group(error).main(["fail"])
    written = capfd.readouterr().err
    assert ended.value.code == code
    assert line in written and "Traceback" not in written


def test_bugs_keep_their_traceback():
    for error in (RuntimeError("a bug"), ValueError("a bug"), OSError("a bug")):
        result = CliRunner().invoke(group(error), ["fail"])
        assert result.exception is error


def test_the_process_ends_with_the_code(tmp_path):
    command = [sys.executable, "-m", "wavernn_tf.cli", "inspect", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr.count("\n") == 1


def test_interrupt(tflite):
    code, said = interrupted(["bench", tflite, "--no-dense", "--rounds", 100000], b"measuring")
    assert code == 130 and said.strip().endswith("interrupted") and "Traceback" not in said


def test_what_a_command_lacks_is_told(recordings, data, run, tflite, tmp_path):
    out = tmp_path / "out"
    absent = [module for module in HEAVY if module != "yaml"]  # which every install has
    for purpose, *command in (
        ("Preparing data", "prepare", recordings, out),
        ("Training", "train", data, out),
        ("Reading a checkpoint", "snapshot", run, out),
        ("Evaluating", "evaluate", tflite, "--data", data),
        ("Exporting", "export", "tflite", run, tmp_path / "out.tflite"),
        ("Exporting", "export", "saved-model", run, out),
        ("Timing random weights", "bench", "--state", "64"),
    ):
        done = blocked(*command, absent=absent)
        assert done.returncode == 2, done.stderr
        expected = f"wavernn-tf: {purpose} needs TensorFlow: pip install 'wavernn-tf[train]'\n"
        assert done.stderr.endswith(expected), done.stderr
        assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())


def test_help_without_tensorflow():
    for command in ([], ["prepare"], ["train"], ["evaluate"], ["export", "tflite"], ["bench"]):
        done = blocked(*command, "--help")
        assert done.returncode == 0, done.stderr


def test_voice_without_tensorflow(tflite, mel, recording, run, tmp_path):
    pytest.importorskip("ai_edge_litert")
    out = tmp_path / "out.wav"
    done = blocked("synthesize", tflite, mel, out)
    assert done.returncode == 0, done.stderr
    assert "litert" in done.stdout and out.stat().st_size > 44
    for command in ("inspect", "bench"):
        extra = ["--rounds", 1, "--round-seconds", 0.02] if command == "bench" else []
        done = blocked(command, tflite, *extra)
        assert done.returncode == 0, done.stderr
    for command in (["synthesize", tflite, recording, out], ["score", tflite, recording]):
        done = blocked(*command)
        assert done.returncode == 0, done.stderr
        spoken = out.read_bytes()
        done = blocked(*command, absent=[*HEAVY, "ai_edge_litert"])
        assert done.returncode == 0, done.stderr
        assert "native" in done.stdout and out.read_bytes() == spoken
    done = blocked("bench", tflite, absent=[*HEAVY, "ai_edge_litert"])
    assert done.returncode == 2 and "pip install 'wavernn-tf[litert]'" in done.stderr
    done = blocked("synthesize", run, mel, out)
    assert done.returncode == 2
    expected = "The voice of a training run needs TensorFlow: pip install 'wavernn-tf[train]'"
    assert expected in done.stderr and "Traceback" not in done.stderr
