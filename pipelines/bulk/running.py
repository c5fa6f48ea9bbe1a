"""Running a pipeline: Beam's options, and its errors as ours."""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions, StandardOptions
from apache_beam.runners.runner import PipelineState, create_runner

from wavernn_tf.errors import WaveRNNError

LOCAL = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
"""What `DirectRunner` means here: Beam's own tries a binary from the network first."""


def options(runner: str, arguments: Sequence[str]) -> PipelineOptions:
    """Beam's options.

    Args:
      runner: name of a runner, such as DirectRunner, FlinkRunner or DataflowRunner.
      arguments: Beam's own, such as --direct_num_workers=2.

    Raises:
      WaveRNNError: for a runner or an argument that Beam does not know.
    """
    given = PipelineOptions([*arguments])
    unknown = [*_unknown(given), *_stray(arguments)]
    if unknown:
        raise WaveRNNError(
            f"Expected options of Apache Beam after `--`; it does not know {', '.join(unknown)}."
        )
    name = LOCAL if runner == "DirectRunner" else runner
    try:
        create_runner(name)
    except (ValueError, ImportError, AttributeError) as error:
        raise WaveRNNError(f"Expected a runner of Apache Beam; got {runner!r}: {error}") from error
    given.view_as(StandardOptions).runner = name
    # The code of the workers is that of installed modules: nothing of `__main__` is needed.
    given.view_as(SetupOptions).save_main_session = False
    return given


def _unknown(given: PipelineOptions) -> List[str]:
    """Arguments that no options of Beam take."""
    known = given.get_all_options(drop_default=True, retain_unknown_options=False)
    every = given.get_all_options(drop_default=True, retain_unknown_options=True)
    return sorted(f"--{name}" for name in every.keys() - known.keys())


def _stray(arguments: Sequence[str]) -> List[str]:
    """Arguments that are neither options nor the values of options."""
    before = ["", *arguments]
    return [
        text
        for last, text in zip(before, arguments)
        if not text.startswith("-") and (not last.startswith("-") or "=" in last)
    ]


def run(build: Callable[[beam.Pipeline], None], given: PipelineOptions) -> None:
    """Build a pipeline and run it to its end.

    Args:
      build: adds the transforms.
      given: of `options`.

    Raises:
      WaveRNNError: if the job cannot be started or ends otherwise than well.
    """
    runner = given.view_as(StandardOptions).runner
    try:
        pipeline = beam.Pipeline(options=given)
    except ValueError as error:
        raise WaveRNNError(f"The job on {runner} cannot be started: {error}") from error
    try:
        build(pipeline)
        result = pipeline.run()
        state = result.wait_until_finish()
    except Exception as error:
        refused = _cause(error)
        if refused is None:
            raise
        raise WaveRNNError(f"The job on {runner} failed: {refused}") from error
    if state not in (PipelineState.DONE, None):
        raise WaveRNNError(f"The job on {runner} ended as {state}: look into the runner's log.")


def _cause(error: BaseException) -> Optional[str]:
    """What the user can mend, somewhere behind the error of a runner."""
    seen: Optional[BaseException] = error
    while seen is not None:
        if isinstance(seen, (WaveRNNError, OSError)):
            return str(seen)
        seen = seen.__cause__ or seen.__context__
    return None
