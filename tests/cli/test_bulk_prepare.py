"""`wavernn-tf bulk prepare`: the very folder of `prepare`, whoever makes the shards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: the extra [beam]")

from tests.cli.conftest import SPEECH
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import corpora, prepare, shards
from wavernn_tf.pipelines.bulk import prepare as bulk
from wavernn_tf.pipelines.bulk import running

CLIPS = ("en_both_help", "en_vm-intro", "ru_0003", "ru_0018", "ru_0025")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    for name in CLIPS:
        shutil.copy(SPEECH / f"{name}.flac", folder)
    (folder / "broken.wav").write_bytes(b"")
    return folder


def state(folder: Path) -> dict:
    """Contents of every file but the list of failures, by name."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith("bulk_")}


def test_the_same_folder_as_prepare(invoke, source, tmp_path):
    options = ("--preset", "demo", "--held-out", "0.4")
    plain = invoke("prepare", source, tmp_path / "plain", *options)
    assert plain.exit_code == 0, plain.stderr
    result = invoke("bulk", "prepare", source, tmp_path / "bulk", *options)
    assert result.exit_code == 3, result.stderr
    assert result.stdout == plain.stdout.replace("plain", "bulk")
    assert state(tmp_path / "bulk") == state(tmp_path / "plain")
    (dead,) = (tmp_path / "bulk" / "bulk_failures.jsonl").read_text().splitlines()
    assert json.loads(dead)["id"] == "broken" and "is empty" in json.loads(dead)["reason"]
    # A clip more or less, and the folders differ.
    other = invoke("bulk", "prepare", SPEECH, tmp_path / "other", *options)
    assert other.exit_code == 0, other.stderr
    assert state(tmp_path / "other") != state(tmp_path / "plain")
    assert (tmp_path / "other" / "bulk_failures.jsonl").read_text() == ""


def test_many_shards_again_and_after_damage(source, tmp_path, monkeypatch):
    out, corpus = tmp_path / "out", corpora.folder(source)
    options = prepare.Options(MelRecipe(), SignalConfig())
    beam_options = running.options("DirectRunner", ["--direct_num_workers=2"])
    first = bulk.run(corpus, out, options, beam_options, held_out=0.4, shard_size=1)
    plain = prepare.prepare(
        corpus, tmp_path / "plain", MelRecipe(), SignalConfig(), held_out=0.4, shard_size=1,
        progress=False,
    )  # fmt: skip
    assert first == plain and state(out) == state(tmp_path / "plain")
    assert len(first.train.shards) > 1
    before, seen = state(out), []
    real = shards.load_utterance
    monkeypatch.setattr(
        shards, "load_utterance", lambda key, *rest: seen.append(key) or real(key, *rest)
    )
    assert bulk.run(corpus, out, options, beam_options, held_out=0.4, shard_size=1) == first
    assert seen == []
    shard = out / first.train.shards[0]
    shard.write_bytes(shard.read_bytes()[:-9])
    assert bulk.run(corpus, out, options, beam_options, held_out=0.4, shard_size=1) == first
    assert seen == [first.train.utterances[0].id] and state(out) == before


def test_a_broken_file_may_be_fatal(source, tmp_path):
    options = prepare.Options(MelRecipe(), SignalConfig(), on_error="fail")
    beam_options = running.options("DirectRunner", [])
    with pytest.raises(WaveRNNError, match="The job on .* failed: .*broken.wav: the file is empty"):
        bulk.run(corpora.folder(source), tmp_path / "out", options, beam_options)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_shards_that_did_not_come_are_told(source, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "run", lambda build, options: None)
    options = prepare.Options(MelRecipe(), SignalConfig())
    with pytest.raises(WaveRNNError, match="left out 1 shards, held_out-00000.tfrecord"):
        bulk.run(
            corpora.folder(source), tmp_path / "out", options, running.options("DirectRunner", [])
        )
