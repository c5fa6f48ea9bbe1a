"""Outputs: what is refused, what stays, what a failure leaves."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError


def tree(folder: Path) -> list:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "new" / "a.txt"
    with pytest.raises(RuntimeError):
        with files.replacing(out) as part:
            part.write_text("half")
            raise RuntimeError
    assert tree(tmp_path) == []  # nor the folder that was made for it
    files.write_text(out, "one")
    files.write_text(out, "two")
    assert out.read_text() == "two" and tree(tmp_path) == ["new", "new/a.txt"]


def test_claims_make_nothing(tmp_path: Path) -> None:
    files.claim_file(tmp_path / "a" / "b" / "c.txt")
    assert files.claim_folder(tmp_path / "d" / "e") == []
    assert tree(tmp_path) == []


def test_inputs_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    (source / "a.wav").write_text("x")
    (tmp_path / "link").symlink_to(source)
    os.link(source / "a.wav", tmp_path / "hard.wav")
    for claim in (files.claim_file, files.claim_folder):
        for out in (source / "deep" / "new", tmp_path / "link" / "new"):
            with pytest.raises(WaveRNNError, match="lies inside"):
                claim(out, [source])
    for out in (source, tmp_path / "link", tmp_path / "x" / ".." / "in"):
        with pytest.raises(WaveRNNError, match="is an input"):
            files.claim_folder(out, [source])
    for out in (tmp_path / "hard.wav", source / "a.wav"):
        with pytest.raises(WaveRNNError, match="is an input"):
            files.claim_file(out, [source / "a.wav"])
    files.claim_file(tmp_path / "in.wav", [source])  # a name that only begins alike
    files.claim_folder(tmp_path, [source])  # around an input


def test_what_is_not_ours_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "a.txt"
    out.write_text("mine")
    with pytest.raises(WaveRNNError, match="was not written by wavernn-tf"):
        files.claim_file(out, ours=lambda path: path.read_text() == "ours")
    out.write_text("ours")
    files.claim_file(out, ours=lambda path: path.read_text() == "ours")
    out.write_text("")  # made by mktemp
    files.claim_file(out, ours=lambda path: False)
    with pytest.raises(WaveRNNError, match="it is a folder"):
        files.claim_file(tmp_path)
    with pytest.raises(WaveRNNError, match="is a file"):
        files.claim_folder(out)
    with pytest.raises(WaveRNNError, match="is a file, not a folder"):
        files.claim_file(out / "b" / "c.txt")
    with pytest.raises(WaveRNNError, match="it is kept"):
        files.write_text(tmp_path, "x")


def test_a_read_only_file_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "a.txt"
    out.write_text("mine")
    out.chmod(0o444)
    with pytest.raises(WaveRNNError, match="a.txt is read-only"):
        files.claim_file(out)
    with pytest.raises(WaveRNNError, match="a.txt is read-only"):
        files.write_text(out, "x")
    assert out.read_text() == "mine" and tree(tmp_path) == ["a.txt"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "real" / "a.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    link.symlink_to(target)
    for text in ("first", "second"):  # dangling, then not
        files.claim_file(link)
        files.write_text(link, text)
        assert link.is_symlink() and target.read_text() == text and not target.is_symlink()
    assert tree(tmp_path) == ["link.txt", "real", "real/a.txt"]


def test_the_mode_of_a_replaced_file_stays(tmp_path: Path) -> None:
    out = tmp_path / "a.txt"
    files.write_text(out, "x")
    out.chmod(0o640)
    files.write_text(out, "y")
    assert out.stat().st_mode & 0o777 == 0o640


def test_devices_are_written_not_replaced(tmp_path: Path) -> None:
    files.claim_file("/dev/null")
    files.write_text("/dev/null", "x")
    assert not Path("/dev/null").is_file()
    with pytest.raises(OSError) as caught:
        files.write_text("/dev/full", "x" * 100000)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == "/dev/full"


def test_errors_name_the_output(tmp_path: Path) -> None:
    out = tmp_path / "a.txt"
    with pytest.raises(OSError) as caught:
        with files.replacing(out) as part:
            part.mkdir()
            part.write_text("a folder is there")
    assert caught.value.filename == str(out)
    with pytest.raises(OSError) as caught:
        with files.replacing(out):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(out)
    with pytest.raises(OSError) as caught:
        with files.replacing(out):
            (tmp_path / "another").read_text()
    assert caught.value.filename == str(tmp_path / "another")
    long = tmp_path / ("x" * 250 + ".wav")
    files.write_text(long, "x")
    assert tree(tmp_path) == [long.name]


def _killed(out: str) -> None:
    with files.replacing(out) as part:
        part.write_text("half")
        os._exit(9)


def _holds(out: str, there: object, go: object) -> None:
    with files.replacing(out) as part:
        part.write_text("slow")
        there.set()  # type: ignore[attr-defined]
        go.wait(60)  # type: ignore[attr-defined]


def test_what_a_killed_writer_left_goes_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    out = tmp_path / "a.txt"
    killed = spawn.Process(target=_killed, args=(str(out),))
    killed.start()
    killed.join()
    assert killed.exitcode == 9 and len(tree(tmp_path)) == 2
    there, go = spawn.Event(), spawn.Event()
    slow = spawn.Process(target=_holds, args=(str(out), there, go))
    slow.start()
    assert there.wait(60)
    assert len(tree(tmp_path)) == 2  # the killed one's is gone
    files.write_text(out, "quick")
    assert out.read_text() == "quick"
    go.set()
    slow.join()
    assert slow.exitcode == 0 and out.read_text() == "slow" and tree(tmp_path) == ["a.txt"]


def _tries(folder: str) -> None:
    try:
        with files.exclusive(folder, "works"):
            os._exit(0)
    except WaveRNNError:
        os._exit(3)


def test_a_folder_is_held_by_one_process(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")

    def other() -> int:
        process = spawn.Process(target=_tries, args=(str(tmp_path / "run"),))
        process.start()
        process.join()
        return process.exitcode

    with files.exclusive(tmp_path / "run", "works"):
        assert other() == 3
    assert other() == 0 and tree(tmp_path) == ["run"]


NAMESPACE = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]


def needs_mounts() -> None:
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            [*NAMESPACE, "mount -t tmpfs x /mnt"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("this system lets no test mount")


def _in_namespace(script: str, folder: Path) -> str:
    done = subprocess.run(
        [*NAMESPACE, script, "sh", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_mount_points(tmp_path: Path) -> None:
    """A file that is a mount point is filled in place, as is one in a folder that is read-only."""
    needs_mounts()
    (tmp_path / "real.txt").write_text("before")
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut" / "b.txt").write_text("before")
    script = """
        mount --bind real.txt a.txt
        mount --bind shut shut; mount -o remount,bind,ro shut; mount --bind real.txt shut/b.txt
        for out in a.txt shut/b.txt; do
            "$1" -c 'import sys; from wavernn_tf import files
files.claim_file(sys.argv[1]); files.write_text(sys.argv[1], sys.argv[1])' $out
            cat real.txt
        done
        "$1" -c 'from wavernn_tf import files; files.claim_file("shut/new.txt")' 2>&1 | tail -1
    """
    printed = _in_namespace(script, tmp_path)
    assert printed.startswith("a.txtshut/b.txt") and "shut/new.txt cannot be written" in printed


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    needs_mounts()
    (tmp_path / "m").mkdir()
    script = """
        mount -t tmpfs -o size=64k x m
        "$1" -c 'from wavernn_tf import files; files.write_bytes("m/d/a.bin", bytes(10**6))' \
            2>&1 | tail -1
        ls -A m
    """
    assert _in_namespace(script, tmp_path).splitlines() == [
        "OSError: [Errno 28] No space left on device: 'm/d/a.bin'"
    ]


def test_a_link_to_itself_is_told(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    for claim in (files.claim_file, files.claim_folder):
        with pytest.raises(WaveRNNError, match="loop is a symbolic link that leads to itself"):
            claim(tmp_path / "loop")
