"""What faceveil raises. Each exception is also the built-in one that a program would catch."""


class FaceveilError(Exception):
    """Base of all exceptions of faceveil."""


class UnsupportedError(FaceveilError, ValueError):
    """The file is of a kind that is not handled; the message names it."""


class MalformedError(FaceveilError, ValueError):
    """The file is damaged, cut off, or not what it says it is."""


class TooLargeError(FaceveilError, ValueError):
    """The file is larger than a limit, ``max_pixels`` for instance."""


class InvalidArgumentError(FaceveilError, ValueError):
    """An option or an array that makes no sense; the message has value and bounds."""


class InputError(FaceveilError, OSError):
    """The file cannot be opened or read."""


class OutputError(FaceveilError, OSError):
    """The new file could not be written: a full disk, for instance."""


class EngineError(FaceveilError, RuntimeError):
    """An inference engine, a device or a model could not be had or failed."""


class InternalError(FaceveilError, RuntimeError):
    """A bug in faceveil or in a library below; nothing was written."""
