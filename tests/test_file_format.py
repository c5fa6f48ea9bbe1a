"""docs/file_format.md says what the code writes: every table of it is compared with the code."""

import dataclasses
import itertools
import json
import re

import numpy as np
import pytest

from tests.helpers.predicting import predicting_config
from tests.helpers.small import small_config, sparse_weights
from tests.helpers.subscale import subscale_config
from tests.helpers.wheels import CHECKOUT
from wavernn_tf.config.matrices import matrix_shapes
from wavernn_tf.export.format import op, packing
from wavernn_tf.voice import metadata, shipped
from wavernn_tf.voice.describe import describe

TEXT = (CHECKOUT / "docs" / "file_format.md").read_text(encoding="utf-8")


def table(heading, text=TEXT):
    """Rows of the first table whose head starts with this cell: lists of cells."""
    lines = text.splitlines()
    (start, *_) = [i for i, line in enumerate(lines) if line.startswith(f"| {heading} |")]
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def keys(rows):
    return [key for first, *_ in rows for key in quoted(first)]


CONFIGS = {
    "plain": small_config(),
    "subscale": subscale_config(4, dilations=(1, 1, 2)),
    "predicting": predicting_config(postfilter="causal", noise_shaping=0.4),
    "spectral": predicting_config(postfilter="spectral"),
    "given pitch": predicting_config(pitch="given", split="linear", extra=("lagged",)),
}


def held_if(condition, config):
    """Whether arrays are in the file of a configuration, by the words of the page."""
    signal = config.signal
    known = {
        "always": True,
        "`signal.pitch` is estimated": signal.pitch == "estimated",
        "`subscale.batch` > 1": config.model.subscale.batch > 1,
        "`model.subscale.batch` > 1": config.model.subscale.batch > 1,
        "there are `extra_inputs`": bool(config.model.extra_inputs),
        "`signal.prediction_order` > 0": signal.prediction_order > 0,
        "`signal.postfilter` is causal or centred": signal.postfilter in ("causal", "centred"),
        "`signal.postfilter` is spectral": signal.postfilter == "spectral",
    }
    return known[condition.split(";")[0]]


