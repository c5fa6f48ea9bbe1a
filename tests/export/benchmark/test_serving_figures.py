"""The figures of SavedModels: what the command writes is what the page's table reads."""

import json

import pytest
from click.testing import CliRunner

from tests.helpers import scripts
from wavernn_tf.export.benchmark import long_utterance, random_voice, serving_figures
from wavernn_tf.export.benchmark.random_voice import Shape

LIMIT_MB = 2000
"""Of five minutes of speech, with TensorFlow and the model in it."""


@pytest.mark.slow
def test_the_command_writes_what_the_table_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(serving_figures, "SHAPE", Shape(64, 32, 0.25, "16x1"))

    def exported(run, out, xla):
        assert run == "a run"
        return random_voice.make_saved_model(Shape(32, 16, 0.25), out, xla=xla)

    monkeypatch.setattr(serving_figures, "export_run", exported)
    measured = tmp_path / "serving.json"
    options = ["--run", "a run", "--subscale", "2", "--rows", "1", "--rows", "2"]
    options += ["--utterance", "0.02", "--run-utterance", "0.03", "--rounds", "2", "--long", "0.1"]
    command = ["--measured", str(measured), *options]
    result = CliRunner().invoke(serving_figures.main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    tree = json.loads(measured.read_text())
    voices = "run", "random, plain", "random, Subscale 2"
    forms = {(model["voice"], model["form"]) for model in tree["saved_models"]}
    assert forms == {(voice, form) for voice in voices for form in ("while_loop", "XLA")}
    for model in tree["saved_models"]:
        assert list(model["batches"]) == ["1", "2"]
        assert all(timed["slowest_over_median"] >= 1 for timed in model["batches"].values())
    assert tree["long_utterance"]["seconds"] == 0.1
    assert 50 < tree["long_utterance"]["peak_memory_mb"] < LIMIT_MB
    text = scripts.load("docs/tables.py").serving(tree)
    assert text.count("| shipped, 0.03 s |") == 2 and text.count("Subscale 2, 0.02 s |") == 2
    assert "2 rows" in text and f"`{tree['command']}`" in text


@pytest.mark.slow
def test_memory_of_five_minutes_is_bounded(tmp_path):
    """Of a voice of the demo's size, with prediction: it hardly grows with the length."""
    shape = Shape(state=224, proj=128, density=0.05, block="16x1", prediction=True)
    path = random_voice.make_saved_model(shape, tmp_path / "voice")
    short, long = (long_utterance.measure(path, seconds) for seconds in (5.0, 300.0))
    assert short["peak_memory_mb"] < long["peak_memory_mb"] < LIMIT_MB
    # Features, audio and what is copied of them: 24,000 samples and 100 frames a second.
    assert long["peak_memory_mb"] - short["peak_memory_mb"] < 600
