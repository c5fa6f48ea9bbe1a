"""Speech from a voice that TF Serving serves: features in, a WAV file out.

Needs no package of ours: pip install numpy 'tensorflow-serving-api<2.17'. See README.md::

    python client.py mel.npy out.wav --info saved_model/1/assets.extra/wavernn_tf.json
"""

from __future__ import annotations

import argparse
import json
import wave
from typing import Any, Dict, List, Optional

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


def predict_request(
    features: np.ndarray,
    seed: int = 0,
    temperature: float = 1.0,
    model: str = "voice",
    fine_temperature: float = 1.0,
) -> predict_pb2.PredictRequest:
    """Ask for the audio of one utterance.

    Args:
      features: float [frames, n_features].
      seed: the same seed and features give the same samples.
      temperature: divides the coarse logits; 0 takes the likeliest class.
      model: the server's name for the voice.
      fine_temperature: the same of the fine logits.
    """
    inputs = {
        "features": np.asarray(features, np.float32)[None],
        "lengths": np.array([len(features)], np.int32),
        "seed": np.array([seed], np.int64),
        "temperature": np.array([temperature], np.float32),
        "fine_temperature": np.array([fine_temperature], np.float32),
    }
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = "synthesize"
    for name, array in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    return request


def audio_of(response: predict_pb2.PredictResponse) -> np.ndarray:
    """The audio in the answer: int16 [samples].

    A server that batches answers with the length of the longest utterance in the batch, hence the
    cut. A request that the voice cannot answer is told in its `status`.
    """
    status = tf.make_ndarray(response.outputs["status"])[0].decode()
    if status:
        raise SystemExit(f"The voice refused: {status}.")
    audio = tf.make_ndarray(response.outputs["audio"])[0]
    return audio[: tf.make_ndarray(response.outputs["audio_lengths"])[0]]


def synthesize(
    channel: grpc.Channel,
    features: np.ndarray,
    seed: int = 0,
    temperature: float = 1.0,
    model: str = "voice",
    timeout: float = 600.0,
    fine_temperature: float = 1.0,
) -> np.ndarray:
    """Features [frames, n_features] to int16 [samples], by the server at `channel`.

    Args:
      channel: to TF Serving's gRPC port.
      features: see `predict_request`.
      seed: see `predict_request`.
      temperature: see `predict_request`.
      model: see `predict_request`.
      timeout: in seconds.
      fine_temperature: see `predict_request`.
    """
    service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = predict_request(features, seed, temperature, model, fine_temperature)
    return audio_of(service.Predict(request, timeout=timeout))


def check_width(features: np.ndarray, info: Dict[str, Any]) -> None:
    """Refuse features that the voice was not made for."""
    expected = info["mel"]["n_mels"] + (info["signal"]["pitch"] == "given")
    if features.ndim != 2 or features.shape[1] != expected:
        raise SystemExit(f"Expected features [frames, {expected}]; got {list(features.shape)}.")


def main(arguments: Optional[List[str]] = None) -> None:
    """Read features, ask the server, write a WAV file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("features", help=".npy, float [frames, n_features]")
    parser.add_argument("out", help="the WAV file to write")
    parser.add_argument("--info", required=True, help="wavernn_tf.json of the SavedModel")
    parser.add_argument("--server", default="localhost:8500", help="host:port of gRPC")
    parser.add_argument("--model", default="voice", help="the server's name for the voice")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--fine-temperature", type=float, default=1.0)
    options = parser.parse_args(arguments)
    with open(options.info, encoding="utf-8") as file:
        info = json.load(file)
    features = np.load(options.features)
    check_width(features, info)
    # An answer holds some 100 kB of audio for each three seconds: lift gRPC's limit of 4 MB.
    limit = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(options.server, options=limit) as channel:
        try:
            audio = synthesize(
                channel,
                features,
                options.seed,
                options.temperature,
                options.model,
                fine_temperature=options.fine_temperature,
            )
        except grpc.RpcError as error:
            raise SystemExit(f"{options.server} refused: {error.details()}") from error
    with wave.open(options.out, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(info["mel"]["sample_rate"])
        out.writeframes(audio.astype("<i2").tobytes())


if __name__ == "__main__":
    main()
