"""Preparing, preparing again, and preparing after `kill -9`."""

from __future__ import annotations

import json
import os
import signal as signals
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavernn_tf.config import Config, MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import corpora, manifest, prepare, records, shards
from wavernn_tf.pipelines.manifest import Manifest
from wavernn_tf.voice.features import compute


def _recordings(folder: Path, count: int, seconds: float = 0.5, rate: int = 16000) -> Path:
    random = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    for n in range(count):
        audio = random.normal(0, 2000, int(seconds * rate) + n).astype(np.int16)
        soundfile.write(folder / f"u{n:03d}.wav", audio, rate)
    return folder


def _prepare(source: Path, out: Path, **options: object) -> Manifest:
    given = {"mel": MelRecipe(), "signal": SignalConfig(), "progress": False, **options}
    return prepare.prepare(corpora.folder(source), out, **given)  # type: ignore[arg-type]


def _state(out: Path) -> dict:
    """Contents of every file, by name."""
    return {p.name: p.read_bytes() for p in sorted(out.iterdir())}


def test_the_clips(prepared: Path, speech: Path) -> None:
    made = Manifest.load(prepared)
    assert len(made.train.utterances) == 18 and len(made.held_out.utterances) == 4
    assert len(made.train.shards) == 5 and len(made.held_out.shards) == 1
    assert made.skipped == () and made.features == "computed"
    assert 100 < made.train.hours * 3600 < 120 and 15 < made.held_out.hours * 3600 < 22
    mels = []
    for split in manifest.SPLITS:
        infos = iter(made.split(split).utterances)
        for shard in made.split(split).shards:
            for utterance in records.read(prepared / shard, 80):
                info = next(infos)
                assert (info.id, info.frames) == (utterance.id, len(utterance.mel))
                path = speech / f"{utterance.id}.flac"
                original, _ = soundfile.read(path, dtype="int16")
                assert len(utterance.audio) == info.frames * 200
                np.testing.assert_array_equal(utterance.audio[: len(original)], original)
                assert not utterance.audio[len(original) :].any()
                expected = compute(original, MelRecipe())
                np.testing.assert_allclose(utterance.mel, expected, atol=1e-5)
                mels += [utterance.mel] if split == "train" else []
    every = np.concatenate(mels).astype(np.float64)
    np.testing.assert_allclose(made.feature_mean, every.mean(0), atol=1e-5)
    np.testing.assert_allclose(made.feature_std, every.std(0), atol=1e-5)


def test_the_same_whatever_the_threads(tmp_path: Path) -> None:
    source = _recordings(tmp_path / "in", 12)
    for workers in (1, 4):
        _prepare(source, tmp_path / str(workers), workers=workers, shard_size=2)
    assert _state(tmp_path / "1") == _state(tmp_path / "4")


def test_again_skips_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = _recordings(tmp_path / "in", 8), tmp_path / "out"
    first = _prepare(source, out, shard_size=2)
    before, made = _state(out), []
    real = shards.load_utterance
    monkeypatch.setattr(
        shards, "load_utterance", lambda key, *rest: made.append(key) or real(key, *rest)
    )
    assert _prepare(source, out, shard_size=2) == first
    assert made == [] and _state(out) == before
    # A lost manifest, a damaged shard and a changed recording are all noticed.
    (out / "manifest.json").unlink()
    assert _prepare(source, out, shard_size=2) == first
    assert made == [] and _state(out) == before
    shard = out / first.train.shards[0]
    shard.write_bytes(shard.read_bytes()[:-9])
    assert _prepare(source, out, shard_size=2) == first
    assert made == [u.id for u in first.train.utterances[:2]] and _state(out) == before
    made.clear()
    changed = first.train.utterances[-1].id
    soundfile.write(source / f"{changed}.wav", np.ones(9999, np.int16), 16000)
    again = _prepare(source, out, shard_size=2)
    assert changed in made and len(made) <= 2
    assert again.train.utterances[-1].frames == 50
    assert again.source_fingerprint != first.source_fingerprint


def test_a_smaller_corpus_leaves_no_strays(tmp_path: Path) -> None:
    source, out = _recordings(tmp_path / "in", 8), tmp_path / "out"
    _prepare(source, out, shard_size=2)
    for path in sorted(source.iterdir())[3:]:
        path.unlink()
    made = _prepare(source, out, shard_size=2)
    shards = {p.name for p in out.glob("*.tfrecord")}
    assert shards == {*made.train.shards, *made.held_out.shards}
    fresh = _prepare(source, tmp_path / "fresh", shard_size=2)
    assert fresh == made and _state(tmp_path / "fresh") == _state(out)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    source, out = _recordings(tmp_path / "in", 3), tmp_path / "out"
    _prepare(source, out)
    before = _state(out)
    with pytest.raises(WaveRNNError, match="mel.hop_length: 200 there, 160 now"):
        _prepare(source, out, mel=MelRecipe(hop_length=160))
    with pytest.raises(WaveRNNError, match="signal.pre_emphasis: 0.85 there, 0.0 now"):
        _prepare(source, out, signal=SignalConfig(pre_emphasis=0.0))
    with pytest.raises(WaveRNNError, match="held_out: 0.05 there, 0.5 now"):
        _prepare(source, out, held_out=0.5)
    assert _state(out) == before
    _prepare(source, out, mel=MelRecipe(name="another name"))


