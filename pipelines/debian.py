"""Speech from Debian packages, without installing them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import List, Sequence

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.files import replacing


def fetch(package: str, cache: Path) -> Path:
    """Download and unpack a Debian package into a cache folder.

    Args:
      package: its name.
      cache: made if missing. A package that lies there already is not fetched again.

    Returns:
      The folder with the package's files.

    Raises:
      WaveRNNError: if apt or dpkg is missing, or the package cannot be had.
    """
    root = cache / package
    if root.is_dir():
        return root
    for tool in ("apt-get", "dpkg"):
        _need(tool, f"to fetch the package {package}: use Debian or Ubuntu, or a container of it")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        # apt drops its rights to a user who must be able to write here.
        os.chmod(scratch, 0o777)
        _call(
            ["apt-get", "download", package],
            scratch,
            f"cannot download {package}; try `apt-get update` first, and check the network",
        )
        (archive,) = Path(scratch).glob("*.deb")
        _call(["dpkg", "-x", str(archive), "files"], scratch, f"cannot unpack {archive.name}")
        os.replace(Path(scratch) / "files", root)
    return root


def decode_g722(files: Sequence[Path], wavs: Sequence[Path]) -> List[Path]:
    """Decode G.722 files to 16 kHz 16-bit wav, those that are not there yet.

    Args:
      files: to decode.
      wavs: where to, one each.

    Returns:
      `wavs`.

    Raises:
      WaveRNNError: if ffmpeg is missing or fails.
    """
    for source, target in zip(files, wavs):
        if target.is_file():
            continue
        _need("ffmpeg", "to decode G.722: `apt-get install ffmpeg`")
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "g722", "-i", str(source)]
        with replacing(target) as part:
            command += ["-c:a", "pcm_s16le", "-f", "wav", str(part)]
            _call(command, ".", f"cannot decode {source}")
    return list(wavs)


def _need(tool: str, purpose: str) -> None:
    if shutil.which(tool) is None:
        raise WaveRNNError(f"The program `{tool}` is missing; it is needed {purpose}.")


def _call(command: List[str], folder: str, failure: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise WaveRNNError(f"{failure}: {lines[-1]}")
