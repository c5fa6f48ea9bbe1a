"""The benchmark's keys, and that its figures fit together; speeds are never asserted."""

import dataclasses
import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

from wavernn_tf.cli.bench import bench as bench_command
from wavernn_tf.config.matrices import matrix_shapes
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.benchmark import bench, dense_baseline
from wavernn_tf.export.benchmark import native as native_bench
from wavernn_tf.export.benchmark import sweep as bench_sweep
from wavernn_tf.export.benchmark.bench import Timing
from wavernn_tf.export.benchmark.op import OpBench
from wavernn_tf.export.benchmark.random_voice import Shape, make
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.runtime.library import RUNTIMES, available_isas, find_runtime
from wavernn_tf.voice import metadata

SHAPE = Shape(state=64, proj=32, density=0.25)
HOP_LENGTH = SHAPE.config.mel.hop_length
STAGES = (
    "recurrent",
    "gates",
    "subscale",
    "heads",
    "softmax",
    "conditioning",
    "prediction",
    "rest",
)

KEYS = {
    *("us_per_sample", "samples_per_second", "real_time_factor", "fastest_us", "rounds"),
    *("samples", "runtime", "state", "proj", "weights", "block", "batch", "nonzeros", "isa"),
    *("read_floor_us", "ratio_to_floor", "stages_us", "dense_tflite"),
}


@pytest.fixture(scope="module")
def model():
    return make(SHAPE)


def measured(*args, rounds=3, **options):
    subject = OpBench(*args, round_seconds=0.01, **options)
    runs = []
    tree = bench.run({"it": subject}, rounds, runs.append)["it"]
    assert len(runs) == rounds * len(subject.bodies)
    json.dumps(tree, allow_nan=False)
    return tree


def check(tree):
    """Everything that must hold of one set of figures, whatever the machine."""
    assert KEYS <= set(tree)
    assert 0 < tree["fastest_us"] <= tree["us_per_sample"]
    assert tree["us_per_sample"] * tree["samples_per_second"] == pytest.approx(1e6)
    assert tree["real_time_factor"] == pytest.approx(tree["samples_per_second"] / 24000)
    assert tree["samples"] % (HOP_LENGTH * tree["batch"]) == 0
    ratio = tree["us_per_sample"] / tree["read_floor_us"]
    assert tree["ratio_to_floor"] == pytest.approx(ratio) and ratio > 0
    assert tuple(tree["stages_us"]) == STAGES
    assert sum(tree["stages_us"].values()) == pytest.approx(tree["us_per_sample"])


def test_every_instruction_set(model):
    tree = measured(model)
    assert [found["isa"] for found in tree["isas"]] == list(available_isas())
    for found in tree["isas"]:
        check(found)
    best = min(tree["isas"], key=lambda found: found["us_per_sample"])
    assert tree == {**best, "isas": tree["isas"]}
    assert (tree["state"], tree["proj"], tree["block"]) == (64, 32, "4x4")
    assert tree["nonzeros"] == metadata.read(model).nonzeros


def test_the_native_library_measures():
    assert native_bench.read_floor_us(2**20) > native_bench.read_floor_us(2**14) > 0
    assert native_bench.stage_names() == STAGES


def test_only_voices_that_keep_stages_add_to_them(model):
    native_bench.take_stages()
    OpBench(model, isas=["scalar"], dense=False, stages=False, round_seconds=0.01)
    assert not native_bench.take_stages().any()
    subject = OpBench(model, isas=["scalar"], dense=False, round_seconds=0.01)
    assert native_bench.take_stages().sum() > 0
    assert subject.notes == []


def test_a_batch_counts_the_samples_of_all_streams(model):
    tree = measured(model, batch=3, isas=["scalar"])
    check(tree)
    assert tree["batch"] == 3 and tree["samples"] % (3 * HOP_LENGTH) == 0
    assert tree["dense_tflite"]["float32"]["samples"] % 3 == 0


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_dense_forms(model, runtime):
    tree = measured(model, runtime, isas=["scalar"])
    dense = tree["dense_tflite"]
    assert dense["runtime"] == tree["runtime"] and tree["runtime"].startswith(runtime)
    assert set(dense) == {"runtime", *dense_baseline.FORMS}
    for form in dense_baseline.FORMS:
        assert dense[form]["us_per_sample"] > 0 and isinstance(dense[form]["xnnpack"], bool)


