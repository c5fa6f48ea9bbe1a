"""The one error type that the command line turns into a clean message and exit code 2."""


class WaveRNNError(ValueError):
    """Bad input or state that the user can mend.

    The message says what was expected, what came, and what to do. Being a `ValueError`, it is also
    what library callers expect from a bad argument.
    """


class WaveRNNWarning(UserWarning):
    """Something that works and that the user probably did not mean."""
