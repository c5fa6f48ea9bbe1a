"""WaveRNN transcribed to NumPy, one equation a line: the oracle of the tests.

It is slow and easy to trust. It shares nothing with the TensorFlow code but the random generator
and the arrays, and runs in float64 or float32; what the products read may be rounded to integers.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, List, Sequence, Tuple

import numpy as np

from wavernn_tf.audio import signal
from wavernn_tf.config import Config
from wavernn_tf.config.matrices import GATES
from wavernn_tf.generation import philox
from wavernn_tf.prediction import coding, noise_shaping, pitch
from wavernn_tf.prediction import linear_prediction as prediction
from wavernn_tf.voice.weights import Weights

Rounding = Callable[[np.ndarray, int], Tuple[np.ndarray, np.float32]]

ACTIVATION_STEPS = {"int8": 127, "int16": 8192}
"""The largest integer of activations beside weights of these types; others read floats."""


@dataclasses.dataclass
class Draws:
    """A generated waveform, and how close each draw was to a boundary.

    Attributes:
      audio: int16 [n].
      coarse: int [n].
      fine: int [n].
      margin: float [n, 2], distance of the uniform number from the nearest boundary of the drawn
        class in the cumulative distribution, coarse and fine: a sampler that rounds differently
        can only differ where its rounding exceeds this. With noise shaping the coarse one is the
        median's too, where that is smaller.
      state: float, what a stream of the plain WaveRNN would carry on, as
        `wavernn_tf.generation.sampling` lays it out.
    """

    audio: np.ndarray
    coarse: np.ndarray
    fine: np.ndarray
    margin: np.ndarray
    state: np.ndarray


class Reference:
    """The network of one voice, stepped in NumPy.

    Args:
      config: the voice's configuration.
      weights: its arrays, as the file under test holds them (`export.format.op.held_weights`).
      dtype: arithmetic, float64 or float32.
      weight_type: with int8 or int16 the sparse products read integer activations, as the op's do
        (`round_state`, `round_projection`); the state itself is kept as it is.
    """

    def __init__(
        self,
        config: Config,
        weights: Weights,
        dtype: Any = np.float64,
        weight_type: str = "float32",
    ) -> None:
        self.config, self.dtype = config, dtype
        self.steps = ACTIVATION_STEPS.get(weight_type)
        self.estimator = [(k.astype(np.float32), b.astype(np.float32)) for k, b in weights.pitch]
        self.conv = [(k.astype(dtype), b.astype(dtype)) for k, b in weights.conv]
        self.upsample = [(k.astype(dtype), b.astype(dtype)) for k, b in weights.upsample]
        self.cond_kernel = weights.cond_kernel.astype(dtype)
        self.input_kernel = weights.input_kernel.astype(dtype)
        self.input_bias = weights.input_bias.astype(dtype)
        self.recurrent_bias = weights.recurrent_bias.astype(dtype)
        self.matrices = {n: m.astype(dtype) for n, m in weights.matrices.items()}
        self.bias = {n: b.astype(dtype) for n, b in weights.bias.items()}
        self.state_size = weights.state_size

    def condition(self, features: np.ndarray) -> np.ndarray:
        """Gate inputs [frames * hop_length, 3H] of features [past + frames + lookahead, n]."""
        a = features.astype(self.dtype)
        if self.config.signal.pitch != "off":
            reach = self.config.past - self.config.model.conditioning.past
            mel = a[reach : len(a) - reach, : self.config.mel.n_mels]
            q = self.posterior(features).astype(self.dtype)
            a = np.concatenate([mel, pitch.POSTERIOR_GAIN * q], axis=1)
        for kernel, bias in self.conv:
            frames = len(a) - len(kernel) + 1
            windows = [a[j : j + frames] @ kernel[j] for j in range(len(kernel))]
            a = np.maximum(sum(windows) + bias, 0)
        for kernel, bias in self.upsample:
            steps = np.stack([a @ kernel[j] for j in range(len(kernel))], axis=1)
            a = np.maximum(steps.reshape(-1, kernel.shape[2]) + bias, 0)
        return np.repeat(
            a @ self.cond_kernel + self.input_bias, self.config.samples_per_step, axis=0
        )

    def posterior(self, features: np.ndarray) -> np.ndarray:
        """Pitch posterior [n, 65] of features, of all frames that the conditioning sees."""
        n_mels = self.config.mel.n_mels
        if self.config.signal.pitch == "given":
            return pitch.from_frequency(features[:, n_mels], self.config.mel.sample_rate)
        return pitch.estimate(features[:, :n_mels], self.estimator)

    def lags(self, features: np.ndarray) -> np.ndarray:
        """The lag of every sample, int [frames * hop_length]."""
        steps_per_frame = self.config.model.conditioning.steps_per_frame
        steps = pitch.lags(self._seen(features), steps_per_frame, self.config.mel.sample_rate)
        return np.repeat(steps, self.config.samples_per_step)

    def voicing_levels(self, features: np.ndarray) -> np.ndarray:
        """V of every sample, int [frames * hop_length] in 0..256."""
        steps_per_frame = self.config.model.conditioning.steps_per_frame
        steps = noise_shaping.levels(pitch.voicing(self._seen(features), steps_per_frame))
        return np.repeat(steps, self.config.samples_per_step)

    def _seen(self, features: np.ndarray) -> np.ndarray:
        """The posterior of the frames and of their neighbours: [1 + frames + 1, 65]."""
        shape = self.config.model.conditioning
        q = self.posterior(features)
        return q[shape.past - 1 : len(q) - shape.lookahead + 1]

    def coefficients(self, features: np.ndarray) -> np.ndarray:
        """Coefficients of the linear predictor [frames, order]."""
        config = self.config
        mel = features[config.past : len(features) - config.lookahead, : config.mel.n_mels]
        return prediction.coefficients(mel, config.mel, config.signal)

    def network(self, s: int, earlier: Sequence[np.ndarray], positions: int) -> np.ndarray:
        """What sub-tensor s is told of those before it (the paper's section 3).

        Args:
          s: which sub-tensor.
          earlier: float [any] each, the samples v = s_t / 32768 of the sub-tensors 0 .. s - 1;
            silence beyond their ends.
          positions: of sub-tensor s.

        Returns:
          float [positions, channels].
        """
        subscale = self.config.model.subscale
        size, n_sub = subscale.kernel_size, subscale.batch
        a = np.zeros([subscale.past + positions + subscale.future, n_sub - 1], self.dtype)
        for z, values in enumerate(earlier):
            seen = values[: positions + subscale.future]
            a[subscale.past : subscale.past + len(seen), s - 1 - z] = seen
        for i, dilation in enumerate(subscale.dilations):
            left = len(a) - (size - 1) * dilation
            inputs = [a[k * dilation : k * dilation + left] for k in range(size)]
            if i == 0:
                inputs.append(np.tile(np.eye(n_sub)[s], [left, 1]))
            vectors = np.concatenate(inputs, axis=1)
            if i > 0:
                vectors = np.stack([self._read(round_projection, v) for v in vectors])
            a = np.maximum(vectors @ self.matrices[f"D_{i}"] + self.bias[f"D_{i}"], 0)
        return a

    def step_half(
        self, h: np.ndarray, x: np.ndarray, conditioning: np.ndarray, fine: bool
    ) -> np.ndarray:
        """One half of h_t [H/2] from h_{t-1} [H], x_t [rows] and the gate inputs [3H]."""
        half = self.state_size // 2
        read = self._read(round_state, h)
        units = slice(half, None) if fine else slice(0, half)
        inner, outer = [], []
        for i, gate in enumerate(GATES):
            columns = slice(i * self.state_size, (i + 1) * self.state_size)
            product = read @ self.matrices[f"R_{gate}"] + self.recurrent_bias[columns]
            inner.append(product[units])
            outer.append((x @ self.input_kernel[:, columns] + conditioning[columns])[units])
        u = _sigmoid(inner[0] + outer[0])
        r = _sigmoid(inner[1] + outer[1])
        e = np.tanh(r * inner[2] + outer[2])
        return u * h[units] + (1 - u) * e

    def logits(self, y: np.ndarray, fine: bool) -> np.ndarray:
        """256 logits of one half of the state [H/2]."""
        first, second = ("O3", "O4") if fine else ("O1", "O2")
        read = self._read(round_state, y)
        hidden = np.maximum(read @ self.matrices[first] + self.bias[first], 0)
        return self._read(round_projection, hidden) @ self.matrices[second] + self.bias[second]

    def generate(
        self,
        features: np.ndarray,
        seed: int,
        temperature: float = 1.0,
        limit: int = 2**31,
        fine_temperature: float = 1.0,
    ) -> Draws:
        """Sample a waveform from silence, one sub-tensor after another.

        Args:
          features: [past + frames + lookahead, n_features].
          seed: 64-bit seed.
          temperature: divides the coarse logits; 0 takes the likeliest class.
          limit: stop after so many samples.
          fine_temperature: the same of the fine logits.
        """
        temperatures = temperature, fine_temperature
        if self.config.predicts:
            return self._generate_predicted(features, seed, temperatures, limit)
        config, n_sub = self.config, self.config.model.subscale.batch
        gates, offset = self.condition(features), config.signal.sample_offset
        frames = len(features) - config.past - config.lookahead
        n = min(frames * config.mel.hop_length, limit)
        sub_tensors: List[np.ndarray] = []
        classes = np.zeros([n_sub * -(-n // n_sub), 2], np.int64)
        margin = np.zeros([len(classes), 2])
        state = np.zeros(0)
        for s in range(n_sub):  # the later ones see some way beyond the end of the earlier
            ahead = (n_sub - 1 - s) * config.model.subscale.future
            t = n_sub * np.arange(len(classes) // n_sub + ahead) + s
            inputs = gates[np.minimum(t, len(gates) - 1)]
            inputs = inputs + self._told(s, sub_tensors, len(t))
            bits = philox.uniform_bits(np.int64(seed), t)
            uniform = np.stack(bits, axis=1) * 2.0**-24  # [positions, 2]
            drawn, margins, state = self._sample(inputs, uniform, temperatures)
            classes[s::n_sub] = drawn[: len(classes) // n_sub]
            margin[s::n_sub] = margins[: len(classes) // n_sub]
            sub_tensors.append((drawn @ [256, 1] - 32768 - offset) / 32768)
        classes, margin = classes[:n], margin[:n]
        samples = classes @ [256, 1] - 32768 - offset
        y = self._de_emphasise(samples)
        audio = np.clip(np.rint(y), -32768, 32767).astype(np.int16)
        state = np.concatenate([state, samples[-1:], y[-1:]])
        return Draws(audio, classes[:, 0], classes[:, 1], margin, state)

    def score(self, features: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Log-likelihood [n, 2] (coarse, fine) in nats of int16 audio [n], teacher forced."""
        if self.config.predicts:
            return self._score_predicted(features, audio)
        n_sub, offset = self.config.model.subscale.batch, self.config.signal.sample_offset
        a = np.float32(self.config.signal.pre_emphasis)
        x = audio.astype(np.float32)
        samples = np.rint(x - a * np.concatenate([[np.float32(0)], x[:-1]]))
        samples = np.pad(samples, (0, -len(samples) % n_sub))
        u = np.clip(samples + 32768 + offset, 0, 65535).astype(np.int64)
        gates, v = self.condition(features), (u - 32768 - offset) / 32768
        result = np.zeros([len(u), 2])
        for s in range(n_sub):
            t = np.arange(s, len(u), n_sub)
            inputs = gates[np.minimum(t, len(gates) - 1)]
            inputs = inputs + self._told(s, [v[z::n_sub] for z in range(s)], len(t))
            result[t] = self._teach(inputs, u[t])
        return result[: len(audio)]

    def _told(self, s: int, earlier: Sequence[np.ndarray], positions: int) -> np.ndarray:
        """The gate inputs of sub-tensor s that come of the earlier ones: [positions, 3H] or 0."""
        if self.config.model.subscale.batch == 1:
            return np.zeros(1)
        told = self.network(s, earlier, positions)
        told = np.stack([self._read(round_projection, v) for v in told])
        return told @ np.concatenate([self.matrices[f"N_{gate}"] for gate in GATES], axis=1)

    def _sample(
        self, gates: np.ndarray, uniform: np.ndarray, temperatures: Tuple[float, float]
    ) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw one sequence from silence: bytes and margins [n, 2] each, and the last h."""
        h = np.zeros(self.state_size, self.dtype)
        c, f = divmod(32768 + self.config.signal.sample_offset, 256)
        classes = np.zeros([len(gates), 2], np.int64)
        margin = np.zeros([len(gates), 2])
        for n, conditioning in enumerate(gates):
            x = np.array([_scalar(c), _scalar(f), 0], self.dtype)
            y_c = self.step_half(h, x, conditioning, fine=False)
            c, margin[n, 0] = _draw(self.logits(y_c, fine=False), uniform[n, 0], temperatures[0])
            x[2] = _scalar(c)
            y_f = self.step_half(h, x, conditioning, fine=True)
            f, margin[n, 1] = _draw(self.logits(y_f, fine=True), uniform[n, 1], temperatures[1])
            h = np.concatenate([y_c, y_f])
            classes[n] = c, f
        return classes, margin, h

    def _generate_predicted(
        self, features: np.ndarray, seed: int, temperatures: Tuple[float, float], limit: int
    ) -> Draws:
        """`generate` with prediction in front of the network, one sample after another."""
        settings = self.config.signal
        gates = self.condition(features)
        n = min(len(gates), limit)
        a = self.coefficients(features) if settings.prediction_order else None
        lagged = "lagged" in self.config.model.extra_inputs
        lags = self.lags(features) if lagged else np.zeros(n, np.int64)
        voiced = settings.pitch != "off"
        levels = self.voicing_levels(features) if voiced else np.zeros(n, np.int64)
        coarse_temperatures = (
            np.float32(temperatures[0]) * noise_shaping.temperature_factors(settings)[levels]
        )
        uniform = np.stack(philox.uniform_bits(np.int64(seed), np.arange(n)), axis=1) * 2.0**-24
        margin, classes = np.zeros([n, 2]), np.zeros([n, 2], np.int64)
        s, e, p = np.zeros([3, n], np.int64)
        h = np.zeros(self.state_size, self.dtype)
        c, f = coding.start(settings)
        noise = 0
        for t in range(n):
            if a is not None:
                p[t] = self._predict(s[:t], a[t // self.config.mel.hop_length])
            x = self._inputs(c, f, s[:t], e[:t], p[t], lags[t])
            y_c = self.step_half(h, x, gates[t], fine=False)
            logits = self.logits(y_c, fine=False)
            c, margin[t, 0] = _draw(logits, uniform[t, 0], float(coarse_temperatures[t]))
            median, median_margin = _draw(logits, 0.5, float(coarse_temperatures[t]))
            x[2] = _scalar(c)
            y_f = self.step_half(h, x, gates[t], fine=True)
            count = coding.fine_counts(settings.split)[c]
            logits = self.logits(y_f, fine=True)[:count]
            f, margin[t, 1] = _draw(logits, uniform[t, 1], temperatures[1])
            h = np.concatenate([y_c, y_f])
            classes[t] = c, f
            v = int(coding.decode(c, f, settings.split))
            if noise_shaping.amount(settings):
                margin[t, 0] = min(margin[t, 0], median_margin)
                v, noise = self._shaped(v, p[t], median, levels[t], noise)
                c, f = map(int, coding.encode(v, settings.split))
            s[t], e[t] = coding.sample(v, p[t], settings), coding.residual(v, settings)
        y = self._de_emphasise(s)
        audio = np.clip(np.rint(y), -32768, 32767).astype(np.int16)
        kept_e = pitch.lag_range(self.config.mel.sample_rate)[1] + 3 if lagged else 1
        parts = [h, _newest(s, max(settings.prediction_order, 1)), _newest(e, kept_e)]
        last = np.array([c, f]) - coding.start(settings)
        kept_noise = [noise] * noise_shaping.state_values(settings)
        state = np.concatenate([*parts, last, kept_noise, y[-1:]])
        return Draws(audio, classes[:, 0], classes[:, 1], margin, state)

    def _shaped(self, v: int, p: int, median: int, level: int, noise: int) -> Tuple[int, int]:
        """Shape the noise of a drawn value; the value that the next step reads, and its noise.

        Args:
          v: the drawn value.
          p: the sample's prediction.
          median: coarse class in the middle of the distribution.
          level: V of the step.
          noise: eta of the sample before.
        """
        settings = self.config.signal
        shift = noise_shaping.shift(noise_shaping.amount(settings), level, noise)
        low, high = prediction.limits(settings)
        s = np.clip(int(coding.sample(v, p, settings)) - shift, low, high)
        middle = coding.fine_counts(settings.split)[median] // 2
        noise = v - int(coding.decode(median, middle, settings.split))
        return int(coding.value(s, p, settings)), noise

    def _predict(self, past: np.ndarray, a: np.ndarray) -> int:
        """The prediction of the sample after those of `past`."""
        newest_first = _newest(past, len(a))[::-1]
        low, high = prediction.limits(self.config.signal)
        return int(np.clip(np.rint(np.sum(a * newest_first)), low, high))

    def _inputs(
        self, c: int, f: int, s: np.ndarray, e: np.ndarray, predicted: int, lag: int
    ) -> np.ndarray:
        """x_t [rows] after the samples s and residuals e, c_t left at 0."""
        around = _newest(e, lag + 2)[:5] if lag else None
        last_s, last_e = _newest(s, 1)[0], _newest(e, 1)[0]
        values = {
            "sample": [last_s / 32768],
            "prediction": [predicted / 32768],
            "lagged": around / 32768 if around is not None else None,
            "log_residual": [_logarithmic(last_e)],
            "log_sample": [_logarithmic(last_s)],
            "log_prediction": [_logarithmic(predicted)],
        }
        extra = [np.asarray(values[name]) for name in self.config.model.extra_inputs]
        first = np.array([_scalar(c), _scalar(f), 0])
        return np.concatenate([first, *extra]).astype(self.dtype)

    def _score_predicted(self, features: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """`score` with prediction in front of the network."""
        settings, result = self.config.signal, np.zeros([len(audio), 2])
        s = prediction.clip(signal.pre_emphasis(audio, settings.pre_emphasis), settings).astype(int)
        a = self.coefficients(features) if settings.prediction_order else None
        lagged = "lagged" in self.config.model.extra_inputs
        lags = self.lags(features) if lagged else np.zeros(len(s), np.int64)
        gates, h = self.condition(features), np.zeros(self.state_size, self.dtype)
        shared = coding.shared_nats(settings.split)
        c, f = coding.start(settings)
        e = np.zeros_like(s)
        for t in range(len(s)):
            p = 0 if a is None else self._predict(s[:t], a[t // self.config.mel.hop_length])
            x = self._inputs(c, f, s[:t], e[:t], p, lags[t])
            v = coding.value(s[t], p, settings)
            c, f = map(int, coding.encode(v, settings.split))
            e[t] = coding.residual(v, settings)
            x[2] = _scalar(c)
            y_c = self.step_half(h, x, gates[t], fine=False)
            y_f = self.step_half(h, x, gates[t], fine=True)
            h = np.concatenate([y_c, y_f])
            count = coding.fine_counts(settings.split)[c]
            log_f = _log_softmax(self.logits(y_f, fine=True)[:count])
            result[t] = _log_softmax(self.logits(y_c, fine=False))[c], log_f[f] - shared[c, f]
        return result

    def _teach(self, gates: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Log-likelihood [n, 2] of one sequence of codes [n] after silence."""
        h = np.zeros(self.state_size, self.dtype)
        c, f = divmod(32768 + self.config.signal.sample_offset, 256)
        result: List[Tuple[float, float]] = []
        for n, (coarse, fine) in enumerate(zip(codes >> 8, codes & 255)):
            scalars = np.array([_scalar(c), _scalar(f), _scalar(coarse)], self.dtype)
            c, f = coarse, fine
            y_c = self.step_half(h, scalars, gates[n], fine=False)
            y_f = self.step_half(h, scalars, gates[n], fine=True)
            h = np.concatenate([y_c, y_f])
            log_c = _log_softmax(self.logits(y_c, fine=False))
            log_f = _log_softmax(self.logits(y_f, fine=True))
            result.append((log_c[c], log_f[f]))
        return np.array(result).reshape(-1, 2)

    def _read(self, rounding: Rounding, activations: np.ndarray) -> np.ndarray:
        """What a sparse product reads of its input."""
        if self.steps is None:
            return activations
        steps, scale = rounding(activations, self.steps)
        return steps.astype(self.dtype) * self.dtype(scale)

    def _de_emphasise(self, s: np.ndarray) -> np.ndarray:
        a, y = np.float32(self.config.signal.pre_emphasis), np.float32(0)
        outputs = np.empty(len(s), np.float32)
        for n, value in enumerate(s.astype(np.float32)):
            outputs[n] = y = value + a * y
        return outputs


def round_state(h: np.ndarray, steps: int) -> Tuple[np.ndarray, np.float32]:
    """Integer form of (a half of) the state: q = rint(steps h) of the exact product.

    Returns:
      q, whole float32 numbers in [-steps, steps], and the scale 1 / steps: h ~ q * scale.
    """
    return _rounded_product(h.astype(np.float32), np.float32(steps)), np.float32(1 / steps)


def round_projection(p: np.ndarray, steps: int) -> Tuple[np.ndarray, np.float32]:
    """Integer form of a head's rectified projection: q = rint(p (steps / m)) with m = max(p).

    Returns:
      q, whole float32 numbers in [0, steps], and the scale m / steps; zeros where m < 1e-30.
    """
    p = p.astype(np.float32)
    largest = p.max()
    if largest < np.float32(1e-30):
        return np.zeros_like(p), np.float32(0)
    return _rounded_product(p, np.float32(steps) / largest), largest / np.float32(steps)


def _rounded_product(values: np.ndarray, factor: np.float32) -> np.ndarray:
    """rint(values * factor), where float64 holds every product of float32 exactly."""
    return np.rint(values.astype(np.float64) * np.float64(factor)).astype(np.float32)


def _scalar(byte: int) -> np.float32:
    return np.float32(byte) / np.float32(127.5) - np.float32(1)


def _newest(values: np.ndarray, count: int) -> np.ndarray:
    """The last `count` of some values, zeros before the first."""
    return np.concatenate([np.zeros(count, values.dtype), values])[-count:]


def _logarithmic(x: int) -> float:
    return float(np.sign(x) * np.log(1 + abs(x) / 8) / np.log(4097))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def _draw(logits: np.ndarray, uniform: float, temperature: float) -> Tuple[int, float]:
    """The drawn class, and the distance of `uniform` from its interval's nearer end."""
    if temperature == 0:
        best = np.sort(logits)
        return int(np.argmax(logits)), float(best[-1] - best[-2])
    weights = np.exp((logits - logits.max()) / temperature)
    ends = np.cumsum(weights) / weights.sum()
    k = min(int(np.searchsorted(ends, uniform, side="right")), int(np.flatnonzero(weights)[-1]))
    start = ends[k - 1] if k else 0.0
    return k, float(min(uniform - start if k else 1.0, ends[k] - uniform))
