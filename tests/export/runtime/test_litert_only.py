"""A voice runs where there is numpy and LiteRT only, and a newer LiteRT than it was made with."""

import sys

import numpy as np
import pytest

from tests.export.tflite.test_tflite import converted, info_for
from tests.helpers import wheels
from tests.helpers.small import features_for, small_config, sparse_weights
from wavernn_tf.export.runtime import Vocoder

FRAMES = 9

SCRIPT = """
import importlib.util, sys
import numpy as np

for absent in ("tensorflow", "tf_keras", "keras", "yaml", "click"):
    assert importlib.util.find_spec(absent) is None, absent

from wavernn_tf.export.runtime import Vocoder

mel = np.load("mel.npy")
voice = Vocoder.load("voice.tflite")
audio = voice.synthesize(mel, seed=7, temperature=0.8)
chunks = [mel[:1], mel[1:5], mel[5:]]
np.savez(
    "results.npz",
    audio=audio,
    streamed=np.concatenate(list(voice.stream(chunks, seed=7, temperature=0.8))),
    score=voice.score(mel, audio),
)
assert "tensorflow" not in sys.modules
print(voice.runtime)
print(voice.info.to_json())
"""


@pytest.mark.slow
def test_voice_runs_with_numpy_and_litert_only(wheel, tmp_path):
    config = small_config()
    weights = sparse_weights(config)
    model = converted(config, weights)
    mel = features_for(config, FRAMES, padded=False)
    (tmp_path / "voice.tflite").write_bytes(model)
    np.save(tmp_path / "mel.npy", mel)
    (tmp_path / "script.py").write_text(SCRIPT)
    programs = wheels.fresh_environment(tmp_path / "env", wheel, share_dependencies=False)
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet"]
    wheels.run(*pip, "numpy", "ai-edge-litert")  # the newest there are

    lines = wheels.run(programs / "python", "script.py", cwd=tmp_path).split("\n", 1)
    assert lines[0].startswith("litert ")
    assert lines[1].strip() == info_for(config, weights).to_json()

    here = Vocoder.load(model, runtime="tensorflow")
    audio = here.synthesize(mel, seed=7, temperature=0.8)
    with np.load(tmp_path / "results.npz") as there:
        np.testing.assert_array_equal(there["audio"], audio)
        np.testing.assert_array_equal(there["streamed"], audio)
        np.testing.assert_array_equal(there["score"], here.score(mel, audio))
