"""Locks what `make install` installs: every package, its version, and the hashes of its files.

    pip install pip-tools==7.6.2
    python release/lock.py [--upgrade]

Writes `release/requirements.txt` for the Python that runs it, on this kind of machine; versions
that are there already are kept, but with `--upgrade`. Install from it with

    pip install --require-hashes -r release/requirements.txt
    pip install --no-deps --no-build-isolation --editable .
"""

from __future__ import annotations

import argparse
import configparser
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "release" / "requirements.txt"
EXTRAS = ("development", "litert", "train")
"""As `make install` names them."""

HEAD = """\
# What `make install` installs on Python {version}, Linux x86-64: written by release/lock.py.
#
#     pip install --require-hashes -r release/requirements.txt
#     pip install --no-deps --no-build-isolation --editable .
"""


def direct(setup: Path = ROOT / "setup.cfg") -> List[str]:
    """The requirements in setup.cfg of the package and of `EXTRAS`, one a string."""
    parser = configparser.ConfigParser()
    parser.read(setup, encoding="utf-8")
    text = parser["options"]["install_requires"]
    for extra in EXTRAS:
        text += "\n" + parser["options.extras_require"][extra]
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("wavernn-tf[")]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "requirements.in", Path(folder) / "requirements.txt"
        given.write_text("\n".join(direct()) + "\n")
        if LOCK.is_file() and not options.upgrade:
            made.write_text(LOCK.read_text())
        command = [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes"]
        command += ["--allow-unsafe", "--strip-extras", "--no-header", "--no-annotate"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
        subprocess.run([*command, "--output-file", str(made), str(given)], check=True)
        lines = [line for line in made.read_text().splitlines() if not re.match(r"\s*#|$", line)]
    version = ".".join(map(str, sys.version_info[:2]))
    LOCK.write_text(HEAD.format(version=version) + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
