"""Configuration: presets load, mistakes are named."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wavernn_tf import config as configuration
from wavernn_tf.config import Config, MelRecipe, SubscaleConfig
from wavernn_tf.config import matrices as matrices_lib
from wavernn_tf.errors import WaveRNNError


@pytest.mark.parametrize("name", configuration.presets())
def test_presets_load_and_round_trip(name):
    config = configuration.load(name)
    assert configuration.from_dict(Config, configuration.to_dict(config)) == config
    assert config.mel.hop_length % config.model.conditioning.steps_per_frame == 0
    # 2.5 to 5 ms: see the conditioning network's design.
    assert 0.0025 <= config.samples_per_step / config.mel.sample_rate <= 0.005
    assert min(config.pruning.gate_sparsity) >= (0.88 if config.predicts else 0.96)


def test_paper_preset():
    config = configuration.load("wavernn-896-24k")
    assert (config.model.state_size, config.mel.sample_rate) == (896, 24000)
    assert (config.training.window, config.training.steps) == (900, 500000)
    pruning = config.pruning
    assert (pruning.begin_step, pruning.end_step, pruning.frequency) == (1000, 201000, 500)


def test_every_matrix_may_have_a_block_shape_of_its_own():
    pruning = {"gate_block": ["16x1", "8x4", "4x4"], "head_block": "8x4"}
    config = configuration.from_dict(Config, {"pruning": pruning})
    blocks = matrices_lib.matrix_blocks(config)
    assert [blocks[f"R_{gate}"] for gate in matrices_lib.GATES] == pruning["gate_block"]
    assert {blocks[name] for name in matrices_lib.HEADS} == {"8x4"}
    assert configuration.from_dict(Config, configuration.to_dict(config)) == config
    one = configuration.with_block(config, "4x4")
    assert set(matrices_lib.matrix_blocks(one).values()) == {"4x4"}
    assert one.model == config.model


def test_the_block_shape_of_each_matrix_must_divide_it():
    pruning = {"head_block": ["8x4", "8x4", "16x1", "8x4"]}
    tree = {"model": {"projection_size": 40}, "pruning": pruning}
    with pytest.raises(WaveRNNError, match="O3 .*16 outputs x 1 inputs"):
        configuration.from_dict(Config, tree)
    pruning["head_block"][2] = "4x4"
    configuration.from_dict(Config, tree)


def test_the_reach_of_the_network_over_sub_tensors():
    shape = SubscaleConfig(batch=16, horizon=64, kernel_size=2, dilations=(1, 2, 4))
    assert (shape.past, shape.future, shape.stagger) == (3, 4, 65)
    assert shape.latency == 15 * 65 * 16 and shape.history == 15 * 65 + 3
    assert (SubscaleConfig().latency, SubscaleConfig().history) == (0, 1)


def test_lookahead_holds_the_conditioning_and_the_run_ahead():
    config = configuration.load("subscale-512-16k")
    ahead = 15 * 65 * 16 / config.mel.hop_length
    assert config.lookahead == config.model.conditioning.lookahead + np.ceil(ahead)
    assert configuration.load("wavernn-512-16k").lookahead == 2


def test_extra_inputs_are_kept_in_their_order():
    tree = {
        "signal": {"prediction_order": 16, "pitch": "estimated"},
        "model": {"extra_inputs": ["log_sample", "lagged", "sample"]},
    }
    config = configuration.from_dict(Config, tree)
    assert config.model.extra_inputs == ("sample", "lagged", "log_sample")
    assert config.model.input_rows == 3 + 1 + 5 + 1 and config.predicts
    assert configuration.from_dict(Config, configuration.to_dict(config)) == config


def test_the_estimator_sees_two_frames_more_on_each_side():
    for pitch, reach, column in (("off", 0, 0), ("given", 0, 1), ("estimated", 2, 0)):
        config = configuration.override(Config(), {"signal.pitch": pitch})
        assert (config.past, config.lookahead) == (2 + reach, 2 + reach)
        assert config.n_features == config.mel.n_mels + column
        assert config.predicts == (pitch != "off")


def test_the_presets_of_the_paper_predict_nothing():
    predicting = [p for p in configuration.presets() if configuration.load(p).predicts]
    assert predicting == ["demo", "voice-16k"]
    voice = configuration.load("voice-16k")
    assert voice.model.extra_inputs == tuple(configuration.EXTRA_INPUTS)
    assert voice.model.input_rows == 13
    assert voice.signal.postfilter == "spectral"


@pytest.mark.parametrize(
    "changes, got",
    [
        ({"signal.prediction_order": 0}, "a network without `signal.prediction_order`"),
        ({"mel.n_fft": 1000}, "`mel.n_fft` = 1000"),
        ({"mel.win_length": 399}, "`mel.win_length` = 399, `mel.hop_length` = 200"),
    ],
)
def test_what_the_spectral_postfilter_needs(changes, got):
    base = {"signal.prediction_order": 16, "signal.postfilter": "spectral"}
    configuration.override(Config(), base)
    with pytest.raises(WaveRNNError, match=f"spectral` needs a prediction .*; got {got}. Take an"):
        configuration.override(Config(), {**base, **changes})


def test_off_needs_no_quotes_in_yaml(tmp_path):
    path = tmp_path / "mine.yaml"
    unvoiced = "{pitch: off, noise_shaping: 0, voiced_temperature: 1}"
    text = f"preset: voice-16k\nsignal: {unvoiced}\nmodel: {{extra_inputs: [sample]}}\n"
    path.write_text(text)
    assert configuration.load(str(path)).signal.pitch == "off"


def test_only_settings_of_sampling_are_overridden_after_training():
    voice = configuration.load("voice-16k")
    assert (voice.signal.noise_shaping, voice.signal.voiced_temperature) == (0.3, 0.85)
    others = dict(zip(configuration.SAMPLING_SETTINGS, (0.2, 0.9, "centred", 1.0)))
    made = configuration.override_sampling(voice, others).signal
    assert (made.noise_shaping, made.voiced_temperature) == (0.2, 0.9)
    assert (made.postfilter, made.postfilter_strength) == ("centred", 1.0)
    for path in ("signal.split", "training.steps", "noise_shaping"):
        with pytest.raises(WaveRNNError, match=f"got {path}, which a trained voice cannot"):
            configuration.override_sampling(voice, {path: 0})


def test_file_over_a_preset(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("preset: demo\ntraining: {steps: 7, learning_rate: 1e-3}\n")
    config = configuration.load(str(path))
    assert (config.training.steps, config.training.learning_rate) == (7, 1e-3)
    assert config.model == configuration.load("demo").model


@pytest.mark.parametrize(
    "tree, message",
    [
        ({"traning": {}}, "Unknown key `traning`; did you mean `training`"),
        ({"training": {"stepz": 1}}, "`training.stepz`; did you mean `training.steps`"),
        ({"training": {"steps": "many"}}, "`training.steps` to be a int"),
        ({"training": {"steps": True}}, "`training.steps`"),
        ({"training": {"learning_rate": float("nan")}}, "finite"),
        ({"model": {"state_size": 255}}, "multiple of 32 .*; got 255. Take 224 or 256"),
        ({"model": {"state_size": 16}}, "multiple of 32 .*; got 16. Take 32"),
        ({"model": {"projection_size": 40}}, "O1 .* blocks of 16 outputs"),
        ({"model": {"projection_size": 16}}, "O1 .* two or more blocks"),
        ({"mel": {"n_fft": 128, "win_length": 100}}, "n_fft"),
        ({"model": {"conditioning": {"upsample": [3]}}}, "multiple of .* = 3; got 200"),
        ({"mel": {"fmax": 9000.0}}, "fmax"),
        ({"mel": {"win_length": 4096}}, "win_length"),
        ({"pruning": {"gate_sparsity": [0.9]}}, "3 values"),
        ({"pruning": {"gate_block": "5x5"}}, "`pruning.gate_block` to be one of 4x4, 16x1, 8x4"),
        ({"pruning": {"gate_block": ["4x4", "4x4"]}}, "gate_block.* one block shape or 3, for u"),
        ({"pruning": {"head_block": ["4x4", "16x1", "8x4", "2x2"]}}, "head_block.*; got '2x2'"),
        ({"pruning": {"head_block": [4, 4, 4, 4]}}, r"head_block\[0\]` to be a str"),
        ({"pruning": {"head_block": 4}}, "head_block` to be a str"),
        ({"signal": {"pre_emphasis": 1.0}}, "pre_emphasis"),
        ({"model": {"subscale": {"batch": 3}}}, "`model.subscale.batch` to be one of 1, 2, 4, 8"),
        ({"model": {"subscale": {"horizon": 6}}}, "horizon` >= 7, the future .*; got 6"),
        ({"model": {"subscale": {"dilations": []}}}, "dilations"),
        ({"model": {"subscale": {"input_gain": -1.0}}}, "input_gain"),
        ({"model": {"subscale": {"channels": 24}}}, "multiple of 16 .*; got 24"),
        ({"model": {"subscale": {"batch": 2, "channels": 16}}}, "D_0 .* two or more blocks"),
        ({"model": {"subscale": {"batch": 16}}, "training": {"window": 488}}, "= 16; got 488"),
        ({"pruning": {"subscale_sparsity": [0.5]}}, "2 values .*convolutions, the gates"),
        ({"signal": {"prediction_order": 1}}, "prediction_order` to be 0 .* or in 2..32; got 1"),
        ({"signal": {"prediction_order": 33}}, "in 2..32; got 33"),
        ({"signal": {"pitch": "guessed"}}, "`signal.pitch` to be one of off, estimated, given"),
        ({"signal": {"split": "alaw"}}, "`signal.split` to be one of linear, mulaw"),
        ({"signal": {"postfilter": "causal"}}, "postfilter.* set `signal.pitch`"),
        ({"signal": {"postfilter_passes": 0}}, "postfilter_passes` in 1..8; got 0"),
        ({"signal": {"postfilter_passes": 9}}, "postfilter_passes` in 1..8; got 9"),
        ({"signal": {"postfilter": "wiener"}}, "to be one of off, causal, centred, spectral"),
        ({"signal": {"noise_shaping": 0.4}}, "noise_shaping` = 0.4 follows the voicing: set `sig"),
        ({"signal": {"voiced_temperature": 0.7}}, "voiced_temperature` = 0.7 follows the voicing"),
        ({"signal": {"noise_shaping": 0.95}}, "0 <= `signal.noise_shaping` <= 0.9; got 0.95"),
        ({"signal": {"voiced_temperature": 0}}, "0 < `signal.voiced_temperature` <= 1; got 0"),
        ({"model": {"extra_inputs": ["pitch"]}}, "extra_inputs` to be one of sample, prediction"),
        ({"model": {"extra_inputs": ["sample", "sample"]}}, "names an input twice"),
        ({"model": {"extra_inputs": ["prediction"]}}, "names prediction, which needs"),
        ({"model": {"extra_inputs": ["log_prediction"]}}, "names log_prediction, which needs"),
        ({"model": {"extra_inputs": ["lagged"]}}, "names lagged, which needs `signal.pitch`"),
        (
            {"signal": {"split": "mulaw"}, "model": {"subscale": {"batch": 16}}},
            "need `model.subscale.batch` = 1; got 16",
        ),
        (
            {"model": {"extra_inputs": ["sample"], "subscale": {"batch": 2}}},
            "need `model.subscale.batch` = 1; got 2",
        ),
        (
            {"mel": {"kind": "external"}, "signal": {"prediction_order": 16}},
            "prediction_order` needs `mel.kind` = mel.*'external'",
        ),
        (
            {"signal": {"pitch": "given"}, "model": {"conditioning": {"kernel_sizes": [1]}}},
            r"size of 3 or more .*; got \[1\]",
        ),
        ([], "mapping"),
    ],
)
def test_mistakes_are_named(tree, message):
    with pytest.raises(WaveRNNError, match=message):
        configuration.from_dict(Config, tree)


@pytest.mark.parametrize("text", ["a: [", "- 1", "preset: nope"])
def test_broken_files_are_named(tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(WaveRNNError, match="broken.yaml"):
        configuration.load(str(path))


def test_unknown_preset_lists_the_known():
    with pytest.raises(WaveRNNError, match="demo"):
        configuration.load("no-such-preset")


@settings(max_examples=30, deadline=None, derandomize=True)
@given(hop=st.sampled_from([100, 200, 300]), n_mels=st.integers(1, 128), name=st.text(max_size=5))
def test_fingerprint_names_the_features_not_the_label(hop, n_mels, name):
    recipe = MelRecipe(name=name, hop_length=hop, n_mels=n_mels)
    same = MelRecipe(name="other", hop_length=hop, n_mels=n_mels)
    assert recipe.fingerprint == same.fingerprint
    assert recipe.fingerprint != MelRecipe(hop_length=hop, n_mels=n_mels + 1).fingerprint
