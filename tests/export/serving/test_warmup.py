"""Warm-up requests and batches, as TF Serving replays and makes them, on its own session."""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving import saved_model
from wavernn_tf.export.serving import warmup as serving
from wavernn_tf.export.serving.signatures import ROW_BUCKETS

pytest.importorskip("tensorflow_serving")
from tensorflow_serving.apis import prediction_log_pb2  # noqa: E402

from tests.helpers.stand_in_models import Batcher, Servable, merged, requests_of  # noqa: E402


@pytest.fixture(scope="module")
def servable(served):
    return Servable(served.version)


def test_warm_up_requests_replay(served, servable):
    path = serving.write_warmup(served.version, served.info)
    assert Path(path) == served.version / "assets.extra" / "tf_serving_warmup_requests"
    assert sorted(p.name for p in (served.version / "assets.extra").iterdir()) == [
        "tf_serving_warmup_requests",
        saved_model.INFO_ASSET,
    ]
    for record in tf.data.TFRecordDataset(path):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
    seen = []
    for signature, inputs in requests_of(served.version):
        outputs = servable.predict(signature, inputs)
        (rows,) = {len(value) for value in outputs.values()}
        assert not any(outputs["status"])
        seen.append((signature, rows))
    speaking = [name for name in servable.signatures if name in serving.SPEAKING]
    assert {name for name, rows in seen if rows == 1} == set(servable.signatures)
    assert {(n, r) for n, r in seen if r > 1} == set(itertools.product(speaking, ROW_BUCKETS[1:]))
    assert len(seen) == len(set(seen))


@pytest.fixture
def batch_as(servable):
    yield servable.batch_as
    servable.batch_as(None)


def test_warm_up_fits_the_batches_of_the_kit(servable, batching, batch_as):
    """A server refuses to load a version whose warm-up fails."""
    batch_as(batching)
    servable.warm_up()
    smaller = type(batching).FromString(batching.SerializeToString())
    smaller.max_batch_size.value = 16
    batch_as(smaller)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Task size 32 is larger"):
        servable.warm_up()


@pytest.mark.parametrize(("allowed", "rows"), [([], 3), ([2, 4], 4)])
def test_a_batch_is_filled_up_only_to_sizes_that_are_prescribed(batching, allowed, rows):
    """As the server does: the kit prescribes none."""
    parameters = type(batching).FromString(batching.SerializeToString())
    parameters.allowed_batch_sizes.extend(allowed)
    seen = []

    def run(inputs):
        seen.append(len(inputs["x"]))
        return inputs

    answers = Batcher(run, parameters).answer([{"x": np.ones([1])}, {"x": np.zeros([2])}])
    assert seen == [rows] and [len(answer["x"]) for answer in answers] == [1, 2]


def test_warm_up_without_the_package_says_what_to_install(served, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    with pytest.raises(WaveRNNError, match=r"api: pip install 'wavernn-tf\[serving\]'"):
        serving.warmup_records(served.info)


def test_description_beside_the_model_has_what_an_operator_reads(served):
    info = json.loads((served.version / "assets.extra" / saved_model.INFO_ASSET).read_text())
    assert info["mel"]["sample_rate"] == served.config.mel.sample_rate
    assert info["mel"]["n_mels"] == served.config.mel.n_mels


def test_requests_of_different_lengths_share_a_batch(served, servable):
    asked = [(6, 11, 1.0), (3, 12, 0.5), (4, 13, 0.0)]
    features = [served.features(frames, seed) for frames, seed, _ in asked]
    requests = [
        {
            "features": mel[None],
            "lengths": np.int32([len(mel)]),
            "seed": np.int64([seed]),
            "temperature": np.float32([temperature]),
            "fine_temperature": np.float32([1]),
        }
        for mel, (_, seed, temperature) in zip(features, asked)
    ]
    outputs = servable.predict("synthesize", merged(requests, rows=4))
    for row, (mel, (frames, seed, temperature)) in enumerate(zip(features, asked)):
        length = outputs["audio_lengths"][row]
        assert length == frames * served.hop
        served.assert_spoken(outputs["audio"][row][:length], mel, seed, temperature)
