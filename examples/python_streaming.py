"""Streaming synthesis: audio comes while features still arrive.

    python examples/python_streaming.py voice.tflite mel.npy out.wav

It needs numpy, nothing else; a TFLite interpreter is used where one is installed.
"""

import sys
import time

import numpy as np

from wavernn_tf.export.runtime import Vocoder, write_wav


def main(voice_path: str, mel_path: str, wav_path: str, frames_per_chunk: int = 10) -> None:
    """Speak the features of a .npy file in chunks, as a text-to-speech model would emit them."""
    voice = Vocoder.load(voice_path)
    mel = np.load(mel_path)  # float32 [frames, n_mels]
    chunks = (mel[i : i + frames_per_chunk] for i in range(0, len(mel), frames_per_chunk))
    pieces, start = [], time.perf_counter()
    for audio in voice.stream(chunks, seed=1):
        if not pieces:
            print(f"first audio after {1000 * (time.perf_counter() - start):.1f} ms")
        pieces.append(audio)  # int16; play it here
    seconds = time.perf_counter() - start
    audio = np.concatenate(pieces)
    write_wav(wav_path, audio, voice.info.mel.sample_rate)
    duration = len(audio) / voice.info.mel.sample_rate
    print(f"{duration:.2f} s of audio in {seconds:.2f} s: {duration / seconds:.1f} x real time")


if __name__ == "__main__":
    main(*sys.argv[1:4])
