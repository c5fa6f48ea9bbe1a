"""The first stage with estimated pitch, and training behind it."""

import numpy as np
import pytest

from wavernn_tf import config as configuration
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.models.keras_voice import KerasVoice
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.pipelines import dataset
from wavernn_tf.prediction import pitch, teacher
from wavernn_tf.training import checks, pitch_stage, trainer

ALL = list(configuration.EXTRA_INPUTS)


@pytest.fixture(scope="module")
def predicting(tiny):
    return configuration.override(
        tiny,
        {
            "signal.prediction_order": 8,
            "signal.pitch": "estimated",
            "signal.split": "mulaw",
            "model.extra_inputs": ALL,
        },
    )


@pytest.fixture(scope="module")
def short():
    """A stage of few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pitch_stage, "STEPS", 300)
        yield


@pytest.fixture(scope="module")
def run(data, predicting, short, tmp_path_factory):
    lines = []
    folder = tmp_path_factory.mktemp("run") / "run"
    made = trainer.train(data, folder, predicting, quiet=True, echo=lines.append)
    assert any("% of held-out voiced frames within one class" in line for line in lines)
    return made


@pytest.mark.slow
def test_the_estimator_learns_the_pitch(data, predicting, run):
    found = pitch_stage.load(run.pitch)
    # Two clips of two speakers in 20 bands, which do not resolve harmonics: no corpus. It does tell
    # voiced frames from others.
    assert found.voicing > 0.75
    voice = KerasVoice(run.path)
    description, _ = checks.check_data(data, predicting)
    mean, std = (np.array(description[f"feature_{k}"]) for k in ("mean", "std"))
    clip = next(dataset.utterances(data, "held_out"))
    q = teacher.padded_posterior(clip.mel, predicting, voice.weights.pitch)[1:-1]
    padded = np.pad((clip.mel - mean) / std, ((2, 2), (0, 0)), mode="edge")
    np.testing.assert_allclose(q, pitch.estimate(padded, found.layers), atol=1e-4)
    classes = pitch.targets(clip.audio, 16000, 200)
    voiced = classes < pitch.VOICED
    close = np.abs(np.argmax(q[:, :64], axis=1) - classes)[voiced] <= 1
    assert np.mean(close) == pytest.approx(found.accuracy, abs=0.02)


@pytest.mark.slow
def test_training_behind_it_learns_and_scores(data, run):
    history = run.history()
    assert [row["step"] for row in history] == [2, 4, 6, 8]
    assert history[-1]["held_out"]["total"] < 12
    voice = KerasVoice(run.path)
    clip = next(dataset.utterances(data, "held_out"))
    bits = -voice.score(clip.mel, clip.audio).sum(axis=1).mean() / np.log(2)
    assert bits == pytest.approx(history[-1]["held_out"]["total"], abs=0.7)
    audio = voice.synthesize(clip.mel[:5], seed=1)
    assert audio.dtype == np.int16 and len(audio) == 5 * 200 and np.ptp(audio) > 0


@pytest.mark.slow
def test_the_stage_ends_in_the_same_weights_and_is_not_repeated(
    data, predicting, tmp_path, monkeypatch
):
    description, _ = checks.check_data(data, predicting)
    monkeypatch.setattr(pitch_stage, "STEPS", 20)
    a, b = (pitch_stage.fit(data, predicting, description) for _ in range(2))
    for ours, theirs in zip(a.layers, b.layers):
        for one, other in zip(ours, theirs):
            np.testing.assert_array_equal(one, other)
    other = configuration.override(predicting, {"training.seed": 1})
    assert np.any(pitch_stage.fit(data, other, description).layers[0][0] != a.layers[0][0])
    folder = RunFolder.at(tmp_path)
    pitch_stage.save(a, folder.pitch)
    lines = []
    layers = pitch_stage.run("no such data", folder, predicting, description, lines.append)
    assert len(lines) == 1 and len(layers) == 3
    folder.pitch.write_bytes(b"half")
    with pytest.raises(WaveRNNError, match="pitch.npz is damaged .*delete it"):
        pitch_stage.run(data, folder, predicting, description)


def test_without_estimated_pitch_there_is_no_stage(tiny, tmp_path):
    assert pitch_stage.run("no such data", RunFolder.at(tmp_path), tiny, {}) == ()


def test_windows_are_cut_from_the_whole_recording(data, predicting):
    """Inputs and targets of every window are somewhere in the recording's own."""
    estimator = checks._blank_estimator(predicting)
    window = predicting.training.window
    whole = []
    for clip in dataset.utterances(data, "held_out"):
        q = teacher.padded_posterior(clip.mel, predicting, estimator)
        whole.append((clip, teacher.teacher(clip.audio, clip.mel, predicting, q)))
    seen = 0
    for inputs, targets in dataset.heldout_windows(data, predicting, estimator):
        frames = dataset.window_frames(predicting) + predicting.past + predicting.seen_ahead
        assert inputs["features"].shape[1:] == (frames, 20)
        for x, mel, c, f in zip(
            inputs["inputs"].numpy(),
            inputs["features"].numpy(),
            targets["coarse"].numpy(),
            targets["fine"].numpy(),
        ):
            places = [
                (clip, known, t)
                for clip, known in whole
                for t in range(0, len(clip.audio) - window + 1, 200)
                if np.array_equal(known.inputs[t : t + window], x)
                and np.array_equal(known.coarse[t : t + window], c)
                and np.array_equal(known.fine[t : t + window], f)
                and np.array_equal(clip.mel[t // 200], mel[predicting.past])
            ]
            assert len(places) == 1
            seen += 1
    assert seen == 4


def test_the_stream_of_windows_goes_on_at_any_step(data, predicting):
    estimator = checks._blank_estimator(predicting)
    whole = dataset.training_windows(data, predicting, 0, estimator).skip(3).take(2)
    resumed = dataset.training_windows(data, predicting, 3, estimator).take(2)
    for one, other in zip(whole, resumed):
        for name in ("features", "inputs"):
            np.testing.assert_array_equal(one[0][name], other[0][name])


def test_given_pitch_trains_on_a_column_of_the_features(tiny, tmp_path, predicting):
    import shutil

    from tests.helpers.small import SPEECH
    from wavernn_tf.pipelines import corpora, prepare

    config = configuration.override(predicting, {"signal.pitch": "given"})
    for name in ("ru_0063", "ru_0018"):
        (tmp_path / "clips").mkdir(exist_ok=True)
        shutil.copy(SPEECH / f"{name}.flac", tmp_path / "clips")
    (tmp_path / "clips" / "held_out.txt").write_text("ru_0063\n")
    corpus = corpora.folder(tmp_path / "clips")
    made = prepare.prepare(corpus, tmp_path / "data", config.mel, config.signal, progress=False)
    assert len(made.feature_mean) == 21
    clip = next(dataset.utterances(tmp_path / "data", "held_out"))
    assert clip.mel.shape[1] == 21
    expected = pitch.frequencies(pitch.targets(clip.audio, 16000, 200), 16000)
    np.testing.assert_array_equal(clip.mel[:, 20], expected)
    batch, _ = next(iter(dataset.training_windows(tmp_path / "data", config)))
    assert batch["features"].shape[2] == 21 and batch["inputs"].shape[2] == 13
    with pytest.raises(WaveRNNError, match="extra_features: expected 0, got 1"):
        made.check(predicting)


def test_a_run_takes_the_estimator_of_another(predicting, tmp_path):
    source, new = (RunFolder.at(tmp_path / name) for name in ("source", "new"))
    for folder in (source, new):
        folder.path.mkdir()
    rng = np.random.default_rng(0)
    layers = tuple(
        (
            rng.standard_normal((5 if i == 0 else 1, n, 8)).astype(np.float32),
            np.zeros(8, np.float32),
        )
        for i, n in enumerate((predicting.mel.n_mels, 8, 8))
    )
    pitch_stage.save(pitch_stage.Estimator(layers, 0.9, 0.8), source.pitch)
    without = configuration.override(
        predicting, {"signal.pitch": "off", "model.extra_inputs": ["sample"]}
    )
    pitch_stage.adopt(source, new, without)
    other = configuration.override(predicting, {"mel.n_mels": predicting.mel.n_mels + 1})
    pitch_stage.adopt(source, new, other)
    assert not new.pitch.exists()  # not needed, and of another recipe
    pitch_stage.adopt(source, new, predicting)
    np.testing.assert_array_equal(pitch_stage.load(new.pitch).layers[0][0], layers[0][0])
    kept = pitch_stage.Estimator(layers, 0.1, 0.2)
    pitch_stage.save(kept, source.pitch)
    pitch_stage.adopt(source, new, predicting)
    assert pitch_stage.load(new.pitch).accuracy == 0.9  # its own is kept
