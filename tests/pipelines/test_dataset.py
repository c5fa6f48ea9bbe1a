"""The training stream: what a window holds, its order, and resuming."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections import Counter
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from wavernn_tf import config as config_lib
from wavernn_tf.audio import signal
from wavernn_tf.config import Config, MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import corpora, dataset, prepare
from wavernn_tf.pipelines.manifest import Manifest


def _config(**training: object) -> Config:
    given = {"batch_size": 32, "shuffle_windows": 300, **training}
    return config_lib.override(Config(), {f"training.{k}": v for k, v in given.items()})


def _flat(batch: Tuple) -> List[np.ndarray]:
    return [x.numpy() for x in tf.nest.flatten(batch)]


def _batches(folder: Path, config: Config, start: int, count: int) -> List[List[np.ndarray]]:
    stream = dataset.training_windows(folder, config, start)
    return [_flat(b) for b in stream.take(count)]


def _same(a: List[List[np.ndarray]], b: List[List[np.ndarray]]) -> bool:
    return all((x == y).all() for p, q in zip(a, b) for x, y in zip(p, q))


def _codes(batch: Tuple) -> np.ndarray:
    """256 c + f of every target."""
    return batch[1]["coarse"].numpy() * 256 + batch[1]["fine"].numpy()


def _sources(folder: Path) -> Iterator[Tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """(id, codes, previous codes, mel) of each training utterance, by numpy."""
    for utterance in dataset.utterances(folder, "train"):
        samples = signal.pre_emphasis(utterance.audio, 0.85)
        coarse, fine = signal.split(np.concatenate([[0], samples]), 128)
        codes = coarse * 256 + fine
        yield utterance.id, codes[1:], codes[:-1], utterance.mel


def test_a_window_is_a_slice_of_the_original(prepared: Path) -> None:
    config = _config()
    (inputs, targets) = next(iter(dataset.training_windows(prepared, config)))
    assert inputs["features"].shape == (32, 5 + 2 + 2, 80)
    assert inputs["codes"].shape == (32, 1 + 960)
    assert inputs["codes"].dtype == tf.int32 and inputs["features"].dtype == tf.float32
    assert targets["coarse"].shape == targets["fine"].shape == (32, 960)
    assert targets["coarse"].dtype == targets["fine"].dtype == tf.int32
    sources = {key: rest for key, *rest in _sources(prepared)}
    found = Counter()
    for n in range(32):
        window = _codes((None, {k: v[n] for k, v in targets.items()}))
        key, frame = _locate(window, sources)
        codes, previous, mel = sources[key]
        found[key] += 1
        expected = np.concatenate([previous[frame * 200 :][:1], window])
        np.testing.assert_array_equal(inputs["codes"][n], expected)
        reach = np.clip(np.arange(frame - 2, frame + 5 + 2), 0, len(mel) - 1)
        np.testing.assert_array_equal(inputs["features"][n], mel[reach])
    assert len(found) > 8  # well mixed


def test_windows_of_sub_tensors_begin_b_samples_earlier(prepared: Path) -> None:
    config = config_lib.override(_config(), {"model.subscale.batch": 8})
    (inputs, targets) = next(iter(dataset.training_windows(prepared, config)))
    assert inputs["codes"].shape == (32, 8 + 960)
    sources = {key: rest for key, *rest in _sources(prepared)}
    for n in range(8):
        window = _codes((None, {k: v[n] for k, v in targets.items()}))
        key, frame = _locate(window, sources)
        codes = np.concatenate([np.full(8, 32768 + 128), sources[key][0]])  # silence before
        np.testing.assert_array_equal(inputs["codes"][n], codes[frame * 200 :][: 8 + 960])
        np.testing.assert_array_equal(inputs["codes"][n, 8:], window)


def _locate(window: np.ndarray, sources: Dict) -> Tuple[str, int]:
    """The one place, at a frame's start, that holds these codes."""
    for key, (codes, _, _) in sources.items():
        starts = np.arange(0, len(codes) - 959, 200)
        hits = starts[(codes[starts + 500] == window[500]) & (codes[starts] == window[0])]
        for start in hits:
            if (codes[start : start + 960] == window).all():
                return key, start // 200
    raise AssertionError("a window that is in no recording")


def test_edges_repeat_and_the_first_sample_follows_silence(tmp_path: Path) -> None:
    """An utterance of just one window: its context is all repeats."""
    (tmp_path / "in").mkdir()
    audio = np.random.default_rng(0).integers(-20000, 20000, 1000).astype(np.int16)
    soundfile.write(tmp_path / "in" / "a.wav", audio, 16000)
    corpus = corpora.folder(tmp_path / "in")
    prepare.prepare(corpus, tmp_path / "out", MelRecipe(), SignalConfig(), progress=False)
    inputs, targets = next(iter(dataset.training_windows(tmp_path / "out", _config(batch_size=2))))
    (utterance,) = dataset.utterances(tmp_path / "out", "train")
    expected = utterance.mel[[0, 0, 0, 1, 2, 3, 4, 4, 4]]
    np.testing.assert_array_equal(inputs["features"][0], expected)
    assert inputs["codes"][0, 0] == 32768 + 128  # silence
    np.testing.assert_array_equal(inputs["features"][0], inputs["features"][1])
    coarse, _ = signal.split(signal.pre_emphasis(audio, 0.85), 128)
    np.testing.assert_array_equal(targets["coarse"][0], coarse[:960])


