"""`wavernn-tf bulk synthesize`: the very audio of `synthesize`, dead letters, resuming, runners."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: the extra [beam]")

from tests.cli.test_group import environment
from wavernn_tf.audio.wav import wav_bytes, write_wav
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.pipelines import audio
from wavernn_tf.pipelines.bulk import running

HELD_OUT = Path(__file__).parents[2] / "voices" / "en_ru" / "held_out"


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Three cuts of held-out clips, 0.4 s each, one of them in a folder of its own."""
    folder = tmp_path_factory.mktemp("source")
    for at, path in enumerate(sorted(HELD_OUT.glob("*.flac"))):
        speech = audio.read(path, 16000)[8000 : 8000 + 6400 + 77 * at]
        write_wav(folder / ("in" if at == 1 else ".") / f"{path.stem}.wav", speech, 16000)
    return folder


def made(folder: Path) -> dict:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*.wav")
        if p.is_file()
    }


def lines(path: Path) -> list:
    return [json.loads(line) for line in path.read_text().splitlines()]


def one_by_one(invoke, voice, folder: Path, out: Path, *options: object) -> dict:
    """What `synthesize` writes for every item of a job, with its seed."""
    for item in lines(folder / "bulk_items.jsonl"):
        path = out / f"{item['id']}.wav"
        done = invoke("synthesize", voice, item["path"], path, "--seed", item["seed"], *options)
        assert done.exit_code == 0, done.stderr
    return made(out)


def test_the_shipped_voice_says_what_the_command_says(invoke, source, tmp_path):
    out = tmp_path / "out"
    result = invoke("bulk", "synthesize", source, out, "--seed", "5")
    assert result.exit_code == 0, result.stderr
    assert "3 made" in result.stdout and "0 failed" in result.stdout
    found = made(out)
    assert len(found) == 3 and "in/en_vm-marked-urgent.wav" in found
    assert found == one_by_one(invoke, "en_ru", out, tmp_path / "wanted")
    # Another seed gives other samples.
    name = "ru_0263.wav"
    assert invoke("synthesize", source / name, tmp_path / name, "--seed", "6").exit_code == 0
    assert (tmp_path / name).read_bytes() != found[name]


def test_seeds_by_id_and_options(invoke, source, tmp_path):
    out, options = tmp_path / "out", ("--temperature", "0.7", "--no-postfilter")
    result = invoke("bulk", "synthesize", source, out, "--seeds", "by-id", *options)
    assert result.exit_code == 0, result.stderr
    seeds = [item["seed"] for item in lines(out / "bulk_items.jsonl")]
    assert len(set(seeds)) == 3
    assert made(out) == one_by_one(invoke, "en_ru", out, tmp_path / "wanted", *options)


@pytest.mark.parametrize("form", ["tflite", "saved_model", "run"])
def test_every_form_of_a_voice_and_features(invoke, form, mel, recordings, request, tmp_path):
    voice = request.getfixturevalue(form)
    listed = tmp_path / "list.txt"
    name = sorted(p.name for p in recordings.glob("*.wav"))[0]
    listed.write_text(f"{mel}\n{recordings / name}\n")
    out = tmp_path / "out"
    result = invoke("bulk", "synthesize", listed, out, "--voice", voice, "--seed", "3")
    assert result.exit_code == 0, result.stderr
    assert len(made(out)) == 2
    assert made(out) == one_by_one(invoke, voice, out, tmp_path / "wanted")


