"""The lock file is in step with setup.cfg, and holds a hash for every package."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers import scripts

lock = scripts.load("release/lock.py")

PYTHON = {"python_version": "3.11", "sys_platform": "linux"}


def locked(text):
    """Versions by name; every entry is NAME==VERSION with hashes behind it."""
    found = {}
    for entry in text.replace("\\\n", " ").splitlines():
        if entry.startswith("#") or not entry.strip():
            continue
        match = re.fullmatch(
            r"([\w.-]+)==(\S+)(?: *; [^-]+)?((?:\s+--hash=sha256:[0-9a-f]{64})+)\s*", entry
        )
        assert match, f"no version, or no hash: {entry[:80]}"
        found[canonicalize_name(match[1])] = match[2]
    return found


def missing(requirements, found):
    """The requirements that the lock does not fulfil."""
    wrong = []
    for text in requirements:
        one = Requirement(text)
        if one.marker is not None and not one.marker.evaluate(PYTHON):
            continue
        version = found.get(canonicalize_name(one.name))
        if version is None or not one.specifier.contains(version, prereleases=True):
            wrong.append(f"{text}: {version}")
    return wrong


def test_every_direct_dependency_is_locked():
    found = locked(lock.LOCK.read_text())
    assert "tensorflow" in found and len(found) > 50
    assert missing(lock.direct(), found) == [], "run release/lock.py"
    names = {canonicalize_name(Requirement(text).name) for text in lock.direct()}
    assert {"numpy", "ai-edge-litert", "tf-keras", "pytest"} <= names


def test_another_version_and_a_missing_hash_are_found():
    text = lock.LOCK.read_text()
    found = locked(text)
    assert missing(["numpy<1", "no-such-package"], found) == [
        f"numpy<1: {found['numpy']}",
        "no-such-package: None",
    ]
    without = re.sub(r"(?m)^(numpy==\S+) --hash.*$", r"\1", text)
    assert without != text
    with pytest.raises(AssertionError, match="no hash: numpy"):
        locked(without)


def test_the_bill_of_materials_names_what_is_locked():
    import json

    tree = json.loads((lock.ROOT / "release" / "sbom.json").read_text())
    assert tree["bomFormat"] == "CycloneDX"
    listed = {canonicalize_name(c["name"]): c["version"] for c in tree["components"]}
    assert listed == locked(lock.LOCK.read_text())
