"""The top command: every error that the user can mend is one line and exit code 2."""

from __future__ import annotations

import contextlib
import errno
import sys
import warnings
from typing import Any, Optional, Sequence

import click

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError, WaveRNNWarning

BAD_INPUT = 2
INTERRUPTED = 130
_MENDABLE = (errno.ENOSPC, errno.EROFS, errno.EDQUOT)


class Commands(click.Group):
    """A group whose `main` ends with a clean line instead of a traceback.

    `WaveRNNError`, wrong usage and files that cannot be opened give exit code 2, Ctrl-C gives 130.
    Any other exception is a bug, and keeps its traceback.
    """

    def main(
        self,
        args: Optional[Sequence[str]] = None,
        prog_name: Optional[str] = None,
        complete_var: Optional[str] = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run; see `click.Command.main`."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError, OSError):
                # Names of files may hold what the terminal cannot show.
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("once", WaveRNNWarning)
                warnings.showwarning = _show_warning  # type: ignore[assignment]
                if "" in (sys.argv[1:] if args is None else args):
                    raise click.UsageError("An argument is empty: is a variable unset?")
                code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.Abort:
            _fail("interrupted")
            sys.exit(INTERRUPTED)
        except click.ClickException as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # click >= 8.2: help was asked for
                error.show()
            else:
                _fail(f"{error.format_message()}{_hint(error)}")
            sys.exit(BAD_INPUT)
        except WaveRNNError as error:
            _fail(str(error))
            sys.exit(BAD_INPUT)
        except OSError as error:
            if error.filename is None and error.errno not in _MENDABLE:
                raise
            _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror))
            sys.exit(BAD_INPUT)
        except Exception as error:
            if not files.is_disk_full(error):  # TensorFlow has errors of its own for it
                raise
            _fail(f"No space left on the disk: {error}")
            sys.exit(BAD_INPUT)
        # A command's return value is no exit code; only click's own exits are.
        sys.exit(code if isinstance(code, int) else 0)


def _hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f" See `{context.command_path} --help`." if context else ""


def _show_warning(message: Any, category: Any, *where: Any) -> None:
    if issubclass(category, WaveRNNWarning):
        click.echo(f"note: {message}", err=True)


def _fail(message: str) -> None:
    line = " ".join(message.split())
    click.echo(f"wavernn-tf: {line}", err=True)
