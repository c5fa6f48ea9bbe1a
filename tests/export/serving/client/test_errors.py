"""Whatever a client does wrong comes back as a status with its cause, and the server lives on."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import numpy as np
import pytest

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving.client.connection import connect
from wavernn_tf.export.serving.client.remote_voice import RemoteVoice
from wavernn_tf.export.serving.client.target import ServingError, parse

pytest.importorskip("tensorflow_serving")
FRAMES = 4
WIDE = "features: expected float32 [*, *, 10]"


def good_inputs(served):
    return {
        "features": served.features(FRAMES, 1)[None],
        "lengths": np.int32([FRAMES]),
        "seed": np.int64([1]),
        "temperature": np.float32([1]),
        "fine_temperature": np.float32([1]),
    }


@pytest.fixture(autouse=True)
def lives_on(server, served):
    """After each test a good request is answered as before, by both protocols."""
    yield
    for url in server.urls.values():
        with connect(parse(url)) as connection:
            audio = RemoteVoice(connection).synthesize(served.features(FRAMES, 1), 1)
        served.assert_spoken(audio, served.features(FRAMES, 1), 1)


def refused(url, inputs, signature="synthesize_wav", **options):
    with connect(parse(url, **options)) as connection:
        with pytest.raises(ServingError) as caught:
            connection.predict(signature, inputs)
    return caught.value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("features", np.zeros([1, FRAMES, 10], np.int64), WIDE),
        ("features", np.array([[[b"x"] * 10]], object), WIDE),
        ("features", np.zeros([FRAMES, 10], np.float32), WIDE),
        (
            "features",
            np.zeros([1, FRAMES, 11], np.float32),
            WIDE,
        ),
        ("lengths", np.float32([FRAMES]), "lengths: expected int32 [*], got float32"),
        ("seed", np.float32([0.5]), "seed: expected int64 [*], got float32 [1]"),
        (
            "temperature",
            np.array([b"hot"], object),
            "temperature: expected float32 [*]",
        ),
    ],
    ids=["integers", "strings", "rank", "width", "lengths", "seed", "temperature"],
)
def test_inputs_of_another_type_or_shape(url, served, name, value, expected):
    if url.startswith("http") and value.dtype == np.int64:
        pytest.skip("JSON has one kind of number: whole ones are good floats")
    error = refused(url, {**good_inputs(served), name: value})
    assert error.code == "INVALID_ARGUMENT"
    assert expected in str(error)


def test_a_missing_input(url, served):
    inputs = good_inputs(served)
    del inputs["seed"]
    error = refused(url, inputs)
    assert error.code == "INVALID_ARGUMENT"
    assert "seed" in str(error).split("The inputs:")[0]  # the server itself says so
    assert "seed: missing" in str(error)


def test_an_input_too_many(server, served):
    error = refused(server.urls["grpc"], {**good_inputs(served), "volume": np.float32([1])})
    assert error.code == "INVALID_ARGUMENT"
    assert "volume: not an input of the signature" in str(error)
    body = {"instances": [{**row_of(good_inputs(served)), "volume": 1.0}]}
    status, answer = post(server, json.dumps(body))
    assert status == 400 and "volume" in answer["error"]


def test_different_numbers_of_rows(url, served):
    error = refused(url, {**good_inputs(served), "seed": np.int64([1, 2])})
    assert error.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"lengths": np.int32([0])}, "lengths: expected 1 to 4 frames; got 0"),
        ({"lengths": np.int32([FRAMES + 1])}, "lengths: expected 1 to 4 frames; got 5"),
        ({"lengths": np.int32([-(2**31)])}, "lengths: expected 1 to 4"),
        ({"temperature": np.float32([-1])}, "temperature: expected"),
        ({"fine_temperature": np.float32([np.nan])}, "fine_temperature: expected"),
        ({"features": np.full([1, FRAMES, 10], np.nan, np.float32)}, "features: expected finite"),
        ({"features": np.full([1, FRAMES, 10], np.inf, np.float32)}, "features: expected finite"),
    ],
    ids=["none", "long", "negative", "cold", "nan-heat", "nan", "inf"],
)
def test_bad_values_are_told_by_the_row(url, served, change, expected):
    """The request succeeds; the row's status says what is wrong with it, and it has no audio."""
    with connect(parse(url)) as connection:
        outputs = connection.predict("synthesize_wav", {**good_inputs(served), **change})
    assert expected in outputs["status"][0].decode()
    assert outputs["wav_bytes"][0] == b""


