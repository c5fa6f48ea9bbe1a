"""The package as it is installed: one wheel for every Python 3, with all that it needs."""

import configparser
import platform
import tarfile
import wave
import zipfile

import numpy as np
import pytest

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
def test_wheel_holds_the_package_and_nothing_else():
    with zipfile.ZipFile(wheels.wheel()) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert names == installed_files() | {LIBRARY}
        assert archive.read(LIBRARY)[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe")
        assert "wavernn_tf/config/presets/demo.yaml" in names
        (licence,) = [n for n in archive.namelist() if n.endswith("LICENSE")]
        assert b"Apache License" in archive.read(licence)


@pytest.mark.slow
def test_wheel_serves_every_python_3_on_this_platform():
    python, abi, system = wheels.wheel().stem.split("-")[-3:]
    assert (python, abi) == ("py3", "none")
    assert system != "any" and system.endswith(platform.machine())


@pytest.mark.slow
def test_wheel_outside_the_checkout_synthesizes(tmp_path):
    from tests.export.tflite.test_tflite import converted
    from wavernn_tf.export.runtime import Vocoder

    config = small_config()
    model = converted(config, sparse_weights(config))
    mel = features_for(config, 9, padded=False)
    (tmp_path / "voice.tflite").write_bytes(model)
    np.save(tmp_path / "mel.npy", mel)
    programs = wheels.fresh_environment(tmp_path / "env", share_dependencies=True)
    where = wheels.run(
        programs / "python", "-c", "import wavernn_tf.export as e; print(e.__file__)", cwd=tmp_path
    )
    assert where.startswith(str(tmp_path / "env"))
    command = [programs / "wavernn-tf", "synthesize", "voice.tflite", "mel.npy", "out.wav"]
    wheels.run(*command, "--seed", "4", cwd=tmp_path)
    with wave.open(str(tmp_path / "out.wav")) as out:
        assert out.getparams()[:4] == (1, 2, config.mel.sample_rate, 9 * config.mel.hop_length)
        audio = np.frombuffer(out.readframes(out.getnframes()), "<i2")
    np.testing.assert_array_equal(audio, Vocoder.load(model).synthesize(mel, seed=4))


@pytest.mark.slow
def test_source_distribution_builds_the_same_wheel(tmp_path):
    wheels.needs_build_tools()
    make = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    wheels.run(wheels.sys.executable, "-c", make, tmp_path, cwd=wheels.checkout_copy())
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        sources.extractall(tmp_path)
    folder = tmp_path / archive.name[: -len(".tar.gz")]
    native = wheels.CHECKOUT / "export" / "native"
    for path in native.rglob("*"):
        assert not path.is_file() or (folder / path.relative_to(wheels.CHECKOUT)).is_file()
    assert not (folder / "tests").exists()
    rebuilt = wheels.build(folder, tmp_path / "dist")
    with zipfile.ZipFile(rebuilt) as ours, zipfile.ZipFile(wheels.wheel()) as checkout:
        assert sorted(ours.namelist()) == sorted(checkout.namelist())
