"""Every example runs, as a user would run it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.small import SPEECH, features_for, small_config, sparse_weights
from wavernn_tf import config as configuration
from wavernn_tf.config import recipes
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.tflite import convert as tflite
from wavernn_tf.pipelines import corpora, prepare
from wavernn_tf.voice import describe

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(script, *arguments):
    command = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_voice(path, config, mean, std):
    weights = sparse_weights(config)
    n = config.mel.n_mels
    statistics = {"mean": np.full(n, mean), "std": np.full(n, std)}
    path.write_bytes(
        tflite.convert(config, weights, describe.describe(config, weights, statistics, {}))
    )


@pytest.mark.slow
def test_streaming(tmp_path):
    config = small_config()
    write_voice(tmp_path / "voice.tflite", config, 0.0, 1.0)
    mel = features_for(config, 25, padded=False)
    np.save(tmp_path / "mel.npy", mel)
    printed = run(
        "python_streaming.py", *(tmp_path / f for f in ("voice.tflite", "mel.npy", "out.wav"))
    )
    assert "x real time" in printed
    audio, rate = soundfile.read(tmp_path / "out.wav", dtype="int16")
    assert rate == config.mel.sample_rate
    whole = Vocoder.load(tmp_path / "voice.tflite").synthesize(mel, seed=1)
    np.testing.assert_array_equal(audio, whole)


@pytest.mark.slow
def test_a_mel_of_librosa(tmp_path):
    shape = configuration.ConditioningConfig(channels=16, kernel_sizes=(3,), upsample=(2, 2))
    config = configuration.Config(
        mel=recipes.find("librosa"),
        model=configuration.ModelConfig(64, 32, conditioning=shape),
    )
    write_voice(tmp_path / "voice.tflite", config, -30.0, 20.0)
    run("librosa_mel.py", tmp_path / "voice.tflite", SPEECH / "ru_0063.flac", tmp_path / "o.wav")
    info = soundfile.info(str(tmp_path / "o.wav"))
    recording = soundfile.info(str(SPEECH / "ru_0063.flac"))
    assert info.samplerate == 22050
    assert info.duration == pytest.approx(recording.duration, abs=512 / 22050)


@pytest.mark.slow
def test_training_on_ones_own_recordings(tmp_path):
    (tmp_path / "mine").mkdir()
    for name in ("ru_0018", "en_both_help", "ru_0063"):
        shutil.copy(SPEECH / f"{name}.flac", tmp_path / "mine")
    (tmp_path / "mine" / "broken.wav").write_bytes(b"not audio")
    settings = {
        "training.steps": 4,
        "training.eval_every": 2,
        "training.batch_size": 4,
        "training.window": 200,
        "pruning.begin_step": 1,
        "pruning.end_step": 3,
        "pruning.frequency": 1,
        "model.state_size": 32,
        "model.projection_size": 32,
        "model.extra_inputs": "[sample, prediction]",
        # test_demo trains the pitch estimator.
        "signal.pitch": "off",
        "signal.noise_shaping": 0,
        "signal.voiced_temperature": 1,
    }
    flags = [f"--set={key}={value}" for key, value in settings.items()]
    printed = run(
        "train_on_recordings.py", tmp_path / "mine", tmp_path / "out", "--preset=demo", *flags
    )
    assert "broken.wav" in printed
    voice = Vocoder.load(tmp_path / "out" / "voice.tflite")
    assert min(voice.info.sparsity[f"R_{gate}"] for gate in "ure") >= 0.95


@pytest.mark.slow
def test_subscale_against_plain(tmp_path):
    clips = tmp_path / "clips"
    clips.mkdir()
    for name in ("ru_0018", "ru_0063"):
        shutil.copy(SPEECH / f"{name}.flac", clips)
    config = configuration.load("wavernn-512-16k")
    corpus = corpora.folder(clips)
    prepare.prepare(corpus, tmp_path / "data", config.mel, config.signal, held_out=0.5)
    names = ["plain", "subscale 8", "subscale 16, blind"]
    small = ["--steps", 6, "--state", 64, "--seconds", 0.2]
    chosen = [f"--only={name}" for name in names]
    printed = run("subscale_against_plain.py", tmp_path / "data", tmp_path / "out", *small, *chosen)
    rows = {line.split("|")[1].strip(): line.split("|")[2:] for line in printed.splitlines()[-3:]}
    assert list(rows) == names
    for name, (total, coarse, fine, parts, _) in rows.items():
        assert float(total) == pytest.approx(float(coarse) + float(fine), abs=2e-3)
        assert len(parts.split()) == (0 if name == "plain" else int(name.split(",")[0].split()[1]))
    written = json.loads((tmp_path / "out" / "bits.json").read_text())
    assert [row["name"] for row in written["rows"]] == list(rows)
    assert "subscale_against_plain.py" in written["command"] and written["date"]
