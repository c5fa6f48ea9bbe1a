"""The listening page: every sound and picture that it names is there, and nothing of a network."""

import re

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from tests.helpers import scripts
from tests.helpers.small import SPEECH
from tests.helpers.wheels import CHECKOUT
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import listening_page
from wavernn_tf.evaluation.listening_page import Track

build = scripts.load("docs/build.py")

TRACKS = [Track("original", "recording", "Recording"), Track("half", "half <as> loud", "Copies")]


def sources(page):
    return [link for link in build.links(page.read_text(encoding="utf-8")) if link]


@pytest.fixture
def folder(tmp_path):
    speech, rate = soundfile.read(SPEECH / "ru_0063.flac", dtype="int16")
    speech = speech[: 2 * rate]
    audio = {"one": {"original": speech, "half": speech // 2}, "two": {"original": speech}}
    listening_page.add(tmp_path / "page", TRACKS, audio, rate)
    return tmp_path / "page"


def test_every_source_is_there(folder):
    done = CliRunner().invoke(listening_page.main, [str(folder)])
    assert done.exit_code == 0, done.exception
    page = folder / "index.html"
    found = sources(page)
    assert len(found) == 2 * 3  # a sound and a picture of each copy; "two" has no half
    assert all((folder / source).stat().st_size > 500 for source in found)
    text = page.read_text(encoding="utf-8")
    assert "half &lt;as&gt; loud" in text and "<script" not in text
    assert not re.search(r"https?://", text)
    (folder / found[0]).unlink()
    assert build.broken_links(folder) == [f"index.html: {found[0]}"]


def test_sounds_are_kept_bit_for_bit(folder):
    original, rate = soundfile.read(folder / "audio/one/original.flac", dtype="int16")
    half, _ = soundfile.read(folder / "audio/one/half.flac", dtype="int16")
    np.testing.assert_array_equal(half, original // 2)
    assert rate == 16000


def test_copies_are_replaced_and_added(folder):
    silence = np.zeros(4000, np.int16)
    more = [Track("half", "silence", "Copies"), Track("new", "new", "Copies")]
    listening_page.add(folder, more, {"one": {"half": silence, "new": silence}}, 16000)
    tracks = listening_page.read_tracks(folder)
    assert [track.title for track in tracks] == ["recording", "silence", "new"]
    assert not soundfile.read(folder / "audio/one/half.flac", dtype="int16")[0].any()
    listening_page.write(folder)
    assert len(sources(folder / "index.html")) == 2 * 4


def test_pictures_tell_copies_apart(folder):
    listening_page.write(folder)
    original, half = (
        (folder / f"pictures/one/{name}.png").read_bytes() for name in ("original", "half")
    )
    assert original != half


def test_what_is_missing_is_told(folder, tmp_path):
    with pytest.raises(WaveRNNError, match="Expected tracks.json"):
        listening_page.write(tmp_path)
    (folder / "audio/two/original.flac").unlink()
    with pytest.raises(WaveRNNError, match="two/original.flac"):
        listening_page.write(folder)
    (folder / "tracks.json").write_text('[{"title": 1}]')
    with pytest.raises(WaveRNNError, match="name, title and group"):
        listening_page.write(folder)


def test_a_users_page_is_kept(folder):
    (folder / "index.html").write_text("mine")
    with pytest.raises(WaveRNNError):
        listening_page.write(folder)
    assert (folder / "index.html").read_text() == "mine"


def test_the_page_of_the_repository():
    folder = CHECKOUT / "docs/samples"
    found = sources(folder / "index.html")
    assert len(found) >= 3 * 2 * 7 and all((folder / source).is_file() for source in found)
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*.*") if p.is_file()}
    assert files == {*found, "index.html", "tracks.json"}
    assert sum((folder / name).stat().st_size for name in files) < 6e6
