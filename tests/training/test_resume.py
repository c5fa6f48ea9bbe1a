"""kill -9 at any moment, the same command again, and the weights are those of an unbroken run."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml

from wavernn_tf import config as configuration
from wavernn_tf.training.run import RunFolder

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
        {"training.kernel": "keras"},
        {"training.precision": "mixed_bfloat16"},
    ],
    ids=["native", "keras", "mixed_bfloat16"],
)
def test_a_killed_run_resumes_to_the_same_weights(data, tiny, tmp_path, changes):
    config = configuration.override(tiny, changes)
    settings = tmp_path / "config.yaml"
    settings.write_text(yaml.safe_dump(configuration.to_dict(config)))

    def start(name):
        command = [sys.executable, "-c", TRAIN, str(data), str(tmp_path / name), str(settings)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def finish(process):
        output, _ = process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()

    finish(start("unbroken"))
    broken = RunFolder.at(tmp_path / "broken")
    process = start("broken")
    deadline = time.monotonic() + 200
    # Kill it in the middle: as soon as the evaluation at step 4 is on disk, before the last step.
    while len(broken.history()) < 2 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL and not broken.voice.exists()
    assert "resuming at step" in finish(start("broken"))

    unbroken = RunFolder.at(tmp_path / "unbroken")
    with np.load(unbroken.voice) as a, np.load(broken.voice) as b:
        assert a.files == b.files
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name])
    rows = [[r["step"], r["held_out"], r["sparsity"]] for r in unbroken.history()]
    assert rows == [[r["step"], r["held_out"], r["sparsity"]] for r in broken.history()]
    assert [r[0] for r in rows] == [2, 4, 6, 8]
    assert rows[-1][2]["R_u"] == pytest.approx(0.96, abs=0.01)
    finish(start("broken"))  # a finished run again: nothing to do, nothing lost
    assert broken.voice.exists()