def test_no_frames_are_told_by_the_row(url, served):
    inputs = {**good_inputs(served), "features": np.zeros([1, 0, 10], np.float32)}
    if url.startswith("http"):
        pytest.skip("JSON cannot write how wide no frames are")
    with connect(parse(url)) as connection:
        outputs = connection.predict("synthesize_wav", inputs)
    assert outputs["status"][0].startswith(b"lengths: expected 1 to 0 frames; got 4")


def test_audio_that_is_too_short_is_told_by_its_row(url, served):
    inputs = {"features": served.features(FRAMES, 1)[None], "lengths": np.int32([FRAMES])}
    inputs["audio"] = np.zeros([1, FRAMES * served.hop - 1], np.int16)
    with connect(parse(url)) as connection:
        outputs = connection.predict("score", inputs)
    assert outputs["status"][0] == b"audio: expected 160 samples for its frames; got 159"
    assert not np.any(outputs["log_likelihood"])


def test_no_rows(server, served):
    inputs = {name: x[:0] for name, x in good_inputs(served).items()}
    error = refused(server.urls["grpc"], inputs)
    assert "features: expected at least one row" in str(error)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"\xff\x00garbage" * 50], ids=["none", "cut", "any"]
)
def test_garbage_for_a_wav_file(url, data):
    with connect(parse(url)) as connection:
        with pytest.raises(ServingError, match="refused the row: wav_bytes: expected"):
            RemoteVoice(connection).features_of(data)


def test_a_state_that_is_none(url, served):
    inputs = {**good_inputs(served), "final": np.array([True])}
    with connect(parse(url)) as connection:
        inputs["state"] = np.array([b"\xffnonsense\x00"], object)
        outputs = connection.predict("stream", inputs)
    assert b"state: expected" in outputs["status"][0]
    assert outputs["state"][0] == b""


def test_a_bad_row_does_not_spoil_its_batch(url, served):
    rows = {name: np.concatenate([x, x, x]) for name, x in good_inputs(served).items()}
    rows["features"][1, 2, 3] = np.nan
    with connect(parse(url)) as connection:
        outputs = connection.predict("synthesize_wav", rows)
        alone = connection.predict("synthesize_wav", good_inputs(served))
    assert [bool(status) for status in outputs["status"]] == [False, True, False]
    assert outputs["wav_bytes"][0] == outputs["wav_bytes"][2] == alone["wav_bytes"][0]


def test_more_rows_than_a_batch_holds(url, served):
    rows = {name: np.repeat(x, 65, axis=0) for name, x in good_inputs(served).items()}
    assert "Task size 65 is larger than" in str(refused(url, rows))


@pytest.mark.parametrize("options", [{"model": "nobody"}, {"version": 7}], ids=["model", "version"])
def test_what_is_not_served(url, served, options):
    error = refused(url, good_inputs(served), **options)
    assert error.code == "NOT_FOUND"
    assert "See --model" in str(error)
    assert str(next(iter(options.values()))) in str(error)
    with connect(parse(url, **options)) as connection, pytest.raises(ServingError):
        connection.versions()


def test_an_unknown_signature(url, served):
    error = refused(url, good_inputs(served), signature="sing")
    assert error.code in ("FAILED_PRECONDITION", "INVALID_ARGUMENT")
    assert '"sing" not found' in str(error)


def test_an_oversized_request(url, served):
    inputs = {**good_inputs(served), "features": np.zeros([1, 60000, 10], np.float32)}
    error = refused(url, inputs)
    assert error.code == "RESOURCE_EXHAUSTED"
    assert "takes no more" in str(error)


