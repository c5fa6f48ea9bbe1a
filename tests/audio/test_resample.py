"""The resampler of the runtime: by numbers, and against tensorflow-io's."""

from __future__ import annotations

import numpy as np
import pytest

from wavernn_tf.audio import resample as library
from wavernn_tf.audio.resample import resample
from wavernn_tf.pipelines import audio

RATES = [(44100, 16000), (48000, 16000), (24000, 16000), (16000, 24000), (22050, 16000)]


def _tone(rate: int, hz: float) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(rate) / rate)).astype(np.float32)


def _snr(got: np.ndarray, expected: np.ndarray, edge: int = 400) -> float:
    """Signal over error, in dB, without the edges."""
    error = (got - expected)[edge:-edge]
    return float(10 * np.log10(np.square(expected[edge:-edge]).mean() / np.square(error).mean()))


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 24000, 44100, 48000, 96000])
@pytest.mark.parametrize(("wanted", "hz"), [(16000, 200.0), (16000, 3000.0), (24000, 3000.0)])
def test_level_and_time_are_kept(rate: int, wanted: int, hz: float) -> None:
    made = resample(_tone(rate, hz), rate, wanted)
    if rate == wanted:
        np.testing.assert_array_equal(made, _tone(rate, hz))
        return
    assert made.dtype == np.float32 and len(made) == wanted
    assert _snr(made, _tone(wanted, hz)) > 75
    late = 0.5 * np.sin(2 * np.pi * hz * (np.arange(wanted) - 0.01) / wanted)
    assert _snr(made, late) < 75  # canary: a hundredth of a sample late


def test_rates_without_a_common_factor() -> None:
    assert _snr(resample(_tone(7993, 700.0), 7993, 8000), _tone(8000, 700.0)) > 75


@pytest.mark.parametrize(("rate", "wanted"), [(44100, 16000), (48000, 16000), (48000, 22050)])
@pytest.mark.parametrize("beyond", [1.02, 1.1, 1.5])
def test_nothing_aliases(rate: int, wanted: int, beyond: float) -> None:
    tone = _tone(rate, beyond * wanted / 2)
    made = resample(tone, rate, wanted)[400:-400]
    assert 20 * np.log10(made.std() / tone.std()) < -60


@pytest.mark.parametrize(("rate", "wanted"), RATES)
def test_it_is_the_filter_of_training(
    rate: int, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise of all frequencies, so that the filter's edge counts too.

    tensorflow-io's taps lie between entries of a table where the two rates have no small ratio:
    that is 75 dB below the signal.
    """
    noise = np.random.default_rng(1).normal(0, 0.1, rate).astype(np.float32)
    trained = audio.resample(noise, rate, wanted)
    made = resample(noise, rate, wanted)
    assert made.shape == trained.shape
    assert _snr(made, trained) > 70
    cutoff = "_CUTOFF_DOWN" if rate > wanted else "_CUTOFF_UP"
    for name, more in ((cutoff, 0.001), ("_KAISER_BETA", 0.5)):
        with monkeypatch.context() as patch:  # canary: one number of the filter is a little off
            patch.setattr(library, name, getattr(library, name) + more)
            assert _snr(resample(noise, rate, wanted), trained) < 70, name


@pytest.mark.parametrize("samples", [1, 2, 7, 100])
def test_a_few_samples(samples: int) -> None:
    made = resample(np.ones(samples, np.float32), 44100, 16000)
    assert len(made) == -(-samples * 160 // 441) and np.isfinite(made).all()
    assert resample(np.ones(samples, np.float32), 8000, 8000).tolist() == [1.0] * samples


def test_long_audio_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(2).normal(0, 0.1, 5000).astype(np.float32)
    whole = resample(noise, 24000, 16000)
    monkeypatch.setattr(library, "_AT_ONCE", 1000)
    np.testing.assert_allclose(resample(noise, 24000, 16000), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("rate", "wanted"), [(44100, 16000), (16000, 24000)])
def test_an_impulse_is_where_it_was(rate: int, wanted: int) -> None:
    for second in (0.25, 0.5, 1.0):
        impulse = np.zeros(rate + 1, np.float32)
        impulse[int(rate * second)] = 1.0
        made = resample(impulse, rate, wanted)
        assert int(np.abs(made).argmax()) == round(int(rate * second) * wanted / rate)
