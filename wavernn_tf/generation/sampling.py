"""Generation and scoring in TensorFlow: pure functions of features and weights.

The SavedModel runs these functions as they are; the custom op of a TFLite file has the same
contract. Here is the plain WaveRNN's sampler (the paper's section 2) and the scorer of both;
Subscale's sampler is `wavernn_tf.generation.wavefront`.

State of a stream, float32 [batch, state_values]: h, the last sample s_{n-1} before de-emphasis, and
the last output y_{n-1} of the de-emphasis filter. With prediction in front of the network: h, the
last samples and residuals (`predictors.History`), c_{n-1} and f_{n-1} less those of silence, with
noise shaping the last noise, and y_{n-1}. All zeros is silence: a stream starts there.
"""

from __future__ import annotations

import math
from typing import Any, Callable, List, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from wavernn_tf.audio import dsp
from wavernn_tf.config import Config
from wavernn_tf.config.matrices import GATES
from wavernn_tf.generation import drawing, equations, folding, predictors, products
from wavernn_tf.prediction import coding, noise_shaping
from wavernn_tf.voice.weights import Weights

BLOCK_SAMPLES = 8192
"""Samples of a stream that are scored at once, about: memory hardly grows with the recording."""


def state_values(config: Config) -> int:
    """Size of a stream's state in `generate`."""
    if not config.predicts:
        return config.model.state_size + 2
    kept = sum(predictors.history_sizes(config)) + noise_shaping.state_values(config.signal)
    return config.model.state_size + kept + 3


class Row(NamedTuple):
    """Where sequences are: float32 [rows, H] and the last sample's int32 [rows] bytes."""

    h: tf.Tensor
    coarse: tf.Tensor
    fine: tf.Tensor


