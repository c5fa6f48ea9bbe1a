"""Stateless streaming: joined chunks are the audio of one call, states are checked."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.export.tflite.test_tflite import info_for
from tests.helpers.predicting import (
    VARIANTS,
    predicting_config,
    predicting_features,
    predicting_weights,
)
from tests.helpers.small import features_for, small_config, sparse_weights
from wavernn_tf.export.serving import saved_model
from wavernn_tf.voice.describe import describe

FRAMES = 9
SEEDS = [5, -(2**40)]


class Streamed:
    """A saved voice, and the audio of two utterances in one call."""

    def __init__(self, config, weights, info, features, folder, xla=False):
        path = saved_model.save(config, weights, info, folder, xla=xla)
        self.signatures = tf.saved_model.load(path).signatures
        self.features, self.hop = features, config.mel.hop_length
        everything = self.call("synthesize", np.stack(features), [FRAMES, FRAMES], SEEDS)
        self.audio = everything["audio"]

    def call(self, name, features, lengths, seeds, **others):
        rows = len(lengths)
        inputs = {
            "features": np.float32(features),
            "lengths": np.int32(lengths),
            "seed": np.int64(seeds),
            "temperature": np.full([rows], 0.9, np.float32),
            "fine_temperature": np.full([rows], 1.1, np.float32),
            **others,
        }
        tensors = {key: tf.constant(value) for key, value in inputs.items()}
        return {key: value.numpy() for key, value in self.signatures[name](**tensors).items()}

    def chunk(self, features, lengths, seeds, states, final):
        states = np.array(states, object)
        final = np.array(final, bool)
        return self.call("stream", features, lengths, seeds, state=states, final=final)

    def stream(self, row, sizes, forget=False):
        """The audio of a row in chunks of these sizes, the last one final."""
        state, heard, done = b"", [], 0
        for i, size in enumerate(sizes):
            part = self.features[row][done : done + size]
            final = [i == len(sizes) - 1]
            outputs = self.chunk(part[None], [size], [SEEDS[row]], [state], final)
            assert outputs["status"].tolist() == [b""]
            heard.append(outputs["audio"][0, : outputs["audio_lengths"][0]])
            state, done = b"" if forget else outputs["state"][0], done + size
        assert state == b""
        return np.concatenate(heard)


def plain(folder, **options):
    config = small_config()
    weights = sparse_weights(config)
    rows = [features_for(config, FRAMES, seed, padded=False) for seed in (1, 2)]
    return Streamed(config, weights, info_for(config, weights), rows, folder, **options)


def predicted(folder, signal):
    config = predicting_config(pre_emphasis=0.85, **signal)
    # A short window: the filter then puts out samples before the last chunk.
    config = dataclasses.replace(config, mel=dataclasses.replace(config.mel, win_length=160))
    weights = predicting_weights(config)
    stats = {"mean": [-4.0] * config.n_features, "std": [1.0] * config.n_features}
    features = predicting_features(config, 2 * FRAMES)[config.past :]
    rows = [features[:FRAMES], features[FRAMES : 2 * FRAMES]]
    return Streamed(config, weights, describe(config, weights, stats, {}), rows, folder)


@pytest.fixture(scope="module")
def streamed(tmp_path_factory):
    return plain(tmp_path_factory.mktemp("stream") / "voice")


@pytest.mark.parametrize("sizes", [[9], [1] * 9, [0, 4, 0, 5, 0], [7, 2], [2, 7, 0]])
def test_chunks_join_to_the_audio_of_one_call(streamed, sizes):
    np.testing.assert_array_equal(streamed.stream(0, sizes), streamed.audio[0])


def test_without_its_state_a_stream_is_another(streamed):
    joined = streamed.stream(0, [4, 5], forget=True)
    assert not np.array_equal(joined, streamed.audio[0][: len(joined)])


@pytest.mark.parametrize("variant", ["all", "shaped", "given pitch"])
def test_chunks_join_with_prediction_in_front(tmp_path, variant):
    voice = predicted(tmp_path / "voice", VARIANTS[variant])
    for row, sizes in enumerate([[1, 3, 0, 5], [6, 3]]):
        np.testing.assert_array_equal(voice.stream(row, sizes), voice.audio[row])


@pytest.mark.parametrize("passes", [1, 3])
def test_chunks_join_behind_the_spectral_postfilter(tmp_path, passes):
    """Within one step of the 16 bits: sums of other shapes are rounded otherwise."""
    signal = {"postfilter": "spectral", "postfilter_passes": passes}
    voice = predicted(tmp_path / "voice", signal)
    bare = predicted(tmp_path / "bare", {})
    for row, sizes in enumerate([[1, 3, 0, 5], [6, 3], [0, 7, 1, 1, 0]]):
        row %= 2
        joined, whole = voice.stream(row, sizes).astype(int), voice.audio[row]
        assert len(joined) == len(whole)
        assert np.abs(joined - whole).max() <= 1
        # Canary: a chunk that forgot the samples before it, or was not filtered, is far away.
        assert np.abs(bare.audio[row].astype(int) - whole).max() > 500
    forgetful = voice.stream(0, [8, 1], forget=True).astype(int)
    assert np.abs(forgetful - voice.audio[0][: len(forgetful)]).max() > 500


def test_filtered_streams_at_different_places_share_a_batch(tmp_path):
    voice = predicted(tmp_path / "voice", {"postfilter": "spectral", "postfilter_passes": 2})
    first = voice.chunk(voice.features[0][None, :7], [7], SEEDS[:1], [b""], [False])
    features = np.zeros([3, 6, voice.features[0].shape[1]])
    features[0, :2], features[1] = voice.features[0][7:], voice.features[1][:6]
    states, seeds = [first["state"][0], b"", b""], [SEEDS[0], SEEDS[1], 1]
    both = voice.chunk(features, [2, 6, 0], seeds, states, [True, False, True])
    assert both["status"].tolist() == [b""] * 3 and both["audio_lengths"][2] == 0
    rest = voice.chunk(voice.features[1][None, 6:], [3], SEEDS[1:], both["state"][1:2], [True])
    for row, chunks in enumerate([[(first, 0), (both, 0)], [(both, 1), (rest, 0)]]):
        heard = [out["audio"][i, : out["audio_lengths"][i]] for out, i in chunks]
        joined = np.concatenate(heard).astype(int)
        assert joined.shape == voice.audio[row].shape
        assert np.abs(joined - voice.audio[row]).max() <= 1


def test_chunks_join_compiled(tmp_path):
    voice = plain(tmp_path / "voice", xla=True)
    np.testing.assert_array_equal(voice.stream(1, [1, 3, 0, 5]), voice.audio[1])


def test_streams_at_different_places_share_a_batch(streamed):
    first = streamed.chunk(streamed.features[0][None, :5], [5], SEEDS[:1], [b""], [False])
    features = np.zeros([3, 6, streamed.features[0].shape[1]])
    features[0, :4], features[1, :6] = streamed.features[0][5:], streamed.features[1][:6]
    states, seeds = [first["state"][0], b"", b""], [SEEDS[0], SEEDS[1], 1]
    both = streamed.chunk(features, [4, 6, 0], seeds, states, [True, False, True])
    assert both["status"].tolist() == [b""] * 3 and both["audio_lengths"][2] == 0
    rest = streamed.chunk(
        streamed.features[1][None, 6:], [3], SEEDS[1:], both["state"][1:2], [True]
    )
    parts = [(first, 0), (both, 0)], [(both, 1), (rest, 0)]
    for row, chunks in enumerate(parts):
        heard = [out["audio"][i, : out["audio_lengths"][i]] for out, i in chunks]
        np.testing.assert_array_equal(np.concatenate(heard), streamed.audio[row])
        assert all(len(part) for part in heard)


def test_a_refused_chunk_leaves_the_stream_as_it_was(streamed):
    features = streamed.features[0][None]
    first = streamed.chunk(features[:, :5], [5], SEEDS[:1], [b""], [False])
    bad = features[:, 5:].copy()
    bad[0, 1] = np.nan
    refused = streamed.chunk(bad, [4], SEEDS[:1], first["state"], [True])
    assert b"first in frame 1" in refused["status"][0] and refused["audio_lengths"][0] == 0
    assert refused["state"][0] == first["state"][0]
    rest = streamed.chunk(features[:, 5:], [4], SEEDS[:1], refused["state"], [True])
    joined = np.concatenate([first["audio"][0], rest["audio"][0]])
    np.testing.assert_array_equal(joined, streamed.audio[0])


def test_damaged_and_foreign_states_are_told_and_neighbours_answered(streamed, tmp_path):
    features = np.stack(streamed.features)
    begun = streamed.chunk(features[:, :5], [5, 5], SEEDS, [b"", b""], [False, False])
    good, whole = begun["state"]
    places = [0, 10, 30, 60, len(whole) // 2, len(whole) - 1]
    bad = [
        whole[:i] + (b"B" if whole[i : i + 1] == b"A" else b"A") + whole[i + 1 :] for i in places
    ]
    bad += [whole[:-1], whole + whole, b"x", b"\xff" * len(whole)]
    other = small_config()
    other = dataclasses.replace(other, signal=dataclasses.replace(other.signal, pre_emphasis=0.5))
    weights = sparse_weights(other)
    elsewhere = Streamed(
        other, weights, info_for(other, weights), streamed.features, tmp_path / "other"
    )
    foreign = elsewhere.chunk(features[:1, :5], [5], SEEDS[:1], [b""], [False])["state"][0]
    assert len(foreign) == len(whole)
    rows = [good, *bad, foreign]
    rest = np.stack([features[0, 5:]] * len(rows))
    outputs = streamed.chunk(
        rest, [4] * len(rows), [SEEDS[0]] * len(rows), rows, [True] * len(rows)
    )
    assert outputs["status"][0] == b""
    assert all(b"state: expected one that this voice gave" in s for s in outputs["status"][1:])
    assert not outputs["audio_lengths"][1:].any()
    assert not any(outputs["state"][1:])
    joined = np.concatenate([begun["audio"][0], outputs["audio"][0]])
    np.testing.assert_array_equal(joined, streamed.audio[0])


def test_a_state_passes_through_json(streamed):
    part = streamed.features[0][None, :3]
    state = streamed.chunk(part, [3], SEEDS[:1], [b""], [False])["state"][0]
    assert state.isascii() and state.replace(b"-", b"").replace(b"_", b"").isalnum()
