"""kill -9 at any moment, the same command again, and the weights are those of an unbroken run."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml

from wavernn_tf import config as configuration
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.training import trainer

TRAIN = """
import sys
from wavernn_tf import config
from wavernn_tf.training import trainer
trainer.train(sys.argv[1], sys.argv[2], config.load(sys.argv[3]), quiet=True, audio=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"training.kernel": "native", "training.carry_state": True},
        {"training.precision": "mixed_bfloat16"},  # with the other kernel
    ],
    ids=["native", "mixed_bfloat16"],
)
def test_a_killed_run_resumes_to_the_same_weights(data, tiny, tmp_path, capsys, changes):
    config = configuration.override(tiny, changes)
    settings = tmp_path / "config.yaml"
    settings.write_text(yaml.safe_dump(configuration.to_dict(config)))
    unbroken = RunFolder.at(tmp_path / "unbroken")
    trainer.train(data, unbroken.path, config, quiet=True, audio=False)

    broken = RunFolder.at(tmp_path / "broken")
    process = subprocess.Popen([sys.executable, "-c", TRAIN, data, broken.path, settings])
    # Kill it in the middle: as soon as the evaluation at step 4 is on disk, before the last step.
    while len(broken.history()) < 2 and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL and not broken.voice.exists()
    capsys.readouterr()
    trainer.train(data, broken.path, config, quiet=True, audio=False)
    assert "resuming at step" in capsys.readouterr().out

    with np.load(unbroken.voice) as a, np.load(broken.voice) as b:
        assert a.files == b.files
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name])
    rows = [[r["step"], r["held_out"], r["sparsity"]] for r in unbroken.history()]
    assert rows == [[r["step"], r["held_out"], r["sparsity"]] for r in broken.history()]
    assert [r[0] for r in rows] == [2, 4, 6, 8]
    assert rows[-1][2]["R_u"] == pytest.approx(0.96, abs=0.01)
    # A finished run again: nothing to do, nothing lost.
    trainer.train(data, broken.path, config, quiet=True, audio=False)
    assert broken.voice.exists()
