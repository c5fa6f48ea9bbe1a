"""What bulk synthesis is asked for: folders, lists, ids, seeds, and what is done."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from wavernn_tf.audio.wav import write_wav
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines.bulk import items


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_folder(tmp_path):
    touch(tmp_path / "b/c.flac", tmp_path / "a.npy", tmp_path / "b.wav", tmp_path / "notes.txt")
    found = items.find(tmp_path, seed=7)
    assert [(i.id, Path(i.path), i.seed) for i in found] == [
        ("a", tmp_path / "a.npy", 7),
        ("b", tmp_path / "b.wav", 7),
        ("b/c", tmp_path / "b/c.flac", 7),
    ]
    assert found[2].out("out") == Path("out/b/c.wav")
    touch(tmp_path / "a.wav")
    with pytest.raises(WaveRNNError, match="Two files for one output a.wav: .*a.npy and .*a.wav"):
        items.find(tmp_path)


def test_a_list(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text(f"# mels\nx/one.npy\n\n{tmp_path}/deep/two.v2.wav\nfour\n")
    assert [(i.id, i.path) for i in items.find(listed)] == [
        ("four", str(tmp_path / "four")),
        ("two.v2", str(tmp_path / "deep/two.v2.wav")),
        ("x/one", str(tmp_path / "x/one.npy")),
    ]
    listed.write_text("../out_of_it.npy\n")
    with pytest.raises(WaveRNNError, match="below the list's folder"):
        items.find(listed)
    listed.write_text("# nothing\n")
    with pytest.raises(WaveRNNError, match="Found no recording"):
        items.find(listed)
    with pytest.raises(WaveRNNError, match="there is no .*nowhere"):
        items.find(tmp_path / "nowhere")


def test_seeds():
    assert items.item_seed(5, "same", "a/b") == 5
    digest = hashlib.sha256(b"5/a/b").digest()
    made = items.item_seed(5, "by-id", "a/b")
    assert made == int.from_bytes(digest[:8], "little", signed=True)
    assert len({made, items.item_seed(5, "by-id", "a/c"), items.item_seed(6, "by-id", "a/b")}) == 3
    with pytest.raises(WaveRNNError, match="one of same, by-id; got 'other'"):
        items.find(Path("."), seeds="other")


def test_items_come_back_from_their_file(tmp_path):
    made = [items.Item("a\udcff", "/in/a\udcff.wav", -(2**63)), items.Item("ж", "/in/ж.npy", 3)]
    items.write(tmp_path / "items.jsonl", made)
    assert list(items.read(tmp_path / "items.jsonl")) == made


def test_done_is_whole_and_not_older(tmp_path):
    source, item = tmp_path / "a.npy", items.Item("a", str(tmp_path / "a.npy"), 0)
    touch(source)
    out = item.out(tmp_path)
    assert not item.is_done(tmp_path)
    write_wav(out, np.arange(100, dtype=np.int16), 16000)
    assert item.is_done(tmp_path)
    os.utime(out, ns=(0, source.stat().st_mtime_ns - 1))
    assert not item.is_done(tmp_path)
    for contents in (out.read_bytes()[:-30], out.read_bytes() + b"\0", b"RIFF", b""):
        out.write_bytes(contents)
        assert not item.is_done(tmp_path)
