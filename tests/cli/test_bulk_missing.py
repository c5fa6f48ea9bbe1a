"""`wavernn-tf bulk` where Apache Beam is not installed."""

import subprocess
import sys

from tests.cli.test_group import environment

WITHOUT = "import sys; sys.modules['apache_beam'] = None; from wavernn_tf.cli import main; main()"


def test_a_missing_beam_is_one_line(tmp_path):
    for command in ("synthesize", "prepare"):
        arguments = ["bulk", command, str(tmp_path), str(tmp_path / "out")]
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, *arguments],
            capture_output=True,
            text=True,
            env=environment(),
        )
        assert done.returncode == 2, done.stderr
        assert "pip install 'wavernn-tf[beam]'" in done.stderr and "Traceback" not in done.stderr
