"""Every error that rednet raises on purpose.

    RednetError
    |-- ImageError      a file or an array is not a picture that we can restore
    |-- ModelError      a model is missing, broken, or does not fit the request
    |-- EngineError     the program that runs the network is not installed or failed
    |-- OptionError     an option is outside its range, or two options contradict each other
    `-- TrainingError   training cannot start or has diverged

Each message says what we got, what we need, and what to do. It names no flag of the command line and no field of a
form: the error carries the name of the option that helps, and the command line and the service add its flag or field.
"""

from __future__ import annotations

__all__ = ["EngineError", "ImageError", "ModelError", "OptionError", "RednetError", "TrainingError"]


class RednetError(Exception):
    """The base class: catch it to catch all errors of rednet.

    Args:
        message: for a person.
        option: the name of the option that helps, as "max_megapixels"; empty if none does.
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
