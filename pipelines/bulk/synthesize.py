"""Bulk synthesis: a folder or a list of recordings and features to WAV files.

    list of items -> done? -> features -> RunInference (the voice) -> WAV -> counts, dead letters
                          skipped    failed          failed

Every item is written under a temporary name and renamed; one that is there and whole is not made
again. So a job that was killed goes on where it stopped, and a bundle that a runner repeats does no
harm.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, Iterable, Union

import apache_beam as beam
import numpy as np
from apache_beam.ml.inference.base import RunInference
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import TaggedOutput

from wavernn_tf import files
from wavernn_tf.audio import feature_files
from wavernn_tf.audio.wav import is_own_wav, write_wav
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import manifest
from wavernn_tf.pipelines.bulk import items as items_lib
from wavernn_tf.pipelines.bulk import outcomes, running
from wavernn_tf.pipelines.bulk.fingerprint import fingerprint
from wavernn_tf.pipelines.bulk.items import Item
from wavernn_tf.pipelines.bulk.outcomes import Outcome, Summary
from wavernn_tf.pipelines.bulk.voice_handler import Spoken, VoiceHandler, VoiceOptions
from wavernn_tf.voice import inputs, shipped
from wavernn_tf.voice.metadata import VoiceInfo

SCHEMA = 1
SETTINGS = "bulk.json"
"""Written first: it tells that a folder is ours, and what its audio was made by."""

ITEMS, FAILURES, SUMMARY = "bulk_items.jsonl", "bulk_failures.jsonl", "bulk_summary.json"


def features_of(path: str, info: VoiceInfo) -> np.ndarray:
    """Features of a .npy or .npz file or of a recording, as `wavernn-tf synthesize` has them.

    Args:
      path: of the file.
      info: of the voice.

    Returns:
      float32 [frames, n_features].

    Raises:
      WaveRNNError: naming the file, for anything wrong with it.
    """
    own = info.mel
    if Path(path).suffix.lower() in feature_files.EXTENSIONS:
        return feature_files.read(path, own.n_mels + info.signal.extra_features)
    from wavernn_tf.audio.resample import resample
    from wavernn_tf.pipelines import audio
    from wavernn_tf.voice import features

    return features.compute(audio.read(path, own.sample_rate, resample), own, info.signal)


class ReadFeatures(beam.DoFn):
    """Items to examples; outcomes of those that are done or cannot be read go to "outcomes".

    Args:
      info: of the voice.
      out: the output folder.
    """

    def __init__(self, info: VoiceInfo, out: str) -> None:
        self._info, self._out = info, out

    def process(self, item: Item) -> Iterable[Any]:
        """Read one item."""
        if item.is_done(self._out):
            yield TaggedOutput("outcomes", Outcome(item.id, item.path, "skipped"))
            return
        try:
            _need_free(item.out(self._out))
            mel = inputs.check_features(features_of(item.path, self._info), self._info)
        except WaveRNNError as error:
            yield TaggedOutput("outcomes", _failed(item, str(error)))
        else:
            yield item, mel


class WriteAudio(beam.DoFn):
    """What the voice made of examples, to files and outcomes.

    Args:
      sample_rate: in Hz.
      out: the output folder.
    """

    def __init__(self, sample_rate: int, out: str) -> None:
        self._rate, self._out = sample_rate, out

    def process(self, spoken: Spoken) -> Iterable[Outcome]:
        """Write one file."""
        item, audio = spoken.item, spoken.audio
        if audio is None:
            yield _failed(item, spoken.reason)
            return
        write_wav(item.out(self._out), audio, self._rate)
        yield Outcome(item.id, item.path, "made", len(audio))


def _failed(item: Item, reason: str) -> Outcome:
    named = reason if item.path in reason else f"{item.path}: {reason}"
    return Outcome(item.id, item.path, "failed", reason=named)


def _need_free(path: Path) -> None:
    """Keep what the project did not write."""
    if path.is_dir() or (path.exists() and path.stat().st_size and not is_own_wav(path)):
        raise WaveRNNError(
            f"{path} exists and was not written by wavernn-tf: it is kept. Choose another output "
            "folder, or remove it."
        )


def build(
    pipeline: beam.Pipeline, info: VoiceInfo, options: VoiceOptions, out: Path
) -> beam.PCollection:
    """Add the transforms of a job.

    Args:
      pipeline: to add to.
      info: of the voice.
      options: which voice speaks, and how.
      out: the output folder, which holds the list of items.

    Returns:
      The outcomes of all items.
    """
    folder = str(out)
    read = (
        pipeline
        | "List" >> beam.Create([str(out / ITEMS)])
        | "Items" >> beam.FlatMap(items_lib.read)
        | "Spread" >> beam.Reshuffle()
        | "Features"
        >> beam.ParDo(ReadFeatures(info, folder)).with_outputs("outcomes", main="examples")
    )
    made = (
        read.examples
        | "Voice" >> RunInference(VoiceHandler(options))
        | "Audio" >> beam.ParDo(WriteAudio(info.mel.sample_rate, folder))
    )
    found = (
        (read.outcomes, made)
        | "Outcomes" >> beam.Flatten()
        | "Count" >> beam.ParDo(outcomes.Count())
    )
    _ = (
        found
        | "Summary" >> beam.CombineGlobally(outcomes.Summarise())
        | "Put down" >> beam.Map(outcomes.write_summary, str(out / FAILURES), str(out / SUMMARY))
    )
    return found


def synthesize(
    source: Path,
    out: Path,
    options: VoiceOptions,
    beam_options: PipelineOptions,
    seed: int = 0,
    seeds: str = "same",
) -> Summary:
    """Speak every file of a folder or a list.

    Args:
      source: a folder, or a list of files; see `items.find`.
      out: folder for `<id>.wav`. The same job again makes what is missing.
      options: which voice speaks, and how.
      beam_options: of `running.options`.
      seed: of the job; see `items.item_seed`.
      seeds: one of `items.SEEDS`.

    Returns:
      What became of the items.

    Raises:
      WaveRNNError: if the voice or the inputs are missing, the folder must not be written, was made
        by other settings or is in use, or the job fails.
    """
    inputs.check_draw(seed, options.temperature, options.fine_temperature)
    found = items_lib.find(source, seed, seeds)
    _claim(out, source, options)
    info = options.open().info
    with files.exclusive(out, "synthesizes"):
        _check_settings(out, options, seed, seeds)
        for folder in {out, *(item.out(out).parent for item in found)}:
            files.remove_abandoned(folder)
        (out / SUMMARY).unlink(missing_ok=True)
        items_lib.write(out / ITEMS, found)
        running.run(lambda p: build(p, info, options, out.resolve()), beam_options)
        return outcomes.read_summary(out / FAILURES, out / SUMMARY)


def _claim(out: Path, source: Path, options: VoiceOptions) -> None:
    reads = [source] if source.is_dir() else []
    entries = files.claim_folder(out, [*reads, shipped.resolve(options.voice)])
    if files.is_json_with(out / SETTINGS, ("schema", "voice")):
        return
    ours = [p.name for p in entries if p.name in (SETTINGS, ITEMS, FAILURES, SUMMARY)]
    if ours:
        raise WaveRNNError(
            f"{out} holds {', '.join(ours)}, which `wavernn-tf bulk synthesize` would replace and "
            "did not write there: it is kept. Use another folder."
        )


def _check_settings(out: Path, options: VoiceOptions, seed: int, seeds: str) -> None:
    """Record what makes the audio at the first run; compare it at every other."""
    asked: Dict[str, Union[str, int, float]] = dataclasses.asdict(options)
    del asked["runtime"]  # the samples do not depend on it
    asked.update({"schema": SCHEMA, "voice": fingerprint(options.voice)})
    asked.update({"seed": seed, "seeds": seeds})
    manifest.same_settings(out / SETTINGS, asked, "made")