def generate(
    features: tf.Tensor,
    seed: tf.Tensor,
    temperature: tf.Tensor,
    fine_temperature: tf.Tensor,
    state: tf.Tensor,
    position: tf.Tensor,
    config: Config,
    w: Weights,
    active: Optional[tf.Tensor] = None,
    unroll: int = 1,
) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Sample the next frames of a batch of streams with the plain WaveRNN.

    Args:
      features: float32 [batch, past + frames + lookahead, n_features].
      seed: int64 [batch].
      temperature: float32 [batch], divides the coarse logits; 0 takes the likeliest class.
      fine_temperature: float32 [batch], the same of the fine logits.
      state: float32 [batch, state_values].
      position: int64 [batch], index of the first sample in its stream.
      config: hop, pre-emphasis, sample offset and sizes.
      w: the arrays of the network.
      active: int32 [batch], samples of each stream that are wanted; a stream rests after them, and
        the loop ends with the longest. All by default.
      unroll: samples of an iteration of the loop; it divides the hop.

    Returns:
      audio int16 [batch, frames * hop_length], of which what lies past `active` means nothing, and
      the new state and position.
    """
    chosen = seed, temperature, fine_temperature
    if config.predicts:
        return _generate_predicted(features, chosen, state, position, config, w, active, unroll)
    h_size, offset = w.state_size, config.signal.sample_offset
    gates = time_major(equations.condition(features, w))  # [steps, b, 3, H]
    run = _Run(gates, chosen, position, config, active, unroll)
    recurrent = side_by_side(w, "R")

    def step(n, carry):
        row, y = carry
        uniform, temperature = run.draws.uniform[:, n], run.draws.temperature
        row = advance(row, gates[n // config.samples_per_step], uniform, temperature, recurrent, w)
        y = filtered(combine(row, offset), y, config.signal.pre_emphasis, run.there)
        return (row, y), y

    row = Row(state[:, :h_size], *dsp.split(tf.cast(state[:, h_size], tf.int32), offset))
    (row, y), audio = run.loop(step, (row, state[:, h_size + 1]))
    last = tf.cast(combine(row, offset), tf.float32)
    state = tf.concat([row.h, last[:, None], y[:, None]], axis=1)
    return audio, state, run.end


def _generate_predicted(
    features: tf.Tensor,
    chosen: Tuple[tf.Tensor, tf.Tensor, tf.Tensor],
    state: tf.Tensor,
    position: tf.Tensor,
    config: Config,
    w: Weights,
    active: Optional[tf.Tensor],
    unroll: int,
) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """`generate` with prediction in front of the network; `chosen`: seed and temperatures."""
    signal, hop = config.signal, config.mel.hop_length
    known, posterior = predictors.network_input(features, config, w)
    gates = time_major(equations.condition(known, w))  # [steps, b, 3, H]
    run = _Run(gates, chosen, position, config, active, unroll)
    a, lags = _by_frame(features, config), _by_step(posterior, config)
    levels = _voicing_by_step(posterior, config)
    recurrent = side_by_side(w, "R")
    given = products.in_groups(w.input_kernel[3:])
    mask = None if signal.split == "linear" else tf.constant(predictors.fine_mask(signal.split))
    factors = noise_shaping.temperature_factors(signal)
    # Of temperature 0 the likeliest class: see `drawing.draws_for`.
    middle = tf.where(chosen[1] == 0.0, 0.0, 0.5)[:, None]

    def inputs_at(n, history):
        """The prediction of a sample, and the extra inputs."""
        p = predictors.prediction_of(history, None if a is None else a[:, n // hop], signal)
        lag = None if lags is None else lags[:, n // config.samples_per_step]
        return p, predictors.extra_inputs(history, p, lag, config)

    def step(n, carry):
        # What is read in many places (the history, the inputs) is carried from the step before: a
        # compiler then moves numbers, and does not compute them anew for every place.
        row, past, newest, (p, extra), noise, y = carry
        history = past.append(*newest)
        at = n // config.samples_per_step
        inputs = products.multiply(extra, given)
        inputs = gates[at] + tf.reshape(inputs, [-1, 3, w.state_size])
        level = None if levels is None else levels[:, at]
        temperature = _voiced_temperature(run.draws.temperature, level, factors)
        drawn = row, inputs, run.draws.uniform[:, n], temperature, recurrent, w, mask
        row, coarse = advance_with_weights(*drawn)
        v = predictors.decode(row.coarse, row.fine, signal.split)
        if noise_shaping.amount(signal):
            median = drawing.class_at(coarse, middle)
            v, noise = predictors.shaped(v, p, median, level, noise, signal)
            row = Row(row.h, *predictors.encode(v, signal.split))
        s = predictors.sample(v, p, signal)
        y = filtered(s, y, signal.pre_emphasis, run.there)
        newest = s, v - (32768 + signal.offset)
        following = inputs_at(tf.minimum(n + 1, run.samples - 1), history.append(*newest))
        return (row, history, newest, following, noise, y), y

    row, history, noise, y = _unpack(state, config)
    begin = row, *history.without_newest(), inputs_at(0, history), noise, y
    (row, past, newest, _, noise, y), audio = run.loop(step, begin)
    history = past.append(*newest)
    first = coding.start(signal)
    numbers = [*history, tf.stack([row.coarse - first[0], row.fine - first[1]], axis=1)]
    numbers.append(noise[:, None][:, : noise_shaping.state_values(signal)])
    state = tf.concat([row.h, *(tf.cast(x, tf.float32) for x in numbers), y[:, None]], axis=1)
    return audio, state, run.end


class _Run:
    """The loop over the samples of a run, and what decides their draws.

    Args:
      gates: float32 [steps, b, 3, H], which give the run's length.
      chosen: seed and temperatures.
      position, config, active, unroll: of `generate`.

    Attributes:
      samples: how many there may be.
      draws: of every sample.
      there: bool [b], true: see `filtered`.
      end: int64 [b], position after the run.
    """

    def __init__(
        self,
        gates: tf.Tensor,
        chosen: Tuple[tf.Tensor, tf.Tensor, tf.Tensor],
        position: tf.Tensor,
        config: Config,
        active: Optional[tf.Tensor],
        unroll: int,
    ) -> None:
        self._unroll = unroll
        self.samples = tf.shape(gates)[0] * config.samples_per_step
        self._active = active
        seed, *temperatures = chosen
        index = position[:, None] + tf.range(tf.cast(self.samples, tf.int64))  # [b, n]
        self.draws = drawing.draws_for(seed, index, *temperatures)
        self.there = self.draws.temperature[:, 0] > 0
        done = self.samples if active is None else active
        self.end = position + tf.cast(done, tf.int64)

    def loop(self, step: Callable[[Any, Any], Tuple[Any, tf.Tensor]], first: Any) -> Any:
        """Run `step` for every sample: the last carry, and int16 [b, n] of the outputs.

        Args:
          step: from the sample's number and a carry to the next carry and float32 [b].
          first: the carry before the first sample.
        """
        last = self.samples
        if self._active is not None:  # one at least, so that there is something to stack
            last = tf.maximum(tf.reduce_max(self._active), 1)

        def body(n, carry, found):
            for _ in range(self._unroll):
                new, value = step(n, carry)
                n, carry, found = n + 1, self._resting(n, carry, new), found.write(n, value)
            return n, carry, found

        found = tf.TensorArray(tf.float32, self.samples, element_shape=[None])
        _, carry, found = tf.while_loop(lambda n, *_: n < last, body, [0, first, found])
        return carry, tf.transpose(to_int16(found.stack()))

    def _resting(self, n: tf.Tensor, old: Any, new: Any) -> Any:
        """The new carry of the rows that still speak, the old one of the others."""
        if self._active is None:
            return new
        speaks = n < self._active

        def choose(old, new):
            mask = tf.reshape(speaks, [-1] + [1] * (new.shape.rank - 1))
            return tf.where(mask, new, old)

        return tf.nest.map_structure(choose, old, new)


def _unpack(
    state: tf.Tensor, config: Config
) -> Tuple[Row, predictors.History, tf.Tensor, tf.Tensor]:
    """A stream's state: where it is, its history, the last noise, the de-emphasis filter's memory.

    The last noise is 0 where it is not shaped.
    """
    kept_s, kept_e = predictors.history_sizes(config)
    parts = [kept_s, kept_e, 2, noise_shaping.state_values(config.signal)]
    h, numbers, y = tf.split(state, [config.model.state_size, sum(parts), 1], axis=1)
    numbers = tf.cast(numbers, tf.int32)
    s, e, last, noise = tf.split(numbers, parts, axis=1)
    first = coding.start(config.signal)
    row = Row(h, last[:, 0] + first[0], last[:, 1] + first[1])
    return row, predictors.History(s, e), tf.reduce_sum(noise, axis=1), y[:, 0]


def _voiced_temperature(
    temperature: tf.Tensor, level: Optional[tf.Tensor], factors: npt.NDArray[np.float32]
) -> tf.Tensor:
    """The temperatures float32 [rows, 2] of a step of these voicing levels, or of none."""
    if level is None:
        return temperature
    coarse = tf.maximum(temperature[:, 0] * tf.gather(factors, level), drawing.GREEDY)
    return tf.stack([coarse, temperature[:, 1]], axis=1)


def _by_frame(features: tf.Tensor, config: Config) -> Optional[tf.Tensor]:
    """Predictor coefficients of the frames, float64 [batch, frames, order]; None without."""
    if not config.signal.prediction_order:
        return None
    features = tf.convert_to_tensor(features)
    mel = features[:, config.past : tf.shape(features)[1] - config.lookahead, : config.mel.n_mels]
    return predictors.coefficients(mel, config.mel, config.signal)


def _by_step(posterior: Optional[tf.Tensor], config: Config) -> Optional[tf.Tensor]:
    """Lags of the conditioning steps, int32 [batch, steps]; None without the lagged inputs."""
    if posterior is None or "lagged" not in config.model.extra_inputs:
        return None
    steps_per_frame = config.model.conditioning.steps_per_frame
    return predictors.lags(_seen(posterior, config), steps_per_frame, config.mel.sample_rate)


def _voicing_by_step(posterior: Optional[tf.Tensor], config: Config) -> Optional[tf.Tensor]:
    """Voicing levels of the conditioning steps, int32 [batch, steps]; None if nothing follows."""
    if not config.signal.follows_voicing:
        return None
    steps_per_frame = config.model.conditioning.steps_per_frame
    return predictors.voicing_levels(_seen(posterior, config), steps_per_frame)


def _seen(posterior: tf.Tensor, config: Config) -> tf.Tensor:
    """The posterior of the frames and of their neighbours: [batch, 1 + frames + 1, 65]."""
    shape = config.model.conditioning
    return posterior[:, shape.past - 1 : tf.shape(posterior)[1] - shape.lookahead + 1]


def score(features: tf.Tensor, audio: tf.Tensor, config: Config, w: Weights) -> tf.Tensor:
    """Log-likelihood of recorded audio, teacher forced, silence before and after it.

    Args:
      features: float32 [batch, past + frames + lookahead, n_features].
      audio: int16 [batch, n], (frames - 1) * hop_length < n <= frames * hop_length.
      config: hop, pre-emphasis, sample offset and sizes.
      w: the arrays of the network.

    Returns:
      float32 [batch, n, 2]: ln P(c_t) and ln P(f_t); with the mu-law split the second includes that
      the value is one of those that share (c_t, f_t).
    """
    if config.predicts:
        return _score_predicted(features, audio, config, w)
    subscale, offset = config.model.subscale, config.signal.sample_offset
    batch = subscale.batch
    s = dsp.pre_emphasis(audio, config.signal.pre_emphasis)
    s = tf.pad(s, [[0, 0], [batch, -tf.shape(s)[1] % batch]])
    coarse, fine = dsp.split(s, offset)
    x, v = folding.teacher_inputs(coarse * 256 + fine, batch, offset)
    source = equations.subscale_source(v, subscale) if batch > 1 else None

    def likelihood(y_c: tf.Tensor, y_f: tf.Tensor, start: tf.Tensor) -> List[tf.Tensor]:
        here = slice(batch + start, batch + start + tf.shape(y_c)[1])
        return [
            _log_likelihood(equations.head(y_c, "O1", "O2", w), coarse[:, here]),
            _log_likelihood(equations.head(y_f, "O3", "O4", w), fine[:, here]),
        ]

    return _taught(x, source, features, config, w, likelihood)[:, : tf.shape(audio)[1]]


def _score_predicted(
    features: tf.Tensor, audio: tf.Tensor, config: Config, w: Weights
) -> tf.Tensor:
    """`score` with prediction in front of the network."""
    signal = config.signal
    known, posterior = predictors.network_input(features, config, w)
    a, lags = _by_frame(features, config), _by_step(posterior, config)
    s = dsp.pre_emphasis(audio, signal.pre_emphasis)
    s = tf.clip_by_value(s, -32768 - signal.offset, 32767 - signal.offset)
    p = tf.zeros_like(s)
    if a is not None:
        p = predictors.predict(s, a, config.mel.hop_length, signal)
    if lags is not None:
        lags = tf.repeat(lags, config.samples_per_step, axis=1)[:, : tf.shape(s)[1]]
    v = predictors.value(s, p, signal)
    x = predictors.whole_inputs(s, p, v, lags, config)
    coarse, fine = predictors.encode(v, signal.split)

    def likelihood(y_c: tf.Tensor, y_f: tf.Tensor, start: tf.Tensor) -> List[tf.Tensor]:
        here = slice(start, start + tf.shape(y_c)[1])
        c, f, shared = coarse[:, here], fine[:, here], 0.0
        fine_logits = equations.head(y_f, "O3", "O4", w)
        if signal.split == "mulaw":
            fine_logits += tf.gather(predictors.fine_mask(signal.split), c)
            pairs = tf.stack([c, f], axis=-1)
            shared = tf.gather_nd(coding.shared_nats(signal.split), pairs)
        coarse_likelihood = _log_likelihood(equations.head(y_c, "O1", "O2", w), c)
        return [coarse_likelihood, _log_likelihood(fine_logits, f) - shared]

    return _taught(x, None, known, config, w, likelihood)


def _taught(
    x: tf.Tensor,
    source: Optional[tf.Tensor],
    features: tf.Tensor,
    config: Config,
    w: Weights,
    likelihood: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], List[tf.Tensor]],
) -> tf.Tensor:
    """Likelihoods of whole sequences from silence, teacher forced.

    It goes block by block: what a position needs, some thousands of values, is there for a block
    alone, however long the recording is.

    Args:
      x: float32 [b B, positions, rows], the inputs of the GRU.
      source: float32 [b, 2 B - 1, reach + positions], of `equations.subscale_source`, or None.
      features: float32 [b, frames + those around, n_inputs], of `equations.condition`.
      config: hop, samples per step and the sub-tensors.
      w: the arrays of the network.
      likelihood: from the halves of the states float32 [b, n, H / 2] and the number of the first
        sample to two of float32 [b, n].

    Returns:
      float32 [b, B positions, 2].
    """
    subscale = config.model.subscale
    batch, reach = subscale.batch, subscale.reach
    recurrent = side_by_side(w, "R")
    positions = tf.shape(x)[1]
    per_block, frames = block_shape(config)
    around = sum(kernel.shape[0] - 1 for kernel, _ in w.conv)

    def network(first, end, memory):
        """Of the network over earlier sub-tensors: float32 [b B, end - first, 3H], its memory."""
        assert source is not None
        rows, indices = equations.subscale_rows(source[:, :, first:end], subscale)
        found = equations.subscale_network(rows, indices, memory, subscale, *w.convolutions)
        return tf.matmul(found[0], side_by_side(w, "N")), found[1]

    def block(n, h, memory, found):
        start = n * per_block
        end = tf.minimum(start + per_block, positions)
        known = tf.matmul(x[:, start:end], w.input_kernel)
        if source is not None:
            heard, memory = network(reach + start, reach + end, memory)
            known += heard
        known = time_major(known)  # [positions of the block, b B, 3, H]
        here = features[:, n * frames : (n + 1) * frames + around]
        gates = time_major(equations.condition(here, w))  # [steps of the block, b, 3, H]

        def step(i, h, states):
            inner = equations.recurrent_product(h, recurrent, w)
            h = equations.update(inner, known[i] + held_gates(gates, i, config), h)
            return i + 1, h, states.write(i, h)

        states = tf.TensorArray(tf.float32, end - start, element_shape=[None, w.state_size])
        _, h, states = tf.while_loop(lambda i, *_: i < end - start, step, [0, h, states])
        states = folding.unfold(tf.transpose(states.stack(), [1, 0, 2]), batch)
        y_c, y_f = tf.split(states, 2, axis=-1)
        values = tf.stack(likelihood(y_c, y_f, batch * start), axis=-1)
        return n + 1, h, memory, found.write(n, tf.transpose(values, [1, 0, 2]))

    rows = tf.shape(x)[0]
    memory: List[tf.Tensor] = []
    if source is not None:  # what the first position sees of the past, and of its own time
        _, memory = network(0, reach, equations.subscale_memory(rows, subscale))
    blocks = (positions + per_block - 1) // per_block
    found = tf.TensorArray(tf.float32, blocks, infer_shape=False, element_shape=[None, None, 2])
    *_, found = tf.while_loop(
        lambda n, *_: n < blocks,
        block,
        [0, tf.zeros([rows, w.state_size]), memory, found],
        parallel_iterations=1,
    )
    return tf.transpose(found.concat(), [1, 0, 2])


def block_shape(config: Config, samples: Optional[int] = None) -> Tuple[int, int]:
    """Positions and frames of a block: whole ones, of about so many samples."""
    hop, batch = config.mel.hop_length, config.model.subscale.batch
    fewest = math.lcm(hop, batch)
    count = fewest * max(1, (samples or BLOCK_SAMPLES) // fewest)
    return count // batch, count // hop


def advance(
    row: Row,
    known: tf.Tensor,
    uniform: tf.Tensor,
    temperature: tf.Tensor,
    recurrent: tf.Tensor,
    w: Weights,
    fine_mask: Optional[tf.Tensor] = None,
) -> Row:
    """Draw one sample of every sequence: the step of every sampler.

    Args:
      row: where the sequences are.
      known: float32 [rows, 3, H], all gate inputs but those of the sequence's own samples.
      uniform: float32 [rows, 2].
      temperature: float32 [rows, 2].
      recurrent: float32 [H, 3H], R_u, R_r, R_e side by side.
      w: the arrays of the network.
      fine_mask: float32 [256, 256], added to the fine logits of every coarse class; None for none.
    """
    return advance_with_weights(row, known, uniform, temperature, recurrent, w, fine_mask)[0]


def advance_with_weights(
    row: Row,
    known: tf.Tensor,
    uniform: tf.Tensor,
    temperature: tf.Tensor,
    recurrent: tf.Tensor,
    w: Weights,
    fine_mask: Optional[tf.Tensor] = None,
) -> Tuple[Row, drawing.Distribution]:
    """`advance`, and the weights of the coarse classes."""
    half = w.state_size // 2
    kernel = tf.reshape(w.input_kernel[:3], [3, 3, w.state_size])
    inner = equations.recurrent_product(row.h, recurrent, w)  # [rows, 3, H]
    known += _outer(row.coarse, kernel[0]) + _outer(row.fine, kernel[1])
    y_c = equations.update(inner[..., :half], known[..., :half], row.h[:, :half])
    coarse = drawing.weigh(equations.head(y_c, "O1", "O2", w), temperature[:, :1])
    c = drawing.class_at(coarse, uniform[:, :1])
    known = known[..., half:] + _outer(c, kernel[2, :, half:])
    y_f = equations.update(inner[..., half:], known, row.h[:, half:])
    logits = equations.head(y_f, "O3", "O4", w)
    if fine_mask is not None:
        logits += tf.gather(fine_mask, c)
    f = drawing.class_at(drawing.weigh(logits, temperature[:, 1:]), uniform[:, 1:])
    return Row(tf.concat([y_c, y_f], axis=1), c, f), coarse


def held_gates(gates: tf.Tensor, position: tf.Tensor, config: Config) -> tf.Tensor:
    """Conditioning of a position of all sub-tensors: [b * B, 3, H] of [steps, b, 3, H]."""
    batch = config.model.subscale.batch
    at = (batch * position + tf.range(batch)) // config.samples_per_step
    chosen = tf.gather(gates, tf.minimum(at, tf.shape(gates)[0] - 1))  # [B, b, 3, H]
    return tf.reshape(tf.transpose(chosen, [1, 0, 2, 3]), [-1, 3, gates.shape[-1]])


def combine(row: Row, sample_offset: int) -> tf.Tensor:
    """The last samples before de-emphasis, int32 [rows]."""
    return dsp.combine(row.coarse, row.fine, sample_offset)


def de_emphasise(s: tf.Tensor, y: tf.Tensor, coefficient: float) -> Tuple[tf.Tensor, tf.Tensor]:
    """y[n] = s[n] + a y[n-1] over int32 [n, batch]; int16 [batch, n] and the last y [batch]."""
    there = tf.ones_like(y, tf.bool)
    outputs = tf.scan(lambda last, value: filtered(value, last, coefficient, there), s, y)
    return tf.transpose(to_int16(outputs)), outputs[-1]


def filtered(s: tf.Tensor, y: tf.Tensor, coefficient: float, there: tf.Tensor) -> tf.Tensor:
    """s[n] + a y[n-1] of int32 and float32 [batch], the product and the sum rounded each.

    Args:
      s: samples before de-emphasis.
      y: the last outputs.
      coefficient: a.
      there: bool [batch], true, which a compiler cannot know: it then does not fuse the product
        and the sum, which would round once.
    """
    return tf.cast(s, tf.float32) + tf.where(there, coefficient * y, 0.0)


def to_int16(y: tf.Tensor) -> tf.Tensor:
    """Samples as audio: float32 [...] rounded and clipped to int16 [...]."""
    return tf.cast(tf.clip_by_value(tf.round(y), -32768.0, 32767.0), tf.int16)


def _log_likelihood(logits: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    return -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits)


def _outer(byte: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
    """scalar(byte) [b] times a row [3, n] of the input kernel: [b, 3, n]."""
    return dsp.scalar(byte)[:, None, None] * row


def time_major(gates: tf.Tensor) -> tf.Tensor:
    """[b, steps, 3H] to [steps, b, 3, H]."""
    shape = tf.shape(gates)
    gates = tf.reshape(gates, [shape[0], shape[1], 3, gates.shape[-1] // 3])
    return tf.transpose(gates, [1, 0, 2, 3])


def side_by_side(w: Weights, kind: str) -> Any:
    """The matrices of the three gates, [inputs, 3H], of the kind "R", or "N": see `products`."""
    return products.side_by_side([w.matrices[f"{kind}_{gate}"] for gate in GATES])
