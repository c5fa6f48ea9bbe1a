"""The operator's kit: what TF Serving's own messages, Compose and Prometheus take."""

import shutil
import subprocess
import sys

import pytest
import yaml
from google.protobuf import text_format

from tests.helpers.serving_configs import monitoring_config, read_batching
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving import kit
from wavernn_tf.export.serving.signatures import ROW_BUCKETS

pytest.importorskip("tensorflow_serving")
from tensorflow_serving.config import model_server_config_pb2  # noqa: E402


@pytest.fixture
def models(served, tmp_path):
    second = tmp_path / "models" / "second"
    shutil.copytree(served.version, second / "3")
    return {"voice": served.folder, "voice.2": second}


@pytest.fixture
def out(models, tmp_path):
    kit.write(tmp_path / "kit", models)
    return tmp_path / "kit"


def test_models_are_those_that_compose_mounts(out, models):
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((out / "models.config").read_text(), config)
    found = {c.name: c.base_path for c in config.model_config_list.config}
    assert list(found) == list(models)
    assert {c.model_platform for c in config.model_config_list.config} == {"tensorflow"}
    service = yaml.safe_load((out / "docker-compose.yml").read_text())["services"]["serving"]
    mounts = {v["target"]: (out / v["source"]).resolve() for v in service["volumes"]}
    assert all(v["read_only"] for v in service["volumes"])
    assert mounts.pop("/config") == out.resolve()
    assert mounts == {found[name]: path.resolve() for name, path in models.items()}


def test_flags_name_files_of_the_kit(out):
    service = yaml.safe_load((out / "docker-compose.yml").read_text())["services"]["serving"]
    flags = dict(flag.removeprefix("--").split("=", 1) for flag in service["command"])
    named = {v.removeprefix("/config/") for v in flags.values() if v.startswith("/config/")}
    assert named == {p.name for p in out.glob("*.config")}
    assert service["image"].startswith("tensorflow/serving:")
    # The server knows no other flags of these names: its main.cc.
    assert set(flags) == {
        "model_config_file",
        "enable_batching",
        "batching_parameters_file",
        "monitoring_config_file",
        "rest_api_timeout_in_ms",
        "xla_cpu_compilation_enabled",
    }


def test_batching_is_what_the_server_takes(out):
    parameters = read_batching(out / "batching.config")
    assert not parameters.allowed_batch_sizes  # no row is computed twice to fill a batch
    assert parameters.max_batch_size.value == ROW_BUCKETS[-1]
    assert parameters.pad_variable_length_inputs


def test_a_misspelled_field_is_not_taken(out):
    text = (out / "batching.config").read_text().replace("max_batch_size", "most_rows")
    (out / "batching.config").write_text(text)
    with pytest.raises(text_format.ParseError):
        read_batching(out / "batching.config")


def test_monitoring_and_its_scraper_name_one_path(out):
    config = monitoring_config()()
    text_format.Parse((out / "monitoring.config").read_text(), config)
    assert config.prometheus_config.enable
    (job,) = yaml.safe_load((out / "prometheus.yml").read_text())["scrape_configs"]
    assert job["metrics_path"] == config.prometheus_config.path
    assert job["static_configs"] == [{"targets": ["serving:8501"]}]


def test_page_tells_of_every_model(out, served):
    page = (out / "README.md").read_text()
    mel = served.config.mel
    numbers = f"{mel.sample_rate} | {mel.hop_length} | {mel.n_mels} |"
    assert f"| `voice` | 1 | {numbers}" in page and f"| `voice.2` | 3 | {numbers}" in page
    assert "{" not in page.replace('{"', "")  # no name that was not filled in


def test_a_kit_is_replaced_and_other_files_are_kept(out, models):
    kit.write(out, {"other": models["voice"]})
    assert "/models/other" in (out / "models.config").read_text()
    assert "voice.2" not in (out / "models.config").read_text()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(WaveRNNError, match="it holds notes.txt. It is kept"):
        kit.write(out, models)
    (out / "notes.txt").unlink()
    (out / "README.md").write_text("mine")
    with pytest.raises(WaveRNNError, match="was not written by wavernn-tf: it is kept"):
        kit.write(out, models)


def test_missing_warm_up_is_told(served, tmp_path):
    folder = tmp_path / "cold"
    shutil.copytree(served.version, folder / "1")
    assert kit.write(tmp_path / "kit", {"cold": folder}) == []
    (folder / "1" / kit.WARMUP).unlink()
    (remark,) = kit.write(tmp_path / "kit", {"cold": folder})
    assert remark.startswith("cold: version 1 has no warm-up requests")


@pytest.mark.parametrize("name", ["a/b", 'x"', "-x", "a b"])
def test_names_that_cannot_be_served(served, tmp_path, name):
    with pytest.raises(WaveRNNError, match="Expected a model's name"):
        kit.write(tmp_path / "kit", {name: served.folder})
    assert not (tmp_path / "kit").exists()


def test_a_version_is_not_a_model(served, tmp_path):
    with pytest.raises(WaveRNNError, match="Name the folder above it"):
        kit.write(tmp_path / "kit", {"voice": served.version})


@pytest.mark.parametrize("texts", [["voice"], ["=x"], ["voice="], ["a=x", "a=y"]])
def test_models_are_given_as_name_and_path(texts):
    with pytest.raises(WaveRNNError, match="NAME=PATH|given twice"):
        kit.parse_models(texts)


def test_stand_in_starts_from_a_kit_in_a_process_of_its_own(out, models, served):
    from wavernn_tf.export.serving.client.connection import connect
    from wavernn_tf.export.serving.client.target import parse

    arguments = [x for n, path in models.items() for x in ("--model", f"{n}={path}")]
    arguments += ["--batching", out / "batching.config", "--port", "0", "--rest-port", "0"]
    command = [sys.executable, "-m", "tests.helpers.serving_stand_in", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            url = line.split("'")[3]
            with connect(parse(url, model="voice.2")) as connection:
                (state,) = connection.versions()
                assert (state.version, state.state) == (3, "AVAILABLE")
                assert "stream" in connection.signatures()
        finally:
            process.terminate()
