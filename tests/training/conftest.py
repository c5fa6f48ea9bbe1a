"""A prepared folder of two short clips, and a configuration that trains on it in seconds."""

import shutil

import pytest

from tests.helpers.small import SPEECH
from tests.helpers.tiny import TINY
from wavernn_tf import config as configuration
from wavernn_tf.pipelines import corpora, prepare

PLAIN = {
    "signal.prediction_order": 0,
    "signal.pitch": "off",
    "signal.noise_shaping": 0.0,
    "signal.voiced_temperature": 1.0,
    "signal.split": "linear",
    "model.extra_inputs": [],
}
CLIPS = ("ru_0063", "ru_0018", "en_both_help")


@pytest.fixture(scope="session")
def tiny():
    return configuration.override(
        configuration.load("demo"),
        {
            **PLAIN,
            **TINY,
            "training.feature_noise": 0.0,
        },
    )


@pytest.fixture(scope="session")
def data(tiny, tmp_path_factory):
    source = tmp_path_factory.mktemp("clips")
    for name in CLIPS:
        shutil.copy(SPEECH / f"{name}.flac", source)
    (source / "held_out.txt").write_text("ru_0063\n")
    folder = tmp_path_factory.mktemp("data") / "prepared"
    prepare.prepare(corpora.folder(source), folder, tiny.mel, tiny.signal, progress=False)
    return folder
