"""The native training kernel against float64 autodiff, and against itself."""

import dataclasses

import numpy as np
import pytest

from tests.helpers.windows import autodiff, random_window
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime import library
from wavernn_tf.training import native

# The kernel's sigmoid and tanh are within 2^-19, its exp within 2^-18 relative: every factor of a
# product of gradients is off by that much, some tens of times over a window; sums of n terms in
# float32 add n * 2^-24. Compared with the largest entry of each gradient.
BOUND = 1e-4


def largest_difference(result: native.Result, expected: native.Result) -> float:
    """Of all gradients, relative to each one's largest entry."""
    assert result.gradients.keys() == expected.gradients.keys()
    return max(
        float(np.abs(result.gradients[name] - value).max() / (np.abs(value).max() + 1e-12))
        for name, value in expected.gradients.items()
    )


def assert_agree(result: native.Result, expected: native.Result) -> None:
    np.testing.assert_allclose(result.bits, expected.bits, rtol=2e-5)
    np.testing.assert_allclose(result.state, expected.state, atol=2e-5)
    assert largest_difference(result, expected) < BOUND


def masked(expected: native.Result, masks: dict) -> native.Result:
    gradients = {
        name: value * masks.get(name, np.float32(1)) for name, value in expected.gradients.items()
    }
    return dataclasses.replace(expected, gradients=gradients)


@pytest.mark.parametrize("density", [1.0, 0.2])
@pytest.mark.parametrize("block", ["16x1", "4x4", "8x4"])
def test_gradients_are_those_of_autodiff(block: str, density: float) -> None:
    window, parameters, masks = random_window(seed=1, block=block, density=density, time=37)
    kernel = native.Kernel(blocks=dict.fromkeys(native.MATRICES, block))
    assert_agree(kernel.run(window, parameters, masks), masked(autodiff(window, parameters), masks))


@pytest.mark.parametrize(
    "shape",
    [
        dict(batch=1, time=1),
        dict(batch=21, time=16),  # padded lanes
        dict(batch=33, time=17, rows=13),  # three groups; prediction's inputs
        dict(units=96, projection=40, time=5),  # a projection that is padded
        dict(units=32, projection=16, time=70, hold=1),  # Subscale: gate inputs of every sample
    ],
)
def test_any_size(shape: dict) -> None:
    window, parameters, _ = random_window(seed=2, **shape)
    assert_agree(native.Kernel(threads=2).run(window, parameters), autodiff(window, parameters))


def test_one_block_a_matrix() -> None:
    window, parameters, masks = random_window(seed=3, density=1e-9)
    assert all(mask.sum() == 16 for mask in masks.values())
    assert_agree(
        native.Kernel().run(window, parameters, masks), masked(autodiff(window, parameters), masks)
    )


def test_fine_classes_are_masked() -> None:
    rng = np.random.default_rng(0)
    window, parameters, _ = random_window(seed=4)
    limits = rng.integers(1, 257, 256).astype(np.int32)
    fine = np.minimum(window.fine, limits[window.coarse] - 1)
    window = dataclasses.replace(window, fine=fine)
    result = native.Kernel().run(window, parameters, fine_classes=limits)
    assert_agree(result, autodiff(window, parameters, limits))
    assert largest_difference(result, autodiff(window, parameters)) > 10 * BOUND


@pytest.mark.parametrize("name", ["R_u", "R_e", "O1", "O4", "input_kernel", "recurrent_bias"])
def test_one_wrong_weight_is_seen(name: str) -> None:
    window, parameters, _ = random_window(seed=5)
    wrong = {**parameters, name: parameters[name].copy()}
    wrong[name].flat[-1] += 0.05  # of c_t's row in the input kernel: it reaches the fine half
    result = native.Kernel().run(window, wrong)
    assert largest_difference(result, autodiff(window, parameters)) > 3 * BOUND


def test_scale_scales_the_gradient() -> None:
    window, parameters, _ = random_window(seed=6)
    one = native.Kernel().run(window, parameters)
    half = native.Kernel().run(window, parameters, scale=0.5)
    for name, value in one.gradients.items():
        np.testing.assert_array_equal(half.gradients[name], 0.5 * value)
    np.testing.assert_array_equal(half.bits, one.bits)


