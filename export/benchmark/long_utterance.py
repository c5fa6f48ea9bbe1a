"""What one long utterance takes of a SavedModel: time, and the most memory of the process.

``python -m wavernn_tf.export.benchmark.long_utterance saved_model/ 300`` prints JSON. The process
does nothing else, so that its peak is the utterance's.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Dict

import click

from wavernn_tf import files, logs


def measure(path: files.PathLike, seconds: float) -> Dict[str, Any]:
    """Speak one utterance in a process of its own.

    Args:
      path: folder of a model, or of one version.
      seconds: of speech.

    Returns:
      `seconds`, `real_time_factor` (compiling included), and `peak_memory_mb`, of all that the
      process holds, TensorFlow included.

    Raises:
      subprocess.CalledProcessError: if the process fails.
    """
    command = [sys.executable, "-m", __name__, files.plain(path), str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


@click.command()
@click.argument("path")
@click.argument("seconds", type=click.FloatRange(0.1))
def main(path: str, seconds: float) -> None:
    """Speak SECONDS of random features by the SavedModel at PATH, in one call."""
    logs.quiet_tensorflow()
    from wavernn_tf.export.benchmark import saved_models

    taken = saved_models.SavedModelBench(path, seconds, batches=[1]).first_seconds[1]
    peak = saved_models.peak_memory_mb()
    found = {"seconds": seconds, "real_time_factor": seconds / taken, "peak_memory_mb": peak}
    click.echo(json.dumps(found))


if __name__ == "__main__":
    main()
