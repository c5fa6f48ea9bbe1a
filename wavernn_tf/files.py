"""Outputs: claimed before the work, written under a temporary name, then renamed.

Every command keeps these rules:

- What the project did not write is never deleted or replaced.
- An output equal to an input, or inside one, is refused.
- A read-only file is not replaced; a symbolic link stays one, and its target is written.
- An output is checked before the work, and appears whole or not at all.
- Errors name the output, never the temporary name.
"""

from __future__ import annotations

import atexit
import codecs
import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import tempfile
import unicodedata
import zipfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from wavernn_tf import trees
from wavernn_tf.errors import WaveRNNError

try:
    import fcntl
except ImportError:  # not a Unix: no locks
    fcntl = None  # type: ignore[assignment]

PathLike = Union[str, "os.PathLike[str]"]

FULL = tuple(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name))
"""Error numbers of a disk that takes no more."""

_SCRATCH = ".wavernn-tf-"
_ASIDE = ("lost+found",)
"""What a file system puts at its top; it is nobody's output."""


def claim_file(
    out: PathLike,
    inputs: Sequence[PathLike] = (),
    ours: Optional[Callable[[Path], bool]] = None,
) -> None:
    """Check that a file may be written, before the work; nothing is made or changed.

    Args:
      out: the file; existing or not.
      inputs: files and folders that the work reads.
      ours: whether an existing file was written by the project; any other is kept.

    Raises:
      WaveRNNError: if the file must not or cannot be written, saying why and what to do.
    """
    target = _resolved(out)
    if target.is_dir():
        raise WaveRNNError(f"Expected {out} to be a file to write; it is a folder.")
    _refuse_inputs(out, target, inputs)
    if not target.exists():
        _need_writable_parent(out, target)
        return
    if not stat.S_ISREG(target.stat().st_mode):
        return  # a device or a pipe: written, not replaced
    _refuse_read_only(out, target)
    if ours is not None and target.stat().st_size and not ours(target):
        raise WaveRNNError(
            f"{out} exists and was not written by wavernn-tf: it is kept. Choose another name, or "
            "remove it."
        )


def claim_folder(out: PathLike, inputs: Sequence[PathLike] = ()) -> List[Path]:
    """Check that a folder may be made or added to, before the work; nothing is made or changed.

    Args:
      out: the folder; existing or not.
      inputs: files and folders that the work reads.

    Returns:
      What lies in the folder, without what is hidden and what a file system puts there. The caller
      must refuse what it did not write where that would be in its way.

    Raises:
      WaveRNNError: if the folder must not or cannot be written, saying why and what to do.
    """
    target = _resolved(out)
    if target.exists() and not target.is_dir():
        raise WaveRNNError(f"Expected a folder to write to; {out} is a file.")
    _refuse_inputs(out, target, inputs)
    if not target.exists():
        _need_writable_parent(out, target)
        return []
    _refuse_read_only(out, target)
    return sorted(
        p for p in target.iterdir() if not p.name.startswith(".") and p.name not in _ASIDE
    )


def _resolved(out: PathLike) -> Path:
    if not os.fspath(out):
        raise WaveRNNError("Expected the name of an output; got an empty one.")
    target = Path(os.path.realpath(out))
    if target.is_symlink():
        raise WaveRNNError(f"{out} is a symbolic link that leads to itself: choose another name.")
    return target


def _refuse_inputs(out: PathLike, target: Path, inputs: Sequence[PathLike]) -> None:
    for given in inputs:
        source = Path(os.path.realpath(given))
        same = source == target
        with contextlib.suppress(OSError):
            same = same or os.path.samefile(source, target)
        if same:
            raise WaveRNNError(f"{out} is an input of this command: choose another output.")
        if source in target.parents:
            raise WaveRNNError(
                f"{out} lies inside {given}, an input of this command: choose an output beside it."
            )


def _refuse_read_only(out: PathLike, target: Path) -> None:
    # The bits too: the superuser may write everything, and still means them.
    if not target.stat().st_mode & 0o222 or not os.access(target, os.W_OK):
        raise WaveRNNError(f"{out} is read-only: it is kept. Choose another name.")


