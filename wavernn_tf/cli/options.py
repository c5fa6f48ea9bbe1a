"""Options that several commands share, and how a configuration is put together from them."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple

import click

from wavernn_tf import config as configuration
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
)

runtime_option = click.option(
    "--runtime",
    type=click.Choice(["auto", "litert", "tensorflow", "native"]),
    default="auto",
    show_default=True,
    help="What runs a .tflite voice: an interpreter, or the package's library alone (native); auto "
    "takes LiteRT if it is installed, else the library.",
)

seed_option = click.option(
    "--seed", type=int, default=0, show_default=True, help="Same seed, same samples."
)

temperature_option = click.option(
    "--temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="Of the coarse byte: below 1 is cleaner and duller; 0 takes the likeliest value.",
)

fine_temperature_option = click.option(
    "--fine-temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="Of the fine byte.",
)

postfilter_option = click.option(
    "--postfilter/--no-postfilter",
    default=True,
    help="Run the postfilter of a .tflite voice that has one.  [default: postfilter]",
)

sampling_option = click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another value than the run's for a setting of sampling, such as "
    "signal.noise_shaping=0.4; repeatable.",
)


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --preset, --config, --recipe and --set."""
    for option in (
        click.option(
            "--set",
            "assignments",
            multiple=True,
            metavar="KEY=VALUE",
            help="Replace one value by its dotted path, such as training.steps=2000; repeatable.",
        ),
        click.option(
            "--recipe", metavar="NAME", help="Named mel recipe, such as hifigan or tacotron2."
        ),
        click.option(
            "--config",
            "config_file",
            type=click.Path(exists=True, dir_okay=False),
            help="YAML file; it may start from a preset by the key `preset`.",
        ),
        click.option("--preset", help="Configuration that comes with the package, such as demo."),
    ):
        command = option(command)
    return command


def corpus_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --layout, --mel-dir, --held-out, --on-error and --cache."""
    for option in (
        click.option(
            "--cache",
            type=click.Path(file_okay=False),
            help="Where a fetched corpus is kept.  [default: ~/.cache/wavernn-tf]",
        ),
        click.option(
            "--on-error",
            type=click.Choice(["skip", "fail"]),
            default="skip",
            show_default=True,
            help="Name a broken file and go on, or stop at it.",
        ),
        click.option(
            "--held-out",
            type=click.FloatRange(0, 1, max_open=True),
            default=0.05,
            show_default=True,
            help="Share of the utterances never trained on (unless the corpus has its own split).",
        ),
        click.option(
            "--mel-dir",
            type=click.Path(exists=True, file_okay=False),
            help="Folder of features computed elsewhere: <utterance>.npy or .npz, float [frames, "
            "n_mels].",
        ),
        click.option(
            "--layout",
            type=click.Choice(["auto", "folder", "ljspeech", "vctk"]),
            default="auto",
            show_default=True,
            help="How SOURCE is laid out, if it is a folder.",
        ),
    ):
        command = option(command)
    return command


def make_config(
    preset: Optional[str],
    config_file: Optional[str],
    recipe: Optional[str],
    assignments: Tuple[str, ...],
    default: Optional[Config] = None,
) -> Config:
    """Put a configuration together: preset or file, then the recipe, then single values.

    Args:
      preset: name of a preset, or None.
      config_file: path of a YAML file, or None.
      recipe: name of a mel recipe, or None.
      assignments: "dotted.path=value" each; values are YAML.
      default: what to start from without preset and file.
    """
    if preset and config_file:
        raise click.UsageError("--preset and --config exclude each other.")
    if preset and preset not in configuration.presets():
        raise WaveRNNError(
            f"Unknown preset {preset!r}; there are {', '.join(configuration.presets())}. A YAML "
            "file is given by --config."
        )
    source = preset or config_file
    config = configuration.load(source) if source else (default or Config())
    values = parse(assignments)
    if recipe:
        from wavernn_tf.config import recipes

        mel = configuration.to_dict(recipes.find(recipe))
        values = {**{f"mel.{key}": value for key, value in mel.items()}, **values}
    return configuration.override(config, values)


def parse(assignments: Tuple[str, ...]) -> Dict[str, Any]:
    """Values by dotted path of "dotted.path=value" texts; values are YAML."""
    return dict(_parse(text) for text in assignments)


def _parse(text: str) -> Tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.UsageError(f"Expected --set KEY=VALUE; got {text!r}.")
    try:
        return key.strip(), configuration.parse_yaml(value)
    except ValueError as error:
        raise click.UsageError(f"The value of --set {text!r} is not YAML.") from error
