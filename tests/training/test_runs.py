"""What happens to runs: damage, a second process, more steps, another start, a full disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.test_files import NAMESPACE, needs_mounts
from wavernn_tf import config as configuration
from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.training import checks, trainer
from wavernn_tf.training.checkpoints import Checkpoints


@pytest.fixture(scope="module")
def short(tiny):
    return configuration.override(
        tiny, {"training.steps": 6, "pruning.enabled": False, "training.kernel": "native"}
    )


@pytest.fixture(scope="module")
def finished(data, short, tmp_path_factory):
    """A run of six steps: checkpoints at 2, 4 and 6."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    trainer.train(data, folder, short, quiet=True, audio=False, echo=lambda line: None)
    return folder


def again(data, run, config, **options):
    """Train on; returns the voice's arrays and what was said."""
    lines = []
    trainer.train(data, run, config, quiet=True, audio=False, echo=lines.append, **options)
    with np.load(run / "voice.npz") as arrays:
        return [arrays[name] for name in arrays.files], " ".join(lines)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 4, len(data), len(data) // 4):
        data[at] ^= 0xFF
    path.write_bytes(data)


DAMAGE = {
    "data cut": lambda c: cut(c / "ckpt-6.data-00000-of-00001"),
    "data flipped": lambda c: flip(c / "ckpt-6.data-00000-of-00001"),
    "data empty": lambda c: (c / "ckpt-6.data-00000-of-00001").write_bytes(b""),
    "data missing": lambda c: (c / "ckpt-6.data-00000-of-00001").unlink(),
    "index cut": lambda c: cut(c / "ckpt-6.index"),
    "index empty": lambda c: (c / "ckpt-6.index").write_bytes(b""),
    "index missing": lambda c: (c / "ckpt-6.index").unlink(),
    "all missing": lambda c: [p.unlink() for p in c.glob("ckpt-6.*")],
}


@pytest.fixture(scope="module")
def model(short, finished):
    return trainer.build(short, RunFolder.at(finished).data())


@pytest.fixture
def unfinished(finished, tmp_path):
    """A copy of the run before its voice was written."""
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    (run / "voice.npz").unlink()
    return run


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_checkpoint_is_passed_over(finished, unfinished, model, kind):
    assert Checkpoints(RunFolder.at(finished), model).restore() == 6
    newest = model.get_weights()
    DAMAGE[kind](unfinished / "checkpoints")
    lines = []
    assert Checkpoints(RunFolder.at(unfinished), model).restore(lines.append) == 4
    told = "missing" not in kind or kind == "data missing"
    assert ["ckpt-6 is damaged" in line for line in lines] == [True] * told
    assert any(np.any(a != b) for a, b in zip(model.get_weights(), newest))


def test_training_goes_on_behind_a_damaged_checkpoint(data, short, finished, unfinished):
    with np.load(finished / "voice.npz") as arrays:
        wanted = [arrays[name] for name in arrays.files]
    flip(unfinished / "checkpoints" / "ckpt-6.data-00000-of-00001")
    made, said = again(data, unfinished, short)
    assert "ckpt-6 is damaged" in said and "resuming at step 4 of 6" in said
    for a, b in zip(made, wanted):
        np.testing.assert_array_equal(a, b)
    assert [r["step"] for r in RunFolder.at(unfinished).history()] == [2, 4, 6]
    assert "finished" in again(data, unfinished, short)[1]


@pytest.mark.parametrize("state", [b"", b"nonsense {", None])
def test_a_damaged_list_of_checkpoints_has_no_effect(data, short, unfinished, model, state):
    folder = unfinished / "checkpoints"
    if state is None:
        (folder / "checkpoint").unlink()
    else:
        (folder / "checkpoint").write_bytes(state)
    metrics = unfinished / "metrics.jsonl"
    metrics.write_bytes(metrics.read_bytes()[:-40])
    said = again(data, unfinished, short)[1]
    assert "finished: 6 steps" in said and (unfinished / "voice.npz").is_file()
    checkpoints = Checkpoints(RunFolder.at(unfinished), model)
    assert checkpoints.restore() == 6
    model.optimizer.iterations.assign(8)
    checkpoints.save()
    assert sorted(p.name for p in folder.glob("*.index")) == [
        "ckpt-4.index",
        "ckpt-6.index",
        "ckpt-8.index",
    ]


def test_settings_of_sampling_may_change_when_a_run_resumes(tmp_path):
    run = RunFolder.at(tmp_path)
    before = configuration.load("voice-16k")
    data = {"path": "data", "fingerprint": "0", "feature_mean": [0.0], "feature_std": [1.0]}
    run.begin(before, data)
    now = configuration.override(
        before,
        {
            "signal.noise_shaping": 0.0,
            "signal.voiced_temperature": 1.0,
            "signal.postfilter": "causal",
            "signal.postfilter_strength": 2.0,
        },
    )
    run.begin(now, data)
    assert run.config() == now
    other = configuration.override(now, {"signal.noise_shaping": 0.1, "training.seed": 1})
    with pytest.raises(WaveRNNError, match=r"configuration \(training.seed was 0, now 1\)"):
        run.begin(other, data)


