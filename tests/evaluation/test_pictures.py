"""The picture of a recording beside its copy, as README shows one."""

import matplotlib.image
import numpy as np
from click.testing import CliRunner

from tests.helpers.small import SPEECH
from tests.helpers.wheels import CHECKOUT
from wavernn_tf.evaluation import pictures


def draw(*arguments):
    return CliRunner().invoke(pictures.main, [str(a) for a in arguments])


def test_two_files_side_by_side(tmp_path):
    original, copy = SPEECH / "ru_0003.flac", SPEECH / "en_vm-intro.flac"
    out = tmp_path / "pair.png"
    done = draw(original, copy, "--out", out, "--seconds", 1.0)
    assert done.exit_code == 0, done.exception
    assert out.stat().st_size < 200_000
    pair = matplotlib.image.imread(out)
    assert len(np.unique(pair.reshape(-1, pair.shape[-1]), axis=0)) <= 64
    assert draw(original, original, "--out", out, "--seconds", 1.0).exit_code == 0  # ours: replaced
    same = matplotlib.image.imread(out)
    difference = np.abs(pair - same).mean(axis=(0, 2))  # by column
    half = len(difference) // 2
    assert difference[half:].mean() > 5 * difference[:half].mean()


def test_several_copies_with_labels(tmp_path):
    clip, out = SPEECH / "ru_0003.flac", tmp_path / "three.png"
    labels = [f"--label={name}" for name in ("recording", "plain", "predicted")]
    assert draw(clip, clip, clip, "--out", out, "--seconds", 0.5).exit_code == 0
    unnamed = out.read_bytes()
    done = draw(clip, clip, clip, *labels, "--out", out, "--seconds", 0.5)
    assert done.exit_code == 0, done.exception
    assert out.read_bytes() != unnamed
    done = draw(clip, clip, clip, *labels[:2], "--out", out)
    assert done.exit_code == 2 and "Expected 3 different labels" in done.output


def test_a_users_picture_is_kept(tmp_path):
    mine = tmp_path / "mine.png"
    mine.write_bytes(b"mine")
    clip = SPEECH / "ru_0003.flac"
    assert draw(clip, clip, "--out", mine).exit_code != 0
    assert mine.read_bytes() == b"mine"


def test_the_picture_of_the_readme_is_small():
    picture = (CHECKOUT / "docs" / "pictures" / "en_ru.png").read_bytes()
    assert 10_000 < len(picture) < 200_000
    assert pictures._MARK in picture
