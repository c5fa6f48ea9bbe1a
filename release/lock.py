"""Locks what `make install` installs: every package, its version, and the hashes of its files.

    python release/lock.py [--upgrade]

Asks pip (22.2 or newer) what it would install, and writes `release/requirements.txt` for the Python
that runs this, on this kind of machine. Versions that are there already are kept, but with
`--upgrade`. Install from it with

    pip install --require-hashes -r release/requirements.txt
    pip install --no-deps --no-build-isolation --editable .
"""

from __future__ import annotations

import argparse
import configparser
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

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


def resolve(requirements: List[str], kept: List[str]) -> Dict[str, Any]:
    """What pip would install, as its report says.

    Args:
      requirements: as of `direct`.
      kept: "name==version" of packages whose versions are not to change.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, constraints, report = (Path(folder) / name for name in ("in", "kept", "report"))
        given.write_text("\n".join(requirements) + "\n")
        constraints.write_text("\n".join(kept) + "\n")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet"]
        command += ["--ignore-installed", "--only-binary=:all:", "--report", str(report)]
        command += ["-r", str(given), "-c", str(constraints)]
        subprocess.run(command, check=True)
        return dict(json.loads(report.read_text()))


def lines(report: Dict[str, Any]) -> List[str]:
    """The lines of the lock, by name."""
    made = []
    for item in report["install"]:
        name, version = (item["metadata"][key] for key in ("name", "version"))
        hashes = item["download_info"]["archive_info"].get("hashes", {})
        made.append(f"{name}=={version} --hash=sha256:{hashes['sha256']}")
    return sorted(made, key=str.lower)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args()
    kept = []
    if LOCK.is_file() and not options.upgrade:
        kept = re.findall(r"(?m)^[\w.-]+==[^\s;]+", LOCK.read_text())
    made = lines(resolve(direct(), kept))
    version = ".".join(map(str, sys.version_info[:2]))
    LOCK.write_text(HEAD.format(version=version) + "\n".join(made) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