@pytest.mark.parametrize("density", [1.0, 0.2])
def test_threads_do_not_change_the_result(density: float) -> None:
    window, parameters, masks = random_window(seed=7, batch=70, density=density)
    one = native.Kernel(threads=1).run(window, parameters, masks)
    for threads in (2, 3, 8):
        other = native.Kernel(threads=threads).run(window, parameters, masks)
        np.testing.assert_array_equal(other.bits, one.bits)
        for name, value in one.gradients.items():
            np.testing.assert_array_equal(other.gradients[name], value)


@pytest.mark.parametrize("block", ["16x1", "4x4", "8x4"])
def test_instruction_sets_give_the_same_bits(block: str) -> None:
    window, parameters, masks = random_window(seed=8, block=block, density=0.4, rows=5)
    blocks = dict.fromkeys(native.MATRICES, block)
    scalar = native.Kernel(blocks, isa="scalar").run(window, parameters, masks)
    for isa in library.available_isas():
        other = native.Kernel(blocks, isa=isa).run(window, parameters, masks)
        np.testing.assert_array_equal(other.state, scalar.state)
        np.testing.assert_allclose(other.bits, scalar.bits, rtol=1e-12)
        for name, value in scalar.gradients.items():
            np.testing.assert_array_equal(other.gradients[name], value, err_msg=f"{isa} {name}")


def test_carried_state_over_two_windows_is_one_window() -> None:
    window, parameters, _ = random_window(seed=9, time=28, hold=7)

    def part(first: int, last: int, state: np.ndarray) -> native.Batch:
        return dataclasses.replace(
            window,
            x=window.x[:, first:last],
            coarse=window.coarse[:, first:last],
            fine=window.fine[:, first:last],
            gate_inputs=window.gate_inputs[:, first // 7 : last // 7],
            state=state,
        )

    kernel = native.Kernel()
    whole = kernel.run(window, parameters)
    first = kernel.run(part(0, 14, window.state), parameters)
    second = kernel.run(part(14, 28, first.state), parameters)
    np.testing.assert_array_equal(second.state, whole.state)
    np.testing.assert_allclose(first.bits + second.bits, whole.bits, rtol=1e-12)


def test_without_gradients_the_loss_is_the_same() -> None:
    window, parameters, masks = random_window(seed=10, density=0.3)
    kernel = native.Kernel()
    trained = kernel.run(window, parameters, masks)
    scored = kernel.run(window, parameters, masks, gradients=False)
    np.testing.assert_array_equal(scored.bits, trained.bits)
    np.testing.assert_array_equal(scored.state, trained.state)
    assert not scored.gradients


def test_time_by_part_is_kept() -> None:
    window, parameters, _ = random_window()
    kernel = native.Kernel()
    kernel.run(window, parameters)
    assert all(seconds > 0 for seconds in kernel.take_seconds().values())
    assert not any(kernel.take_seconds().values())


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(coarse=np.full([16, 20], 256, np.int32)), "classes in 0..255"),
        (dict(fine=np.full([16, 20], -1, np.int32)), "classes in 0..255"),
        (dict(x=np.full([16, 20, 3], np.nan, np.float32)), "inputs hold NaN"),
        (dict(state=np.full([16, 64], np.inf, np.float32)), "carried state holds NaN"),
        (dict(gate_inputs=np.zeros([16, 1, 192], np.float32)), "20 samples of conditioning"),
        (dict(state=np.zeros([16, 32], np.float32)), "Expected state of shape"),
        (dict(fine=np.zeros([16, 19], np.int32)), "Expected fine of shape"),
    ],
)
def test_a_window_that_does_not_fit_is_refused(change: dict, message: str) -> None:
    window, parameters, _ = random_window()
    with pytest.raises(WaveRNNError, match=message):
        native.Kernel().run(dataclasses.replace(window, **change), parameters)


@pytest.mark.parametrize("name", ["R_r", "O2", "O3/bias", "input_kernel"])
def test_weights_that_are_not_finite_are_refused(name: str) -> None:
    window, parameters, _ = random_window()
    parameters[name].flat[3] = np.nan
    with pytest.raises(WaveRNNError, match="NaN or infinity"):
        native.Kernel().run(window, parameters)


def test_an_instruction_set_that_the_machine_lacks_is_refused() -> None:
    with pytest.raises(WaveRNNError, match="one of this machine's"):
        native.Kernel(isa="sve")
