"""Every command on good input."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.small import assert_same_samples
from wavernn_tf.config import Config
from wavernn_tf.evaluation import evaluate, held_out
from wavernn_tf.export.runtime.library import available_isas
from wavernn_tf.generation.reference import Reference
from wavernn_tf.models.keras_voice import KerasVoice


def read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


@pytest.mark.parametrize(
    "command",
    [
        "prepare",
        "train",
        "evaluate",
        "export",
        "export tflite",
        "export saved-model",
        "export serving-kit",
        "synthesize",
        "voices",
        "score",
        "inspect",
        "bench",
    ],
)
def test_help_has_a_description_and_an_example(invoke, command):
    result = invoke(*command.split(), "--help")
    assert result.exit_code == 0
    assert re.search(rf"^ +wavernn-tf {command}.* \S+/", result.stdout, re.M) or command in (
        "bench",
        "voices",
    )
    assert "Example" in result.stdout
    assert "\\b" not in result.stdout and "\b" not in result.stdout


@pytest.mark.parametrize("command", ["", "synthesize", "score", "status", "load"])
def test_help_of_the_client_has_an_example(invoke, command):
    result = invoke("client", *command.split(), "--help")
    assert result.exit_code == 0
    assert re.search(rf"^ +wavernn-tf client .*{command}", result.stdout, re.M)
    assert "\\b" not in result.stdout and "\b" not in result.stdout


def test_prepare_counts_and_names_what_it_skips(invoke, recordings, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(recordings, folder)
    (folder / "broken.wav").write_bytes(b"RIFF")
    result = invoke("prepare", folder, tmp_path / "out", "--workers", "1")
    assert result.exit_code == 0, result.stderr
    assert re.search(r"^train +2 ", result.stdout, re.M)
    assert re.search(r"^held out +1 ", result.stdout, re.M)
    assert "skipped: 1" in result.stdout and "broken.wav" in result.stdout
    strict = invoke("prepare", folder, tmp_path / "out2", "--on-error", "fail")
    assert strict.exit_code == 2 and "broken.wav" in strict.stderr


def test_train_then_resume_without_options(invoke, data, config, tmp_path):
    run = tmp_path / "run"
    sizes = config.model
    args = [
        f"model.state_size={sizes.state_size}",
        f"model.projection_size={sizes.projection_size}",
        "model.conditioning={channels: 8, kernel_sizes: [3], upsample: [4]}",
        "training={steps: 2, batch_size: 2, window: 200, eval_every: 2, eval_windows: 2}",
        "pruning.enabled=false",  # its graph takes longest to build
    ]
    chosen = [part for a in args for part in ("--set", a)]
    result = invoke("train", data, run, *chosen, "--no-audio", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert "bits per sample to expect" in result.stdout
    assert re.search(r"^held out +\d+\.\d{4} ", result.stdout, re.M)
    with np.load(run / "voice.npz") as arrays:
        before = {name: arrays[name] for name in arrays.files}
    again = invoke("train", data, run, "--no-audio", "--quiet")
    assert again.exit_code == 0, again.stderr
    assert "finished: 2 steps are done" in again.stdout
    with np.load(run / "voice.npz") as arrays:
        assert before and set(arrays.files) == set(before)
        assert all(np.array_equal(arrays[name], before[name]) for name in before)


def test_evaluate_compares_the_three_forms(invoke, run, tflite, saved_model, tmp_path):
    report = tmp_path / "report.html"
    result = invoke(
        *("evaluate", run, tflite, saved_model, "--report", report, "--json"),
        *("--clips", 1, "--clip-seconds", 0.3),
    )
    assert result.exit_code == 0, result.stderr
    tree = json.loads(result.stdout)
    assert list(tree["voices"]) == ["run", "voice.tflite", "saved_model"]
    totals = [v["bits_per_sample"]["total"] for v in tree["voices"].values()]
    assert np.ptp(totals) < 1e-3 * totals[0]
    assert tree["voices"]["run"]["difference_percent"] == 0
    assert tree["histogram"]["total"] < tree["uniform"]["total"] == 16
    page = report.read_text(encoding="utf-8")
    assert "http" not in page.replace("http-equiv", "")
    sounds = re.findall(r'src="data:audio/wav;base64,([^"]+)"', page)
    assert len(sounds) == 4
    spoken = [soundfile.read(io.BytesIO(base64.b64decode(s)), dtype="int16")[0] for s in sounds]
    assert {len(s) for s in spoken} == {int(0.3 * 16000)}
    # The original is another sound; the op's and the sampler's are the reference's, same seed.
    keras = KerasVoice(run)
    clip = evaluate.excerpt(
        held_out.read(json.loads((run / "data.json").read_text())["path"])[0], 0.3, 16000
    )
    edges = ((keras.info.past, keras.info.lookahead), (0, 0))
    draws = Reference(keras.config, keras.weights).generate(np.pad(clip.mel, edges, "edge"), 0)
    np.testing.assert_array_equal(spoken[0], clip.audio)
    for audio in spoken[1:]:
        assert_same_samples(audio, draws, at_least=500)
    assert page.count("data:image/png;base64,") == 2  # training curve, utterance


def test_evaluate_prints_a_table(invoke, tflite, data):
    result = invoke("evaluate", tflite, "--data", data, "--max-utterances", 1)
    assert result.exit_code == 0, result.stderr
    for name in ("voice.tflite", "histogram", "uniform"):
        assert re.search(rf"^{name} +\d+\.\d{{4}} ", result.stdout, re.M)


def test_synthesize_is_the_same_for_the_same_seed(invoke, tflite, saved_model, mel, tmp_path):
    outs = []
    for name, artefact, seed in [("a", tflite, 1), ("b", tflite, 1), ("c", tflite, 2)]:
        out = tmp_path / f"{name}.wav"
        result = invoke("synthesize", artefact, mel, out, "--seed", seed)
        assert result.exit_code == 0, result.stderr
        assert re.search(r"0\.50 s of audio in .*x real time \(", result.stdout)
        outs.append(read_wav(out))
    assert np.array_equal(outs[0], outs[1])
    assert not np.array_equal(outs[0], outs[2])
    result = invoke("synthesize", saved_model, mel, tmp_path / "d.wav", "--temperature", "0")
    assert result.exit_code == 0, result.stderr


def test_synthesize_from_a_stereo_recording(invoke, tflite, tmp_path):
    rng = np.random.default_rng(0)
    noise = np.int16(rng.standard_normal([4800, 2]) * 3000)
    with wave.open(str(tmp_path / "in.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(24000)
        file.writeframes(noise.astype("<i2").tobytes())
    result = invoke("synthesize", tflite, tmp_path / "in.wav", tmp_path / "out.wav")
    assert result.exit_code == 0, result.stderr
    assert len(read_wav(tmp_path / "out.wav")) == 3200  # 0.2 s, 16 frames


def test_score_by_op_and_keras_agree(invoke, tflite, run, recording):
    found = []
    for artefact in (tflite, run):
        result = invoke("score", artefact, recording, "--json")
        assert result.exit_code == 0, result.stderr
        found.append(json.loads(result.stdout)["bits_per_sample"])
    assert found[0]["samples"] == found[1]["samples"]
    assert found[0]["total"] == pytest.approx(found[1]["total"], rel=1e-4)


@pytest.mark.parametrize("what", ["tflite", "saved_model", "run", "data"])
def test_inspect_json(invoke, request, what):
    path = request.getfixturevalue(what)
    result = invoke("inspect", path, "--json")
    assert result.exit_code == 0, result.stderr
    tree = json.loads(result.stdout)
    fingerprint = tree["mel_fingerprint"]
    assert fingerprint == Config().mel.fingerprint
    plain = invoke("inspect", path)
    assert plain.exit_code == 0 and f"kind: {tree['kind']}" in plain.stdout
    assert max(map(len, plain.stdout.splitlines())) < 200


def test_export_records_what_the_gate_measured(invoke, tflite):
    measured = json.loads(invoke("inspect", tflite, "--json").stdout)["bits_per_sample"]
    assert set(measured) == {"keras", "op"}
    assert measured["op"] == pytest.approx(measured["keras"], rel=1e-3)


@pytest.mark.parametrize("weights, block", [("bfloat16", None), ("int16", "8x4"), ("int8", "4x4")])
def test_export_takes_a_weight_type_and_a_block_shape(invoke, run, tmp_path, weights, block):
    out = tmp_path / "voice.tflite"
    options = ["--weights", weights, *(["--block", block] if block else [])]
    result = invoke("export", "tflite", run, out, *options, "--no-parity", "--no-timing")
    assert result.exit_code == 0, result.stderr
    info = json.loads(invoke("inspect", out, "--json").stdout)
    assert info["weights"] == weights
    assert set(info["blocks"].values()) == {block or "16x1"}
    assert f"{weights} weights {info['weights_hash'][:16]}" in result.stdout
    assert f"{info['nonzeros']} weights kept" in result.stdout


def test_export_takes_other_settings_of_sampling(invoke, run, tflite, tmp_path):
    out = tmp_path / "voice.tflite"
    setting = ["--set", "signal.postfilter_strength=2.5"]
    result = invoke("export", "tflite", run, out, *setting, "--no-parity", "--no-timing")
    assert result.exit_code == 0, result.stderr
    made, before = (json.loads(invoke("inspect", p, "--json").stdout) for p in (out, tflite))
    assert made["signal"].pop("postfilter_strength") == 2.5
    assert before["signal"].pop("postfilter_strength") == 1.5
    assert made["signal"] == before["signal"]
    assert made["signal"]["noise_shaping"] == 0 and made["signal"]["voiced_temperature"] == 1
    assert made["weights_hash"] == before["weights_hash"]


@pytest.mark.parametrize("weights", ["bfloat16", "int16", "int8"])
def test_narrow_weights_pass_the_gate(invoke, run, tmp_path, weights):
    out = tmp_path / "voice.tflite"
    options = ["--weights", weights, "--seconds", "0.5", "--no-timing"]
    result = invoke("export", "tflite", run, out, *options)
    assert result.exit_code == 0, result.stderr
    assert f"limit with {weights} weights: 0.0" in result.stdout
    assert json.loads(invoke("inspect", out, "--json").stdout)["weights"] == weights


def test_bench(invoke, tflite):
    result = invoke("bench", tflite, "--rounds", 3, "--round-seconds", 0.02, "--json")
    assert result.exit_code == 0, result.stderr
    tree = json.loads(result.stdout)
    (found,) = tree["voices"].values()
    assert found["rounds"] == 3 and found["samples"] > 0
    assert found["us_per_sample"] * found["samples_per_second"] == pytest.approx(1e6)
    assert found["real_time_factor"] == pytest.approx(found["samples_per_second"] / 16000)
    assert [entry["isa"] for entry in found["isas"]] == list(available_isas())
    assert found["dense_tflite"]["int8"]["us_per_sample"] > 0
    assert tree["machine"]["processor"]


def test_bench_of_voices_side_by_side(invoke, tflite, saved_model):
    options = ["--rounds", 1, "--round-seconds", 0.01, "--no-dense"]
    result = invoke("bench", tflite, saved_model, *options)
    assert result.exit_code == 0, result.stderr
    assert {str(tflite), str(saved_model)} < set(result.stdout.splitlines())
    assert result.stdout.count("us/sample") == 2


def test_bench_of_subscale_beside_plain(invoke):
    shape = ["--state", 64, "--proj", 32, "--density", 0.3, "--block", "16x1", "--subscale", 4]
    options = ["--horizon", 20, "--no-dense", "--rounds", 2, "--round-seconds", 0.01]
    result = invoke("bench", *shape, *options, "--utterance", 0.1, "--json")
    assert result.exit_code == 0, result.stderr
    tree = json.loads(result.stdout)
    for timed in (tree, tree["saved_model"]):
        plain = timed["plain"]
        ratio = plain["us_per_sample"] / timed["us_per_sample"]
        assert timed["speedup_over_plain"] == pytest.approx(ratio)
        assert timed["samples_per_second"] > 0
    assert tree["stages_us"]["subscale"] > 0 and tree["plain"]["stages_us"]["subscale"] == 0
    assert tree["nonzeros"] > tree["plain"]["nonzeros"]
    printed = invoke("bench", *shape, *options)
    assert len(re.findall(r": \d+\.\d\d times the plain", printed.stdout)) == 1


def test_bench_of_saved_models_by_rows(invoke, run, saved_model):
    options = ["--rows", "1,2", "--rounds", 2, "--utterance", 0.1]
    result = invoke("bench", "--saved-model", run, "--saved-model", saved_model, *options, "--json")
    assert result.exit_code == 0, result.stderr
    tree = json.loads(result.stdout)
    found = tree["saved_models"]
    assert list(found) == [f"{run}, while_loop", f"{run}, XLA", str(saved_model)]
    assert tree["peak_memory_mb"] > 100 and tree["samples_per_second_over_paper"] == {}
    for form in found.values():
        assert list(form["batches"]) == ["1", "2"]
        for batch, timed in form["batches"].items():
            assert timed["samples"] == pytest.approx(int(batch) * 1600, abs=int(batch) * 200)
            assert timed["cpu_us_per_sample"] > 0 and timed["slowest_over_median"] >= 1
    result = invoke("bench", "--saved-model", saved_model, *options)
    assert result.stdout.count(str(saved_model)) == 2 and "peak memory" in result.stdout


def test_bench_of_a_shape(invoke):
    shape = ["--state", 64, "--proj", 32, "--density", 0.3, "--block", "16x1", "--batch", 2]
    options = ["--isa", "scalar", "--rounds", 2, "--round-seconds", 0.01]
    result = invoke("bench", *shape, *options, "--json")
    assert result.exit_code == 0, result.stderr
    tree = json.loads(result.stdout)
    assert (tree["state"], tree["proj"], tree["block"], tree["batch"]) == (64, 32, "16x1", 2)
    assert [entry["isa"] for entry in tree["isas"]] == ["scalar"] == [tree["isa"]]
    assert tree["real_time_factor"] == pytest.approx(tree["samples_per_second"] / 24000)
    plain = invoke("bench", *shape, *options)
    assert plain.exit_code == 0, plain.stderr
    assert re.search(r"^scalar +\d+\.\d\d ", plain.stdout, re.M)
    assert re.search(r"^dense TFLite, int8", plain.stdout, re.M)
