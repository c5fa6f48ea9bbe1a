"""The command `wavernn-tf`.

TensorFlow and other heavy packages are imported by the commands that need them, so that help is
fast and the commands on a .tflite file run where there is no TensorFlow.
"""

from __future__ import annotations

import os

import click

import wavernn_tf
from wavernn_tf.cli.bench import bench
from wavernn_tf.cli.bulk import bulk
from wavernn_tf.cli.client import client
from wavernn_tf.cli.evaluate import evaluate
from wavernn_tf.cli.export import export
from wavernn_tf.cli.group import Commands
from wavernn_tf.cli.inspect import inspect
from wavernn_tf.cli.prepare import prepare
from wavernn_tf.cli.score import score
from wavernn_tf.cli.snapshot import snapshot
from wavernn_tf.cli.synthesize import synthesize
from wavernn_tf.cli.train import train
from wavernn_tf.cli.voices import voices


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(wavernn_tf.__version__, prog_name="wavernn-tf")
def cli() -> None:
    """Train a block-sparse WaveRNN voice on recorded speech, and run it.

    \b
    With the voice that comes with the package:
      wavernn-tf synthesize recording.wav out.wav

    \b
    From recordings to a voice that speaks on a phone:
      wavernn-tf prepare recordings/ data/
      wavernn-tf train data/ run/ --preset demo
      wavernn-tf evaluate run/ --report report.html
      wavernn-tf export tflite run/ voice.tflite
      wavernn-tf synthesize voice.tflite recording.wav out.wav
    """  # noqa: D301 (\b is for click)
    # TensorFlow's C++ log: start-up notes, and "errors" about GPUs that are not there. An op that
    # fails raises a Python exception all the same. It must be set before TensorFlow is imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


_COMMANDS = (
    prepare,
    train,
    snapshot,
    evaluate,
    export,
    voices,
    synthesize,
    score,
    inspect,
    bench,
    bulk,
    client,
)
for command in _COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line (the console script's entry point)."""
    cli.main(prog_name="wavernn-tf")


if __name__ == "__main__":
    main()