# ---------------------------------------------------------------------- the network


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_nobody_answers(scheme, served):
    error = refused(f"{scheme}://localhost:{free_port()}", good_inputs(served), retries=1)
    assert error.code == "UNAVAILABLE"
    assert "No answer from" in str(error) and "Is the server started" in str(error)


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_server_that_hangs(scheme, served):
    with socket.create_server(("localhost", 0)) as silent:
        url = f"{scheme}://localhost:{silent.getsockname()[1]}"
        error = refused(url, good_inputs(served), timeout=0.5, retries=0)
    assert error.code == "DEADLINE_EXCEEDED"
    assert "did not answer within 0.5 s: raise --timeout" in str(error)


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_the_other_protocols_port(scheme, server, served):
    other = server.grpc_port if scheme == "http" else server.rest_port
    error = refused(f"{scheme}://localhost:{other}", good_inputs(served), timeout=5, retries=0)
    assert error.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNIMPLEMENTED")


def test_a_server_that_starts_late_is_asked_again(server, served, monkeypatch):
    from wavernn_tf.export.serving.client import rest_connection
    from wavernn_tf.export.serving.client.target import explain

    ask, tries = rest_connection.RestConnection._ask, []

    def starting(self, *arguments):
        tries.append(1)
        if len(tries) < 3:
            raise explain(self.target, "UNAVAILABLE", "starting")
        return ask(self, *arguments)

    monkeypatch.setattr(rest_connection.RestConnection, "_ask", starting)
    with connect(parse(server.urls["http"], retries=2)) as connection:
        assert connection.predict("synthesize_wav", good_inputs(served))["wav_bytes"][0]
    assert len(tries) == 3


@pytest.mark.parametrize(
    "url", ["localhost:8500", "ftp://x:1", "grpc://", "grpc://x:1/y", "http://x:no"]
)
def test_a_url_that_is_none(url):
    with pytest.raises(WaveRNNError, match="Expected --url grpc://host:port"):
        parse(url)


# ------------------------------------------------------------------------- raw REST


def row_of(inputs):
    return {name: array[0].tolist() for name, array in inputs.items()}


def ask(server, method, path, body=None):
    parts = urlsplit(server.urls["http"])
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.request(method, path, body)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def post(server, body, path="/v1/models/voice:predict"):
    return ask(server, "POST", path, body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "empty"),
        ("{", "JSON Parse error"),
        ("[1]", "not an object"),
        ("{}", "'inputs' and 'instances'"),
        ('{"inputs": {}, "instances": []}', "'inputs' and 'instances'"),
        ('{"instances": []}', "'instances'"),
        ('{"instances": [{"features": 3}]}', "keys"),
        ('{"inputs": [1, 2]}', "several inputs"),
        ('{"signature_name": 5, "inputs": {}}', "signature_name"),
        ('{"signature_name": "features", "inputs": {"wav_bytes": [{"b64": "?"}]}}', "base64"),
        ('{"signature_name": "features", "inputs": {"wav_bytes": [7]}}', "base64"),
    ],
)
def test_bodies_that_are_no_request(server, body, expected):
    status, answer = post(server, body)
    assert status == 400
    assert list(answer) == ["error"] and expected in answer["error"]


def test_ragged_rows_are_refused_and_named(server, served):
    rows = [row_of(good_inputs(served)), row_of(good_inputs(served))]
    rows[1]["features"] = rows[1]["features"][:2]
    status, answer = post(server, json.dumps({"instances": rows}))
    assert status == 400 and "element: 1 key: features" in answer["error"]


def test_routes_that_are_none(server):
    assert post(server, "{}", "/v1/models/voice:sing")[0] == 400
    assert ask(server, "GET", "/v1/else")[0] == 400
    assert ask(server, "GET", "/v1/models/nobody")[0] == 404
    assert ask(server, "GET", "/v1/models/voice/versions/7/metadata")[0] == 404


def test_rows_and_columns_give_the_same(server, served):
    inputs = {name: np.concatenate([x, x]) for name, x in good_inputs(served).items()}
    inputs["seed"][1] = 2
    rows = [{n: a[i].tolist() for n, a in inputs.items()} for i in range(2)]
    columns = {name: array.tolist() for name, array in inputs.items()}
    status, by_row = post(server, json.dumps({"instances": rows}))
    assert status == 200
    status, by_column = post(server, json.dumps({"inputs": columns}))
    assert status == 200
    for name, values in by_column["outputs"].items():
        assert values == [row[name] for row in by_row["predictions"]]
    assert by_column["outputs"]["audio"][0] != by_column["outputs"]["audio"][1]
