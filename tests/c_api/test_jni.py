"""Kotlin's Vocoder over JNI, on the desktop's JVM with the real library."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.c_api.small_voices import features_of
from tests.helpers.native_build import ROOT, run
from wavernn_tf.export.runtime import Vocoder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::wavernn_tf.errors.WaveRNNWarning"),
    pytest.mark.skipif(
        not (shutil.which("kotlinc") and shutil.which("javac")),
        reason="needs kotlinc and a JDK (Debian: kotlin, default-jdk)",
    ),
]


@pytest.fixture(scope="module")
def program(installed, tmp_path_factory):
    """Folder with the compiled classes and the JNI library."""
    folder = tmp_path_factory.mktemp("jni")
    android = ROOT / "android/src/main"
    sources = [android / "kotlin/wavernn/Vocoder.kt", Path(__file__).parent / "Speak.kt"]
    run("kotlinc", "-include-runtime", "-d", folder / "speak.jar", *sources)
    headers = Path(os.path.realpath(shutil.which("javac"))).parents[1] / "include"
    archive = next(installed.glob("lib*/libwavernn.a"))
    run(
        *("c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"),
        *(f"-I{installed}/include", f"-I{headers}", f"-I{headers}/linux"),
        *(android / "cpp/vocoder_jni.cc", archive, "-lpthread"),
        *("-o", folder / "libwavernn_jni.so"),
    )
    return folder


@pytest.mark.parametrize("kind", ["plain", "postfilter", "subscale"])
def test_kotlin_equals_python(program, voices, tmp_path, kind):
    content = voices(kind)
    vocoder = Vocoder.load(content)
    mel = features_of(vocoder.info, 25)
    model, features, out = tmp_path / "model.tflite", tmp_path / "mel", tmp_path / "out"
    model.write_bytes(content)
    mel.tofile(features)
    command = ["java", f"-Djava.library.path={program}", "-cp", program / "speak.jar", "SpeakKt"]
    printed = run(*command, model, features, out).splitlines()
    expected = vocoder.synthesize(mel, seed=-3, temperature=0.9)
    for form in ("whole", "streamed"):
        np.testing.assert_array_equal(np.fromfile(f"{out}.{form}", np.int16), expected)
    info = vocoder.info
    sizes = [info.mel.sample_rate, info.mel.hop_length, mel.shape[1], info.frames_after]
    assert printed[0].split() == [str(size) for size in sizes]
    assert printed[1].startswith("1: expected finite features; got nan at element 1")
    assert printed[2] == "the stream is closed"
    assert all("identifier is not TFL3" in line for line in printed[3:5])


def test_kotlin_and_jni_name_the_same_functions():
    android = ROOT / "android/src/main"
    kotlin = (android / "kotlin/wavernn/Vocoder.kt").read_text()
    native = (android / "cpp/vocoder_jni.cc").read_text()
    names = [line.split("(")[0].split()[-1] for line in kotlin.splitlines() if "external" in line]
    assert len(names) == 12
    for name in names:
        assert f"Java_wavernn_Native_{name}(" in native
