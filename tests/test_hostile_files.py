"""Files of strangers through every reader: refused in one line, or read right."""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers import mutate_files
from wavernn_tf import config as configuration
from wavernn_tf import trees
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines.manifest import Manifest
from wavernn_tf.voice import metadata
from wavernn_tf.voice.metadata import VoiceInfo

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([2**200, -(2**63), 2**63, "off", "mel", "1e-3", "1e999"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
QUIET = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def paths(tree, where=()):
    """The places of a tree, by their keys."""
    for key, value in tree.items():
        yield (*where, key)
        if isinstance(value, dict):
            yield from paths(value, (*where, key))


FIELDS = sorted(paths(configuration.to_dict(Config())))


def one_line_or_right(make):
    """The result of a reader, or None if it refuses with a short line."""
    try:
        return make()
    except WaveRNNError as error:
        assert 0 < len(str(error)) < 1000
        return None


@QUIET
@given(field=st.sampled_from(FIELDS), value=VALUES)
def test_any_value_of_any_field(field, value):
    tree = configuration.to_dict(Config())
    holder = tree
    for key in field[:-1]:
        holder = holder[key]
    holder[field[-1]] = value
    made = one_line_or_right(lambda: configuration.from_dict(Config, tree))
    if made is not None:
        assert configuration.from_dict(Config, configuration.to_dict(made)) == made


@QUIET
@given(text=st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_as_yaml(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    one_line_or_right(lambda: configuration.load(str(path)))


@QUIET
@given(tree=VALUES)
def test_any_tree_as_a_manifest_or_a_description(tmp_path, tree):
    try:
        text = json.dumps(tree)
    except ValueError:  # more digits than Python writes
        return
    (tmp_path / "manifest.json").write_text(text)
    assert one_line_or_right(lambda: Manifest.load(tmp_path)) is None
    assert one_line_or_right(lambda: VoiceInfo.from_json(text)) is None


@QUIET
@given(model=st.binary(max_size=300), place=st.integers(0, 299))
def test_any_bytes_as_a_voice(model, place):
    marked = model[:4] + b"TFL3" + model[8:]
    for content in (model, marked):
        assert one_line_or_right(lambda content=content: metadata.read(content)) is None


BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
)
MERGES = "b0: &b0 {x: 1}\n" + "".join(
    f"b{n}: &b{n} {{<<: [*b{n - 1}, *b{n - 1}, *b{n - 1}]}}\n" for n in range(1, 40)
)


@pytest.mark.parametrize(
    "text",
    [BOMB, MERGES, "[" * 100000, "- " * 5000, "9" * 6000, "!!timestamp x", "training: &a [*a]"],
)
def test_yaml_that_would_take_for_ever(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(WaveRNNError, match="is not valid YAML") as raised:
        configuration.load(str(tmp_path / "config.yaml"))
    assert len(str(raised.value)) < 500 and "\n" not in str(raised.value)


def test_values_are_shown_in_short():
    deep = "x"
    for _ in range(40):
        deep = [deep] * 9
    for value in (deep, "x" * 10**6, 10**6000, {"a": deep}, [10**6000]):
        assert len(trees.shown(value)) < 400
    assert trees.shown("mel") == "'mel'" and trees.shown(3) == "3"


def test_json_that_is_nested_deeply():
    with pytest.raises(ValueError, match="nested too deeply"):
        trees.parse_json("[" * 100000)
    with pytest.raises(WaveRNNError, match="nested too deeply"):
        VoiceInfo.from_json("[" * 100000)


def test_mutants_are_mutants(tmp_path):
    """Mutation depends on its seed alone, and most mutants differ."""
    whole = mutate_files.CARD.read_bytes()
    for mutate in (mutate_files.as_json, mutate_files.mutate_audio.mutate):
        made = [mutate(whole, random.Random(f"0 {n}")) for n in range(20)]
        assert made == [mutate(whole, random.Random(f"0 {n}")) for n in range(20)]
        assert sum(m != whole for m in made) >= 15


@pytest.mark.slow
def test_mutants_end_well(tmp_path):
    """The quick form of ``python -m tests.helpers.mutate_files``."""
    tally = mutate_files.run(5 * len(mutate_files.KINDS), seed=7, keep=tmp_path / "kept")
    assert set(tally) == set(mutate_files.KINDS)
    for name, counts in tally.items():
        assert sum(counts.values()) == 5 and not counts["FAILED"], name


def test_the_mutation_run_finds_a_reader_that_breaks(tmp_path, monkeypatch):
    """Canary: what is no `WaveRNNError` is a failure, and so is another result."""
    kind = mutate_files.Kind(
        "card.json", lambda path: json.loads(path.read_text()), {}, checked=True
    )
    monkeypatch.setitem(mutate_files.KINDS, "card of a voice", kind)
    whole, cut = tmp_path / "whole.json", tmp_path / "cut.json"
    whole.write_text("{}")
    cut.write_text("{")
    first = {}
    assert mutate_files.answer("card of a voice", whole, first)["failure"] == ""
    assert "JSONDecodeError" in mutate_files.answer("card of a voice", cut, first)["failure"]
    cut.write_text("[]")
    assert "another result" in mutate_files.answer("card of a voice", cut, first)["failure"]
