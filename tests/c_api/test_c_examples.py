"""The C programs in examples/device, built as a user would and compared with Python."""

import re
import subprocess

import numpy as np
import pytest
import soundfile

from tests.c_api.small_voices import features_of
from tests.helpers.native_build import ROOT, run
from wavernn_tf.export.runtime import Vocoder

EXAMPLES = ROOT / "examples" / "device"
STRICT = ("-O2", "-Wall", "-Wextra", "-Werror")
pytestmark = pytest.mark.filterwarnings("ignore::wavernn_tf.errors.WaveRNNWarning")


@pytest.fixture(scope="session")
def program(installed, tmp_path_factory):
    """program(name, standard) -> a built example."""
    folder = tmp_path_factory.mktemp("programs")
    libraries = next(installed.glob("lib*/libwavernn.so")).parent

    def build(name, standard):
        if not (folder / name).exists():
            source = EXAMPLES / f"{name}.c"
            flags = [f"-std={standard}", *STRICT, f"-I{installed}/include"]
            link = [f"-L{libraries}", "-lwavernn", f"-Wl,-rpath,{libraries}", "-lpthread"]
            run("cc", *flags, source, "-o", folder / name, *link)
        return folder / name

    return build


@pytest.fixture
def utterance(voices, tmp_path):
    """utterance(kind, weight_type, frames) -> paths of a voice and of features, a Vocoder, mel."""

    def write(kind, weight_type="float32", frames=90):
        content = voices(kind, weight_type)
        vocoder = Vocoder.load(content)
        mel = features_of(vocoder.info, frames)
        model, features = tmp_path / "model.tflite", tmp_path / "mel.npy"
        model.write_bytes(content)
        np.save(features, mel)
        return model, features, vocoder, mel

    return write


@pytest.mark.parametrize(
    "kind, weight_type", [("plain", "int8"), ("postfilter", "bfloat16"), ("subscale", "float32")]
)
def test_speak_equals_python(program, utterance, tmp_path, kind, weight_type):
    speak = program("speak", "c99")
    assert len((EXAMPLES / "speak.c").read_text().splitlines()) <= 60
    model, features, vocoder, mel = utterance(kind, weight_type)
    out = tmp_path / "out.wav"
    run(speak, model, features, out, 11)
    audio, rate = soundfile.read(out, dtype="int16")
    assert rate == vocoder.info.mel.sample_rate
    np.testing.assert_array_equal(audio, vocoder.synthesize(mel, seed=11))
    assert (audio != vocoder.synthesize(mel, seed=12)).any()  # canary


def test_speak_says_what_is_wrong(program, utterance, tmp_path):
    speak = program("speak", "c99")
    model, features, _, mel = utterance("plain")

    def complaint(*arguments):
        done = subprocess.run(
            [speak, *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        return done.stderr

    out = tmp_path / "out.wav"
    assert "No such file" in complaint(tmp_path / "none", features, out)
    assert "identifier is not TFL3" in complaint(features, features, out)
    wide = tmp_path / "wide.npy"
    np.save(wide, np.zeros([4, 11], np.float32))
    assert "expected float32 [frames, 10]" in complaint(model, wide, out)
    mel[7, 1] = np.inf
    np.save(features, mel)
    assert "expected finite features; got inf at element 71" in complaint(model, features, out)
    assert not out.exists()


def play(player, *arguments):
    done = subprocess.run([player, *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = re.fullmatch(
        rb"(\d+) samples, (\d+) underruns \((\d+) samples of silence\), (\d+) overruns\n",
        done.stderr,
    )
    return np.frombuffer(done.stdout, np.int16), [int(count) for count in counts.groups()]


def test_player_counts(program, utterance):
    player = program("player", "c11")
    model, features, vocoder, mel = utterance("plain", frames=200)
    expected = vocoder.synthesize(mel)
    # A ring of some 6 ms fills at once; if the machine keeps pace, not a sample is added.
    audio, (samples, underruns, silent, overruns) = play(player, model, features, 1, 5)
    assert samples == len(expected) and len(audio) == samples + silent
    assert overruns > 0
    if not underruns:
        np.testing.assert_array_equal(audio, expected)
    # A clock that runs away from any machine.
    audio, (samples, underruns, silent, _) = play(player, model, features, 1e6, 5)
    assert samples == len(expected) and len(audio) == samples + silent
    assert underruns > 0 and silent > 0
