"""The voices that come with the package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.voice import shipped

ROOT = Path(__file__).parents[2]


def test_every_voice_has_a_card_and_a_file():
    found = shipped.cards()
    assert shipped.DEFAULT in [card.name for card in found]
    for card in found:
        assert card.path.stat().st_size <= 1_500_000
        info = Vocoder.load(card.path).info
        assert info.mel.sample_rate == card.sample_rate
        assert min(info.sparsity[f"R_{gate}"] for gate in "ur") >= 0.8
        assert card.sources and all(s["licence"] and s["attribution"] for s in card.sources)
        assert card.measured["command"] and card.made_by and card.limits


def test_the_command_lists_and_tells(invoke):
    listed = invoke("voices")
    assert listed.exit_code == 0, listed.output
    assert listed.output.splitlines()[1].startswith(shipped.DEFAULT)
    told = invoke("voices", shipped.DEFAULT)
    card = shipped.card(shipped.DEFAULT)
    for source in card.sources:
        assert source["attribution"] in told.output
    (tree,) = json.loads(invoke("voices", shipped.DEFAULT, "--json").output)
    assert tree["path"] == str(card.path) and tree["licence"] == card.licence
    refused = invoke("voices", "../shipped/en_ru")
    assert refused.exit_code == 2 and "No voice" in refused.stderr


def test_the_voice_speaks_without_being_named(invoke, tmp_path):
    clip = next((ROOT / "voices" / shipped.DEFAULT / "held_out").glob("*.flac"))
    made = []
    for named in ([], [shipped.DEFAULT], [shipped.card(shipped.DEFAULT).path]):
        out = tmp_path / f"{len(made)}.wav"
        result = invoke("synthesize", *named, clip, out, "--seed", "3")
        assert result.exit_code == 0, result.output
        made.append(soundfile.read(out, dtype="int16")[0])
    assert np.array_equal(made[0], made[1]) and np.array_equal(made[0], made[2])
    original, _ = soundfile.read(clip, dtype="int16")
    ratio = np.std(made[0].astype(float)) / np.std(original.astype(float))
    assert 0.5 < ratio < 2  # as loud as the recording
    other = tmp_path / "other.wav"
    assert invoke("synthesize", clip, other, "--seed", "4").exit_code == 0
    assert not np.array_equal(soundfile.read(other, dtype="int16")[0], made[0])  # canary


@pytest.mark.parametrize("paths", [["one.wav"], ["a", "b", "c", "d.wav"], []])
def test_two_or_three_paths_are_expected(invoke, paths):
    result = invoke("synthesize", *paths)
    assert result.exit_code == 2 and "expected [VOICE] IN OUT.wav" in result.stderr


def test_a_file_of_the_name_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shipped.resolve(shipped.DEFAULT) == shipped.card(shipped.DEFAULT).path
    (tmp_path / shipped.DEFAULT).mkdir()
    assert shipped.resolve(shipped.DEFAULT) == Path(shipped.DEFAULT)
    assert shipped.resolve("nothing") == Path("nothing")
