"""The ARM wheel in an ARM Python, under an emulator: the samples of this machine."""

import hashlib
import os
import subprocess
import wave

import numpy as np
import pytest

from tests.helpers import arm_root

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(arm_root.missing() is not None, reason=str(arm_root.missing())),
]

FRAMES = 16  # a fifth of a second
SEED = 7
ARM = 183  # of ELF headers


@pytest.fixture(scope="module")
def python():
    """The command of a Python of 64-bit ARM."""
    return arm_root.python()


@pytest.fixture(scope="module")
def spoken():
    """(features, the samples that this machine makes of them)."""
    from wavernn_tf.export.runtime import Vocoder

    voice = Vocoder.load("en_ru")
    info = voice.info
    rng = np.random.default_rng(0)
    shape = [FRAMES, info.mel.n_mels]
    mel = rng.normal(info.feature_mean, info.feature_std, shape).astype(np.float32)
    samples = voice.synthesize(mel, seed=SEED)
    assert not np.array_equal(samples, voice.synthesize(mel, seed=SEED + 1))
    return mel, samples


def sha256(samples):
    return hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()


@pytest.mark.parametrize("runtime", ["litert", "native"])
def test_an_arm_python_speaks_the_same_samples(python, spoken, tmp_path, runtime):
    with open(python[-1], "rb") as program:
        assert int.from_bytes(program.read(20)[18:], "little") == ARM
    mel, expected = spoken
    np.save(tmp_path / "mel.npy", mel)
    command = [*python, "-m", "wavernn_tf.cli", "synthesize", "en_ru", "mel.npy", "out.wav"]
    command += ["--seed", str(SEED), "--runtime", runtime]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    run = subprocess.run(
        command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    with wave.open(str(tmp_path / "out.wav")) as out:
        samples = np.frombuffer(out.readframes(out.getnframes()), "<i2")
    print(f"{runtime}: {len(samples)} samples, {sha256(samples)}; here {sha256(expected)}")
    assert sha256(samples) == sha256(expected)
