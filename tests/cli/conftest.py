from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np
import pytest
from click.testing import CliRunner, Result

from wavernn_tf.cli import cli
from wavernn_tf.config import Config, override

SPEECH = Path(__file__).parents[1] / "data" / "speech"
CLIPS = ("en_agent-alreadyon", "en_both_help", "en_confbridge-rest-list-vol-out")

Invoke = Callable[..., Result]


@pytest.fixture(scope="session")
def invoke() -> Invoke:
    """Runs the command line in this process, standard output and error kept apart."""
    try:
        runner = CliRunner(mix_stderr=False)  # click < 8.2
    except TypeError:
        runner = CliRunner()

    def run(*args: object) -> Result:
        return runner.invoke(cli, [str(a) for a in args], prog_name="wavernn-tf")

    return run


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training clips and a held-out one, 1.2 s of speech each."""
    from wavernn_tf.export.runtime import write_wav
    from wavernn_tf.pipelines import audio

    folder = tmp_path_factory.mktemp("recordings")
    for name in CLIPS:
        speech = audio.read(SPEECH / f"{name}.flac", 16000)[8000:27200]
        write_wav(folder / f"{name}.wav", speech, 16000)
    (folder / "held_out.txt").write_text(CLIPS[-1] + "\n")
    return folder


@pytest.fixture(scope="session")
def recording(recordings: Path) -> Path:
    return recordings / f"{CLIPS[-1]}.wav"


@pytest.fixture(scope="session")
def data(invoke: Invoke, recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clips, prepared."""
    out = tmp_path_factory.mktemp("data") / "prepared"
    result = invoke("prepare", recordings, out)
    assert result.exit_code == 0, result.stderr
    return out


@pytest.fixture(scope="session")
def config() -> Config:
    sizes = {"model.state_size": 32, "model.projection_size": 32}
    conditioning = {"channels": 8, "kernel_sizes": [3], "upsample": [4]}
    training = {"steps": 2, "batch_size": 2, "window": 200, "eval_every": 2, "eval_windows": 2}
    return override(Config(), {**sizes, "model.conditioning": conditioning, "training": training})


@pytest.fixture(scope="session")
def run(config: Config, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with seeded random weights."""
    from wavernn_tf.models import wavernn
    from wavernn_tf.models.run_folder import RunFolder
    from wavernn_tf.pipelines.manifest import Manifest

    manifest = Manifest.load(data)
    folder = RunFolder.at(tmp_path_factory.mktemp("runs") / "run")
    folder.path.mkdir()
    statistics = {k: list(getattr(manifest, k)) for k in ("feature_mean", "feature_std")}
    folder.begin(config, {"path": str(data), "fingerprint": "0" * 16, **statistics})
    model = wavernn.build(config, *statistics.values())
    rng = np.random.default_rng(0)
    kept = {w.shape for layer in model.layers[:3] for w in layer.weights}
    weights = [
        w if w.shape in kept else np.float32(rng.standard_normal(w.shape) * 0.1)
        for w in model.get_weights()
    ]
    model.set_weights(weights)
    folder.save_voice(model)
    scores = {"total": 15.0, "coarse": 7.5, "fine": 7.5}
    row = {"step": 2, "train": scores, "held_out": scores, "sparsity": {"R_u": 0.5}}
    folder.write_history([row])
    return folder.path


@pytest.fixture(scope="session")
def tflite(invoke: Invoke, run: Path) -> Path:
    """The voice as a .tflite file, through the gate."""
    out = run.parent / "voice.tflite"
    result = invoke("export", "tflite", run, out, "--seconds", "0.5", "--no-timing")
    assert result.exit_code == 0, result.stderr
    assert "equal within" in result.stdout
    return out


@pytest.fixture(scope="session")
def saved_model(invoke: Invoke, run: Path) -> Path:
    out = run.parent / "saved_model"
    result = invoke("export", "saved-model", run, out)
    assert result.exit_code == 0, result.stderr
    return out


@pytest.fixture(scope="session")
def mel(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features of half a second of held-out speech, .npy."""
    from wavernn_tf.evaluation import held_out

    path = tmp_path_factory.mktemp("mel") / "mel.npy"
    np.save(path, held_out.read(data, seconds=0.5)[0].mel)
    return path
