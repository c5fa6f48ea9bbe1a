"""Bad input: one clear line on standard error, exit code 2, no traceback."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from wavernn_tf.voice import metadata


@pytest.fixture
def refused(invoke):
    """Runs a command that must be refused; returns the line."""

    def run(*args: object) -> str:
        result = invoke(*args)
        assert result.exit_code == 2, (result.stdout, result.stderr, result.exception)
        lines = [x for x in result.stderr.splitlines() if x.startswith("wavernn-tf: ")]
        assert len(lines) == 1 and lines[0] == result.stderr.splitlines()[-1]
        assert "Traceback" not in result.stderr
        return lines[0]

    return run


def save(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def write_wav(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def test_usage(refused, tmp_path):
    assert "No such command" in refused("tain")
    assert "Missing argument" in refused("train")
    assert "No such option" in refused("bench", "x", "--fast")
    assert "not in the range" in refused("bench", "x", "--rounds", "0")
    assert "does not exist" in refused("train", tmp_path / "none", tmp_path / "run")
    for args in (("train", tmp_path, ""), ("prepare", "", tmp_path / "x"), ("inspect", "")):
        assert "An argument is empty" in refused(*args)


def test_bench(refused, tflite, saved_model):
    assert "leave out VOICES" in refused("bench", tflite, "--state", "64")
    assert "multiple of 32; got 40" in refused("bench", "--state", "40")
    assert "multiple of 16; got 8" in refused("bench", "--proj", "8")
    assert "(0, 1]; got 0" in refused("bench", "--density", "0")
    assert "'2x2' is not one of" in refused("bench", "--block", "2x2")
    assert "'3' is not one of" in refused("bench", "--subscale", "3")
    assert "horizon` >= 7" in refused("bench", "--subscale", "8", "--horizon", "3")
    assert "goes with --subscale" in refused("bench", "--utterance", "1")
    assert "timed alone" in refused("bench", tflite, "--saved-model", saved_model)
    assert "expected --rows" in refused("bench", "--saved-model", saved_model, "--rows", "1,x")
    assert "Expected a SavedModel's folder" in refused("bench", "--saved-model", tflite)
    assert "`isa`" in refused("bench", tflite, "--isa", "mmx")
    assert "for .tflite voices" in refused("bench", saved_model, "--batch", "2")
    assert "does not exist" in refused("bench", "nowhere.tflite")


def test_prepare(refused, recordings, tmp_path):
    out = tmp_path / "out"
    assert "not a folder" in refused("prepare", tmp_path / "none", out)
    (tmp_path / "empty").mkdir()
    assert "Found no" in refused("prepare", tmp_path / "empty", out)
    assert "did you mean" in refused("prepare", recordings, out, "--recipe", "hifgan")
    assert "demo" in refused("prepare", recordings, out, "--preset", "demmo")
    assert "held-out" in refused("prepare", recordings, out, "--held-out", "1.5")
    line = refused("prepare", recordings, out, "--set", "mel.hop=256")
    assert "mel.hop" in line and "hop_length" in line
    assert "KEY=VALUE" in refused("prepare", recordings, out, "--set", "mel.hop_length")
    assert "not YAML" in refused("prepare", recordings, out, "--set", "mel.fmax=[")
    broken = tmp_path / "broken.yaml"
    broken.write_text("mel: [")
    assert "not valid YAML" in refused("prepare", recordings, out, "--config", broken)
    both = refused("prepare", recordings, out, "--config", broken, "--preset", "demo")
    assert "exclude" in both


def test_empty_audio(refused, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    write_wav(folder / "a.wav", np.zeros(0))
    assert "a.wav" in refused("prepare", folder, tmp_path / "out", "--on-error", "fail")


def test_train(refused, data, run, tmp_path):
    assert "did you mean" in refused("train", data, tmp_path / "r", "--set", "training.step=5")
    odd = refused("train", data, tmp_path / "r", "--set", "model.state_size=225")
    assert "model.state_size" in odd
    assert "hop_length" in refused("train", data, tmp_path / "r", "--recipe", "hifigan")
    assert "another configuration" in refused("train", data, run, "--set", "training.steps=3")
    assert "no prepared data" in refused("train", tmp_path, tmp_path / "r")
    wrong = refused("train", data, tmp_path / "r", "--set", "training.steps=many")
    assert "training.steps" in wrong
    assert not (tmp_path / "r").exists()


def test_synthesize(refused, tflite, mel, recording, tmp_path):
    out = tmp_path / "out.wav"
    assert ".wav" in refused("synthesize", tflite, mel, tmp_path / "out.mp3")
    assert "none.npy" in refused("synthesize", tflite, tmp_path / "none.npy", out)
    assert "none.wav" in refused("synthesize", tflite, tmp_path / "none.wav", out)
    assert "none.tflite" in refused("synthesize", tmp_path / "none.tflite", mel, out)
    assert "temperature" in refused("synthesize", tflite, mel, out, "--temperature", "-1")
    assert "temperature" in refused("synthesize", tflite, mel, out, "--temperature", "nan")
    assert "fine_temperature" in refused("synthesize", tflite, mel, out, "--fine-temperature", "-1")
    assert "seed" in refused("synthesize", tflite, mel, out, "--seed", 2**64)
    mismatch = refused("synthesize", tflite, mel, out, "--recipe", "hifigan")
    assert "hifigan" in mismatch and "wavernn-16k" in mismatch
    assert "recording" in refused("synthesize", tflite, recording, out, "--recipe", "hifigan")
    assert "Unknown mel recipe" in refused("synthesize", tflite, mel, out, "--recipe", "nothing")
    assert not out.exists()


def test_features(refused, tflite, mel, tmp_path):
    good = np.load(mel)
    out = tmp_path / "out.wav"
    spoiled = good.copy()
    spoiled[7, 3] = np.nan
    cases = [
        (spoiled, "frame 7"),
        (good[:, :40], "[frames, 80]"),
        (good.T, "mel.T"),
        (good[None], "mel[0]"),
        (good[:0], "no frame"),
        (good.astype(np.int32), "float type"),
        (good * 100, "another scale"),
        (good[0], "[frames, 80]"),
    ]
    for array, expected in cases:
        path = save(tmp_path / "bad.npy", array)
        assert expected in refused("synthesize", tflite, path, out)
    (tmp_path / "bad.npy").write_bytes(b"not numpy")
    assert "not a .npy array" in refused("synthesize", tflite, tmp_path / "bad.npy", out)
    assert not out.exists()


def test_artefacts(refused, tflite, mel, run, tmp_path):
    out, model = tmp_path / "out.wav", tflite.read_bytes()
    bad = tmp_path / "bad.tflite"
    for size in (len(model) - 200, len(model) // 2, 100, 9, 3, 0):
        bad.write_bytes(model[:size])
        refused("synthesize", bad, mel, out)
    refused("inspect", bad)
    version = b'"schema_version": %d' % metadata.SCHEMA_VERSION
    assert model.count(version) == 1
    for other, advice in ((9, "Upgrade"), (1, "export the run again")):
        bad.write_bytes(model.replace(version, b'"schema_version": %d' % other))
        assert f"schema version {other}" in refused("synthesize", bad, mel, out)
        assert advice in refused("inspect", bad)
    assert "none of them" in refused("inspect", tmp_path)
    unfinished = tmp_path / "run"
    shutil.copytree(run, unfinished)
    (unfinished / "voice.npz").unlink()
    assert "not finished" in refused("synthesize", unfinished, mel, out)
    assert "not finished" in refused("export", "saved-model", unfinished, tmp_path / "sm")


def test_export(refused, run, tmp_path):
    assert ".tflite" in refused("export", "tflite", run, tmp_path / "voice.bin")
    assert "no config.yaml" in refused("export", "tflite", tmp_path, tmp_path / "v.tflite")
    out = tmp_path / "v.tflite"
    assert "'bfloat16'" in refused("export", "tflite", run, out, "--weights", "float16")
    assert "'8x4'" in refused("export", "tflite", run, out, "--block", "2x2")
    for target in (("tflite", run, out), ("saved-model", run, tmp_path / "sm")):
        said = refused("export", *target, "--set", "training.steps=3")
        assert "got training.steps, which a trained voice cannot change" in said
        said = refused("export", *target, "--set", "signal.noise_shaping=0.4")
        assert "follows the voicing: set `signal.pitch`" in said
    moved = tmp_path / "run"
    shutil.copytree(run, moved)
    text = (moved / "data.json").read_text()
    start = text.index('"path": "') + len('"path": "')
    gone = text[:start] + "/gone" + text[text.index('"', start) :]
    (moved / "data.json").write_text(gone)
    assert "--data" in refused("export", "tflite", moved, tmp_path / "v.tflite")
    assert "--data" in refused("evaluate", moved)
    assert not (tmp_path / "v.tflite").exists()


def test_evaluate_and_score(refused, tflite, run, data, recording, mel, tmp_path):
    assert "--data" in refused("evaluate", tflite)
    assert ".html" in refused("evaluate", run, "--report", tmp_path / "report.pdf")
    assert "none" in refused("evaluate", tmp_path / "none", "--data", data)
    assert "same recording" in refused("score", tflite, recording, "--mel", mel)
    assert "no file" in refused("score", tflite, tmp_path / "none.wav")
    empty = write_wav(tmp_path / "empty.wav", np.zeros(0))
    assert "empty.wav" in refused("score", tflite, empty)
