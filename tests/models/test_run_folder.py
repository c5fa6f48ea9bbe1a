"""The trained voice in a run's folder: by name, and as the first version wrote it."""

import numpy as np
import pytest
import yaml

from wavernn_tf import config as configuration
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.models import wavernn
from wavernn_tf.models.run_folder import RunFolder

SMALL = {"model.state_size": 32, "model.projection_size": 32, "model.conditioning.channels": 8}


@pytest.fixture(params=["demo", "subscale-512-16k"])
def saved(request, tmp_path):
    """A run's folder with a voice, and its model."""
    config = configuration.override(configuration.load(request.param), SMALL)
    run = RunFolder.at(tmp_path / "run")
    run.path.mkdir()
    text = yaml.safe_dump(configuration.to_dict(config))
    (run.path / "config.yaml").write_text(text)
    model = wavernn.build(config)
    rng = np.random.default_rng(0)
    model.set_weights([rng.standard_normal(w.shape) for w in model.get_weights()])
    run.save_voice(model)
    return run, model


def assert_same(model, other):
    for a, b in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(a, b)


def rewrite(run, change):
    """Write the voice again, its arrays changed by `change(dict)`."""
    with np.load(run.voice) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    np.savez(run.voice, **change(held))


def test_arrays_are_found_by_name_in_any_order(saved):
    run, model = saved
    with np.load(run.voice) as arrays:
        assert {"gru/R_u", "heads/O1_bias", "conv_0/kernel"} <= set(arrays.files)
    rewrite(run, lambda held: dict(reversed(held.items())))
    assert_same(run.load_model(), model)


def test_a_voice_of_the_first_version_loads(saved):
    run, model = saved
    np.savez(run.voice, **{f"{i:03d}": w for i, w in enumerate(model.get_weights())})
    assert_same(run.load_model(), model)


@pytest.mark.parametrize("change", ["missing", "renamed", "swapped"])
def test_another_voice_is_refused(saved, change):
    run, model = saved
    changes = {
        "missing": lambda held: {n: a for n, a in held.items() if n != "gru/R_r"},
        "renamed": lambda held: {n.replace("R_r", "R_x"): a for n, a in held.items()},
        "swapped": lambda held: {**held, "gru/R_r": held["heads/O1"]},
    }
    rewrite(run, changes[change])
    with pytest.raises(WaveRNNError, match="voice.npz is damaged or of another model"):
        run.load_model()
