"""The page for operators in a kit."""

from __future__ import annotations

from typing import Mapping, Tuple

from wavernn_tf.voice.metadata import VoiceInfo

_PAGE = """# Voices behind TF Serving

Written by `{mark}`. The folder above each version is mounted as it was when this was written; a new
version, `PATH/2`, is taken by the running server by itself.

| model | newest version | samples a second | samples per frame | features per frame |
|---|---|---|---|---|
{rows}

## Start

    docker compose up -d
    curl http://localhost:8501/v1/models/{model}

The second command says `AVAILABLE` once the warm-up requests are done. gRPC is on port 8500, REST
on port 8501. Neither is encrypted: keep them in your own network, or put a proxy with TLS in front.

## Ask

    pip install 'wavernn-tf[serving]'
    wavernn-tf client --url http://localhost:8501 --model {model} synthesize in.wav out.wav
    wavernn-tf client --url grpc://localhost:8500 --model {model} synthesize in.wav - --stream

Without our client, a recording goes in as base64 (16-bit mono WAV at {rate} samples a second):

    echo '{{"signature_name": "features", "inputs": {{"wav_bytes": [{{"b64": "'\\
    $(base64 -w 0 recording.wav)'"}}]}}}}' > request.json
    curl -d @request.json http://localhost:8501/v1/models/{model}:predict

## Watch

`prometheus.yml` scrapes `{metrics}` on port 8501. Watch
`:tensorflow:serving:request_count` (by `status`: anything but OK),
`:tensorflow:serving:request_latency` (microseconds) and
`:tensorflow:serving:batching_session:queuing_latency` (a queue that grows needs another replica).
Requests carry all state, so that any replica may take any request, a stream's next chunk too.

## Sizes

A batch holds {batch} rows at most (`batching.config`), and takes as long as its longest row: keep
utterances to sentences. A request with more rows than that is refused.
"""


def text(models: Mapping[str, Tuple[str, VoiceInfo]], batch: int, metrics: str, mark: str) -> str:
    """The page as Markdown.

    Args:
      models: newest version and description of each model, by name.
      batch: rows of the largest batch.
      metrics: path of the metrics.
      mark: names the command that wrote it.
    """
    rows = [
        f"| `{name}` | {version} | {info.mel.sample_rate} | {info.mel.hop_length} | "
        f"{info.mel.n_mels + info.signal.extra_features} |"
        for name, (version, info) in models.items()
    ]
    model, (_, info) = next(iter(models.items()))
    return _PAGE.format(
        mark=mark,
        rows="\n".join(rows),
        model=model,
        rate=info.mel.sample_rate,
        metrics=metrics,
        batch=batch,
    )