def sizes(config):
    model, signal, mels = config.model, config.signal, config.mel.n_mels
    return {
        **{"H": model.state_size, "P": model.projection_size, "M": mels},
        **{"X": mels + 65 * (signal.pitch != "off"), "C": model.conditioning.channels},
        **{"B": model.subscale.batch, "S": model.subscale.channels},
        **{"k": model.subscale.kernel_size, "L": len(model.subscale.dilations)},
        **{"W": config.mel.win_length, "F": config.mel.n_fft // 2 + 1},
        **{"order": signal.prediction_order, "?": None},
    }


def dimensions(shape, config):
    """The numbers of "[3, 3 * H]"; None where any size will do."""
    known = sizes(config)
    return [None if d == "?" else eval(d, {}, known) for d in shape.strip("[]").split(", ")]


def repeated(rows, config):
    """The rows with `conv_i` written out: pairs of rows together, as often as there are layers."""
    shape, subscale = config.model.conditioning, config.model.subscale
    counts = {
        "pitch_i": range(3),
        "conv_i": range(len(shape.kernel_sizes)),
        "upsample_i": range(len(shape.upsample)),
        "D_i": range(1, len(subscale.dilations)),
    }
    for row in rows:
        (name,) = quoted(row[0])
        kind, _, bias = name.partition("/")
        if not kind.endswith("_i"):
            yield name, row
        elif bias != "bias":
            pair = [row, rows[rows.index(row) + 1]]
            for i in counts[kind]:
                for each in pair:
                    yield quoted(each[0])[0].replace("_i", f"_{i}"), each


def documented_constants(config, weight_type, rows=None):
    """(name, dtype, dimensions) of every constant, by the page; None for any size."""
    packed = [
        (quoted(name)[0], dtype, shape) for name, dtype, shape, _ in table("array") if "/" in shape
    ]
    assert [name for name, *_ in packed] == ["row_offsets", "scales"]
    found = []
    for name, (_, shape, float32, narrow, condition) in repeated(rows or table("name"), config):
        if not held_if(condition, config):
            continue
        held = float32 if weight_type == "float32" else narrow
        dims = dimensions(shape, config)
        if held != "packed":
            found.append((name, {"bfloat16": "int16"}.get(held, held), dims))
            continue
        kind = "bfloat16" if name == "D_0" and weight_type in packing.INTEGERS else weight_type
        values = packing.WEIGHT_TYPES[kind].name
        scales = [("float32", [None])] if kind in packing.INTEGERS else []
        parts = [("int32", [None]), ("int16", [None]), *scales, (values, [None] * 3)]
        found += [(name, *part) for part in parts]
        assert matrix_shapes(config.model)[name] == tuple(dims)
    return found


def constants(config, weight_type):
    arrays = op.constants(config, sparse_weights(config), weight_type)
    return [(array.dtype.name, list(array.shape)) for array in arrays]


def assert_documented(held, documented):
    assert len(held) == len(documented)
    for (dtype, shape), (name, written, dims) in zip(held, documented):
        known = [None if d is None else size for d, size in zip(dims, shape)]
        assert (dtype, len(shape), known) == (written, len(dims), dims), name


@pytest.mark.parametrize("weight_type", packing.WEIGHT_TYPES)
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_constants(config, weight_type):
    assert_documented(constants(config, weight_type), documented_constants(config, weight_type))


def test_a_constant_out_of_place_is_found():
    rows = table("name")
    at = [quoted(name)[0] for name, *_ in rows].index("input_bias")
    rows[at], rows[at - 1] = rows[at - 1], rows[at]
    with pytest.raises(AssertionError):
        moved = documented_constants(CONFIGS["plain"], "float32", rows)
        assert_documented(constants(CONFIGS["plain"], "float32"), moved)


def test_header():
    source = (CHECKOUT / "export" / "native" / "tflite" / "config.cc").read_text()
    body = re.search(r"enum ConfigIndex \{(.*?)\};", source, re.DOTALL).group(1)
    names = re.findall(r"\bk(\w+),", body)
    plain = [re.sub(r"(?<!^)([A-Z])", r"_\1", n.replace("Index", "")).lower() for n in names]
    rows = table("index")
    assert [(int(index), *quoted(name)) for index, name, _ in rows] == list(enumerate(plain))
    assert len(op.header(small_config())) == len(rows)


@pytest.mark.parametrize(
    "field, change",
    {
        "state_size": {"model": {"state_size": 96}},
        "hop_length": {"mel": {"hop_length": 120}},
        "sample_rate": {"mel": {"sample_rate": 22050}},
        "split": {"signal": {"split": "linear", "sample_offset": 0}},
        "extra_inputs": {"model": {"extra_inputs": ("lagged",)}},
        "postfilter_strength": {"signal": {"postfilter_strength": 2.5}},
        "postfilter_passes": {"signal": {"postfilter_passes": 2}},
        "noise_shaping": {"signal": {"noise_shaping": 0.25}},
        "voiced_temperature": {"signal": {"voiced_temperature": 0.5}},
    }.items(),
)
def test_fields_of_the_header(field, change):
    before = predicting_config(postfilter="causal")
    parts = {k: dataclasses.replace(getattr(before, k), **v) for k, v in change.items()}
    after = dataclasses.replace(before, **parts)
    moved = np.flatnonzero(op.header(before) != op.header(after))
    assert [quoted(table("index")[i][1]) for i in moved] == [[field]]


def dotted(tree, parts=("mel", "signal", "subscale")):
    for key, value in tree.items():
        if key in parts:
            yield from (f"{key}.{inner}" for inner in value)
        else:
            yield key


def test_metadata():
    info = describe(
        small_config(), sparse_weights(small_config()), {"mean": [0.0] * 10, "std": [1.0] * 10}, {}
    )
    assert sorted(keys(table("key"))) == sorted(dotted(json.loads(info.to_json())))
    assert f"`{metadata.NAME}` is a JSON text" in TEXT
    assert f"`{metadata.SIZE_NAME}` is the size" in TEXT


def test_schema_versions():
    versions = [version for version, *_ in table("version")]
    newest, oldest = metadata.SCHEMA_VERSION, metadata.OLDEST_SCHEMA
    read = [str(v) for v in range(newest, oldest - 1, -1)]
    assert versions == [*read, f"1 to {oldest - 1}"]


def run_of_the_shipped_voice():
    """Its configuration and its trained arrays."""
    from wavernn_tf.models.keras_voice import KerasVoice

    voice = KerasVoice(CHECKOUT / "voices" / shipped.DEFAULT / "run")
    return voice.config, voice.weights


def test_the_code_of_the_page_reads_the_shipped_voice(capsys):
    pytest.importorskip("ai_edge_litert")
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    path = shipped.card(shipped.DEFAULT).path
    names = {}
    exec(code.replace("voice.tflite", str(path)), names)
    info = metadata.read(path.read_bytes())
    assert names["voice"] == metadata.as_dict(info)
    assert names["header"].tolist()[:3] == [op.MAGIC, info.schema_version, info.state_size]
    held = op.held_weights(*run_of_the_shipped_voice(), info.weights)
    np.testing.assert_array_equal(names["R_u"], held.matrices["R_u"])
    np.testing.assert_array_equal(names["dense"](names["arrays"], 384), held.matrices["R_r"])
    assert not np.array_equal(names["R_u"], held.matrices["R_r"])


def test_voice_npz():
    from wavernn_tf import config as configuration
    from wavernn_tf.models import wavernn
    from wavernn_tf.models.run_folder import _weight_names

    small = {"model.state_size": 32, "model.projection_size": 32, "model.conditioning.channels": 8}
    rows = table("array", TEXT.split("## A training run")[1])
    for preset in ("demo", "subscale-512-16k"):
        config = configuration.override(configuration.load(preset), small)
        model = wavernn.build(config)
        documented = {
            name: dimensions(shape, config)
            for names, shape, condition in rows
            for name in quoted(names)
            if held_if(condition, config)
        }
        found = set()
        for name, array in zip(_weight_names(model), model.get_weights()):
            pattern = re.sub(r"_[0-9]", "_i", name)
            dims = documented[pattern]
            assert [None if d is None else s for d, s in zip(dims, array.shape)] == dims, name
            assert len(dims) == array.ndim, name
            found.add(pattern)
        assert found == set(documented)


def test_lines_of_metrics():
    rows = table("key", TEXT.split("## A training run")[1])
    line = (CHECKOUT / "voices/en_ru/run/metrics.jsonl").read_text().splitlines()[-1]
    assert sorted(keys(rows)) == sorted(json.loads(line))


def test_manifest(tmp_path):
    from tests.helpers.small import SPEECH
    from wavernn_tf.pipelines import corpora, prepare

    folder = tmp_path / "speech"
    folder.mkdir()
    for name in ("ru_0003.flac", "ru_0018.flac"):
        (folder / name).write_bytes((SPEECH / name).read_bytes())
    config = small_config()
    mel = dataclasses.replace(config.mel, hop_length=200)
    data = tmp_path / "data"
    made = prepare.prepare(corpora.folder(folder), data, mel, config.signal, progress=False)
    tree = json.loads((data / "manifest.json").read_text())
    part = TEXT.split("## Prepared data")[1]
    rows = table("key of `manifest.json`", part)
    assert sorted(keys(rows)) == sorted(tree)
    assert sorted(tree["train"]) == ["hours", "shards", "utterances"]
    assert sorted(tree["train"]["utterances"][0]) == ["frames", "id", "speaker"]
    documented = {name for first, _ in table("file", part) for name in quoted(first)}
    names = {p.name.replace("held_out-00000.json", "train-00000.json") for p in data.iterdir()}
    assert names == documented
    assert made.train.shards[0] == "train-00000.tfrecord"
