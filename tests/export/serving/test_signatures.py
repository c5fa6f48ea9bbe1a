"""The frozen signatures: what clients of TF Serving rely on."""

import dataclasses
from pathlib import Path

import pytest
import tensorflow as tf

from tests.export.tflite.test_tflite import info_for
from tests.helpers.small import small_config, sparse_weights
from tests.helpers.subscale import subscale_config
from wavernn_tf.export.serving import saved_model

FROZEN = Path(__file__).with_name("signatures.txt")
"""Written by hand: a change here breaks clients, and is a decision."""


def table(signatures):
    """Every input and output: name, dtype and shape."""
    lines = []
    for name, function in sorted(signatures.items()):
        lines.append(name)
        for mark, specs in (
            ("in", function.structured_input_signature[1]),
            ("out", function.structured_outputs),
        ):
            for key, spec in sorted(specs.items()):
                shape = ["batch", *("?" if n is None else str(n) for n in spec.shape[1:])]
                assert spec.shape[0] is None, (name, key)  # no scalar, any batch
                lines.append(f"  {mark:3} {key} {spec.dtype.name} [{', '.join(shape)}]")
    return "\n".join(lines) + "\n"


def names_of(config, folder):
    weights = sparse_weights(config)
    path = saved_model.save(config, weights, info_for(config, weights), folder, xla=False)
    return tf.saved_model.load(path).signatures


@pytest.fixture(scope="module")
def signatures(tmp_path_factory):
    return names_of(small_config(), tmp_path_factory.mktemp("frozen") / "voice")


def test_signatures_are_the_frozen_ones(signatures):
    assert table(signatures) == FROZEN.read_text()


def test_another_type_would_be_noticed(signatures):
    other = FROZEN.read_text().replace("lengths int32", "lengths int64")
    assert table(signatures) != other


def test_external_features_have_no_signature_that_makes_them(signatures, tmp_path):
    config = small_config()
    mel = dataclasses.replace(config.mel, kind="external")
    names = names_of(dataclasses.replace(config, mel=mel), tmp_path / "voice")
    assert set(signatures) - set(names) == {"features", "features_of_audio"}


def test_subscale_does_not_stream(signatures, tmp_path):
    config = subscale_config(4)
    names = names_of(config, tmp_path / "voice")
    assert set(signatures) - set(names) == {"stream"}
