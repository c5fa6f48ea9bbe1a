from __future__ import annotations

from pathlib import Path

import pytest

from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.pipelines import corpora, prepare

SPEECH = Path(__file__).parents[1] / "data" / "speech"


@pytest.fixture(scope="session")
def speech() -> Path:
    """The clips in the repository."""
    return SPEECH


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clips, prepared in several shards."""
    out = tmp_path_factory.mktemp("prepared")
    corpus = corpora.folder(SPEECH)
    prepare.prepare(corpus, out, MelRecipe(), SignalConfig(), progress=False, shard_size=4)
    return out
