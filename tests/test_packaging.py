"""The package as it is installed: one wheel for every Python 3, with all that it needs."""

import configparser
import platform
import re
import shutil
import subprocess
import wave
import zipfile

import numpy as np
import pytest
import soundfile

from tests.helpers import wheels
from tests.helpers.small import features_for, small_config, sparse_weights

PLACES = {"wavernn_tf": "wavernn_tf", "export": "wavernn_tf.export"}
PLACES["pipelines"] = "wavernn_tf.pipelines"
LIBRARY = "wavernn_tf/export/libwavernn_tf.so"


def installed_files():
    """Path in the wheel of every file of the package on disk, but for native sources."""
    found = set()
    for folder, package in PLACES.items():
        for path in (wheels.CHECKOUT / folder).rglob("*"):
            inside = path.relative_to(wheels.CHECKOUT / folder)
            generated = "__pycache__" in inside.parts or path.suffix == ".so"
            if path.is_file() and not generated and inside.parts[0] != "native":
                found.add(f"{package.replace('.', '/')}/{inside.as_posix()}")
    return found


def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(wheels.CHECKOUT / "setup.cfg")
    return parser


def test_listed_packages_are_those_on_disk():
    listed = setup_cfg()["options"]["packages"].split()
    code = {path.rpartition("/")[0] for path in installed_files() if path.endswith(".py")}
    assert sorted(listed) == sorted(folder.replace("/", ".") for folder in code)
    assert len(listed) == len(set(listed))
    for package in code:
        assert f"{package}/__init__.py" in installed_files()


def test_package_folders_are_those_mapped():
    mapped = [line.split(" = ") for line in setup_cfg()["options"]["package_dir"].split("\n")[1:]]
    assert {folder: package for package, folder in mapped} == PLACES


@pytest.mark.slow
def test_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert names == installed_files() | {LIBRARY}
        assert archive.read(LIBRARY)[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe")
        assert "wavernn_tf/config/presets/demo.yaml" in names
        (licence,) = [n for n in archive.namelist() if n.endswith("LICENSE")]
        assert b"Apache License" in archive.read(licence)


@pytest.mark.slow
def test_wheel_serves_every_python_3_on_this_platform(wheel):
    python, abi, system = wheel.stem.split("-")[-3:]
    assert (python, abi) == ("py3", "none")
    assert system != "any" and system.endswith(platform.machine())
    with zipfile.ZipFile(wheel) as archive:
        (about,) = [n for n in archive.namelist() if n.endswith("/METADATA")]
        lines = archive.read(about).decode().splitlines()
    assert "Requires-Python: >=3.9" in lines
    always = {line for line in lines if line.startswith("Requires-Dist:") and "extra" not in line}
    assert {re.split(r"[ >=]+", line)[1].lower() for line in always} == {
        "numpy",
        "click",
        "pyyaml",
        "soundfile",
    }


@pytest.mark.slow
def test_the_tag_is_that_of_the_newest_symbol_of_glibc(wheel, tmp_path):
    if shutil.which("readelf") is None or platform.libc_ver()[0] != "glibc":
        pytest.skip("needs readelf and glibc")
    with zipfile.ZipFile(wheel) as archive:
        library = archive.extract(LIBRARY, tmp_path)
    versions = subprocess.run(
        ["readelf", "--version-info", "--wide", library], capture_output=True, text=True, check=True
    ).stdout
    newest = max(int(minor) for minor in re.findall(r"GLIBC_2\.(\d+)", versions))
    tag = wheel.stem.rpartition("-")[2]
    assert tag == f"manylinux_2_{max(17, newest)}_{platform.machine()}"


@pytest.mark.slow
def test_a_plain_install_speaks_and_says_what_training_lacks(wheel, tmp_path):
    """Without TensorFlow and without an interpreter, with the newest of all that is needed."""
    from wavernn_tf.export.runtime import Vocoder

    programs = wheels.fresh_environment(tmp_path / "env", wheel, share_dependencies=False)
    pip = [wheels.sys.executable, "-m", "pip", "--python", programs / "python", "install"]
    wheels.run(*pip, "--quiet", wheel)
    command = programs / "wavernn-tf"
    assert "en_ru" in wheels.run(command, "voices", cwd=tmp_path)
    assert "pitch" in wheels.run(command, "inspect", "en_ru", cwd=tmp_path)
    voice = Vocoder.load("en_ru")
    rng = np.random.default_rng(0)
    spread = np.multiply(rng.standard_normal([20, voice.info.mel.n_mels]), voice.info.feature_std)
    mel = (spread + voice.info.feature_mean).astype(np.float32)
    np.save(tmp_path / "mel.npy", mel)
    wheels.run(command, "synthesize", "mel.npy", "out.wav", "--seed", "4", cwd=tmp_path)
    np.testing.assert_array_equal(samples(tmp_path / "out.wav"), voice.synthesize(mel, seed=4))
    (clip,) = wheels.CHECKOUT.glob("voices/en_ru/held_out/en_tt-*.flac")
    soundfile.write(tmp_path / "clip.wav", *soundfile.read(clip, 16000, start=8000))
    told = wheels.run(command, "synthesize", "clip.wav", "spoken.wav", cwd=tmp_path)
    assert "(native " in told and np.abs(samples(tmp_path / "spoken.wav")).max() > 1000
    for purpose, arguments in (
        ("Preparing data", ["prepare", tmp_path, "data"]),
        ("Exporting", ["export", "tflite", tmp_path, "voice.tflite"]),
    ):
        told = wheels.run(command, *arguments, cwd=tmp_path, fails=2)
        assert told.startswith(f"wavernn-tf: {purpose} needs TensorFlow: pip install 'wavernn-tf[")
        assert told.count("\n") == 1


def samples(path):
    """int16 [samples] of a WAV file."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


@pytest.mark.slow
def test_wheel_outside_the_checkout_synthesizes(wheel, tmp_path):
    from tests.export.tflite.test_tflite import converted
    from wavernn_tf.export.runtime import Vocoder

    config = small_config()
    model = converted(config, sparse_weights(config))
    mel = features_for(config, 9, padded=False)
    (tmp_path / "voice.tflite").write_bytes(model)
    np.save(tmp_path / "mel.npy", mel)
    programs = wheels.fresh_environment(tmp_path / "env", wheel, share_dependencies=True)
    where = wheels.run(
        programs / "python", "-c", "import wavernn_tf.export as e; print(e.__file__)", cwd=tmp_path
    )
    assert where.startswith(str(tmp_path / "env"))
    command = [programs / "wavernn-tf", "synthesize", "voice.tflite", "mel.npy", "out.wav"]
    wheels.run(*command, "--seed", "4", cwd=tmp_path)
    with wave.open(str(tmp_path / "out.wav")) as out:
        assert out.getparams()[:4] == (1, 2, config.mel.sample_rate, 9 * config.mel.hop_length)
    audio = samples(tmp_path / "out.wav")
    np.testing.assert_array_equal(audio, Vocoder.load(model).synthesize(mel, seed=4))


def test_source_distribution_holds_what_the_wheel_is_built_from():
    folder = wheels.source_distribution()
    native = wheels.CHECKOUT / "export" / "native"
    for path in native.rglob("*"):
        assert not path.is_file() or (folder / path.relative_to(wheels.CHECKOUT)).is_file()
    assert not (folder / "tests").exists()