def _need_writable_parent(out: PathLike, target: Path) -> None:
    parent = target.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise WaveRNNError(f"{out} cannot be written: {parent} is a file, not a folder.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise WaveRNNError(f"{out} cannot be written: the folder {parent} is not writable.")


@contextlib.contextmanager
def replacing(path: PathLike) -> Iterator[Path]:
    """Yield a temporary path; rename it to `path` if the block succeeds.

    The block makes a file or a folder. A file replaces a file; a folder that is in the way is an
    error. The temporary path lies beside `path` and keeps its name, by whose end some writers
    choose the format. What a killed process leaves behind, a hidden folder, the next writer of the
    same path removes. Where the parent cannot be written, or the file is a mount point, a device or
    a pipe, an existing file is filled in place.

    Raises:
      WaveRNNError: if `path` is a folder or read-only, or TensorFlow cannot write.
      OSError: naming `path`.

    Example::

        with replacing("out.wav") as part:
            write(part)
    """
    target = _resolved(path)
    if target.is_dir():
        raise WaveRNNError(f"{path} is a folder: it is kept. Choose another name.")
    regular = not target.exists() or stat.S_ISREG(target.stat().st_mode)
    if target.exists() and regular:
        _refuse_read_only(path, target)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_made_folders(target.parent))
            scratch, beside = stack.enter_context(_scratch(target, regular))
            part = scratch / target.name
            yield part
            _move(part, target, beside)
        except OSError as error:
            name = error.filename
            hidden = isinstance(name, (str, bytes)) and _SCRATCH in os.fsdecode(name)
            if hidden or error.errno in FULL or name is None:
                raise OSError(error.errno, error.strerror or str(error), str(path)) from error
            raise
        except Exception as error:
            if is_disk_full(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
            if type(error).__module__.startswith("tensorflow") and _SCRATCH in str(error):
                raise WaveRNNError(f"{path} cannot be written: {error}") from error
            raise


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, also one of TensorFlow's, says that the disk takes no more."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return type(error).__module__.startswith("tensorflow") and any(
        os.strerror(number) in str(error) for number in FULL
    )


@contextlib.contextmanager
def _made_folders(folder: Path) -> Iterator[None]:
    """Make a folder and its parents; remove those again if the block fails."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    try:
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
        yield
    except BaseException:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()
        raise


@contextlib.contextmanager
def _scratch(target: Path, regular: bool) -> Iterator[Tuple[Path, bool]]:
    """A temporary folder, and whether it lies beside the target."""
    prefix = f"{_SCRATCH}{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]}-"
    beside = regular
    if regular:
        _remove_abandoned(target.parent, prefix)
        try:
            folder, lock = _locked_folder(target.parent, prefix)
        except PermissionError:
            if not (target.exists() and os.access(target, os.W_OK)):
                raise
            beside = False
        except OSError as error:
            if error.errno != errno.EROFS or not target.exists():
                raise
            beside = False
    if not beside:
        folder, lock = _locked_folder(Path(tempfile.gettempdir()), prefix)
    try:
        yield folder, beside
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder(parent: Path, prefix: str) -> Tuple[Path, int]:
    """A new folder and a lock on it, which tells others that its maker lives."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            lock = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # another process took it for abandoned just now
            continue
        _lock(lock)
        if folder.is_dir() and os.path.samestat(os.fstat(lock), os.stat(folder)):
            return folder, lock
        os.close(lock)


