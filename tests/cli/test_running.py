"""Running voices: threads, pipes, interruptions, long recordings."""

from __future__ import annotations

import collections
import functools
import io
import subprocess
import sys
import threading
import wave

import numpy as np
import pytest

from tests.cli.interrupts import ENVIRONMENT, interrupted
from tests.export.tflite.test_tflite import converted
from tests.helpers.small import features_for, small_config
from wavernn_tf.errors import WaveRNNError, WaveRNNWarning
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.voices import open_voice
from wavernn_tf.models import keras_voice
from wavernn_tf.models.keras_voice import KerasVoice
from wavernn_tf.voice import inputs
from wavernn_tf.voice.weights import random_weights


def test_one_voice_in_two_threads(tflite):
    voice = Vocoder.load(tflite)
    lengths = (5, 47, 83, 120, 33)
    mels = [np.tile(np.float32(voice.info.feature_mean), (n, 1)) for n in lengths]
    wanted = [voice.synthesize(mel) for mel in mels]
    seen: collections.Counter = collections.Counter()

    def work(k: int, mine: Vocoder) -> None:
        for i in range(10):
            j = (i + k) % len(mels)
            try:
                seen[np.array_equal(mine.synthesize(mels[j]), wanted[j])] += 1
            except Exception as error:
                seen[str(error)] += 1

    for clones in ((voice, voice, voice), (voice, voice.clone(), voice.clone().clone())):
        threads = [threading.Thread(target=work, args=pair) for pair in enumerate(clones)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == {True: 60}


@pytest.mark.parametrize("form", ["small", "shipped"])
def test_many_at_once_are_as_one_by_one(tflite, form):
    voice = Vocoder.load(tflite if form == "small" else "en_ru")
    mean, std = (np.float32(getattr(voice.info, f"feature_{k}")) for k in ("mean", "std"))
    rng = np.random.default_rng(0)
    lengths = (*range(1, 20), 41, 85, 40)
    mels = [mean + std * rng.normal(0, 0.5, (n, len(mean))).astype(np.float32) for n in lengths]
    seeds = [-3, *range(len(mels) - 1)]
    made = voice.synthesize_many(mels, seeds, 0.9, 1.1)
    for mel, seed, audio in zip(mels, seeds, made):
        np.testing.assert_array_equal(audio, voice.synthesize(mel, seed, 0.9, fine_temperature=1.1))
    others = voice.synthesize_many(mels, [seed + 1 for seed in seeds], 0.9, 1.1)
    assert not any(np.array_equal(a, b) for a, b in zip(made, others) if len(a) > 1000)
    assert voice.synthesize_many([], []) == []
    with pytest.raises(WaveRNNError, match="NaN or infinity"):
        voice.synthesize_many([mels[0], mels[1] * np.nan], [0, 0])


def test_empty_chunks_yield_nothing(tflite, mel):
    voice, features = Vocoder.load(tflite), np.load(mel)
    none = features[:0]
    assert list(voice.stream([])) == [] and list(voice.stream([none, none])) == []
    chunks = [none, features[:3], none, features[3:], none]
    made = np.concatenate(list(voice.stream(chunks, seed=3)))
    np.testing.assert_array_equal(made, voice.synthesize(features, seed=3))


def test_scores_do_not_depend_on_the_segments(run, monkeypatch, mel):
    voice = open_voice(run)
    features = np.load(mel)
    hop = voice.info.mel.hop_length
    audio = np.random.default_rng(0).integers(-3000, 3000, len(features) * hop - 50)
    audio = audio.astype(np.int16)
    whole = voice.score(features, audio)
    monkeypatch.setattr(keras_voice, "SEGMENT_FRAMES", 7)
    cut = voice.score(features, audio)
    np.testing.assert_array_equal(cut, whole)
    other = audio.copy()
    other[7 * hop - 5] += 2000  # canary: what came before a segment counts
    assert np.abs(voice.score(features, other)[7 * hop + 1 :] - cut[7 * hop + 1 :]).max() > 1e-4


def test_audio_on_standard_output(tflite, mel, tmp_path):
    command = [
        sys.executable,
        "-m",
        "wavernn_tf.cli",
        "synthesize",
        tflite,
        mel,
        "-",
        "--seed",
        "4",
    ]
    done = subprocess.run(command, capture_output=True, check=True, env=ENVIRONMENT)
    with wave.open(io.BytesIO(done.stdout)) as file:
        made = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    np.testing.assert_array_equal(made, Vocoder.load(tflite).synthesize(np.load(mel), seed=4))
    assert b"s of audio in" in done.stderr


def test_npz_features(invoke, tflite, mel, tmp_path):
    features = np.load(mel)
    np.savez(tmp_path / "one.npz", anything=features)
    np.savez_compressed(tmp_path / "named.npz", f0=features[:, 0], mel=features)
    invoke("synthesize", tflite, mel, tmp_path / "npy.wav")
    for name in ("one", "named"):
        result = invoke("synthesize", tflite, tmp_path / f"{name}.npz", tmp_path / f"{name}.wav")
        assert result.exit_code == 0, result.stderr
        assert (tmp_path / f"{name}.wav").read_bytes() == (tmp_path / "npy.wav").read_bytes()
    np.savez(tmp_path / "many.npz", a=features, b=features)
    result = invoke("synthesize", tflite, tmp_path / "many.npz", tmp_path / "o.wav")
    assert result.exit_code == 2 and "holds 2 arrays (a, b)" in result.stderr
    (tmp_path / "cut.npz").write_bytes((tmp_path / "named.npz").read_bytes()[:-200])
    result = invoke("synthesize", tflite, tmp_path / "cut.npz", tmp_path / "o.wav")
    assert result.exit_code == 2 and "cut.npz" in result.stderr


def test_ctrl_c_while_tensorflow_speaks(run, data, tmp_path):
    """A run speaks in one call of a graph, which takes minutes here."""
    info = KerasVoice(run).info
    np.save(tmp_path / "long.npy", np.tile(np.float32(info.feature_mean), (20000, 1)))
    command = ["synthesize", run, tmp_path / "long.npy", tmp_path / "o.wav"]
    code, said = interrupted(command, b"synthesizing", wait=3)
    assert code == 130 and "interrupted" in said and "Traceback" not in said
    assert not (tmp_path / "o.wav").exists()


def test_features_of_another_scale_are_told(invoke, tflite, mel, data, tmp_path):
    from wavernn_tf.evaluation import held_out

    features = held_out.read(data)[0].mel
    made = {
        "log10 of the magnitude spectrum": features / np.log(10),
        "ln of the power spectrum": features * 2,
        "10 log10 (dB) of the magnitude spectrum": features * 10 / np.log(10),
        "the magnitude spectrum without a logarithm": np.exp(features),
    }
    voice = Vocoder.load(tflite)
    assert inputs.likely_scale(features, voice.info) is None
    for looks, array in made.items():
        assert inputs.likely_scale(array, voice.info) == looks
        np.save(tmp_path / "mel.npy", array.astype(np.float32))
        result = invoke("synthesize", tflite, tmp_path / "mel.npy", tmp_path / "o.wav")
        assert f"look like {looks}" in result.stderr, result.stderr
    np.save(tmp_path / "mel.npy", features)
    result = invoke("synthesize", tflite, tmp_path / "mel.npy", tmp_path / "o.wav")
    assert "look like" not in result.stderr
    with pytest.warns(WaveRNNWarning, match="ln of the power spectrum"):
        voice.synthesize(features * 2)


CLONES = """
import os, sys
import numpy as np
from wavernn_tf.export.runtime import Vocoder
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
features = np.load(sys.argv[2])
voices, seen = [Vocoder.load(sys.argv[1])], [resident()]
for _ in range(4):
    voices[-1].synthesize(features)
    seen.append(resident())
    voices.append(voices[-1].clone())
print(*np.diff(seen))
"""


def test_clones_share_the_weights(tmp_path):
    config = small_config(state_size=768, projection_size=256)
    weights = random_weights(config)  # dense: of some megabytes
    model = converted(config, weights)
    (tmp_path / "v.tflite").write_bytes(model)
    features = features_for(config, 2, padded=False)
    np.save(tmp_path / "mel.npy", features)
    # A process of its own, without TensorFlow: what was freed before could be taken again.
    command = [sys.executable, "-c", CLONES, tmp_path / "v.tflite", tmp_path / "mel.npy"]
    done = subprocess.run(command, capture_output=True, check=True, env=ENVIRONMENT)
    first, *clones = map(int, done.stdout.split())
    assert 0.8 * len(model) < first and sum(clones) < 0.2 * len(model), (len(model), first, clones)


def test_what_clones_share_ends_with_the_last():
    config = small_config()
    voices, made = {}, {}
    features = features_for(config, 2, padded=False)
    for seed in (1, 2):
        voices[seed] = Vocoder.load(converted_once(config, seed))
        made[seed] = voices[seed].synthesize(features)
        kept = voices[seed].clone().clone()
        voices[seed].score(features, made[seed])
        voices[seed] = kept  # the ones before are gone
        np.testing.assert_array_equal(kept.synthesize(features), made[seed])
    assert not np.array_equal(made[1], made[2])
    for seed in (1, 2) * 10:  # files come and go, often in the same place
        voices.clear()
        again = Vocoder.load(converted_once(config, seed))
        np.testing.assert_array_equal(again.synthesize(features), made[seed])


@functools.cache
def _converted(config, seed):
    return converted(config, random_weights(config, seed))


def converted_once(config, seed):
    """A new copy of a file."""
    return bytes(bytearray(_converted(config, seed)))
