"""`make demo` in small: every file and every number of its summary."""

import json
import shutil

import pytest
import soundfile

from tests.examples.test_examples import run
from tests.helpers.small import SPEECH

SETTINGS = """
preset: demo
model: {state_size: 160, projection_size: 64, conditioning: {channels: 16}}
pruning: {begin_step: 4, end_step: 20, frequency: 2}
training: {steps: 40, eval_every: 20, batch_size: 16, window: 200, eval_windows: 16}
"""
FILES = ["model.tflite", "original.wav", "report.html", "saved_model.wav", "spectrogram.png"]


@pytest.mark.slow
def test_demo(tmp_path):
    (tmp_path / "speech").mkdir()
    for name in ("ru_0018", "ru_0062", "en_both_help", "ru_0063"):
        shutil.copy(SPEECH / f"{name}.flac", tmp_path / "speech")
    (tmp_path / "speech" / "held_out.txt").write_text("ru_0063\n")
    out = tmp_path / "out"
    settings = tmp_path / "small.yaml"
    settings.write_text(SETTINGS)
    printed = run(
        "demo.py",
        f"--speech={tmp_path / 'speech'}",
        f"--out={out}",
        f"--preset={settings}",
        "--train-only",
    )
    summary = json.loads((out / "summary.json").read_text())
    bits = summary["bits_per_sample"]
    narrow = ["tflite_bfloat16", "tflite_int16", "tflite_int8"]
    exported = ["tflite_litert", "tflite_tf", *narrow, "saved_model"]
    assert sorted(bits) == sorted(["keras", *exported, "uniform", "histogram"])
    for name in exported:
        assert bits[name] == pytest.approx(bits["keras"], rel=1e-3)
    assert bits["uniform"] == 16
    assert bits["keras"] < bits["histogram"] - 0.5  # it uses the features and the past
    assert summary["command"] and summary["machine"]["processor"]
    assert [row["step"] for row in summary["history"]][-1] > 0
    sparsity = summary["sparsity"]
    assert min(sparsity[f"R_{gate}"] for gate in "ure") >= 0.96
    assert min(sparsity[name] for name in ("O1", "O2", "O3", "O4")) > 0.75
    same = summary["agreement"]["same_samples_as_numpy"]
    # Where they part, the draw fell within float32 rounding of a boundary.
    assert same["equal"] >= 2000
    assert same["equal"] == same["compared"] or same["distance_from_boundary"] < 1e-5
    assert summary["real_time_factor"].keys() == set(exported)
    sizes = summary["file_bytes"]
    assert sizes["tflite_int8"] < sizes["tflite_bfloat16"] < sizes["tflite"]
    assert sizes["tflite_bfloat16"] < sizes["tflite_int16"] < 1.05 * sizes["tflite_bfloat16"]
    assert sizes["tflite"] == (out / "model.tflite").stat().st_size < sizes["tflite_dense"]
    for name in FILES:
        assert (out / name).stat().st_size > 1000
    assert (out / "saved_model" / "1" / "saved_model.pb").is_file()
    original, rate = soundfile.read(out / "original.wav")
    spoken, _ = soundfile.read(out / "tflite.wav")
    assert rate == 16000 and len(original) == len(spoken)
    assert "tflite_litert" in printed and "zero blocks" in printed