def test_broken_files_are_skipped_by_name(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    source, out = _recordings(tmp_path / "in", 4), tmp_path / "out"
    (source / "u001.wav").write_bytes(b"")
    (source / "u002.wav").write_text("text " * 100)
    made = _prepare(source, out, progress=True, held_out=0.0)
    assert [s.id for s in made.skipped] == ["u001", "u002"]
    assert all(s.path in s.reason for s in made.skipped)
    assert [u.id for u in made.train.utterances] == ["u000", "u003"]
    printed = capsys.readouterr().err
    assert "u001.wav: the file is empty" in printed and "u002.wav: not a whole" in printed
    # Again: still reported. Mended: used.
    assert _prepare(source, out, held_out=0.0) == made
    soundfile.write(source / "u001.wav", np.ones(4000, np.int16), 16000)
    made = _prepare(source, out, held_out=0.0)
    assert [s.id for s in made.skipped] == ["u002"] and len(made.train.utterances) == 3
    # Fatal by option, also when the shard is there.
    for folder in (out, tmp_path / "other"):
        with pytest.raises(WaveRNNError, match="u002.wav: not a whole"):
            _prepare(source, folder, held_out=0.0, on_error="fail")


def test_nothing_usable(tmp_path: Path) -> None:
    source = _recordings(tmp_path / "in", 2)
    for path in source.iterdir():
        path.write_bytes(b"")
    with pytest.raises(WaveRNNError, match="No usable training utterance.*is empty"):
        _prepare(source, tmp_path / "out")


def test_mel_dir(tmp_path: Path) -> None:
    source, out = _recordings(tmp_path / "in", 4), tmp_path / "out"
    external = MelRecipe(kind="external", n_mels=3)
    with pytest.raises(WaveRNNError, match="give its features by --mel-dir"):
        _prepare(source, out, mel=external)
    with pytest.raises(WaveRNNError, match="not a folder"):
        _prepare(source, out, mel=external, mel_dir=tmp_path / "nowhere")
    mels = tmp_path / "mels"
    mels.mkdir()
    for n, frames in enumerate([41, 40, 45]):
        np.save(mels / f"u{n:03d}.npy", np.full((frames, 3), n, np.float32))
    made = _prepare(source, out, mel=external, mel_dir=mels, held_out=0.0)
    assert made.features == "mel_dir"
    assert [(u.id, u.frames) for u in made.train.utterances] == [("u000", 40), ("u001", 40)]
    assert "45 frames do not fit" in made.skipped[0].reason
    assert "no features file" in made.skipped[1].reason and len(made.skipped) == 2
    assert made.feature_mean == (0.5,) * 3 and made.feature_std == (0.5,) * 3
    np.save(mels / "u002.npy", np.zeros((41, 3)))  # mended: noticed
    assert len(_prepare(source, out, mel=external, mel_dir=mels, held_out=0.0).skipped) == 1


def test_constant_bands_do_not_divide_by_zero(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    soundfile.write(source / "a.wav", np.zeros(4000, np.int16), 16000)
    made = _prepare(source, tmp_path / "out")
    assert set(made.feature_std) == {1.0}


KILLED = """
import sys, time
from pathlib import Path
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.pipelines import corpora, prepare, shards
real = shards.load_utterance
def slow(*given):
    time.sleep(0.05)
    return real(*given)
shards.load_utterance = slow
prepare.prepare(corpora.folder(Path(sys.argv[1])), sys.argv[2], MelRecipe(), SignalConfig(),
                progress=False, shard_size=3, workers=2)
"""


def test_kill_in_the_middle(tmp_path: Path) -> None:
    source, out = _recordings(tmp_path / "in", 60, rate=22050), tmp_path / "out"
    root = Path(__file__).parents[2]
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(source), str(out)],
        env={**os.environ, "PYTHONPATH": str(root), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    while len(list(out.glob("*-*.json"))) < 3 and run.poll() is None:
        time.sleep(0.02)
    run.send_signal(signals.SIGKILL)
    assert run.wait() == -signals.SIGKILL
    assert not (out / "manifest.json").exists()
    with pytest.raises(WaveRNNError, match="run it again if it was interrupted"):
        Manifest.load(out)
    kept = {p.name: p.stat().st_mtime_ns for p in out.glob("*-*.json")}
    assert 3 <= len(kept) < 20
    made = _prepare(source, out, shard_size=3)
    assert {name: (out / name).stat().st_mtime_ns for name in kept} == kept
    assert made == _prepare(source, tmp_path / "unbroken", shard_size=3)
    assert _state(out) == _state(tmp_path / "unbroken")


def test_manifest_checks_a_configuration(prepared: Path) -> None:
    made = Manifest.load(prepared)
    made.check(Config())
    other = Config(mel=MelRecipe(fmax=7600.0), signal=SignalConfig(sample_offset=0))
    with pytest.raises(WaveRNNError, match="mel.fmax.*signal.sample_offset: expected 0, got 128"):
        made.check(other)
    mean, std = made.standardisation()
    assert mean.shape == std.shape == (80,) and mean.dtype == np.float32
    with pytest.raises(WaveRNNError, match="Expected a split of train, held_out"):
        made.split("test")


def test_manifest_file(prepared: Path, tmp_path: Path) -> None:
    made = Manifest.load(prepared)
    path = made.save(tmp_path)
    assert Manifest.load(tmp_path) == made
    tree = json.loads(path.read_text())
    assert tree["mel_fingerprint"] == MelRecipe().fingerprint and tree["sample_rate"] == 16000
    path.write_text(json.dumps({**tree, "schema": 2}))
    with pytest.raises(WaveRNNError, match="schema 2, newer than this library's 1: upgrade"):
        Manifest.load(tmp_path)
    for text in ("{", "[]", "{}", json.dumps({**tree, "train": 5})):
        path.write_text(text)
        with pytest.raises(WaveRNNError, match="damaged"):
            Manifest.load(tmp_path)


def test_records_refuse_what_does_not_fit(tmp_path: Path) -> None:
    mel = np.zeros((2, 80), np.float32)
    with pytest.raises(WaveRNNError, match="no multiple of 2 frames"):
        with records.writing(tmp_path / "a.tfrecord") as writer:
            writer.write(records.Utterance("a", np.zeros(401, np.int16), mel))
    assert not (tmp_path / "a.tfrecord").exists()
    with records.writing(tmp_path / "a.tfrecord") as writer:
        writer.write(records.Utterance("ü", np.arange(400, dtype=np.int16), mel + 1.5))
    (back,) = records.read(tmp_path / "a.tfrecord", 80)
    assert back.id == "ü" and back.audio.tolist() == list(range(400)) and (back.mel == 1.5).all()
    data = (tmp_path / "a.tfrecord").read_bytes()
    (tmp_path / "a.tfrecord").write_bytes(data[:-5])
    with pytest.raises(WaveRNNError, match="missing or damaged"):
        list(records.read(tmp_path / "a.tfrecord", 80))


def test_bad_options(tmp_path: Path) -> None:
    source = _recordings(tmp_path / "in", 2)
    with pytest.raises(WaveRNNError, match="skip or fail"):
        _prepare(source, tmp_path / "out", on_error="ignore")


def test_one_recording_is_split_inside(tmp_path: Path) -> None:
    source = _recordings(tmp_path / "in", 1, seconds=20)
    made = _prepare(source, tmp_path / "out", held_out=0.1)
    (train,), (held,) = made.train.utterances, made.held_out.utterances
    assert train.frames + held.frames == 1600 and held.frames == 160
    whole, _ = soundfile.read(source / "u000.wav", dtype="int16")
    parts = [
        next(records.read(tmp_path / "out" / s.shards[0], 80)) for s in (made.train, made.held_out)
    ]
    np.testing.assert_array_equal(np.concatenate([p.audio for p in parts]), whole)
    assert _prepare(source, tmp_path / "out", held_out=0.1) == made
    assert _prepare(source, tmp_path / "all", held_out=0.0).held_out.utterances == ()
    tiny = _recordings(tmp_path / "tiny", 1, seconds=0.5)
    assert _prepare(tiny, tmp_path / "out2").held_out.utterances == ()


def test_a_broken_held_out_pick_is_replaced(tmp_path: Path) -> None:
    source = _recordings(tmp_path / "in", 5)
    pick = _prepare(source, tmp_path / "whole").held_out.utterances[0].id
    (source / f"{pick}.wav").write_bytes(b"RIFF")
    made = _prepare(source, tmp_path / "out")
    assert len(made.held_out.utterances) == 1 and made.held_out.utterances[0].id != pick
    assert [s.id for s in made.skipped] == [pick] and len(made.train.utterances) == 3
    assert _prepare(source, tmp_path / "out") == made


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    source = _recordings(tmp_path / "in", 2)
    code = "import sys; from wavernn_tf import files\n"
    code += "with files.exclusive(sys.argv[1], 'x'): print(flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "out")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None and other.stdout.readline()
    with pytest.raises(WaveRNNError, match="Another process prepares data"):
        _prepare(source, tmp_path / "out")
    other.communicate(b"")
    _prepare(source, tmp_path / "out")


def test_lengths_that_differ_are_explained(tmp_path: Path) -> None:
    source = _recordings(tmp_path / "in", 2, seconds=4)
    mels = tmp_path / "mels"
    mels.mkdir()
    np.save(mels / "u000.npy", np.zeros((64000 // 256 + 1, 80), np.float32))
    np.save(mels / "u001.npy", np.zeros((320, 80), np.float32))
    made = _prepare(source, tmp_path / "out", mel_dir=mels, held_out=0.0)
    assert "They fit a hop of 256" in made.skipped[0].reason
    assert len(made.train.utterances) == 1
