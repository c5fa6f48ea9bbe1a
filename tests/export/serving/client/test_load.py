"""The load run: good clients are answered whatever the others do; figures are what they say."""

import os

import pytest

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving.client import load
from wavernn_tf.export.serving.client.load import Plan, Tally
from wavernn_tf.export.serving.client.target import parse

pytest.importorskip("tensorflow_serving")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_nobody_is_harmed(server, scheme):
    plan = Plan(
        clients=6,
        seconds=6,
        frames=(3, 9),
        hang_up=1,
        garbage=2,
        largest=1,
        largest_frames=200,
        pid=os.getpid(),
    )
    tree = load.run(parse(server.urls[scheme]), plan)
    assert tree["errors"] == {}
    assert tree["answers"] > 0 and tree["times_real_time"] > 0
    assert tree["answers_with_other_audio_than_before"] == 0
    assert sum(tree["others"]["hang_up"].values()) > 0
    assert tree["others"]["largest"].keys() == {"answered"}
    garbage = tree["others"]["garbage"]
    assert not any("TAKEN" in kind for kind in garbage)
    assert {kind.split(":")[0] for kind in garbage} >= {"bytes", "nan", "lengths"}
    assert tree["memory_mib"]["most"] >= tree["memory_mib"]["start"] > 0
    assert tree["audio_seconds_per_processor_second"] > 0


def test_a_server_that_answers_wrongly_is_found(server):
    """The canary: a model that does not exist, behind clients who know the voice's form."""
    tally = Tally()
    tally.failed("NOT_FOUND: no such model")
    tally.answered(0.5, 2.0, changed=True)
    tree = load.report(tally, elapsed=4.0, memory=[1.0, 2.0, 3.0])
    assert tree["errors"] == {"NOT_FOUND: no such model": 1}
    assert tree["answers_with_other_audio_than_before"] == 1
    assert tree["times_real_time"] == 0.5
    assert tree["latency_seconds"] == {"p50": 0.5, "p90": 0.5, "p99": 0.5, "p100": 0.5}
    assert tree["memory_mib"]["mean_of_last_third"] == 3.0


def test_no_server_is_told_before_the_run():
    with pytest.raises(WaveRNNError, match="No answer from"):
        load.run(parse("http://localhost:1", retries=0), Plan(clients=1, seconds=1))


def test_no_process_is_told():
    with pytest.raises(WaveRNNError, match="cannot be read"):
        load.resident_mib(2**22 + 1)