def _lock(descriptor: int) -> Optional[bool]:
    """Lock a file or folder: True, False if another process has, None where locks do not work."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    except OSError:
        return None


def remove_abandoned(folder: PathLike) -> None:
    """Remove the temporary folders that killed processes left in a folder."""
    _remove_abandoned(Path(folder), _SCRATCH)


def _remove_abandoned(parent: Path, prefix: str) -> None:
    try:
        names = [name for name in os.listdir(parent) if name.startswith(prefix)]
    except OSError:
        return
    for name in names:
        with contextlib.suppress(OSError):
            descriptor = os.open(parent / name, os.O_RDONLY | os.O_DIRECTORY)
            try:
                if _lock(descriptor):
                    shutil.rmtree(parent / name, ignore_errors=True)
            finally:
                os.close(descriptor)


def _move(part: Path, target: Path, beside: bool) -> None:
    if beside:
        if target.exists() and part.is_file():
            shutil.copymode(target, part)
        try:
            os.replace(part, target)
            return
        except OSError as error:
            # A file that is a mount point, as containers have them, cannot be renamed over.
            if error.errno not in (errno.EBUSY, errno.EXDEV) or not target.is_file():
                raise
    with part.open("rb") as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)


@contextlib.contextmanager
def exclusive(folder: PathLike, doing: str) -> Iterator[None]:
    """Hold a folder for one process; a second one is refused. It is made if missing.

    The lock goes with the process, however it ends, and leaves nothing behind.

    Args:
      folder: to hold.
      doing: what is done there, for the message, such as "trains".

    Raises:
      WaveRNNError: if another process holds it.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if _lock(descriptor) is False:
            raise WaveRNNError(
                f"Another process {doing} in {folder}: wait for it, stop it, or use another folder."
            )
        yield
    finally:
        os.close(descriptor)


def has_text(path: PathLike, text: bytes, within: int = 4096) -> bool:
    """Whether the start or the end of a file holds a text, by which the project marks its files."""
    try:
        with open(path, "rb") as file:
            head = file.read(within)
            file.seek(max(0, os.fstat(file.fileno()).st_size - within))
            return text in head or text in file.read(within)
    except OSError:
        return False


def write_bytes(path: PathLike, data: bytes) -> None:
    """Write a whole file, atomically."""
    with replacing(path) as part:
        part.write_bytes(data)


def write_text(path: PathLike, text: str) -> None:
    """Write a whole UTF-8 file, atomically; bytes of names that are no UTF-8 come through."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def read_text(path: PathLike) -> str:
    """Read a UTF-8 file as `write_text` wrote it."""
    return Path(path).read_bytes().decode("utf-8", "surrogateescape")


def read_list(path: PathLike) -> List[str]:
    """The lines of a list that a user wrote, in whatever an editor made of it.

    UTF-8 or UTF-16, with a byte order mark or without, and line ends of any kind. Bytes that are no
    UTF-8 come as the file system's names have them (`os.fsdecode`).
    """
    data = Path(path).read_bytes()
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace").splitlines()
    if data[:2].count(0) == 1 and len(data) % 2 == 0:
        return data.decode("utf-16-be" if data[0] == 0 else "utf-16-le", "replace").splitlines()
    return data.decode("utf-8", "surrogateescape").splitlines()


def composed(name: str) -> str:
    """A name with its accents composed, by which two spellings of one name are equal."""
    return unicodedata.normalize("NFC", name)


def plain(path: PathLike) -> str:
    """Another name of a path that TensorFlow takes as it is: no brackets, stars or odd bytes.

    TensorFlow searches some paths for patterns, and needs UTF-8. A path that has none of these is
    returned as it is; for any other a symbolic link is made in a temporary folder, which goes with
    the process.
    """
    text = os.path.abspath(path)
    if not re.search(r"[][*?{}\\]", text) and text.isprintable():
        return os.fspath(path) if isinstance(path, str) else str(path)
    if text not in _LINKS:
        folder = tempfile.mkdtemp(prefix="wavernn-tf-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.symlink(text, os.path.join(folder, "path"))
        _LINKS[text] = os.path.join(folder, "path")
    return _LINKS[text]


_LINKS: Dict[str, str] = {}


def check_npz(path: PathLike, most_bytes: int) -> None:
    """Check that a .npz file unpacks to no more than it may, before it is read.

    Args:
      path: of the file.
      most_bytes: of all arrays together; their headers come on top.

    Raises:
      ValueError: if it is larger.
      zipfile.BadZipFile: if it is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if unpacked > most_bytes + 4096 * len(members):
        raise ValueError(f"expected {most_bytes} bytes of arrays; it unpacks to {unpacked}")


def is_json_with(path: PathLike, keys: Sequence[str]) -> bool:
    """Whether a file is a JSON object with these keys, by which the project knows its files."""
    try:
        tree: Any = trees.parse_json(read_text(path))
    except (OSError, ValueError):
        return False
    return isinstance(tree, dict) and all(key in tree for key in keys)