def test_dense_without_tensorflow(model, monkeypatch):
    def absent(*args):
        raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")

    monkeypatch.setattr(dense_baseline, "convert", absent)
    subject = OpBench(model, isas=["scalar"], round_seconds=0.01)
    assert any("needs TensorFlow" in note for note in subject.notes)
    assert bench.run({"it": subject}, 1)["it"]["dense_tflite"] is None


def test_dense_models_are_the_step_of_these_sizes():
    converted = dense_baseline.convert(128, 64, batch=2)
    for form, weight_bytes in (("float32", 4), ("int8", 1)):
        interpreter = find_runtime().interpreter(model_content=converted[form])
        interpreter.allocate_tensors()
        shapes = [tuple(t["shape"]) for t in interpreter.get_input_details()]
        assert sorted(shapes) == [(2, 128), (2, 384)]
        outputs = sorted(tuple(t["shape"]) for t in interpreter.get_output_details())
        assert outputs == [(2, 128), (2, 256), (2, 256)]
        nodes = [node["op_name"] for node in interpreter._get_ops_details()]
        assert nodes.count("FULLY_CONNECTED") == 5
        weights = 3 * 128**2 + 2 * (64 * 64 + 64 * 256)
        assert weights * weight_bytes < len(converted[form]) < weights * weight_bytes + 20000


def test_random_subscale_voice_has_the_shape():
    shape = dataclasses.replace(SHAPE, block="8x4", subscale=8, horizon=20)
    info = metadata.read(make(shape))
    assert (info.subscale.batch, info.subscale.horizon) == (8, 20)
    assert info.blocks["D_0"] == "16x1" and info.blocks["N_u"] == info.blocks["D_1"] == "8x4"
    assert info.sparsity["D_0"] == 0 and info.sparsity["D_1"] == pytest.approx(0.5, abs=0.02)
    plain = metadata.read(make(dataclasses.replace(shape, subscale=1)))
    for name, sparsity in plain.sparsity.items():
        assert info.sparsity[name] == sparsity, name


@pytest.mark.parametrize("block", ["4x4", "16x1"])
def test_random_voice_has_the_shape(block):
    shape = dataclasses.replace(SHAPE, block=block)
    info = metadata.read(make(shape))
    assert set(info.blocks.values()) == {block} and info.mel.sample_rate == 24000
    assert info.sparsity == pytest.approx(dict.fromkeys(info.sparsity, 0.75), abs=0.01)
    total = sum(n_in * n_out for n_in, n_out in matrix_shapes(shape.config.model).values())
    assert info.nonzeros == pytest.approx(total / 4, rel=0.02)


def test_random_voice_does_not_saturate(model):
    voice = Vocoder.load(model)
    audio = voice.synthesize(bench.features(voice.info, 4), seed=1)
    assert np.unique(audio).size > 500
    outputs = voice.generate(
        features=bench.features(voice.info, 8)[None],
        seed=np.zeros(1, np.int64),
        temperature=np.ones(1, np.float32),
        fine_temperature=np.ones(1, np.float32),
        state=np.zeros([1, 66], np.float32),
        position=np.zeros(1, np.int64),
    )
    units = np.abs(outputs["state"][0, :64])
    assert 0.05 < np.median(units) and (units > 0.99).mean() < 0.3


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"state": 48}, "`state` to be a multiple of 32; got 48"),
        ({"state": 0}, "`state` to be a multiple of 32; got 0"),
        ({"proj": 24}, "`proj` to be a multiple of 16; got 24"),
        ({"density": 0.0}, r"`density` to lie in \(0, 1\]; got 0.0"),
        ({"density": 1.5}, "`density`"),
        ({"density": math.nan}, "`density`"),
        ({"block": "2x2"}, "`block` to be .*16x1.*; got '2x2'"),
        ({"weights": "int3"}, "`weights` to be float32.*; got 'int3'"),
    ],
)
def test_bad_shapes(wrong, message):
    with pytest.raises(WaveRNNError, match=message):
        Shape(**wrong)


