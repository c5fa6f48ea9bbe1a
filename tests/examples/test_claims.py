"""examples/claims: the list is valid, runs are trained and judged once, and drawn."""

import json
import shutil
import subprocess

import pytest
import yaml
from click.testing import CliRunner

from examples.claims import judge, plot, train
from examples.claims import runs as lists
from tests.helpers.small import SPEECH
from tests.helpers.wheels import CHECKOUT
from wavernn_tf import config as configuration
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.pipelines import corpora, prepare

TINY = {
    "base": {
        "preset": "demo",
        "set": {
            "mel.n_mels": 20,
            "model.state_size": 32,
            "model.projection_size": 32,
            "model.conditioning.channels": 8,
            "pruning.begin_step": 1,
            "pruning.frequency": 1,
            "training.eval_every": 2,
            "training.batch_size": 4,
            "training.window": 200,
            "training.carry_state": False,
            "training.eval_windows": 4,
            "signal.noise_shaping": 0.0,
            "signal.voiced_temperature": 1.0,
            "signal.pitch": "off",
            "signal.postfilter": "off",
            "model.extra_inputs": [],
        },
    },
    "groups": {
        "sparsity": {
            "samples": 3200,
            "sampling": {"bare": {}, "quieter": {"signal.noise_shaping": 0.3}},
            "runs": {"zeros-50": {"pruning.gate_sparsity": [0.5, 0.5, 0.5]}, "zeros-90": {}},
        }
    },
}


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "list.yaml"
    path.write_text(yaml.safe_dump(TINY))
    return path


def test_the_list():
    listed = lists.read()
    assert len({run.name for run in listed}) == len(listed) > 10
    assert {run.group for run in listed} == set(plot.FIGURES)
    for run in listed:
        samples = yaml.safe_load(lists.LIST.read_text())["groups"][run.group]["samples"]
        step = run.config.training.batch_size * run.config.training.window
        assert 0 <= run.samples - samples < step
        assert run.config.pruning.end_step == run.config.training.steps // 2


def test_another_number_of_samples():
    fewer = lists.read(samples=20e6)
    assert {run.samples for run in fewer} == {fewer[0].samples}
    assert 0 <= fewer[0].samples - 20e6 < 25600
    assert fewer[0].config.pruning.end_step == fewer[0].config.training.steps // 2


def test_runs_of_a_size_keep_as_many_weights():
    kept = []
    for run in lists.read():
        if run.group != "size":
            continue
        model, pruning = run.config.model, run.config.pruning
        zeros = pruning.gate_sparsity[0] if pruning.enabled else 0.0
        in_heads = pruning.head_sparsity[0] if pruning.enabled else 0.0
        gates = 3 * model.state_size**2 * (1 - zeros)
        kept.append(gates + model.state_size * model.projection_size * (1 - in_heads))
    assert len(kept) == 4 and max(kept) < 1.01 * min(kept)


def test_sampling_that_a_network_cannot_have_is_left_out():
    listed = [run for run in lists.read() if run.group == "prediction"]
    found = {run.name.split("-")[0]: list(run.sampling) for run in listed}
    assert found["plain"] == ["bare"]
    assert found["linear"] == ["bare", "spectral postfilter"]
    assert found["pitch"] == [*found["linear"], "all of the preset"]
    assert not any(run.sampling for run in lists.read() if run.group == "size")


def test_finished_runs_are_skipped_and_others_go_on(tiny, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(train.subprocess, "run", lambda command, check: called.append(command))
    out = tmp_path / "runs"
    (out / "zeros-50").mkdir(parents=True)
    (out / "zeros-50" / "voice.npz").touch()
    train.train("data", out, lists.read(tiny))
    (command,) = called
    assert command[3:6] == ["train", "data", str(out / "zeros-90")]
    written = configuration.load(command[command.index("--config") + 1])
    assert written == lists.read(tiny)[1].config


def test_the_estimator_is_taken_over(tmp_path):
    first, second = [run for run in lists.read() if run.config.signal.pitch == "estimated"][:2]
    kept = CHECKOUT / "voices/en_ru/run"
    folders = [RunFolder.at(tmp_path / name) for name in ("first", "second", "plain")]
    train.adopt_estimator(first, folders[0], folders)
    assert not folders[0].path.exists()
    folders[0].begin(first.config, {**RunFolder.at(kept).data(), "init": "another run"})
    shutil.copy(kept / "pitch.npz", folders[0].pitch)
    train.adopt_estimator(second, folders[1], folders)
    assert folders[1].pitch.exists() and folders[1].config() == second.config
    assert "init" not in folders[1].data()  # the estimator is taken over, and not the weights
    plain = next(run for run in lists.read() if run.config.signal.pitch == "off")
    train.adopt_estimator(plain, folders[2], folders)
    assert not folders[2].path.exists()


@pytest.mark.slow
def test_train_judge_and_draw(tiny, tmp_path):
    source, data, out = tmp_path / "clips", tmp_path / "data", tmp_path / "runs"
    source.mkdir()
    for name in ("ru_0063", "ru_0018", "en_both_help"):
        shutil.copy(SPEECH / f"{name}.flac", source)
    (source / "held_out.txt").write_text("ru_0063\n")
    config = lists.read(tiny)[0].config
    prepare.prepare(corpora.folder(source), data, config.mel, config.signal, progress=False)
    done = CliRunner().invoke(train.main, [str(data), str(out), "--list", str(tiny)])
    assert done.exit_code == 0, done.output
    measured = tmp_path / "claims.json"
    arguments = [str(out), "--data", str(data), "--recording", str(source / "en_both_help.flac")]
    arguments += ["--measured", str(measured), "--list", str(tiny)]
    done = CliRunner().invoke(judge.main, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(measured.read_text())
    assert [row["name"] for row in found["runs"]] == ["zeros-50", "zeros-90"]
    for row in found["runs"]:
        assert 0 < row["bits"]["total"] < 16
        assert set(row["sound"]) == {"bare"} and row["sound"]["bare"]["f0"]["count"] == 1
        assert row["nonzeros"] < row["all_nonzeros"] and row["curve"][-1]["samples"] == 3200
    assert found["original"]["f0"]["value"] == 100.0
    assert found["runs"][0]["nonzeros"] > found["runs"][1]["nonzeros"]
    again = CliRunner().invoke(judge.main, arguments)
    assert again.exit_code == 0 and "zeros" not in again.output  # nothing is judged twice
    done = CliRunner().invoke(plot.main, [str(measured), str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "<svg" in (tmp_path / "claims_sparsity.svg").read_text()


def test_pictures_of_every_group(tmp_path):
    rows = [
        {
            "name": name,
            "state": state,
            "bits": {"total": 7.0 + state / 1000},
            "sparsity": {"R_u": state / 500},
            "curve": [{"samples": 1e6 * n, "held_out": 8.0 / n} for n in (1, 2)],
        }
        for name, state in (("zeros-50", 64), ("block-4x4", 128))
    ]
    for group in plot.FIGURES:
        plot.draw(rows, group, tmp_path / f"{group}.svg")
        once = (tmp_path / f"{group}.svg").read_bytes()
        plot.draw(rows[::-1][:1], group, tmp_path / f"{group}.svg")
        assert (tmp_path / f"{group}.svg").read_bytes() != once


def test_a_run_that_fails_stops_the_list(tiny, tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        train.train(str(tmp_path / "nothing"), tmp_path / "runs", lists.read(tiny))
