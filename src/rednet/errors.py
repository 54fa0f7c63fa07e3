"""Every error that rednet raises on purpose.

    RednetError
    |-- ImageError      a file or an array is not a picture that we can restore
    |-- ModelError      a model is missing, broken, or does not fit the request
    |-- EngineError     the program that runs the network is not installed or failed
    |-- OptionError     an option is outside its range, or two options contradict each other
    `-- TrainingError   training cannot start or has diverged

Each message says what we got, what we need, and what to do. A message names no command-line flag and no form field: the
error carries the name of the option that helps, and the command line and the web service add their own hint.
"""

from __future__ import annotations

__all__ = ["EngineError", "ImageError", "ModelError", "OptionError", "RednetError", "TrainingError"]


class RednetError(Exception):
    """The root of all errors of rednet.

    Args:
        message: a sentence for the user.
        option: the name of the option that helps, for example "max_megapixels"; empty if no option helps.
    """

    def __init__(self, message: str = "", *, option: str = "") -> None:
        super().__init__(message)
        self.option = option


class ImageError(RednetError):
    """A file or an array is not a picture that we can restore."""


class ModelError(RednetError):
    """A model is missing, broken, or does not fit the request."""


class EngineError(RednetError):
    """The program that runs the network is not installed, or failed."""


class OptionError(RednetError, ValueError):
    """An option is outside its range, or two options contradict each other."""


class TrainingError(RednetError):
    """Training cannot start, or has diverged."""
