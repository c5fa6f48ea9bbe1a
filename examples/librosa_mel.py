"""A mel from another toolkit into a voice: librosa's default features.

    python examples/librosa_mel.py voice.tflite recording.wav out.wav

The voice must have been trained on the recipe `librosa` (`wavernn-tf prepare --recipe librosa`): a
vocoder understands only the features it was trained on, and another recipe is refused.
"""

import sys

import librosa

from wavernn_tf.config import recipes
from wavernn_tf.export.runtime import Vocoder, write_wav


def main(voice_path: str, recording: str, wav_path: str) -> None:
    """Compute librosa's mel of a recording and speak it."""
    audio, rate = librosa.load(recording)  # librosa resamples to 22,050 Hz
    power = librosa.feature.melspectrogram(y=audio, sr=rate)  # [n_mels, 1 + samples // hop]
    # top_db looks at the loudest frame of the whole recording, which a stream cannot know.
    mel = librosa.power_to_db(power, top_db=None).T[: -(-len(audio) // 512)]
    voice = Vocoder.load(voice_path)
    speech = voice.synthesize(mel, seed=1, recipe=recipes.find("librosa"))
    write_wav(wav_path, speech, voice.info.mel.sample_rate)
    print(f"{len(speech) / rate:.2f} s of audio")


if __name__ == "__main__":
    main(*sys.argv[1:4])
