"""An operator's kit: what TF Serving is started with for voices that were exported."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

import yaml

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving import kit_readme, versions
from wavernn_tf.export.serving.saved_model import read_info
from wavernn_tf.export.serving.signatures import ROW_BUCKETS
from wavernn_tf.export.serving.warmup import WARMUP

IMAGE = "tensorflow/serving:2.16.1"
"""The server's official image, of the TensorFlow that exports."""

BATCH_TIMEOUT_MICROS = 5000
"""Wait for company. A batch takes little longer than one row, and 5 ms are not heard."""

METRICS = "/monitoring/prometheus/metrics"
"""Path of the metrics, on the REST port."""

REST_TIMEOUT_MS = 600000
"""The server's own 30 s would cut long utterances on a small CPU."""

_MARK = "wavernn-tf export serving-kit"
_HEADER = f"# Written by `{_MARK}`; it writes it anew.\n"


def write(
    out: files.PathLike,
    models: Mapping[str, files.PathLike],
    image: str = IMAGE,
) -> List[str]:
    """Write a kit.

    Args:
      out: its folder; new, empty, or a kit that is replaced.
      models: folder of each model, with numbered versions, by the name to serve it under.
      image: of the container.

    Returns:
      What an operator should know about these models, such as missing warm-up requests.

    Raises:
      WaveRNNError: for a folder without a voice, a name that cannot be served, or an output that
        holds anything else.
    """
    if not models:
        raise WaveRNNError("Expected at least one model, NAME=PATH; got none.")
    newest = {name: _version(name, path) for name, path in models.items()}
    contents = {
        "models.config": models_config(models),
        "batching.config": batching_config(),
        "monitoring.config": monitoring_config(),
        "docker-compose.yml": _HEADER + compose(out, models, image),
        "prometheus.yml": _HEADER + prometheus(),
        "README.md": kit_readme.text(
            {name: (version.name, read_info(version)) for name, version in newest.items()},
            ROW_BUCKETS[-1],
            METRICS,
            _MARK,
        ),
    }
    strange = [
        p.name for p in files.claim_folder(out, list(models.values())) if p.name not in contents
    ]
    if strange:
        raise WaveRNNError(
            f"Expected {out} to be new, or a kit; it holds {', '.join(strange[:3])}. It is kept: "
            "choose another folder."
        )
    for name in contents:
        files.claim_file(Path(out) / name, ours=lambda p: files.has_text(p, _MARK.encode()))
    for name, content in contents.items():
        files.write_text(Path(out) / name, content)
    return [
        f"{name}: version {version.name} has no warm-up requests, so its first requests are slow: "
        "pip install 'wavernn-tf[serving]' and export it again"
        for name, version in newest.items()
        if not (version / WARMUP).is_file()
    ]


def _version(name: str, path: files.PathLike) -> Path:
    """The newest version of a model, of which the server takes the folder above."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise WaveRNNError(
            f"Expected a model's name of letters, digits, dots, hyphens and underscores; got "
            f"{name!r}."
        )
    found = versions.find(path)
    if not found:
        above = " Name the folder above it." if versions.newest(path) else ""
        raise WaveRNNError(
            f"Expected {path} to hold numbered versions of a SavedModel, as `wavernn-tf export "
            f"saved-model` writes them; it holds none.{above}"
        )
    return found[max(found)]


def models_config(names: Iterable[str]) -> str:
    """Text of the server's `ModelServerConfig`: every model in /models/NAME."""
    models = "".join(
        f'  config {{\n    name: "{name}"\n    base_path: "/models/{name}"\n'
        '    model_platform: "tensorflow"\n  }\n'
        for name in names
    )
    return (
        f"{_HEADER}# --model_config_file: a ModelServerConfig\nmodel_config_list {{\n{models}}}\n"
    )


def batching_config() -> str:
    """Text of the server's `BatchingParameters`.

    A smaller batch would refuse the warm-up requests, and with them the version. No sizes are
    prescribed: the server would fill a batch up with copies of a row, which are computed like any
    other, and the model fills up what it is compiled for by itself.
    """
    return (
        f"{_HEADER}# --batching_parameters_file: BatchingParameters. Sampling goes sample by "
        "sample: many\n# utterances at once take little longer than one, so that waiting for "
        "company pays.\n"
        f"max_batch_size {{ value: {ROW_BUCKETS[-1]} }}\n"
        f"batch_timeout_micros {{ value: {BATCH_TIMEOUT_MICROS} }}\n"
        "num_batch_threads { value: 2 }\n"
        "max_enqueued_batches { value: 64 }\n"
        "# Without allowed_batch_sizes nothing is computed twice: the model fills up by itself.\n"
        "# Utterances of different lengths share a batch; `lengths` says what is padding.\n"
        "pad_variable_length_inputs: true\n"
    )


def monitoring_config() -> str:
    """Text of the server's `MonitoringConfig`."""
    return (
        f"{_HEADER}# --monitoring_config_file: a MonitoringConfig\n"
        f'prometheus_config {{\n  enable: true\n  path: "{METRICS}"\n}}\n'
    )


def compose(out: files.PathLike, models: Mapping[str, files.PathLike], image: str) -> str:
    """YAML for Docker Compose; model folders are named relative to the kit.

    Args:
      out: the kit's folder.
      models: folder of each model, by name.
      image: of the container.
    """
    home = os.path.realpath(out)

    def mount(path: files.PathLike, target: str) -> Dict[str, Any]:
        source = os.path.relpath(os.path.realpath(path), home)
        source = source if source.startswith("..") else f"./{source}"
        return {"type": "bind", "source": source, "target": target, "read_only": True}

    service = {
        "image": image,
        "restart": "unless-stopped",
        "ports": ["8500:8500", "8501:8501"],
        "volumes": [
            {"type": "bind", "source": ".", "target": "/config", "read_only": True},
            *(mount(path, f"/models/{name}") for name, path in models.items()),
        ],
        "command": [
            "--model_config_file=/config/models.config",
            "--enable_batching=true",
            "--batching_parameters_file=/config/batching.config",
            "--monitoring_config_file=/config/monitoring.config",
            f"--rest_api_timeout_in_ms={REST_TIMEOUT_MS}",
            "--xla_cpu_compilation_enabled=true",  # off by default: compiled loops would fail
        ],
    }
    return yaml.safe_dump({"services": {"serving": service}}, sort_keys=False)


def prometheus() -> str:
    """YAML of a scrape configuration for Prometheus."""
    job = {
        "job_name": "tf_serving",
        "metrics_path": METRICS,
        "static_configs": [{"targets": ["serving:8501"]}],
    }
    return yaml.safe_dump({"scrape_configs": [job]}, sort_keys=False)


def parse_models(texts: Sequence[str]) -> Dict[str, str]:
    """Folders by name of texts NAME=PATH.

    Raises:
      WaveRNNError: if a text is none, or a name comes twice.
    """
    found: Dict[str, str] = {}
    pairs: List[Tuple[str, str, str]] = [text.partition("=") for text in texts]
    for name, equals, path in pairs:
        if not (name and equals and path):
            raise WaveRNNError(f"Expected --model NAME=PATH; got {name + equals + path!r}.")
        if name in found:
            raise WaveRNNError(f"The model {name!r} is given twice: give each a name of its own.")
        found[name] = path
    return found