def test_each_epoch_holds_each_window_once(prepared: Path) -> None:
    config = _config(batch_size=1, window=8000)
    count = dataset.count_windows(Manifest.load(prepared), config)
    stream = iter(dataset.training_windows(prepared, config))
    sources = {key: (codes, None, None) for key, codes, _, _ in _sources(prepared)}
    expected = Counter({key: len(codes) // 8000 for key, (codes, _, _) in sources.items()})
    assert count.windows == sum(expected.values()) and count.utterances == 18
    starts = []
    for _ in range(2):
        places = [_find(next(stream), sources) for _ in range(count.windows)]
        assert Counter(key for key, _ in places) == expected
        for key in expected:  # no overlap
            mine = sorted(start for k, start in places if k == key)
            assert all(b - a == 40 for a, b in zip(mine, mine[1:]))
        starts.append(places)
    assert sorted(starts[0]) != sorted(starts[1])  # other starts
    assert [k for k, _ in starts[0]] != [k for k, _ in starts[1]]  # another order


def _find(batch: Tuple, sources: Dict) -> Tuple[str, int]:
    window = _codes(batch)[0]
    for key, (codes, _, _) in sources.items():
        for start in range(0, len(codes) - 7999, 200):
            if (
                codes[start + 4000] == window[4000]
                and (codes[start : start + 8000] == window).all()
            ):
                return key, start // 200
    raise AssertionError("a window that is in no recording")


def test_resumed_equals_unbroken(prepared: Path) -> None:
    config = _config(batch_size=100)  # 17.6 batches a data epoch
    whole = _batches(prepared, config, 0, 40)
    tf.random.set_seed(12345)  # must not matter
    for start in (1, 17, 18, 35, 36):
        assert _same(_batches(prepared, config, start, 3), whole[start : start + 3]), start
    # Canaries: another step, another seed.
    assert not _same(_batches(prepared, config, 5, 1), whole[:1])
    assert not _same(_batches(prepared, _config(batch_size=100, seed=1), 0, 1), whole[:1])


def test_order_does_not_depend_on_global_seed(prepared: Path) -> None:
    orders = []
    for seed in (0, 1, None):
        if seed is not None:
            tf.random.set_seed(seed)
        orders.append(_batches(prepared, _config(), 0, 1))
    assert _same(orders[0], orders[1]) and _same(orders[0], orders[2])


def test_heldout_windows_are_fixed_and_spread(prepared: Path) -> None:
    every = dataset.count_windows(Manifest.load(prepared), _config(), "held_out").windows
    assert every == sum(u.frames // 5 for u in Manifest.load(prepared).held_out.utterances)
    codes = np.concatenate([_codes(b) for b in dataset.heldout_windows(prepared, _config())])
    assert len(codes) == 256 < every
    again = np.concatenate([_codes(b) for b in dataset.heldout_windows(prepared, _config(seed=9))])
    np.testing.assert_array_equal(codes, again)
    expected = []
    for utterance in dataset.utterances(prepared, "held_out"):
        coarse, fine = signal.split(signal.pre_emphasis(utterance.audio, 0.85), 128)
        u = coarse * 256 + fine
        starts = range(0, (len(utterance.mel) // 5) * 1000, 1000)
        expected += [u[s : s + 960] for s in starts]
    chosen = [expected[i * every // 256] for i in range(256)]
    np.testing.assert_array_equal(codes, chosen)
    few = dataset.heldout_windows(prepared, _config(eval_windows=10**6))
    assert sum(len(_codes(b)) for b in few) == every


def test_short_utterances_are_counted(prepared: Path, tmp_path: Path) -> None:
    made = Manifest.load(prepared)
    count = dataset.count_windows(made, _config(window=100000))
    assert 0 < count.utterances < 18 and len(count.short) == 18 - count.utterances
    assert all(u.frames < 500 for u in made.train.utterances if u.id in count.short)
    with pytest.raises(WaveRNNError, match="no training utterance is as long"):
        dataset.training_windows(prepared, _config(window=200000))
    with pytest.raises(WaveRNNError, match="no held-out utterance is as long"):
        dataset.heldout_windows(prepared, _config(window=200000))
    assert next(iter(dataset.training_windows(prepared, _config(window=100000))))


def test_other_recipes_are_refused(prepared: Path, tmp_path: Path) -> None:
    other = dataclasses.replace(_config(), mel=MelRecipe(hop_length=160))
    for make in (dataset.training_windows, dataset.heldout_windows):
        with pytest.raises(WaveRNNError, match="mel.hop_length: expected 160, got 200"):
            make(prepared, other)
        with pytest.raises(WaveRNNError, match="holds no prepared data"):
            make(tmp_path, _config())


def test_the_pipeline_is_no_bottleneck(prepared: Path) -> None:
    stream = iter(dataset.training_windows(prepared, _config(batch_size=128)))
    for _ in itertools.islice(stream, 5):
        pass
    start = time.process_time()
    for _ in itertools.islice(stream, 40):
        pass
    assert 40 * 128 * 960 / (time.process_time() - start) > 1e6
