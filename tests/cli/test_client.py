"""`wavernn-tf client` against a stand-in for TF Serving: the files that `synthesize` writes."""

from __future__ import annotations

import json
import wave

import numpy as np
import pytest

pytest.importorskip("tensorflow_serving")


@pytest.fixture(scope="module")
def server(saved_model):
    from tests.helpers.serving_stand_in import StandIn

    with StandIn({"voice": saved_model}) as running:
        yield running


@pytest.fixture(params=["grpc", "http"])
def url(request, server):
    return server.urls[request.param]


def samples(path):
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_features_to_the_file_of_synthesize(invoke, url, saved_model, mel, tmp_path):
    local, here, streamed = (tmp_path / f"{n}.wav" for n in ("local", "here", "streamed"))
    draw = ["--seed", 5, "--temperature", 0.7, "--fine-temperature", 0.9]
    assert invoke("synthesize", saved_model, mel, local, *draw).exit_code == 0
    result = invoke("client", "--url", url, "synthesize", mel, here, *draw)
    assert result.exit_code == 0, result.stderr
    assert "x real time" in result.stdout and url in result.stdout
    assert here.read_bytes() == local.read_bytes()
    result = invoke("client", "--url", url, "synthesize", mel, streamed, *draw, "--stream")
    assert result.exit_code == 0, result.stderr
    assert np.array_equal(samples(streamed), samples(local))
    assert invoke("client", "--url", url, "synthesize", mel, here).exit_code == 0  # its own file


def test_recordings_need_not_be_wav(invoke, url, saved_model, recording, tmp_path):
    import soundfile

    data, rate = soundfile.read(recording, dtype="int16")
    flac = tmp_path / "in.flac"
    soundfile.write(flac, data[:4000], rate)
    soundfile.write(tmp_path / "in.wav", data[:4000], rate)
    for source, out in ((flac, "a.wav"), (tmp_path / "in.wav", "b.wav")):
        result = invoke("client", "--url", url, "synthesize", source, tmp_path / out)
        assert result.exit_code == 0, result.stderr
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert len(samples(tmp_path / "a.wav")) >= 4000


@pytest.mark.parametrize("stream", [[], ["--stream", "--chunk-frames", 7]])
def test_standard_output_is_the_file(invoke, url, mel, tmp_path, stream):
    out = tmp_path / "out.wav"
    assert invoke("client", "--url", url, "synthesize", mel, out).exit_code == 0
    result = invoke("client", "--url", url, "synthesize", mel, "-", *stream)
    assert result.exit_code == 0, result.stderr
    assert result.stdout_bytes == out.read_bytes()


def test_score_is_that_of_score(invoke, url, saved_model, recording):
    local = json.loads(invoke("score", saved_model, recording, "--json").stdout)
    result = invoke("client", "--url", url, "score", recording, "--json")
    assert result.exit_code == 0, result.stderr
    there = json.loads(result.stdout)["bits_per_sample"]
    assert there["total"] == pytest.approx(local["bits_per_sample"]["total"], abs=1e-4)
    assert "bits per sample" in invoke("client", "--url", url, "score", recording).stdout


def test_status_tells_versions_and_signatures(invoke, url):
    result = invoke("client", "--url", url, "status")
    assert result.exit_code == 0, result.stderr
    assert "voice, version 1: AVAILABLE" in result.stdout
    assert "features float32 [*, *, 80]" in result.stdout
    tree = json.loads(invoke("client", "--url", url, "status", "--json").stdout)
    assert tree["versions"] == {"1": "AVAILABLE"}
    assert tree["signatures"]["synthesize"]["inputs"]["seed"] == "int64 [*]"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "nobody"], "does not serve 'nobody'"),
        (["--model-version", 9], "does not serve 'voice', version 9"),
        (["--url", "http://localhost:1", "--retries", 0], "No answer from http://localhost:1"),
        (["--url", "grpc://localhost:1", "--retries", 0], "No answer from grpc://localhost:1"),
        (["--url", "localhost:8500"], "Expected --url grpc://host:port"),
    ],
)
def test_failures_are_one_line_and_leave_no_file(invoke, url, mel, tmp_path, options, message):
    out = tmp_path / "out.wav"
    result = invoke("client", "--url", url, *options, "synthesize", mel, out)
    assert result.exit_code == 2
    assert message in result.stderr and result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_file_of_the_user_is_kept(invoke, url, mel, tmp_path):
    out = tmp_path / "out.wav"
    out.write_bytes(b"mine")
    result = invoke("client", "--url", url, "synthesize", mel, out)
    assert result.exit_code == 2 and "it is kept" in result.stderr
    assert out.read_bytes() == b"mine"


def test_load_prints_its_figures(invoke, url, saved_model, tmp_path):
    out = tmp_path / "load.json"
    options = ["--clients", 2, "--seconds", 1, "--frames", 2, 4, "--offline", saved_model]
    result = invoke("client", "--url", url, "load", *options, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "0 errors" in result.stdout and "without a server" in result.stdout
    tree = json.loads(out.read_text())
    assert tree["answers"] > 0 and tree["plan"]["clients"] == 2


def test_serving_kit(invoke, saved_model, tmp_path):
    result = invoke("export", "serving-kit", tmp_path / "kit", "--model", f"voice={saved_model}")
    assert result.exit_code == 0, result.stderr
    assert {p.name for p in (tmp_path / "kit").iterdir()} == {
        "README.md",
        "batching.config",
        "docker-compose.yml",
        "models.config",
        "monitoring.config",
        "prometheus.yml",
    }
    result = invoke("export", "serving-kit", tmp_path / "kit", "--model", f"voice={tmp_path}")
    assert result.exit_code == 2 and "numbered versions" in result.stderr