def test_unknown_isa(model):
    with pytest.raises(WaveRNNError, match="`isa`"):
        OpBench(model, isas=["mmx"])


def test_timing_is_the_median():
    timing = Timing.of(np.array([4.0, 1.0, 2.0]), 300, 24000)
    assert (timing.us_per_sample, timing.fastest_us, timing.rounds) == (2.0, 1.0, 3)
    assert timing.real_time_factor == pytest.approx(1e6 / 2 / 24000)


def test_bodies_take_turns():
    class Counting(bench.Subject[str]):
        def __init__(self, name):
            self.bodies = {
                part: lambda part=part: order.append(name + part) or 0.0 for part in "12"
            }

        def summary(self, times):
            return " ".join(f"{part}{values.shape}" for part, values in times.items())

    order = []
    found = bench.run({"a": Counting("a"), "b": Counting("b")}, rounds=2)
    assert order == ["a1", "a2", "b1", "b2"] * 2
    assert found == {"a": "1(2,) 2(2,)", "b": "1(2,) 2(2,)"}


SWEPT = [
    bench_sweep.Point(series, state, state // 2, density, *kind, float(state) * density)
    for series, kind in (("op, float32", ("4x4", "avx512")), (bench_sweep.FLOOR, ("4x4", "")))
    for state, density in [(1024, d) for d in bench_sweep.DENSITIES] + [(256, 0.05), (2048, 0.05)]
] + [
    bench_sweep.Point(f"dense TFLite, {form}", state, state // 2, 1.0, "", "", float(state))
    for form in dense_baseline.FORMS
    for state in bench_sweep.STATES
]


def test_sweep_times_every_shape_and_each_dense_size_once():
    shapes = [SHAPE, dataclasses.replace(SHAPE, density=1.0), Shape(state=32, proj=16)]
    points = bench_sweep.measure(shapes, rounds=1, round_seconds=0.01)
    ours = [p for p in points if p.series == "op, float32"]
    assert [(p.state, p.density) for p in ours] == [(64, 0.25), (64, 1.0), (32, 0.05)]
    assert {p.isa for p in ours} == {available_isas()[-1]}
    dense = [(p.series, p.state) for p in points if p.series.startswith("dense")]
    assert len(dense) == len(set(dense)) == 2 * len(dense_baseline.FORMS)
    assert sum(p.series == bench_sweep.FLOOR for p in points) == 3
    assert all(p.us_per_sample > 0 for p in points)


def test_sweep_writes_a_picture_and_its_numbers(tmp_path, monkeypatch):
    timed = []
    monkeypatch.setattr(bench_sweep, "measure", lambda shapes, *args: timed.extend(shapes) or SWEPT)
    out = tmp_path / "speed.svg"
    options = ["--out", str(out), "--measured", str(tmp_path / "speed.json"), "--block", "16x1"]
    done = CliRunner().invoke(bench_sweep.main, options)
    assert done.exit_code == 0, done.exception
    assert len(set(timed)) == len(timed) and {shape.block for shape in timed} == {"16x1"}
    assert {shape.density for shape in timed if shape.state == 1024} == set(bench_sweep.DENSITIES)
    assert {shape.state for shape in timed if shape.density == 0.05} == set(bench_sweep.STATES)
    tree = json.loads((tmp_path / "speed.json").read_text())
    assert tree["rows"] == [point._asdict() for point in SWEPT]
    assert tree["machine"]["processor"] and tree["date"]
    assert ElementTree.parse(out).getroot().tag.endswith("svg")


def test_the_help_tells_the_default_shape():
    helps = {option.name: getattr(option, "help", "") for option in bench_command.params}
    for field in dataclasses.fields(Shape):
        if field.name not in ("subscale", "prediction"):  # plain, unless asked for
            assert helps[field.name].endswith(f"[default: {field.default}]"), field.name


def test_prediction_is_a_stage_of_its_own():
    shape = dataclasses.replace(SHAPE, prediction=True)
    tree = measured(make(shape), isas=("scalar",), dense=False)
    assert tree["stages_us"]["prediction"] > 0
    check(tree)