def test_no_whole_checkpoint_is_one_line(data, short, finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    for part in (run / "checkpoints").glob("*.data*"):
        cut(part)
    with pytest.raises(WaveRNNError, match="No checkpoint in .* Delete this folder"):
        again(data, run, short)
    (run / "data.json").write_text("{}")
    with pytest.raises(WaveRNNError, match="data.json is damaged"):
        again(data, run, short)


def test_a_damaged_voice_is_told(finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    for damage in (cut, flip):
        shutil.copy(finished / "voice.npz", run)
        damage(run / "voice.npz")
        with pytest.raises(WaveRNNError, match="voice.npz is damaged"):
            RunFolder.at(run).load_model()


HOLD = """
import sys
from wavernn_tf import files
with files.exclusive(sys.argv[1], "trains"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused(data, short, finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None and other.stdout.readline() == b"held\n"
    with pytest.raises(WaveRNNError, match=f"Another process trains in {run}"):
        again(data, run, short)
    other.communicate(b"")
    assert "finished" in again(data, run, short)[1]


def test_more_steps_need_extend(data, short, finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    changes = {"training.steps": 8, "training.learning_rate": 1e-4}
    longer = configuration.override(short, changes)
    with pytest.raises(WaveRNNError, match="training.steps was 6, now 8.* --extend"):
        again(data, run, longer)
    said = again(data, run, longer, extend=True)[1]
    assert "resuming at step 6 of 8" in said
    assert RunFolder.at(run).config() == longer
    other = configuration.override(longer, {"training.batch_size": 2})
    with pytest.raises(WaveRNNError, match="batch_size was 4, now 2") as caught:
        again(data, run, other, extend=True)
    assert "add --extend" not in str(caught.value)


def test_a_run_starts_from_another_ones_weights(data, short, finished, tmp_path):
    none = configuration.override(short, {"training.steps": 2, "training.learning_rate": 1e-30})
    none = configuration.override(none, {"training.final_learning_rate": 1e-30})
    made, said = again(data, tmp_path / "new", none, init=finished)
    assert "starting from the weights of" in said
    with np.load(finished / "voice.npz") as arrays:
        wanted = [arrays[name] for name in arrays.files]
    for a, b in zip(made, wanted):
        np.testing.assert_allclose(a, b, atol=1e-6)
    fresh, _ = again(data, tmp_path / "fresh", none)  # canary
    assert max(np.abs(a - b).max() for a, b in zip(fresh, wanted)) > 1e-3
    other = configuration.override(none, {"model.projection_size": 48})
    with pytest.raises(WaveRNNError, match="'heads'.*do not fit|do not fit.*'heads'"):
        again(data, tmp_path / "other", other, init=finished)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(WaveRNNError, match="no config.yaml"):
        again(data, tmp_path / "another", none, init=empty)


@pytest.mark.parametrize(
    ("steps", "begin", "end", "frequency", "remark"),
    [
        (100, 10, 460, 10, "pruning.end_step 460 lies beyond training.steps 100"),
        (60, 5, 40, 500, "pruning.frequency 500 is too long"),
        (100000, 1000, 201000, 500, "lies beyond"),
        (5, 10, 20, 1, "stop at 0.0 %"),
        (100, 5, 40, 5, None),
        (460, 10, 460, 10, None),
        (600, 20, 460, 20, None),
    ],
)
def test_sparsity_that_is_not_reached_is_told(data, tiny, steps, begin, end, frequency, remark):
    config = configuration.override(
        tiny,
        {
            "training.steps": steps,
            "pruning.begin_step": begin,
            "pruning.end_step": end,
            "pruning.frequency": frequency,
        },
    )
    found = [r for r in checks.check_data(data, config)[1] if "pruning" in r]
    assert bool(found) == bool(remark) and all(remark in r for r in found)


FULL = """
import sys
from wavernn_tf import config as configuration
from wavernn_tf.cli import main
sys.argv = ["wavernn-tf", "train", sys.argv[1], "m/run", "--config", sys.argv[2], "--quiet"]
main()
"""


def test_a_full_disk_is_one_line(data, short, tmp_path):
    needs_mounts()
    import yaml

    (tmp_path / "config.yaml").write_text(yaml.safe_dump(configuration.to_dict(short)))
    (tmp_path / "m").mkdir()
    script = """
        mount -t tmpfs -o size=60k x m
        "$1" -c "$2" "$3" config.yaml --no-audio || echo "rc $?"
        find m -name '*temp*' -o -name '.wavernn*' -o -name 'ckpt*'
    """
    done = subprocess.run(
        [*NAMESPACE, script, "sh", sys.executable, FULL, str(data)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.splitlines()[-1] == "rc 2", (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr and "No space left" in done.stderr


def test_history_survives_damage(finished, tmp_path):
    run = RunFolder.at(tmp_path)
    rows = RunFolder.at(finished).history()
    files.write_text(tmp_path / "metrics.jsonl", "\n".join([json.dumps(rows[0]), "{", "[]", ""]))
    assert run.history() == rows[:1]
