from __future__ import annotations

import os
from pathlib import Path

import pytest

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import corpora, debian


def _touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_the_clips(speech: Path) -> None:
    corpus = corpora.folder(speech)
    held_out = sorted(s.id for s in corpus.sources if s.split == "held_out")
    assert len(corpus.sources) == 22
    assert held_out == (speech / "held_out.txt").read_text().split()
    assert {key[:2] for key in held_out} == {"en", "ru"}
    listed = (speech / "LICENSES.md").read_text()
    assert all(f"| {s.id} |" in listed for s in corpus.sources)


def test_folder_is_any_tree(tmp_path: Path) -> None:
    root = _touch(tmp_path, "b.WAV", "a/c.flac", "a/d.mp3", "e.ogg", "notes.txt", ".hidden.wav")
    corpus = corpora.folder(root)
    assert [s.id for s in corpus.sources] == ["a/c", "a/d", "b", "e"]
    assert all(s.split == "" for s in corpus.sources)


def test_folder_errors(tmp_path: Path) -> None:
    with pytest.raises(WaveRNNError, match="Found no .wav"):
        corpora.folder(tmp_path)
    with pytest.raises(WaveRNNError, match="not a folder"):
        corpora.folder(tmp_path / "nowhere")
    _touch(tmp_path, "a.wav", "a.flac")
    with pytest.raises(WaveRNNError, match="Two files for one utterance 'a'"):
        corpora.folder(tmp_path)
    (tmp_path / "a.flac").unlink()
    (tmp_path / "held_out.txt").write_text("a\n# comment\nb\n")
    with pytest.raises(WaveRNNError, match="not in the folder: b"):
        corpora.folder(tmp_path)


def test_ljspeech(tmp_path: Path) -> None:
    _touch(tmp_path, "metadata.csv", "wavs/LJ001-0002.wav", "wavs/LJ001-0001.wav")
    corpus = corpora.find("ljspeech", tmp_path)
    assert [s.id for s in corpus.sources] == ["LJ001-0001", "LJ001-0002"]
    with pytest.raises(WaveRNNError, match="its folder `wavs`"):
        corpora.find("ljspeech", tmp_path / "wavs")


@pytest.mark.parametrize(
    "names",
    [
        ("wav48/p225/p225_001.wav", "wav48/p226/p226_001.wav"),
        (
            "wav48_silence_trimmed/p225/p225_001_mic1.flac",
            "wav48_silence_trimmed/p225/p225_001_mic2.flac",
            "wav48_silence_trimmed/p226/p226_001_mic1.flac",
        ),
    ],
)
def test_vctk(tmp_path: Path, names: tuple) -> None:
    corpus = corpora.find("vctk", _touch(tmp_path, *names))
    assert [(s.id, s.speaker) for s in corpus.sources] == [
        ("p225_001", "p225"),
        ("p226_001", "p226"),
    ]


def test_find_errors(tmp_path: Path) -> None:
    with pytest.raises(WaveRNNError, match="Unknown corpus 'libri'"):
        corpora.find("libri", tmp_path)
    with pytest.raises(WaveRNNError, match="needs the path"):
        corpora.find("vctk")


def test_hash_split_is_stable() -> None:
    def split(count: int, share: float) -> set:
        sources = [corpora.Source(f"utterance {n}", Path("x")) for n in range(count)]
        assigned = corpora.assign_splits(sources, share)
        assert {s.split for s in assigned} <= {"train", "held_out"}
        return {s.id for s in assigned if s.split == "held_out"}

    assert 70 < len(split(1000, 0.1)) < 130
    assert split(500, 0.1) <= split(1000, 0.1) <= split(1000, 0.2)
    assert split(1000, 0.0) == set()
    assert len(split(2, 0.01)) == 1  # one each rather than none
    assert len(split(1, 0.5)) == 0
    assert len(split(3, 0.99)) == 2
    with pytest.raises(WaveRNNError, match="held_out"):
        split(3, 1.0)


def test_fetched_corpora_from_a_filled_cache(tmp_path: Path) -> None:
    """What lies in the cache is used; nothing is fetched or decoded again."""
    voice = "festvox-ru/usr/share/festival/voices/russian/msu_ru_nsh_clunits"
    _touch(tmp_path, f"{voice}/wav/ru_0002.wav", f"{voice}/wav/ru_0001.wav")
    corpus = corpora.find("msu_ru_nsh", tmp_path)
    assert [s.id for s in corpus.sources] == ["ru_0001", "ru_0002"]
    package = "asterisk-core-sounds-en-g722"
    sounds = f"{package}/usr/share/asterisk/sounds/en_US_f_Allison"
    _touch(tmp_path, f"{sounds}/vm-intro.g722", f"{sounds}/silence/1.g722")
    _touch(tmp_path, f"{sounds}/digits/1.g722")
    _touch(tmp_path, f"{package}-wav/vm-intro.wav", f"{package}-wav/digits/1.wav")
    corpus = corpora.find("asterisk_en", tmp_path)
    assert [s.id for s in corpus.sources] == ["digits/1", "vm-intro"]


