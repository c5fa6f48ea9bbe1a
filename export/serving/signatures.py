"""The signatures of a SavedModel: every input and output has the batch first.

``wavernn_tf.export.serving.saved_model`` lists them. A row's outputs depend on that row alone, and
its faults are told in its `status` (see `faults`); only inputs that do not fit together, such as
different numbers of rows, fail the whole request.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List, Tuple

import tensorflow as tf

from wavernn_tf.audio import dsp, mel_graph
from wavernn_tf.config import Config
from wavernn_tf.export.serving import faults, stream_state, wav_rows
from wavernn_tf.generation import blocks, postfilter, products, sampling, wavefront
from wavernn_tf.voice import weights as weights_lib
from wavernn_tf.voice.metadata import VoiceInfo
from wavernn_tf.voice.weights import Weights

Outputs = Dict[str, tf.Tensor]
Draws = Tuple[tf.Tensor, tf.Tensor, tf.Tensor]

ROW_BUCKETS = (1, 2, 4, 8, 16, 32, 64)
"""Rows that a compiled loop is made for: a batch is filled up to the next of these."""

ROWS_AT_ONCE = 64
"""Rows whose loops may run at the same time, as far as there are threads."""


def streams(info: VoiceInfo) -> bool:
    """Whether a voice has the signature `stream`.

    Subscale WaveRNN has none: its sub-tensors run up to `latency` samples ahead of the waveform, so
    a chunk would have to carry all of them and their network's memory.
    """
    return info.subscale.batch == 1


def makes_features(info: VoiceInfo) -> bool:
    """Whether a voice has the signatures `features` and `features_of_audio`.

    Features computed elsewhere, and a fundamental frequency that is given, cannot be made here.
    """
    return info.mel.kind == "mel" and not info.signal.extra_features


class Signatures(tf.Module):
    """The signatures of a voice over its dense weights, kept once, as variables.

    Args:
      config: the voice's configuration.
      weights: its dense arrays.
      info: its description.
      xla: compile the sampling loop.
      device: what the compiled loop is made for, "cpu" or "gpu".
      unroll: samples of an iteration of the loop.
    """

    def __init__(
        self,
        config: Config,
        weights: Weights,
        info: VoiceInfo,
        xla: bool,
        device: str,
        unroll: int,
    ) -> None:
        super().__init__()
        names = weights_lib.named_arrays(weights)
        self.arrays = {name: tf.Variable(a, trainable=False) for name, a in names.items()}
        self._config, self._xla = config, xla
        sparse = products.sparse(weights.matrices) if xla and device == "cpu" else {}
        self._apart = info.subscale.batch == 1 and bool(sparse)
        self.groups = {
            name: [tf.Variable(a, trainable=False) for a in matrix]
            for name, matrix in sparse.items()
            if self._apart
        }
        self._codec = stream_state.Codec(config, info)
        self._block = self._compiled(blocks.block_of(config, unroll))
        self._chunk = self._compiled(wavefront.chunk_of(config, unroll))
        features = tf.TensorSpec([None, None, config.n_features], tf.float32, "features")
        lengths = tf.TensorSpec([None], tf.int32, "lengths")
        audio = tf.TensorSpec([None, None], tf.int16, "audio")
        draws = [
            tf.TensorSpec([None], tf.int64, "seed"),
            tf.TensorSpec([None], tf.float32, "temperature"),
            tf.TensorSpec([None], tf.float32, "fine_temperature"),
        ]
        wav = tf.TensorSpec([None], tf.string, "wav_bytes")
        spoken = [features, lengths, *draws]
        self.all: Dict[str, Any] = {
            "synthesize": _signature(self._synthesize, spoken),
            "synthesize_wav": _signature(self._synthesize_wav, spoken),
            "score": _signature(self._score, [features, lengths, audio]),
        }
        self.all["serving_default"] = self.all["synthesize"]
        if makes_features(info):
            counted = [audio, tf.TensorSpec([None], tf.int32, "audio_lengths")]
            self.all["features"] = _signature(self._features, [wav])
            self.all["features_of_audio"] = _signature(self._features_of_audio, counted)
        if streams(info):
            final = tf.TensorSpec([None], tf.bool, "final")
            state = tf.TensorSpec([None], tf.string, "state")
            self.all["stream"] = _signature(self._stream, [features, lengths, final, *draws, state])

    def _synthesize(self, features: tf.Tensor, lengths: tf.Tensor, *draws: tf.Tensor) -> Outputs:
        _check_rows(features=features, lengths=lengths, **_named(draws))
        found = [*_of_features(features, lengths), *_of_draws(*draws)]
        status = faults.status_of(found, tf.shape(features)[0])
        features, lengths, chosen = _without(status, features, lengths, draws)
        frames = tf.shape(features)[1]
        samples = frames * self._config.mel.hop_length
        plain = self._config.model.subscale.batch == 1
        audio = (self._in_blocks if plain else self._wavefront)(features, lengths, chosen)
        audio = blocks.fit(audio, samples)
        audio_lengths = lengths * self._config.mel.hop_length
        heard = tf.sequence_mask(audio_lengths, samples)
        audio = tf.where(heard, audio, tf.zeros_like(audio))
        return {"audio": audio, "audio_lengths": audio_lengths, "status": status}

    def _synthesize_wav(self, *inputs: tf.Tensor) -> Outputs:
        spoken = self._synthesize(*inputs)
        rate = self._config.mel.sample_rate
        wavs = wav_rows.encode(spoken["audio"], spoken["audio_lengths"], rate)
        return {"wav_bytes": wavs, "status": spoken["status"]}

    def _score(self, features: tf.Tensor, lengths: tf.Tensor, audio: tf.Tensor) -> Outputs:
        _check_rows(features=features, lengths=lengths, audio=audio)
        hop = self._config.mel.hop_length
        samples, there = tf.shape(features)[1] * hop, tf.shape(audio)[1]
        found = [*_of_features(features, lengths), _short_audio(there, lengths, hop)]
        status = faults.status_of(found, tf.shape(features)[0])
        audio = blocks.fit(audio, samples)
        features, lengths, _ = _without(status, features, lengths, ())
        padded = self._padded(features, lengths)
        likelihood = sampling.score(padded, audio, self._config, self._dense())
        heard = tf.sequence_mask(lengths * hop, samples)
        return {"log_likelihood": tf.where(heard[..., None], likelihood, 0.0), "status": status}

    def _features(self, wav_bytes: tf.Tensor) -> Outputs:
        audio, lengths, status = wav_rows.decode(wav_bytes, self._config.mel.sample_rate)
        return self._log_mel(audio, lengths, status)

    def _features_of_audio(self, audio: tf.Tensor, audio_lengths: tf.Tensor) -> Outputs:
        _check_rows(audio=audio, audio_lengths=audio_lengths)
        samples = tf.shape(audio)[1]
        fault = faults.outside("audio_lengths", audio_lengths, 1, samples, "samples")
        return self._log_mel(
            audio, audio_lengths, faults.status_of([fault], tf.shape(audio_lengths)[0])
        )

    def _log_mel(self, audio: tf.Tensor, lengths: tf.Tensor, status: tf.Tensor) -> Outputs:
        """Features of int16 [batch, samples], row by row: each reflects at its own ends."""
        recipe = self._config.mel
        lengths = tf.where(status == "", lengths, 0)
        frames = -(-lengths // recipe.hop_length)
        longest = tf.reduce_max(tf.pad(frames, [[0, 1]]))
        audio = tf.pad(audio, [[0, 0], [0, 1]])  # a bad row still has a sample

        def one(row):
            samples, length, count = row
            samples = dsp.to_float(samples[: tf.maximum(length, 1)])
            mel = mel_graph.log_mel(samples, recipe)[:count]
            return tf.pad(mel, [[0, longest - count], [0, 0]])

        spec = tf.TensorSpec([None, recipe.n_mels], tf.float32)
        mel = tf.map_fn(one, (audio, lengths, frames), fn_output_signature=spec)
        return {"features": mel, "lengths": frames, "status": status}

    def _stream(
        self,
        features: tf.Tensor,
        lengths: tf.Tensor,
        final: tf.Tensor,
        seed: tf.Tensor,
        temperature: tf.Tensor,
        fine_temperature: tf.Tensor,
        state: tf.Tensor,
    ) -> Outputs:
        config, batch = self._config, tf.shape(features)[0]
        draws = seed, temperature, fine_temperature
        others = {"final": final, **_named(draws), "state": state}
        _check_rows(features=features, lengths=lengths, **others)
        carried, known = self._codec.unpack(state)
        unknown = (
            tf.logical_not(known),
            tf.fill(
                [batch],
                "state: expected one that this voice gave, whole, or none to begin a stream",
            ),
        )
        found = [*_of_features(features, lengths, at_least=0), unknown, *_of_draws(*draws)]
        status = faults.status_of(found, batch)
        good = status == ""
        features, lengths, draws = _without(status, features, lengths, draws)
        behind, ahead = stream_state.frames_behind(config), postfilter.frames_ahead(config)
        width = behind + config.lookahead
        begins = (carried.count == 0) & (lengths > 0)
        if width:  # what lies before a stream is its first frame again
            first = tf.pad(features, [[0, 0], [0, 1], [0, 0]])[:, :1]
            held = tf.where(begins[:, None, None], first, carried.held)
            count = tf.where(begins, behind, carried.count)
        else:
            held, count = carried.held, carried.count
        joined = tf.concat([held, features, tf.zeros_like(features[:, :1])], axis=1)
        joined = tf.pad(joined, [[0, 0], [0, 1], [0, 0]])  # there is something to gather from
        there = count + lengths
        ended = tf.where(final & (there > 0), config.lookahead + ahead, 0)
        ready = tf.where(good, tf.maximum(there + ended - width, 0), 0)
        last = tf.maximum(width + lengths - 1, 0)
        start = width - count
        first = tf.minimum(start, last)
        frames = blocks.Frames(joined, start + behind - config.past, first, last)
        where = blocks.Stream(carried.state, carried.position)
        audio, where = self._speak(frames, ready, draws, where)
        frames, unfiltered = blocks.Frames(joined, start, first, last), carried.unfiltered
        if ahead:
            spoken = carried.position, unfiltered, audio, ready
            audio, ready, unfiltered = self._filtered(frames, *spoken)
        kept = lengths[:, None] + tf.range(width)
        held = tf.gather(joined, kept, batch_dims=1)
        next_ = stream_state.Carried(*where, held, tf.minimum(there, width), unfiltered)
        packed = tf.where(final, "", self._codec.pack(next_))
        hop = config.mel.hop_length
        return {
            "audio": blocks.fit(audio, tf.reduce_max(tf.pad(ready, [[0, 1]])) * hop),
            "audio_lengths": ready * hop,
            # One that is none may hold bytes that REST cannot write: it is not sent back.
            "state": tf.where(good, packed, tf.where(known, state, "")),
            "status": status,
        }

    def _filtered(
        self,
        frames: blocks.Frames,
        position: tf.Tensor,
        before: tf.Tensor,
        audio: tf.Tensor,
        spoken: tf.Tensor,
    ) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The spectral postfilter over the chunks of streams.

        With p the first frame of a chunk and A = `frames_ahead`, filtered are::

            network     p - 2A  ...  p - A  ...  p  ...  p + spoken
                        [ before, carried        )[ audio        )
            filtered                 [ these frames   )             less those before frame 0

        Args:
          frames: from the first one that is held on, `frames_behind` before p.
          position: int64 [batch], p in samples.
          before: int16 [batch, 2 A hop_length], the network's samples before the chunk.
          audio: int16 [batch, n], the chunk's, before the filter.
          spoken: int32 [batch], how many frames these are.

        Returns:
          audio int16 [batch, n], zero past a row's end; int32 [batch], its frames; and the
          network's last samples, as `before`.
        """
        config, hop = self._config, self._config.mel.hop_length
        ahead, batch = postfilter.frames_ahead(config), tf.shape(spoken)[0]
        most = tf.maximum(tf.reduce_max(tf.pad(spoken, [[0, 1]])), 1)
        joined = tf.concat([before, blocks.fit(audio, most * hop)], axis=1)
        begin = tf.cast(position // hop, tf.int32)
        skipped = stream_state.frames_behind(config) - 2 * ahead
        read = frames.read(tf.constant(skipped), 2 * ahead + most)
        found = postfilter.stretch(joined, read, begin - 2 * ahead, config)
        silent = tf.maximum(ahead - begin, 0)  # frames before frame 0
        count = tf.maximum(spoken - silent, 0)
        places = tf.minimum(silent[:, None] + tf.range(most), most - 1)
        found = tf.gather(tf.reshape(found, [batch, most, hop]), places, batch_dims=1)
        found = tf.reshape(found, [batch, most * hop])
        heard = tf.sequence_mask(count * hop, most * hop)
        by_frame = tf.reshape(joined, [batch, 2 * ahead + most, hop])
        kept = tf.gather(by_frame, spoken[:, None] + tf.range(2 * ahead), batch_dims=1)
        kept = tf.reshape(kept, [batch, 2 * ahead * hop])
        return tf.where(heard, found, tf.zeros_like(found)), count, kept

    def _in_blocks(self, features: tf.Tensor, lengths: tf.Tensor, draws: Draws) -> tf.Tensor:
        """Audio of utterances, of the plain WaveRNN: int16 [batch, samples]."""
        frames, ahead = self._whole_frames(features, lengths), postfilter.frames_ahead(self._config)
        start = blocks.silence(tf.shape(features)[0], self._config)
        spoken = tf.where(lengths > 0, lengths + ahead, 0)
        audio, _ = self._speak(frames, spoken, draws, start)
        count = tf.shape(features)[1] + ahead
        audio = blocks.fit(audio, count * self._config.mel.hop_length)
        return postfilter.finish(audio, frames.read(self._config.past, count), self._config)

    def _speak(
        self, frames: blocks.Frames, count: tf.Tensor, draws: Draws, stream: blocks.Stream
    ) -> Tuple[tf.Tensor, blocks.Stream]:
        """`blocks.speak`, by compiled loops of few shapes.

        Of a sparse voice on a CPU every row has a loop of its own, and the rows run in parallel:
        its matrices fit in the caches of each core, and rows side by side would need dense ones.
        """
        batch = tf.shape(count)[0]
        block = functools.partial(self._block, self._arrays())
        given = frames, count, draws, stream
        if not self._apart:
            frames, count, draws, stream = self._filled_up(given, batch)
            audio, stream = blocks.speak(frames, count, draws, stream, self._config, block)
            return audio[:batch], blocks.Stream(*(x[:batch] for x in stream))
        samples = tf.reduce_max(tf.pad(count, [[0, 1]])) * self._config.mel.hop_length

        def one(row):
            frames, count, draws, stream = tf.nest.map_structure(lambda x: x[None], row)

            def spoken():
                audio, where = blocks.speak(frames, count, draws, stream, self._config, block)
                return blocks.fit(audio, samples), where

            # A row without frames, such as a refused one, costs nothing.
            silent = tf.zeros([1, samples], tf.int16), stream
            found = tf.cond(count[0] > 0, spoken, lambda: silent)
            return tf.nest.map_structure(lambda x: x[0], found)

        state, position = (tf.TensorSpec(x.shape[1:], x.dtype) for x in stream)
        specs = tf.TensorSpec([None], tf.int16), blocks.Stream(state, position)
        return tf.map_fn(one, given, fn_output_signature=specs, parallel_iterations=ROWS_AT_ONCE)

    def _wavefront(self, features: tf.Tensor, lengths: tf.Tensor, draws: Draws) -> tf.Tensor:
        """Audio of utterances, of Subscale WaveRNN: int16 [batch, samples]."""
        batch = tf.shape(features)[0]
        given = self._padded(features, lengths), *draws
        padded, seed, temperature, fine = self._filled_up(given, batch)
        arrays = self._arrays()
        chunk, w = functools.partial(self._chunk, arrays), weights_lib.from_named(arrays)
        return wavefront.generate(padded, seed, temperature, fine, self._config, w, chunk)[:batch]

    def _filled_up(self, tensors: Any, batch: tf.Tensor) -> Any:
        """Tensors [batch, ...] with as many rows as a compiled loop is made for."""
        if not self._xla:
            return tensors
        rows = rows_for(batch)
        return tf.nest.map_structure(lambda x: _fill_up(x, rows), tensors)

    def _padded(self, features: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Features with what lies beyond the edges of each row."""
        around = self._config.past + self._config.lookahead
        frames = self._whole_frames(features, lengths)
        return frames.read(tf.constant(0), tf.shape(features)[1] + around)

    def _whole_frames(self, features: tf.Tensor, lengths: tf.Tensor) -> blocks.Frames:
        """The frames of whole utterances, between what lies beyond their edges."""
        features = tf.pad(features, [[0, 0], [0, 1], [0, 0]])  # there is something to gather from
        zero = tf.zeros_like(lengths)
        return blocks.Frames(features, zero - self._config.past, zero, tf.maximum(lengths - 1, 0))

    def _compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if not self._xla:
            return function
        return tf.function(function, autograph=False, jit_compile=True)

    def _arrays(self) -> Dict[str, Any]:
        """The arrays by name, the matrices in groups where they are kept so.

        Read once before the loops: what reads a variable runs one after another.
        """
        arrays = {name: tf.convert_to_tensor(v) for name, v in self.arrays.items()}
        for name, parts in self.groups.items():
            arrays[name] = products.Grouped(*map(tf.convert_to_tensor, parts))
        return arrays

    def _dense(self) -> Weights:
        """The weights as dense tensors."""
        return weights_lib.from_named({n: tf.convert_to_tensor(v) for n, v in self.arrays.items()})


def rows_for(batch: tf.Tensor) -> tf.Tensor:
    """The rows of `ROW_BUCKETS` for a batch, or the next multiple of the largest: int32 []."""
    most = ROW_BUCKETS[-1]
    enough = tf.constant(ROW_BUCKETS)[
        tf.searchsorted(ROW_BUCKETS, tf.minimum(batch, most)[None])[0]
    ]
    return tf.where(batch <= most, enough, -(-batch // most) * most)


def _fill_up(x: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """Append rows of zeros: [batch, ...] to [rows, ...]."""
    rest = [[0, 0]] * (x.shape.rank - 1)
    return tf.pad(x, [[0, rows - tf.shape(x)[0]], *rest])


def _signature(function: Callable[..., Outputs], specs: List[tf.TensorSpec]) -> Any:
    """A function of the inputs that `specs` name, which refuses those of other shapes.

    A server does not check shapes: without this an operation somewhere inside would fail.
    """

    def checked(*inputs: tf.Tensor) -> Outputs:
        return function(*(tf.ensure_shape(x, s.shape, s.name) for x, s in zip(inputs, specs)))

    return tf.function(checked, autograph=False, input_signature=specs)


def _check_rows(**inputs: tf.Tensor) -> None:
    """Refuse a request whose inputs have other numbers of rows than the first one, or none."""
    (first, expected), *others = inputs.items()
    tf.debugging.assert_positive(tf.shape(expected)[0], f"{first}: expected at least one row")
    for name, x in others:
        message = f"{name}: expected one row each, as many as {first} has"
        tf.debugging.assert_equal(tf.shape(x)[0], tf.shape(expected)[0], message)


def _of_features(features: tf.Tensor, lengths: tf.Tensor, at_least: int = 1) -> List[faults.Fault]:
    frames = tf.shape(features)[1]
    return [
        faults.outside("lengths", lengths, at_least, frames, "frames"),
        faults.not_finite(features, lengths),
    ]


def _short_audio(samples: tf.Tensor, lengths: tf.Tensor, hop: int) -> faults.Fault:
    """Less audio than a row's frames need. More may come from another row of its batch."""
    least = lengths * hop
    message = faults.text("audio: expected ", least, " samples for its frames; got ", samples)
    return samples < least, message


def _named(draws: Tuple[tf.Tensor, ...]) -> Dict[str, tf.Tensor]:
    return dict(zip(("seed", "temperature", "fine_temperature"), draws))


def _of_draws(seed: tf.Tensor, temperature: tf.Tensor, fine: tf.Tensor) -> List[faults.Fault]:
    del seed  # every one will do
    return [
        faults.bad_temperature("temperature", temperature),
        faults.bad_temperature("fine_temperature", fine),
    ]


def _without(
    status: tf.Tensor, features: tf.Tensor, lengths: tf.Tensor, draws: Tuple[tf.Tensor, ...]
) -> Tuple[tf.Tensor, tf.Tensor, Any]:
    """The inputs with the bad rows made empty: no frames, zeros."""
    good = status == ""
    features = tf.where(good[:, None, None], features, 0.0)
    lengths = tf.where(good, lengths, 0)
    return features, lengths, tuple(tf.where(good, x, tf.zeros_like(x)) for x in draws)
