"""Finds faces in photos and videos and covers them before the pictures are shared. Offline.

>>> import faceveil
>>> anonymizer = faceveil.Anonymizer()
>>> result = anonymizer.photo("in.jpg")
>>> open("out.jpg", "wb").write(result.data)
"""

from ._errors import (
    EngineError,
    FaceveilError,
    InternalError,
    InvalidArgumentError,
    MalformedError,
    InputError,
    OutputError,
    TooLargeError,
    UnsupportedError,
)
from ._faceveil import (
    OPTIONS,
    Anonymizer,
    Face,
    Live,
    LiveFrame,
    Result,
    VideoResult,
    __version__,
    inspect,
    verify,
)

__all__ = [
    "OPTIONS",
    "Anonymizer",
    "EngineError",
    "Face",
    "FaceveilError",
    "InternalError",
    "InvalidArgumentError",
    "Live",
    "LiveFrame",
    "MalformedError",
    "InputError",
    "OutputError",
    "Result",
    "TooLargeError",
    "UnsupportedError",
    "VideoResult",
    "__version__",
    "inspect",
    "verify",
]