def test_again_makes_what_is_missing(invoke, mel, tflite, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    features = np.load(mel)
    for at in range(5):
        np.save(source / f"m{at}.npy", features[at : at + 20])
    assert "5 made" in invoke("bulk", "synthesize", source, out, "--voice", tflite).stdout
    before = made(out)
    times = {name: (out / name).stat().st_mtime_ns for name in before}
    (out / "m0.wav").unlink()
    (out / "m1.wav").write_bytes(before["m1.wav"][:-60] + before["m1.wav"][-40:])  # cut, still ours
    np.save(source / "m2.npy", features[:20])  # newer than its audio
    result = invoke("bulk", "synthesize", source, out, "--voice", tflite)
    assert "3 made" in result.stdout and "2 there before" in result.stdout, result.stdout
    after = made(out)
    kept = {name for name in times if (out / name).stat().st_mtime_ns == times[name]}
    assert kept == {"m3.wav", "m4.wav"}
    assert {n for n in after if after[n] != before[n]} == {"m2.wav"}
    assert after["m2.wav"] == before["m0.wav"]
    # Other settings are refused, and nothing is touched.
    result = invoke("bulk", "synthesize", source, out, "--voice", tflite, "--seed", "1")
    assert result.exit_code == 2 and "seed: 0 there, 1 now" in result.stderr
    result = invoke("bulk", "synthesize", source, out)
    assert result.exit_code == 2 and "made with other settings: voice" in result.stderr
    assert made(out) == after
    (out / "bulk.json").write_text('{"schema": 1, "voice"')
    result = invoke("bulk", "synthesize", source, out, "--voice", tflite)
    assert result.exit_code == 2 and "holds bulk.json" in result.stderr
    assert made(out) == after


def test_batches_say_what_the_voice_says_alone(invoke, mel, tflite, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    features = np.load(mel)
    for at in range(20):
        np.save(source / f"m{at}.npy", features[: at + 3] if at != 7 else features[:5] * np.nan)
    result = invoke("bulk", "synthesize", source, out, "--voice", tflite, "--seeds", "by-id")
    assert result.exit_code == 3 and "19 made" in result.stdout, result.stderr
    voice = Vocoder.load(tflite)
    for item in lines(out / "bulk_items.jsonl"):
        if item["id"] != "m7":
            audio = voice.synthesize(np.load(item["path"]), item["seed"])
            assert (out / f"{item['id']}.wav").read_bytes() == wav_bytes(audio, 16000)


def test_bad_files_are_dead_letters(invoke, mel, tflite, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "sub").mkdir(parents=True)
    features = np.load(mel)[:20]
    np.save(source / "good.npy", features)
    np.save(source / "sub" / "transposed.npy", features.T)
    np.save(source / "loud.npy", features + 1000)
    (source / "empty.wav").write_bytes(b"")
    (source / "text.flac").write_text("text " * 100)
    np.save(source / "taken.npy", features)
    (out / "taken.wav").mkdir(parents=True)
    result = invoke("bulk", "synthesize", source, out, "--voice", tflite)
    assert result.exit_code == 3, result.stderr
    assert "1 made" in result.stdout and "5 failed" in result.stdout
    assert "5 files could not be used" in result.stderr
    dead = {line["id"]: line for line in lines(out / "bulk_failures.jsonl")}
    assert list(dead) == ["empty", "loud", "sub/transposed", "taken", "text"]
    for key, reason in {
        "empty": "the file is empty",
        "loud": "of another scale",
        "sub/transposed": "It is transposed",
        "taken": "exists and was not written by wavernn-tf",
        "text": "not a whole",
    }.items():
        assert reason in dead[key]["reason"] and dead[key]["path"] in dead[key]["reason"]
    assert set(made(out)) == {"good.wav"}
    # Mended, and nothing else is made again.
    (out / "taken.wav").rmdir()
    for bad in ("sub/transposed.npy", "loud.npy", "empty.wav", "text.flac"):
        (source / bad).unlink()
    result = invoke("bulk", "synthesize", source, out, "--voice", tflite)
    assert result.exit_code == 0 and "1 made" in result.stdout and "1 there before" in result.stdout
    assert (out / "bulk_failures.jsonl").read_text() == ""


def test_what_cannot_begin_is_one_line(invoke, mel, tflite, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    np.save(source / "a.npy", np.load(mel)[:5])

    def refused(*arguments: object) -> str:
        result = invoke("bulk", "synthesize", source, *arguments)
        assert result.exit_code == 2, result.stdout
        return result.stderr

    assert "it does not know --no_such" in refused(out, "--", "--no_such=1")
    assert "it does not know stray" in refused(out, "stray")
    assert "Expected a runner of Apache Beam; got 'Nobody'" in refused(
        out, "--voice", tflite, "--runner", "Nobody"
    )
    assert "does not exist" in refused(out, "--voice", "nobody")
    assert "lies inside" in refused(source / "out")
    out.mkdir(exist_ok=True)
    for path in out.glob("bulk*"):
        path.unlink()
    (out / "bulk_failures.jsonl").write_text("mine\n")
    assert "did not write there" in refused(out)
    assert [p.name for p in out.iterdir()] == ["bulk_failures.jsonl"]


def _full(_: int) -> None:
    raise OSError(28, "No space left on device", "/disk/x.wav")


def _bug(_: int) -> None:
    raise KeyError("a bug")


def test_errors_of_workers():
    import apache_beam as beam

    def job(work):
        return lambda pipeline: pipeline | beam.Create([1]) | beam.Map(work)

    with pytest.raises(WaveRNNError, match="No space left on device: '/disk/x.wav'"):
        running.run(job(_full), running.options("DirectRunner", []))
    with pytest.raises(Exception, match="a bug") as raised:
        running.run(job(_bug), running.options("DirectRunner", []))
    assert not isinstance(raised.value, WaveRNNError)


def command(*arguments: object) -> list:
    return [sys.executable, "-m", "wavernn_tf.cli", "bulk", "synthesize", *map(str, arguments)]


@pytest.mark.slow
def test_kill_in_the_middle(mel, tflite, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for at in range(40):
        np.save(source / f"m{at:02d}.npy", np.tile(np.load(mel), [20, 1]))
    job = command(source, out, "--voice", tflite)
    process = subprocess.Popen(job, env=environment(), stdout=subprocess.DEVNULL)
    while len(list(out.glob("*.wav"))) < 3 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = {p.name: p.stat().st_mtime_ns for p in out.glob("*.wav")}
    assert 3 <= len(kept) < 40
    (out / ".wavernn-tf-00000000-left").mkdir()  # as between a file's renaming and its end
    done = subprocess.run(job, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{40 - len(kept)} made" in done.stdout and f"{len(kept)} there before" in done.stdout
    assert {n: (out / n).stat().st_mtime_ns for n in kept} == kept
    assert len(set(made(out).values())) == 1 and len(made(out)) == 40
    assert [p.name for p in out.iterdir() if p.name.startswith(".")] == []


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["processes", "portable"])
def test_other_runners(invoke, mel, tflite, tmp_path, runner):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for at in range(6):
        np.save(source / f"m{at}.npy", np.load(mel)[at : at + 20])
    np.save(source / "bad.npy", np.load(mel).T)
    if runner == "processes":
        options = ["--", "--direct_running_mode=multi_processing", "--direct_num_workers=2"]
        done = subprocess.run(
            command(source, out, "--voice", tflite, *options),
            env=environment(),
            capture_output=True,
            text=True,
        )
    else:
        done = _on_a_job_service(source, out, tflite)
    assert done.returncode == 3, done.stderr
    assert "6 made" in done.stdout and "1 failed" in done.stdout
    assert made(out) == one_by_one(invoke, tflite, _without_bad(out), tmp_path / "wanted")


def _without_bad(out: Path) -> Path:
    path = out / "bulk_items.jsonl"
    kept = [line for line in path.read_text().splitlines(True) if "bad.npy" not in line]
    path.write_text("".join(kept))
    return out


def _on_a_job_service(source: Path, out: Path, tflite: Path) -> subprocess.CompletedProcess:
    """The job, sent through Beam's portable job service to a worker process of its own."""
    ports = out.parent / "port"
    service = [sys.executable, "-m", "apache_beam.runners.portability.local_job_service_main"]
    server = subprocess.Popen(
        [
            *service,
            "--port",
            "0",
            "--port_file",
            str(ports),
            "--staging_dir",
            str(out.parent / "s"),
        ],
        env=environment(),
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (ports.exists() and ports.read_text()) and server.poll() is None:
            time.sleep(0.05)
        endpoint = f"--job_endpoint=localhost:{ports.read_text().strip()}"
        options = ["--runner", "PortableRunner", "--", endpoint, "--environment_type=LOOPBACK"]
        return subprocess.run(
            command(source, out, "--voice", tflite, *options),
            env=environment(),
            capture_output=True,
            text=True,
        )
    finally:
        server.terminate()
        server.wait()
