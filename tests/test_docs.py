"""Links of README.md, CONTRIBUTING.md and docs/ lead somewhere, and README stays a README."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.helpers import scripts
from tests.helpers.wheels import CHECKOUT

PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted(CHECKOUT.glob("docs/*.md"))]
MOST_LINES = 140
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def links(text):
    """Targets of the links and pictures of a page, without what stands in code."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    return re.findall(r"\]\(([^()\s]+)\)", prose)


def anchors(text):
    """Anchors of a page's headings, as GitHub names them: a repeated one gets a number."""
    found = set()
    for heading in re.findall(r"^#+ +(.+)$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        number, name = 0, anchor
        while name in found:
            number += 1
            name = f"{anchor}-{number}"
        found.add(name)
    return found


def broken(page, text):
    """The links of a page, whose text is given, that lead nowhere in this checkout."""
    bad = []
    for link in links(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / unquote(path) if path else page
        if not target.exists():
            bad.append(link)
        elif anchor:
            headings = text if target == page else target.read_text(encoding="utf-8")
            if anchor not in anchors(headings):
                bad.append(link)
    return bad


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_anchors_resolve(page):
    text = page.read_text(encoding="utf-8")
    assert broken(page, text) == []
    if page.name == "README.md":
        assert len(links(text)) > 10


def test_broken_links_are_found():
    text = "# One `two`: three\n[a](LICENSE) [b](#one-two-three) [c](nowhere.md) [d](#two)\n"
    text += "[e](docs/glossary.md#no-such) `[f](code.md)`\n```\n[g](fence.md)\n```\n"
    assert broken(CHECKOUT / "README.md", text) == [
        "nowhere.md",
        "#two",
        "docs/glossary.md#no-such",
    ]


def test_readme_is_short_and_holds_the_two_commands():
    lines = (CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    commands = [line.split("#")[0].strip() for line in lines]
    assert "make demo" in commands
    assert "make test" in commands


def test_every_page_is_linked_from_the_readme():
    linked = links((CHECKOUT / "README.md").read_text(encoding="utf-8"))
    pages = {f"docs/{page.name}" for page in CHECKOUT.glob("docs/*.md")}
    assert pages - {link.partition("#")[0] for link in linked} == set()


build = scripts.load("docs/build.py")


@pytest.mark.slow
def test_web_pages(tmp_path):
    out = tmp_path / "docs"
    command = [sys.executable, CHECKOUT / "docs" / "build.py", "--out", out]
    path = os.pathsep.join([str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr  # broken links, or no pdoc: it says what to do
    for page in PAGES:
        name = "index.html" if page.name == "README.md" else page.relative_to(CHECKOUT)
        assert (out / name).with_suffix(".html").stat().st_size > 1000
    assert (out / "docs" / "speed.svg").is_file()
    root = (out / "api" / "wavernn_tf.html").read_text(encoding="utf-8")
    for name in ("Vocoder", "train", "Vocoder.stream", "write_wav"):
        assert f'id="{name}"' in root
    (out / "docs" / "engine.html").unlink()
    assert "index.html: docs/engine.html" in build.broken_links(out)


def test_links_of_web_pages_are_checked(tmp_path):
    (tmp_path / "a.html").write_text('<h1 id="top">A</h1><a href="b.html#there">b</a>')
    (tmp_path / "b.html").write_text('<a href="a.html#top">a</a><a href="https://x.y/#z">z</a>')
    assert build.broken_links(tmp_path) == ["a.html: b.html#there"]
    (tmp_path / "b.html").write_text('<p id="there"></p><img src="c.png">')
    assert build.broken_links(tmp_path) == ["b.html: c.png"]


def test_pages_link_to_pages():
    start = Path("README.md")
    assert build.page_of(start) == Path("index.html")
    assert build.page_of(Path("docs/engine.md")) == Path("docs/engine.html")


def test_the_commands_of_contributing_exist():
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    chosen = [path for args in re.findall(r'ARGS="([^"]+)"', text) for path in args.split()]
    assert len(chosen) > 10 and [p for p in chosen if not (CHECKOUT / p).exists()] == []
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", text)) - targets == set()
