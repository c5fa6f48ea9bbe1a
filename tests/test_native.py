"""The native op in a real interpreter, against a NumPy transcription of its contract."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

NATIVE = Path(__file__).resolve().parents[1] / "export" / "native"
SHAPES = [(4, 4), (16, 1)]  # block outputs x inputs
CLASSES = 256
STATE, PROJECTION, FEATURES, HOP = 32, 16, 5, 12
CONTEXT = 1  # frames before and after
CONFIG = ["magic", "schema", "state_size", "projection_size", "n_features", "hop_length"]
CONFIG += ["sample_offset", "pre_emphasis", "n_conv", "n_upsample", "past", "lookahead"]


# ---------------------------------------------------------------- random models


def pack(dense, block):
    """Packs `dense` [in, out] in blocks: row offsets, columns, values."""
    out, inner = block
    weights = dense.T  # [out, in]
    offsets, columns, values = [0], [], []
    for row in range(weights.shape[0] // out):
        for col in range(weights.shape[1] // inner):
            tile = weights[row * out : (row + 1) * out, col * inner : (col + 1) * inner]
            if tile.any():
                columns.append(col)
                values.append(tile.T)  # [in, out]: lane = out * i + o
        offsets.append(len(columns))
    return [np.int32(offsets), np.int16(columns), np.float32(values)]


class Model:
    """Random weights, dense (for the transcription) and as the op's weight list."""

    def __init__(self, block, pre_emphasis=0.85, strides=(2, 3), seed=0):
        self.random = np.random.default_rng(seed)
        self.block, self.pre_emphasis, self.offset = block, np.float32(pre_emphasis), 128
        channels, width = 7, 3 * STATE
        self.convs = [(self.normal(3, FEATURES, channels), self.normal(channels) * 0.1)]
        self.convs.append((self.normal(1, channels, channels), self.normal(channels) * 0.1))
        self.ups = [(self.normal(s, channels, channels), self.normal(channels)) for s in strides]
        self.cond_kernel = self.normal(channels, width)
        self.input_kernel = self.normal(3, width)
        self.input_kernel[2].reshape(3, STATE)[:, : STATE // 2] = 0
        self.input_bias, self.recurrent_bias = self.normal(width), self.normal(width)
        self.recurrent = [self.sparse(STATE, STATE) for _ in range(3)]
        sizes = [(STATE // 2, PROJECTION), (PROJECTION, CLASSES)] * 2
        self.heads = [(self.sparse(*size), self.normal(size[1])) for size in sizes]

    def normal(self, *shape):
        gain = np.prod(shape[:-1]) ** -0.5 if len(shape) > 1 else 0.1
        return np.float32(self.random.normal(size=shape) * gain)

    def sparse(self, rows, cols):
        out, inner = self.block
        keep = self.random.random((rows // inner, cols // out)) < 0.5
        keep[0, 0] = True
        return self.normal(rows, cols) * np.kron(keep, np.ones((inner, out), np.float32)) * 1.5

    def config(self, **changes):
        values = dict(zip(CONFIG, [0x4E4E5257, 1, STATE, PROJECTION, FEATURES, HOP, self.offset]))
        values["pre_emphasis"] = int(self.pre_emphasis.view(np.int32))
        values.update(n_conv=len(self.convs), n_upsample=len(self.ups))
        values.update(past=CONTEXT, lookahead=CONTEXT)
        values.update(changes)
        return np.int32([values[name] for name in CONFIG] + [0] * 4)

    def tensors(self):
        """The weight list, by name, in the op's order."""
        named = {"config": self.config()}
        for i, (kernel, bias) in enumerate(self.convs + self.ups):
            named[f"layer{i}.kernel"], named[f"layer{i}.bias"] = kernel, bias
        for name in ("cond_kernel", "input_kernel", "input_bias", "recurrent_bias"):
            named[name] = getattr(self, name)
        matrices = [(f"recurrent_{g}", (m, None)) for g, m in zip("ure", self.recurrent)]
        matrices += [(f"O{i + 1}", head) for i, head in enumerate(self.heads)]
        for name, (matrix, bias) in matrices:
            packed = pack(matrix, self.block)
            named.update(zip([f"{name}.row_offsets", f"{name}.columns", f"{name}.values"], packed))
            if bias is not None:
                named[f"{name}.bias"] = bias
        return named


# ------------------------------------------------- the contract in NumPy, float64


def philox(counter, key):
    """Philox4x32-10, word by word."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def condition(model, features):
    """features [frames + context, n] -> gate inputs per sample [frames * hop, 3H]."""
    x = np.float64(features)
    for kernel, bias in model.convs:
        rows = len(x) - len(kernel) + 1
        x = np.maximum(sum(x[j : j + rows] @ k for j, k in enumerate(kernel)) + bias, 0)
    for kernel, bias in model.ups:
        x = np.maximum(np.einsum("ti,jio->tjo", x, kernel) + bias, 0).reshape(-1, kernel.shape[2])
    steps = x @ model.cond_kernel + model.input_bias
    hold = HOP * (len(features) - 2 * CONTEXT) // len(steps)
    return np.repeat(steps, hold, axis=0)


def split(model, s):
    u = int(np.clip(s + 32768 + model.offset, 0, 65535))
    return u >> 8, u & 255


def step(model, gates, h, previous, coarse, fine):
    """One sample; `coarse(logits)` and `fine(logits)` choose the classes."""
    half = STATE // 2
    scale = lambda v: float(np.float32(v) / np.float32(127.5) - np.float32(1))  # noqa: E731
    sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
    recurrent = np.concatenate([h @ r for r in model.recurrent]) + model.recurrent_bias
    new = h.copy()

    def update(inputs, part):
        x = (gates + inputs @ model.input_kernel[: len(inputs)]).reshape(3, STATE)[:, part]
        q = recurrent.reshape(3, STATE)[:, part]
        u, r = sigmoid(x[0] + q[0]), sigmoid(x[1] + q[1])
        new[part] = u * h[part] + (1 - u) * np.tanh(x[2] + r * q[2])

    def logits(part, first, second):
        hidden = np.maximum(new[part] @ first[0] + first[1], 0)
        return hidden @ second[0] + second[1]

    inputs = np.array([scale(v) for v in previous])
    update(inputs, slice(0, half))
    c = coarse(logits(slice(0, half), *model.heads[:2]))
    update(np.append(inputs, scale(c)), slice(half, STATE))
    return new, (c, fine(logits(slice(half, STATE), *model.heads[2:])))


def generate(model, features, seed, temperature):
    """audio int16 [frames * hop] and the last state [H + 2]."""
    h, s, y, audio = np.zeros(STATE), 0, np.float32(0), []

    def drawer(word):
        def draw(logits):
            if temperature == 0:
                return int(np.argmax(logits))
            total = np.cumsum(np.exp((logits - logits.max()) / temperature))
            return int(np.searchsorted(total, (word >> 8) * 2.0**-24 * total[-1], side="right"))

        return draw

    for n, gates in enumerate(condition(model, features)):
        words = philox((n, 0, 0, 0), (seed & 0xFFFFFFFF, seed >> 32))
        h, (c, f) = step(model, gates, h, split(model, s), drawer(words[0]), drawer(words[1]))
        s = 256 * c + f - 32768 - model.offset
        y = np.float32(np.float32(s) + np.float32(model.pre_emphasis * y))
        audio.append(np.clip(np.rint(y), -32768, 32767))
    return np.int16(audio), np.concatenate([h, [s, y]])


def score(model, features, audio):
    """Natural log-likelihoods [samples, 2]."""
    h, previous, last, result = np.zeros(STATE), split(model, 0), np.float32(0), []

    def teacher(label):
        def choose(logits):
            shifted = logits - logits.max()
            result.append(shifted[label] - np.log(np.exp(shifted).sum()))
            return label

        return choose

    for gates, x in zip(condition(model, features), np.float32(audio)):
        c, f = split(model, np.rint(x - np.float32(model.pre_emphasis * last)))
        h, previous = step(model, gates, h, previous, teacher(c), teacher(f))
        last = x
    return np.reshape(result, (-1, 2))


# ----------------------------------------------------- .tflite files and runtimes


def op(name):
    """An `experimental_implements` string that the converter turns into a custom op."""
    return f'name: "{name}" attr {{ key: "tfl_fusable_op" value {{ b: true }} }}'


class Exported(tf.Module):
    """The two ops around constant weights; their TensorFlow bodies only give shapes."""

    def __init__(self, weights):
        super().__init__()
        self.weights = weights

        @tf.function(experimental_implements=op("WaveRNNGenerate"))
        def generate_op(features, seed, temperature, state, position, *weights):
            mix = sum(tf.reduce_sum(tf.cast(w, tf.float32)) for w in weights)
            level = tf.reduce_sum(features) * mix + tf.reduce_sum(temperature)
            samples = (tf.shape(features)[1] - 2 * CONTEXT) * HOP
            audio = tf.cast(tf.fill([tf.shape(features)[0], samples], level), tf.int16)
            return audio, state + level, position + tf.cast(samples, tf.int64) + seed

        @tf.function(experimental_implements=op("WaveRNNScore"))
        def score_op(features, audio, *weights):
            mix = sum(tf.reduce_sum(tf.cast(w, tf.float32)) for w in weights)
            level = tf.reduce_sum(features) * mix
            return tf.stack([tf.cast(audio, tf.float32) + level] * 2, -1)

        self.generate_op, self.score_op = generate_op, score_op

    def constants(self):
        return [tf.constant(w) for w in self.weights]

    def _generate(self, features, seed, temperature, state, position):
        outputs = self.generate_op(features, seed, temperature, state, position, *self.constants())
        return dict(zip(("audio", "state", "position"), outputs))

    def _score(self, features, audio):
        return {"log_likelihood": self.score_op(features, audio, *self.constants())}

    def _chain(self, features, keep, seed, temperature, state, position):
        # Features of a shape known only at run time, and one op fed by the other.
        features = tf.boolean_mask(features, keep, axis=1)
        made = self._generate(features, seed, temperature, state, position)
        return {**made, **self._score(features, made["audio"])}

    def signatures(self, chain=False):
        spec = tf.TensorSpec
        features = spec([None, None, FEATURES], name="features")
        run_time = [
            spec([None], tf.int64, name="seed"),
            spec([None], name="temperature"),
            spec([None, STATE + 2], name="state"),
            spec([None], tf.int64, name="position"),
        ]
        audio = spec([None, None], tf.int16, name="audio")
        if chain:
            keep = spec([None], tf.bool, name="keep")
            made = tf.function(self._chain, input_signature=[features, keep, *run_time])
            return {"chain": made.get_concrete_function()}
        return {
            "generate": tf.function(
                self._generate, input_signature=[features, *run_time]
            ).get_concrete_function(),
            "score": tf.function(
                self._score, input_signature=[features, audio]
            ).get_concrete_function(),
        }


def convert(weights, folder, chain=False):
    """A .tflite, as bytes, whose ops carry `weights`."""
    module = Exported(weights)
    signatures = module.signatures(chain)
    tf.saved_model.save(module, str(folder), signatures=signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(folder), signature_keys=list(signatures)
    )
    converter.allow_custom_ops = True
    return converter.convert()


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """A fresh build of the library and of the C++ tests."""
    folder = tmp_path_factory.mktemp("native")
    configure = ["cmake", "-S", NATIVE, "-B", folder, "-DWAVERNN_TF_TESTS=ON"]
    for command in (configure, ["cmake", "--build", folder, "--parallel", "2"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session", params=["tensorflow", "litert"])
def load(request, build):
    """load(bytes) -> an interpreter with the delegate, of both runtimes if installed."""
    library = str(next(build.glob("libwavernn_tf.*")))
    if request.param == "tensorflow":
        interpreter, load_delegate = tf.lite.Interpreter, tf.lite.experimental.load_delegate
    else:
        litert = pytest.importorskip("ai_edge_litert.interpreter")
        interpreter, load_delegate = litert.Interpreter, litert.load_delegate
    return lambda content: interpreter(
        model_content=content, experimental_delegates=[load_delegate(library)]
    )


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """exported(block, pre_emphasis) -> (Model, bytes), made once each."""
    cache = {}

    def make(block=(4, 4), pre_emphasis=0.85, strides=(2, 3)):
        key = (block, pre_emphasis, strides)
        if key not in cache:
            model = Model(*key, seed=len(cache))
            weights = list(model.tensors().values())
            cache[key] = model, convert(weights, tmp_path_factory.mktemp("saved_model"))
        return cache[key]

    return make


def inputs(batch=1, frames=8, **changes):
    """Valid run-time inputs of `generate`."""
    random = np.random.default_rng(5)
    shape = (batch, frames + 2 * CONTEXT, FEATURES)
    values = {
        "features": np.float32(random.normal(size=shape)),
        "seed": np.arange(batch, dtype=np.int64) + (3 << 32),
        "temperature": np.full(batch, 0.9, np.float32),
        "state": np.zeros((batch, STATE + 2), np.float32),
        "position": np.zeros(batch, np.int64),
    }
    return {**values, **changes}


# --------------------------------------------------------------------- the tests


def test_cpp_unit_tests(build):
    done = subprocess.run(
        ["ctest", "--output-on-failure"], cwd=build, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "100% tests passed" in done.stdout


def test_exported_symbols(build):
    library = ctypes.CDLL(str(next(build.glob("libwavernn_tf.*"))))
    library.wavernn_tf_version.restype = ctypes.c_char_p
    assert library.wavernn_tf_version().decode()[0].isdigit()
    assert library.wavernn_tf_schema_version() == 1


@pytest.mark.parametrize("strides", [(2, 3), ()])
@pytest.mark.parametrize("pre_emphasis", [0.0, 0.85])
@pytest.mark.parametrize("block", SHAPES)
def test_generate_is_the_contract(load, exported, block, pre_emphasis, strides):
    model, content = exported(block, pre_emphasis, strides)
    runner = load(content).get_signature_runner("generate")
    given = inputs(batch=3, temperature=np.float32([1.0, 0.7, 0.0]))
    got = runner(**given)
    for b in range(3):
        audio, state = generate(
            model, given["features"][b], int(given["seed"][b]), given["temperature"][b]
        )
        np.testing.assert_array_equal(got["audio"][b], audio)
        # h is in (-1, 1); the gates sum some 30 float32 terms of order one.
        np.testing.assert_allclose(got["state"][b, :STATE], state[:STATE], atol=1e-5)
        assert got["state"][b, STATE] == state[STATE]
        assert got["state"][b, STATE + 1] == state[STATE + 1]
    np.testing.assert_array_equal(got["position"], [8 * HOP] * 3)


@pytest.mark.parametrize("pre_emphasis", [0.0, 0.85])
@pytest.mark.parametrize("block", SHAPES)
def test_score_is_the_contract(load, exported, block, pre_emphasis):
    model, content = exported(block, pre_emphasis)
    runner = load(content).get_signature_runner("score")
    features = inputs(batch=2)["features"]
    samples = 8 * HOP - 5
    audio = np.random.default_rng(6).integers(-32768, 32768, (2, samples)).astype(np.int16)
    audio[:, :4] = -32768, 32767, -32768, 32767  # clipped by the split
    got = runner(features=features, audio=audio)["log_likelihood"]
    expected = np.stack([score(model, features[b], audio[b]) for b in range(2)])
    # Logits are below 8 and sum 16 terms after a state within 1e-5.
    tolerance = 3e-5
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)

    model.heads[3][1][7] += 0.01  # canary: the bound notices one changed bias
    changed = score(model, features[0], audio[0])
    model.heads[3][1][7] -= 0.01
    assert np.abs(changed - got[0]).max() > tolerance


@pytest.mark.parametrize("block", SHAPES)
def test_chunks_equal_one_shot(load, exported, block):
    _, content = exported(block)
    runner = load(content).get_signature_runner("generate")
    given = inputs(batch=2, frames=9)
    whole = runner(**given)
    chunk, audio, start = dict(given), [], 0
    for size in (1, 3, 2, 1, 2):  # the runner resizes each time
        chunk["features"] = given["features"][:, start : start + size + 2 * CONTEXT]
        out = runner(**chunk)
        audio.append(out["audio"])
        chunk.update(state=out["state"], position=out["position"])
        start += size
    np.testing.assert_array_equal(np.concatenate(audio, axis=1), whole["audio"])
    np.testing.assert_array_equal(out["state"], whole["state"])
    np.testing.assert_array_equal(out["position"], whole["position"])


def test_streams_of_a_batch_are_independent(load, exported):
    _, content = exported()
    runner = load(content).get_signature_runner("generate")
    given = inputs(batch=3)
    together = runner(**given)["audio"]
    for b in range(3):
        alone = runner(**{name: value[b : b + 1] for name, value in given.items()})
        np.testing.assert_array_equal(alone["audio"][0], together[b])


def test_dynamic_shapes_and_chained_ops(load, exported, tmp_path):
    model, content = exported()
    chained = convert(list(model.tensors().values()), tmp_path, chain=True)
    given = inputs(frames=6)
    keep = np.array([True] * 6 + [False] * 2)
    got = load(chained).get_signature_runner("chain")(keep=keep, **given)
    features = given["features"][:, :6]
    plain = load(content)
    made = plain.get_signature_runner("generate")(**{**given, "features": features})
    np.testing.assert_array_equal(got["audio"], made["audio"])
    scored = plain.get_signature_runner("score")(features=features, audio=made["audio"])
    np.testing.assert_array_equal(got["log_likelihood"], scored["log_likelihood"])


def test_unresized_model_allocates(load, exported):
    load(exported()[1]).allocate_tensors()


BAD_CALLS = {
    "NaN temperature": ({"temperature": np.float32([np.nan])}, "expected finite temperature"),
    "cold": ({"temperature": np.float32([-1])}, r"expected temperature >= 0; got -1"),
    "position": ({"position": np.int64([-1])}, r"expected position in \[0, .*; got -1"),
    "infinite state": (
        {"state": np.full((1, STATE + 2), np.inf, np.float32)},
        "expected finite state; got inf",
    ),
    "width of state": (
        {"state": np.zeros((1, STATE), np.float32)},
        r"expected state of shape \[1, 34\]; got \[1, 32\]|mismatch",
    ),
    "batch": ({"seed": np.zeros(2, np.int64)}, r"expected seed of shape \[1\]; got \[2\]"),
    "few frames": (
        {"features": np.zeros((1, 2, FEATURES), np.float32)},
        r"expected features of at least 3 frames \(1 \+ 1 before \+ 1 after\); got 2",
    ),
    "NaN features": (
        {"features": np.full((1, 3, FEATURES), np.nan, np.float32)},
        r"expected finite features; got -?nan at element 0 of shape \[1, 3, 5\]",
    ),
}


@pytest.mark.parametrize("change, message", BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_call_is_an_error(load, exported, change, message):
    runner = load(exported()[1]).get_signature_runner("generate")
    with pytest.raises((RuntimeError, ValueError), match=message):
        runner(**inputs(**change))
    runner(**inputs())  # and the next call works


@pytest.mark.parametrize("samples", [0, 7 * HOP, 8 * HOP + 1])
def test_audio_must_end_in_the_last_frame(load, exported, samples):
    runner = load(exported()[1]).get_signature_runner("score")
    audio = np.zeros((1, samples), np.int16)
    with pytest.raises((RuntimeError, ValueError), match="expected 85 to 96 samples of audio"):
        runner(features=inputs()["features"], audio=audio)


def edit(name, index, value):
    """A change of one element of the tensor `name`."""

    def change(tensors):
        changed = tensors[name].copy()
        changed.flat[index] = value
        return name, changed

    return change


def swapped_columns(tensors):
    """Two columns of one block row out of order."""
    offsets, columns = tensors["O1.row_offsets"], tensors["O1.columns"].copy()
    row = int(np.argmax(np.diff(offsets) >= 2))
    columns[offsets[row] : offsets[row] + 2] = columns[offsets[row] : offsets[row] + 2][::-1]
    return "O1.columns", columns


BAD_VALUES = {
    "magic": (edit("config", 0, 1), "expected the config's magic 0x4E4E5257; got 0x00000001"),
    "newer schema": (
        edit("config", 1, 2),
        r"model schema 2 is newer than this library \(1\): upgrade wavernn-tf",
    ),
    "old schema": (edit("config", 1, 0), r"expected a model schema in \[1, 1\]; got 0"),
    "odd state": (edit("config", 2, 33), "expected an even state_size; got 33"),
    "other state": (edit("config", 2, 64), r"expected cond_kernel of shape \[7, 192\]; got"),
    "hop": (edit("config", 5, 13), "expected hop_length divisible by"),
    "pre-emphasis": (edit("config", 7, 0x7FC00000), r"expected pre_emphasis in \[0, 1\); got nan"),
    "huge layers": (edit("config", 8, 1 << 30), r"expected n_conv in \[1, 256\]; got 1073741824"),
    "more layers": (edit("config", 9, 3), r"expected upsample\[2\].kernel of shape"),
    "context": (edit("config", 10, 2), "expected past = lookahead = 1.*; got 2 and 1"),
    "reserved": (edit("config", 15, 1), r"expected config\[15\] = 0 \(reserved\); got 1"),
    "first offset": (edit("O1.row_offsets", 0, 1), r"expected O1.row_offsets\[0\] = 0; got 1"),
    "offsets fall": (edit("O1.row_offsets", 1, 99), r"expected O1.row_offsets not to fall"),
    "last offset": (edit("O1.row_offsets", -1, 99), "expected the last of O1.row_offsets = "),
    "negative column": (edit("O3.columns", 0, -1), r"expected O3.columns in \[0, 4\); got -1"),
    "high column": (edit("recurrent_r.columns", -1, 8), r"recurrent_r.columns in \[0, 8\); got 8"),
    "columns fall": (swapped_columns, "expected O1.columns to rise within a block row"),
}


@pytest.mark.parametrize("change, message", BAD_VALUES.values(), ids=BAD_VALUES)
def test_malformed_value_is_an_error(load, exported, change, message):
    model, content = exported()
    tensors = model.tensors()
    name, changed = change(tensors)
    assert tensors[name].tobytes() in content
    content = content.replace(tensors[name].tobytes(), changed.tobytes())
    runner = load(content).get_signature_runner("generate")
    with pytest.raises((RuntimeError, ValueError), match=message):
        runner(**inputs())


BAD_TENSORS = {
    "dtype": ({"O1.bias": np.zeros(PROJECTION, np.int32)}, "expected O1.bias to be float32; got"),
    "shape": (
        {"input_bias": np.zeros(95, np.float32)},
        r"expected input_bias of shape \[96\]; got \[95\]",
    ),
    "rank": ({"config": np.zeros((1, 16), np.int32)}, r"expected config of shape \[16\]; got \[1,"),
    "block": (
        {"O4.values": np.zeros((3, 8, 2), np.float32)},
        r"expected O4.values of shape \[\?, 4, 4\] or \[\?, 1, 16\]; got \[3, 8, 2\]",
    ),
    "columns": ({"O4.columns": np.zeros(3, np.int16)}, "expected O4.columns of shape"),
    "offsets": (
        {"O2.row_offsets": np.zeros(9, np.int32)},
        r"expected O2.row_offsets of shape \[65\]; got \[9\]",
    ),
    "one missing": ({"O4.bias": None}, "expected a tensor for O4.bias; got only"),
    "one more": ({"extra": np.ones(3, np.float32)}, "expected 38 weight tensors; got 39"),
}


@pytest.mark.parametrize("change, message", BAD_TENSORS.values(), ids=BAD_TENSORS)
def test_malformed_tensor_is_an_error(load, tmp_path, change, message):
    tensors = {**Model((4, 4)).tensors(), **change}
    content = convert([t for t in tensors.values() if t is not None], tmp_path)
    runner = load(content).get_signature_runner("score")
    with pytest.raises((RuntimeError, ValueError), match=message):
        runner(features=inputs()["features"], audio=np.zeros((1, 8 * HOP), np.int16))
