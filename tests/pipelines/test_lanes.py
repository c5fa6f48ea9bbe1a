"""Lanes walk through recordings, from any step on."""

import collections
from pathlib import Path

import numpy as np
import pytest

from wavernn_tf import config as config_lib
from wavernn_tf.audio import signal
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import dataset, lanes
from wavernn_tf.prediction import teacher

LANES, HOP = 4, 200


def _config(**training: object) -> Config:
    given = {"batch_size": LANES, "window": 2 * HOP, "carry_state": True, **training}
    return config_lib.override(Config(), {f"training.{k}": v for k, v in given.items()})


def _take(folder: Path, config: Config, start: int, count: int) -> list:
    stream = lanes.lane_windows(folder, config, start).take(count)
    return [
        {**{k: v.numpy() for k, v in inputs.items()}, **{k: v.numpy() for k, v in targets.items()}}
        for inputs, targets in stream
    ]


def _originals(folder: Path) -> dict:
    originals = {}
    for utterance in dataset.utterances(folder, "train"):
        samples = np.concatenate([[0], signal.pre_emphasis(utterance.audio, 0.85)])
        coarse, fine = signal.split(samples, 128)
        originals[utterance.id] = coarse * 256 + fine
    return originals


def _steps(folder: Path, config: Config) -> int:
    frames = lanes.Recordings(folder, config).frames
    return int((frames // 2).sum()) // LANES


def test_a_lane_goes_on_where_it_was_unless_it_is_fresh(prepared: Path) -> None:
    config = _config()
    batches = _take(prepared, config, 0, _steps(prepared, config) + 2)
    places_of = collections.defaultdict(set)  # of a window's codes
    for name, whole in _originals(prepared).items():
        for start in range(0, len(whole) - 2 * HOP, HOP):
            places_of[np.int32(whole[start : start + 2 * HOP + 1]).tobytes()].add((name, start))

    fresh_seen = 0
    for lane in range(LANES):
        before: set = set()
        for batch in batches:
            assert batch["codes"].dtype == np.int32 and len(batch["codes"][lane]) == 2 * HOP + 1
            places = places_of[batch["codes"][lane].tobytes()]
            assert places
            expected = {(name, start + 2 * HOP) for name, start in before}
            if batch["fresh"][lane]:
                fresh_seen += 1
            else:
                assert places & expected
            before = places
    assert LANES < fresh_seen < LANES * len(batches)
    assert batches[0]["fresh"].all()
    assert batches[_steps(prepared, config)]["fresh"].all()  # the next data epoch


def test_features_and_codes_belong_together(prepared: Path) -> None:
    config = _config()
    originals = {u.id: u for u in dataset.utterances(prepared, "train")}
    codes_of = _originals(prepared)
    for batch in _take(prepared, config, 3, 3):
        for lane in range(LANES):
            codes = 256 * batch["coarse"][lane] + batch["fine"][lane]
            np.testing.assert_array_equal(codes, batch["codes"][lane, 1:])
            hits = 0
            for name, whole in codes_of.items():
                mel = originals[name].mel
                for frame in range(len(mel) - 1):
                    start = frame * HOP + 1
                    if np.array_equal(whole[start : start + 2 * HOP], codes):
                        reach = np.clip(np.arange(frame - 2, frame + 4), 0, len(mel) - 1)
                        hits += np.array_equal(batch["features"][lane], mel[reach])
            assert hits


def test_any_step_can_be_the_first(prepared: Path) -> None:
    config = _config()
    steps = _steps(prepared, config)
    whole = _take(prepared, config, 0, steps + 4)
    for start in (1, steps - 1, steps + 1):
        for a, b in zip(whole[start:], _take(prepared, config, start, 3)):
            for name, value in a.items():
                np.testing.assert_array_equal(value, b[name])


def test_epochs_and_seeds_differ(prepared: Path) -> None:
    frames = np.array([50, 70, 31, 90])
    first, again = (lanes.tape(frames, 4, 1, 0) for _ in range(2))
    np.testing.assert_array_equal(first.frame, again.frame)
    for other in (lanes.tape(frames, 4, 1, 1), lanes.tape(frames, 4, 2, 0)):
        assert not np.array_equal(other.frame, first.frame)
    assert sorted(np.bincount(first.recording)) == sorted(frames // 4)
    assert first.fresh.sum() == len(frames)
    assert all(first.frame + 4 <= frames[first.recording])


def test_heldout_lanes_go_through_whole_recordings(prepared: Path) -> None:
    config = _config(eval_windows=10**6)
    frames = lanes.Recordings(prepared, config, "held_out").frames
    windows = int((frames // 2).sum())
    seen = list(lanes.heldout_lanes(prepared, config))
    lanes_of = min(16, windows)
    assert len(seen) == windows // lanes_of
    originals = [
        256 * c + f
        for c, f in (
            signal.split(np.append([0], signal.pre_emphasis(u.audio, 0.85)), 128)
            for u in dataset.utterances(prepared, "held_out")
        )
    ]
    inputs, _ = seen[0]
    assert inputs["fresh"].numpy().all() and len(inputs["codes"]) == lanes_of
    np.testing.assert_array_equal(inputs["codes"][0], originals[0][: 2 * HOP + 1])
    inputs, _ = seen[1]
    assert not inputs["fresh"].numpy()[0]
    np.testing.assert_array_equal(inputs["codes"][0], originals[0][2 * HOP : 4 * HOP + 1])
    few = list(lanes.heldout_lanes(prepared, _config(eval_windows=3)))
    assert len(few) == 1 and len(few[0][0]["codes"]) == 3


def test_more_lanes_than_windows_share_them(prepared: Path) -> None:
    config = _config(batch_size=300)
    (batch,) = _take(prepared, config, 0, 1)
    assert batch["codes"].shape == (300, 2 * HOP + 1) and batch["fresh"].all()


def test_a_cut_shard_is_named(prepared: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(prepared, copy)
    shard = sorted(copy.glob("train-*.tfrecord"))[0]
    shard.write_bytes(shard.read_bytes()[:-10])
    with pytest.raises(WaveRNNError, match=f"{shard.name}.*is missing or damaged"):
        lanes.Recordings(copy, _config())


def test_a_window_of_partial_frames_is_refused() -> None:
    with pytest.raises(WaveRNNError, match="multiple of `mel.hop_length` = 200.*Take 1000"):
        _config(window=960)


def test_a_part_of_a_recording_has_its_own_past(prepared: Path) -> None:
    config = config_lib.override(
        config_lib.load("voice-16k"),
        {
            "signal.pitch": "off",
            "signal.noise_shaping": 0.0,
            "signal.voiced_temperature": 1.0,
            "model.extra_inputs": ["sample", "prediction", "log_residual", "log_sample"],
            "training.carry_state": True,
            "training.batch_size": 2,
            "training.window": 400,
        },
    )
    utterance = next(dataset.utterances(prepared, "train"))
    whole = teacher.teacher(utterance.audio, utterance.mel, config)
    made = teacher.values(utterance.audio, utterance.mel, config)
    for start in (0, 200, 1000):
        found = teacher.part(made, start, start + 400, config)
        for name, value in found._asdict().items():
            expected = getattr(whole, name)[start : start + 400]
            np.testing.assert_array_equal(value, expected, err_msg=f"{name} from {start}")
    (batch,) = _take(prepared, config, 0, 1)
    assert batch["inputs"].shape == (2, 400, 7) and "codes" not in batch


def test_lagged_inputs_of_a_part_reach_back(prepared: Path) -> None:
    config = config_lib.override(config_lib.load("voice-16k"), {"signal.pitch": "given"})
    utterance = next(dataset.utterances(prepared, "train"))
    pitched = np.full([len(utterance.mel), 1], 75.0, np.float32)  # nearly the longest lag
    features = np.concatenate([utterance.mel, pitched], axis=1)
    whole = teacher.teacher(utterance.audio, features, config)
    made = teacher.values(utterance.audio, features, config)
    found = teacher.part(made, 2000, 2400, config)
    np.testing.assert_array_equal(found.inputs, whole.inputs[2000:2400])
    assert np.abs(found.inputs[:, 5:10]).max() > 0
