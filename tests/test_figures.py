"""The figures of README.md and docs/ are those of docs/measured, and say where they come from."""

import copy
import json
import re
import sys

import pytest
from click.testing import CliRunner

from tests.helpers import scripts
from tests.helpers.wheels import CHECKOUT
from wavernn_tf.export.benchmark import figures, machine
from wavernn_tf.voice import shipped

MEASURED = sorted((CHECKOUT / "docs" / "measured").glob("*.json"))

tables = scripts.load("docs/tables.py")


@pytest.mark.parametrize("page", tables.PAGES, ids=lambda page: page.name)
def test_pages_hold_the_measured_figures(page):
    text = page.read_text(encoding="utf-8")
    assert tables.filled(text) == text, "run `make tables`"
    assert text.count("<!-- figures:") == len(tables.REGION.findall(text))


def test_every_kind_of_figures_stands_on_a_page():
    text = "".join(page.read_text(encoding="utf-8") for page in tables.PAGES)
    assert {name for _, name, *_ in tables.REGION.findall(text)} == set(tables.FIGURES)


def test_another_figure_is_another_page():
    page = CHECKOUT / "docs" / "training.md"
    text = page.read_text(encoding="utf-8")

    def faster(path):
        found = copy.deepcopy(tables.load(path))
        found["rows"][0]["samples_per_second"] *= 2
        return found

    assert tables.filled(text, faster) != text


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.stem)
def test_figures_say_how_they_were_taken(path):
    tree = json.loads(path.read_text(encoding="utf-8"))
    assert tree["command"] and re.fullmatch(r"20\d\d-\d\d-\d\d", tree["date"])
    assert tree["machine"]["processor"] and tree["machine"]["architecture"]


def test_the_card_of_the_shipped_voice_says_the_same():
    card = shipped.card(shipped.DEFAULT)

    def median(language, track, measure):
        tree = tables.load(f"{tables.MEASURED}/quality_{language}.json")
        return tree["tracks"][track][measure]["estimate"]["value"]

    for name, language in (("English", "en"), ("Russian", "ru")):
        voice, original = (median(language, t, "mos") for t in (card.name, "original"))
        said = card.measured[f"DistillMOS_{name}"]
        assert said == f"{voice:.2f} (recordings {original:.2f})"
        right = f"{median(language, card.name, 'f0'):.1f} {name}"
        assert right in card.measured["F0_right_percent"]


def test_bits_of_the_shipped_voice_are_those_of_its_runs():
    bits = []
    for run in ("long", "run"):
        path = CHECKOUT / "voices" / shipped.DEFAULT / run / "metrics.jsonl"
        bits.append(json.loads(path.read_text().splitlines()[-1])["held_out"]["total"])
    text = (CHECKOUT / "docs" / "voices.md").read_text(encoding="utf-8")
    assert f"{bits[0]:.3f} and {bits[1]:.3f}" in text
    held_out = shipped.card(shipped.DEFAULT).measured["held_out_bits_per_sample"]
    assert held_out == round(bits[1], 3)


@pytest.mark.parametrize("kind", [*figures.KINDS, "dense"])
def test_the_command_writes_what_the_tables_read(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "BLOCK_SHAPES", ["8x4"])
    monkeypatch.setattr(figures, "WEIGHT_TYPES", ["int8"])
    out = tmp_path / f"{kind}.json"
    sizes = ["--state", "64", "--proj", "32", "--density", "0.3"]
    quick = ["--rounds", "1", "--round-seconds", "0.01"]
    done = CliRunner().invoke(figures.main, [kind, "--measured", str(out), *sizes, *quick])
    assert done.exit_code == 0, done.exception
    made = json.loads(out.read_text())
    assert made["machine"] == machine.machine() and made["state"] == 64
    held = tables.load(tables.MEASURED)
    assert made.keys() - {"version"} >= held[kind].keys() - {"note"}
    found = {name: {**tree, "rows": tree.get("rows", [])[-1:]} for name, tree in held.items()}
    found[kind] = made
    reads = {"op": tables.op, "batch": tables.op, "dense": tables.dense}.get(kind)
    if kind == "subscale":
        assert "| int8 | 8x4 |" in tables.subscale(made)
    else:
        assert "8x4" in reads(found)


def test_a_users_file_is_kept(tmp_path):
    mine = tmp_path / "op.json"
    mine.write_text("[1]")
    done = CliRunner().invoke(figures.main, ["op", "--measured", str(mine)])
    assert done.exit_code != 0 and mine.read_text() == "[1]"


def test_stamp(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/usr/bin/wavernn-tf", "bench", "my voice", "--json"])
    monkeypatch.setitem(sys.modules, "__main__", type("Main", (), {"__spec__": None}))
    found = machine.stamp()
    assert found["command"] == "wavernn-tf bench 'my voice' --json"
    assert found["machine"]["processors"] >= 1 and "scalar" in found["machine"]["isas"]
    spec = type("Spec", (), {"name": "wavernn_tf.training.benchmark"})
    monkeypatch.setitem(sys.modules, "__main__", type("Main", (), {"__spec__": spec}))
    assert machine.command() == "python -m wavernn_tf.training.benchmark bench 'my voice' --json"
