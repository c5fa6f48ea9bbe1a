"""Several workers: their places, their shares, and that together they train as one does."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml
from click.testing import CliRunner

from examples import two_workers
from wavernn_tf import config as configuration
from wavernn_tf.cli import cli
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.pipelines import dataset, lanes
from wavernn_tf.training import checks, trainer
from wavernn_tf.training.workers import ALONE, Workers, join, place


class Pretended(Workers):
    """One of several workers, whose sums are given."""

    def __init__(self, rank: int, count: int, others: float = 0.0) -> None:
        self.rank, self.count, self._others = rank, count, others

    def total(self, value: tf.Tensor) -> tf.Tensor:
        return value + tf.cast(self._others, value.dtype)


def cluster(index: int, **jobs: list) -> str:
    kind = "chief" if "chief" in jobs and index == 0 else "worker"
    index -= kind == "worker" and "chief" in jobs
    return json.dumps({"cluster": jobs, "task": {"type": kind, "index": int(index)}})


def test_places():
    hosts = ["a:1", "b:1", "c:1"]
    assert [place(cluster(i, worker=hosts)) for i in range(3)] == [(0, 3), (1, 3), (2, 3)]
    jobs = {"chief": ["z:1"], "worker": ["a:1"]}
    assert [place(cluster(i, **jobs)) for i in range(2)] == [(0, 2), (1, 2)]
    for bad in ("", "{}", "[]", "x", cluster(3, worker=hosts), '{"cluster": {}, "task": 1}'):
        with pytest.raises(WaveRNNError, match="need the environment variable TF_CONFIG"):
            place(bad)
    assert join("one") is ALONE
    assert join("multi-worker", {"TF_CONFIG": cluster(0, worker=["a:1"])}) is ALONE
    with pytest.raises(WaveRNNError, match="strategy of one, multi-worker; got 'two'"):
        join("two")


def test_shares():
    third = Pretended(2, 3)
    assert not third.chief and third.rows(12) == slice(8, 12) and ALONE.rows(12) == slice(0, 12)
    third.check(12)
    with pytest.raises(WaveRNNError, match="multiple of their number 3; got 10"):
        third.check(10)
    values = [tf.ones([2, 3]), tf.constant(4.0), tf.zeros([0])]
    means = Pretended(0, 2, others=3.0).mean(values)
    np.testing.assert_array_equal(means[0], np.full([2, 3], 2.0))
    assert means[1].shape == [] and float(means[1]) == 3.5 and means[2].shape == [0]
    whole = tf.reshape(tf.range(6.0), [6, 1])
    np.testing.assert_array_equal(third.joined(whole)[:, 0], [0, 0, 0, 0, 4, 5])
    assert ALONE.joined(whole) is whole


def test_the_chief_is_followed():
    variables = [tf.Variable([1.0, 2.0]), tf.Variable(3, dtype=tf.int64)]
    Pretended(1, 2, others=7).adopt(variables)
    np.testing.assert_array_equal(variables[0], [7.0, 7.0])
    assert int(variables[1]) == 7 and variables[1].shape == []
    Pretended(1, 2, others=7).adopt(variables[:1])  # none of them an integer
    assert Pretended(1, 2, others=5).agreed(3) == 5 and Pretended(0, 2).agreed(3) == 3
    gone = tf.errors.UnavailableError(None, None, "Socket closed")
    with pytest.raises(WaveRNNError, match="Start the same command on every worker"):
        Pretended(1, 2).explain(gone)
    ALONE.explain(gone)
    Pretended(1, 2).explain(tf.errors.InvalidArgumentError(None, None, "of our own"))


@pytest.mark.parametrize("carry", [False, True])
def test_the_rows_of_all_workers_are_the_batch(data, tiny, carry):
    config = configuration.override(tiny, {"training.carry_state": carry})
    stream = lanes.lane_windows if carry else dataset.training_windows

    def batches(rows: slice) -> list:
        taken = stream(data, config, 3, rows=rows).take(2)
        return [{**inputs, **targets} for inputs, targets in taken.as_numpy_iterator()]

    parts = [batches(Pretended(rank, 2).rows(4)) for rank in range(2)]
    for whole, *halves in zip(batches(slice(None)), *parts):
        for name, value in whole.items():
            np.testing.assert_array_equal(np.concatenate([h[name] for h in halves]), value)
        assert len(halves[0]["coarse"]) == 2


def test_a_worker_trains_what_the_chief_trains(data, tiny, tmp_path):
    run = RunFolder.at(tmp_path / "run")
    description, _ = checks.check_data(data, tiny)
    run.path.mkdir()
    run.begin(tiny, description)
    before = {p.name: p.read_bytes() for p in run.path.iterdir()}
    other = configuration.override(tiny, {"training.seed": 1})
    with pytest.raises(WaveRNNError, match="Expected worker 1 to train what the chief trains"):
        trainer.train(data, run.path, other, workers=Pretended(1, 2))
    with pytest.raises(WaveRNNError, match="a multiple of their number 3; got 4"):
        trainer.train(data, tmp_path / "new", tiny, workers=Pretended(0, 3))
    assert {p.name: p.read_bytes() for p in run.path.iterdir()} == before
    assert not (tmp_path / "new").exists()


def test_a_missing_cluster_is_one_line(data, tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    arguments = ["train", str(data), str(tmp_path / "run"), "--strategy", "multi-worker"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2 and "need the environment variable TF_CONFIG" in result.output
    assert not (tmp_path / "run").exists()


def said(run: Path, rank: int) -> str:
    return two_workers.log(run, rank).read_text()


def together(data: Path, run: Path, settings: Path, **options: int) -> list:
    """Exit codes of two workers that train a run."""
    arguments = [data, run, "--config", settings, "--quiet", "--no-audio"]
    return two_workers.train(arguments, run, 2, **options)


def arrays(run: Path) -> dict:
    with np.load(RunFolder.at(run).voice) as found:
        return {name: found[name] for name in found.files}


def curve(run: Path) -> np.ndarray:
    rows = RunFolder.at(run).history()
    return np.array([[r["step"], r["train"]["total"], r["held_out"]["total"]] for r in rows])


CHANGES = {
    "native": {
        "training.kernel": "native",
        "training.carry_state": True,
        "training.feature_noise": 0.2,
    },
    "keras": {"training.kernel": "keras"},
}


@pytest.mark.slow
@pytest.mark.parametrize("kernel", CHANGES)
def test_two_workers_train_as_one(data, tiny, tmp_path, kernel):
    config = configuration.override(tiny, CHANGES[kernel])
    settings = tmp_path / "config.yaml"
    settings.write_text(yaml.safe_dump(configuration.to_dict(config)))
    alone, run = tmp_path / "alone", tmp_path / "run"
    trainer.train(data, alone, config, quiet=True, audio=False)
    assert together(data, run, settings) == [0, 0], said(run, 0) + said(run, 1)
    # Two halves of a batch are summed in another order, which is some rounding of float32.
    np.testing.assert_allclose(curve(run), curve(alone), rtol=1e-5)
    sparsity = [[r["sparsity"] for r in RunFolder.at(path).history()] for path in (alone, run)]
    assert sparsity[0] == sparsity[1]
    ours, theirs = arrays(run), arrays(alone)
    for name in theirs:
        np.testing.assert_allclose(ours[name], theirs[name], atol=2e-4, err_msg=name)
    assert "bits per sample" in said(run, 0) and "bits per sample" not in said(run, 1)
    if kernel == "keras":
        return
    # Canary: another order of the recordings is another curve.
    other = configuration.override(config, {"training.seed": 1})
    trainer.train(data, tmp_path / "other", other, quiet=True, audio=False)
    assert np.abs(curve(tmp_path / "other") - curve(alone)).max() > 1e-3


@pytest.mark.slow
def test_a_killed_worker_ends_both_and_both_go_on(data, tiny, tmp_path):
    changes = {**CHANGES["native"], "training.steps": 60, "training.eval_every": 10}
    config = configuration.override(tiny, changes)
    settings = tmp_path / "config.yaml"
    settings.write_text(yaml.safe_dump(configuration.to_dict(config)))
    alone, run = tmp_path / "alone", tmp_path / "run"
    trainer.train(data, alone, config, quiet=True, audio=False)
    codes = together(data, run, settings, kill_at=20)
    assert codes == [2, -signal.SIGKILL], said(run, 0)
    assert "Start the same command on every worker" in said(run, 0)
    assert "Traceback" not in said(run, 0) and not RunFolder.at(run).voice.exists()
    assert together(data, run, settings) == [0, 0], said(run, 0) + said(run, 1)
    assert "resuming at step" in said(run, 0)
    # Training carries the rounding of the sums on.
    np.testing.assert_allclose(curve(run), curve(alone), rtol=1e-4)
