"""Make copies of recordings to listen to, and the page that plays them.

    python examples/samples.py docs/samples --voice voices/en_ru/run \
        --recording voices/en_ru/held_out --run plain=runs/plain-384 --run predicted=runs/pitch-384

Copies by a run in float32, int16 and int8, by the baselines (8-bit mu-law, Griffin-Lim from the
same features, WORLD from the recording, which needs the extra `[quality]`), and by other runs in
float32. Copies that are there and not asked for stay: the page shows them all.
"""

import tempfile
from pathlib import Path
from typing import Dict, List, Tuple

import click
import numpy as np

from wavernn_tf.evaluation import baselines, listening_page, packages, quality
from wavernn_tf.evaluation.held_out import Clip
from wavernn_tf.evaluation.listening_page import Track
from wavernn_tf.export import exporter
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.models.run_folder import RunFolder

Copies = Dict[str, Dict[str, np.ndarray]]

WEIGHTS = ("float32", "int16", "int8")
BASELINES = {
    baselines.MU_LAW: Track("mu_law", "mu-law, 8 bit", "Simpler ways"),
    baselines.GRIFFIN_LIM: Track("griffin_lim", "Griffin-Lim, from the same mels", "Simpler ways"),
    baselines.WORLD: Track("world", "WORLD, from the recording", "Simpler ways"),
}


def by_run(run: str, weights: str, clips: List[Clip], temperature: float) -> List[np.ndarray]:
    """Copies by a finished run: int16 [samples] of every recording."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "voice.tflite"
        exporter.to_tflite(run, file, check=False, time=False, weight_type=weights)
        voice = Vocoder.load(file)
        return [voice.synthesize(clip.mel, 0, temperature) for clip in clips]


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--voice", required=True, help="Finished run whose copies are made in three types.")
@click.option("--recording", "recordings", multiple=True, required=True)
@click.option("--run", "others", multiple=True, metavar="TITLE=RUN", help="Another finished run.")
@click.option("--temperature", default=0.95, show_default=True, help="Of the coarse byte.")
def main(
    folder: Path,
    voice: str,
    recordings: Tuple[str, ...],
    others: Tuple[str, ...],
    temperature: float,
) -> None:
    """Put copies of the recordings into FOLDER, and write FOLDER/index.html."""
    recipe = RunFolder.at(voice).config().mel
    clips = quality.read_recordings(recordings, recipe)
    tracks = [Track("original", "recording", "Recording")]
    copies: Dict[str, List[np.ndarray]] = {"original": [clip.audio for clip in clips]}
    for weights in WEIGHTS:
        tracks.append(Track(f"voice_{weights}", f"en_ru, {weights}", "The shipped voice"))
        copies[tracks[-1].name] = by_run(voice, weights, clips, temperature)
        click.echo(tracks[-1].title)
    for label, baseline in baselines.all_for(recipe).items():
        try:
            copies[BASELINES[label].name] = [baseline(clip, recipe, 0) for clip in clips]
            tracks.append(BASELINES[label])
        except packages.MissingPackage as error:
            click.echo(f"note: {error}", err=True)
    for other in others:
        title, _, run = other.partition("=")
        tracks.append(Track(Path(run).name, title, "Runs of docs/claims.md"))
        copies[tracks[-1].name] = by_run(run, "float32", clips, temperature)
        click.echo(title)
    by_recording: Copies = {
        clip.id: {name: made[n] for name, made in copies.items()} for n, clip in enumerate(clips)
    }
    listening_page.add(folder, tracks, by_recording, recipe.sample_rate)
    listening_page.write(folder)
    click.echo(f"open {folder / 'index.html'}")


if __name__ == "__main__":
    main()