def _program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_fetch_downloads_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, cache = tmp_path / "bin", tmp_path / "cache"
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    _program(programs, "apt-get", 'echo x >> ../../count; echo "$2" > "$2_1_all.deb"')
    _program(programs, "dpkg", 'mkdir -p "$3" && cp "$2" "$3/content"')
    for _ in range(2):
        root = debian.fetch("speech", cache)
        assert (root / "content").read_text() == "speech\n"
    assert (tmp_path / "count").read_text() == "x\n"
    assert [p.name for p in cache.iterdir()] == ["speech"]


def test_fetch_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, cache = tmp_path / "bin", tmp_path / "cache"
    _program(programs, "apt-get", 'echo "E: Unable to locate package $2" >&2; exit 100')
    monkeypatch.setenv("PATH", f"{programs}")
    with pytest.raises(WaveRNNError, match="`dpkg` is missing"):
        debian.fetch("speech", cache)
    _program(programs, "dpkg", "exit 1")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    with pytest.raises(WaveRNNError, match="apt-get update.*Unable to locate package speech"):
        debian.fetch("speech", cache)
    assert list(cache.iterdir()) == []
    monkeypatch.setenv("PATH", f"{tmp_path}")
    with pytest.raises(WaveRNNError, match="`ffmpeg` is missing.*apt-get install ffmpeg"):
        debian.decode_g722([tmp_path / "a.g722"], [tmp_path / "a.wav"])


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_lists_of_any_editor(tmp_path: Path, encoding: str) -> None:
    root = _touch(tmp_path, "naïve [1].wav", "b.wav", "deep er/c.flac")
    text = "# held out\r\nnai\u0308ve [1]\r\ndeep er\\c.flac\r\n\r\n"  # accents in two characters
    (root / "held_out.txt").write_bytes(text.encode(encoding))
    corpus = corpora.folder(root)
    assert [s.id for s in corpus.sources if s.split == "held_out"] == ["deep er/c", "naïve [1]"]
    (root / "held_out.txt").write_bytes("b\nno".encode(encoding))
    with pytest.raises(WaveRNNError, match="not in the folder: no"):
        corpora.folder(root)


def test_accents_do_not_move_a_split() -> None:
    for composed, apart in (("é", "e\u0301"), ("ü" * 9, "u\u0308" * 9)):
        names = [[f"{n} {form}" for n in range(50)] for form in (composed, apart)]
        splits = [
            [
                s.split
                for s in corpora.assign_splits([corpora.Source(k, Path("x")) for k in keys], 0.3)
            ]
            for keys in names
        ]
        assert splits[0] == splits[1] and set(splits[0]) == {"train", "held_out"}


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    root = _touch(
        tmp_path / "in",
        "a.wav",
        "b.m4a",
        "c.M4A",
        "d.txt",
        "README",
        ".e.m4a",
        "._f.wav",
        ".g/h.wav",
    )
    (root / "gone.wav").symlink_to(tmp_path / "nowhere")
    os.mkfifo(root / "pipe.wav")
    corpus = corpora.folder(root)
    assert [s.id for s in corpus.sources] == ["a"]
    (remark,) = corpus.remarks
    assert remark.endswith(
        ": 2 .m4a, 1 .txt, 1 broken links, 1 pipes or devices, 1 without an extension"
    )
    assert corpora.folder(_touch(tmp_path / "clean", "a.wav")).remarks == ()
    with pytest.raises(WaveRNNError, match="Found no .*2 .m4a"):
        corpora.folder(_touch(tmp_path / "none", "a.m4a", "b.m4a"))


def test_links_are_followed_each_folder_once(tmp_path: Path) -> None:
    root = _touch(tmp_path / "in", "a/b.wav")
    _touch(tmp_path / "other", "c.wav", "deep/d.wav")
    (root / "link").symlink_to(tmp_path / "other")
    (root / "a" / "loop").symlink_to(root)
    (root / "e.wav").symlink_to(tmp_path / "other" / "c.wav")
    assert [s.id for s in corpora.folder(root).sources] == ["a/b", "e", "link/c", "link/deep/d"]


def test_ljspeech_layouts(tmp_path: Path) -> None:
    root = _touch(tmp_path, "wavs/a.WAV", "wavs/b.flac", "wavs/new.wav", "wavs/._a.wav")
    lines = "\ufeffa|A.|A.\r\nb.wav|B.|B.\r\ngone|C.|C.\r\n"
    (root / "metadata.csv").write_bytes(lines.encode("utf-16"))
    corpus = corpora.ljspeech(root)
    assert [s.id for s in corpus.sources] == ["a", "b", "new"]
    (root / "metadata.csv").write_text(lines, encoding="utf-8")
    assert corpora.ljspeech(root).remarks == (
        "1 lines of metadata.csv have no file in wavs/: gone",
        "1 files in wavs/ have no line in metadata.csv: new",
    )


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    root = _touch(tmp_path, f"{name}.wav", f"{name} dir/b.wav")
    (root / "held_out.txt").write_bytes(b"caf\xe9\n")
    corpus = corpora.folder(root)
    assert {s.id: s.split for s in corpus.sources} == {f"{name} dir/b": "train", name: "held_out"}
