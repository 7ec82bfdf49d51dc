from collections.abc import Buffer, Callable, Iterable
from os import PathLike
from typing import Any, Final, Literal, Protocol, TypeAlias, TypedDict, final, type_check_only

__version__: str
OPTIONS: Final[dict[str, str]]

_Path: TypeAlias = str | PathLike[str]
_Box: TypeAlias = tuple[float, float, float, float]
_Order: TypeAlias = Literal["rgb", "bgr", "rgba", "bgra"]
_Shape: TypeAlias = Literal["ellipse", "box"]
_Outcome: TypeAlias = Literal["redacted", "no-faces", "skipped", "failed"]

@type_check_only
class _Readable(Protocol):
    def read(self) -> Buffer: ...

_File: TypeAlias = Buffer | _Path | _Readable

@type_check_only
class _Finding(TypedDict, total=False):
    kind: str
    place: str
    detail: str
    bytes: int
    width: int
    height: int

@type_check_only
class _Inspection(TypedDict):
    format: str
    width: int
    height: int
    frames: int
    carries: list[str]
    findings: list[_Finding]
    damage: str | None

@type_check_only
class _Verification(TypedDict):
    verdict: Literal["passed", "found", "not-checked"]
    findings: list[dict[str, Any]]

@final
class Face:
    def __new__(
        cls,
        x: float,
        y: float,
        width: float,
        height: float,
        score: float,
        landmarks: list[tuple[float, float]] | None = None,
        found_by: list[str] | None = None,
        frame: int | None = None,
        track: int | None = None,
    ) -> Face: ...
    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...
    @property
    def score(self) -> float: ...
    @property
    def landmarks(self) -> list[tuple[float, float]] | None: ...
    @property
    def found_by(self) -> list[str]: ...
    @property
    def frame(self) -> int | None: ...
    @property
    def track(self) -> int | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __getnewargs__(self) -> tuple[Any, ...]: ...

@final
class Result:
    def __new__(cls, data: bytes, report: str) -> Result: ...
    @property
    def data(self) -> bytes: ...
    @property
    def report(self) -> dict[str, Any]: ...
    @property
    def faces(self) -> list[Face]: ...
    @property
    def outcome(self) -> _Outcome: ...
    def __getnewargs__(self) -> tuple[bytes, str]: ...

@final
class VideoResult:
    def __new__(cls, path: _Path, report: str) -> VideoResult: ...
    @property
    def path(self) -> str: ...
    @property
    def report(self) -> dict[str, Any]: ...
    @property
    def faces(self) -> list[Face]: ...
    @property
    def outcome(self) -> _Outcome: ...
    def __getnewargs__(self) -> tuple[str, str]: ...

@final
class LiveFrame:
    @property
    def index(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def data(self) -> bytearray: ...
    @property
    def faces(self) -> list[Face]: ...
    @property
    def regions(self) -> list[dict[str, Any]]: ...

@final
class Live:
    @property
    def delay(self) -> int: ...
    def push(self, array: Buffer, /, time: float) -> list[LiveFrame]: ...
    def finish(self) -> list[LiveFrame]: ...

@final
class Anonymizer:
    def __new__(
        cls,
        *,
        preset: Literal["fast", "balanced", "thorough"] | None = None,
        threshold: float | None = None,
        min_face: float | None = None,
        cover: str | None = None,
        text_min_height: float | None = None,
        model: _Path | None = None,
        model_classes: str | list[str] | None = None,
        model_names: str | list[str] | None = None,
        model_threshold: float | None = None,
        engine: Literal["auto", "builtin", "onnxruntime"] | None = None,
        device: Literal["auto", "cpu", "cuda", "coreml", "directml"] | None = None,
        onnxruntime: _Path | None = None,
        models: _Path | None = None,
        style: Literal["blur", "solid", "mosaic", "gaussian", "image"] | None = None,
        color: str | tuple[int, int, int] | None = None,
        cells: int | None = None,
        sticker: Buffer | None = None,
        shape: _Shape | None = None,
        margin: float | None = None,
        regions: Iterable[_Box] | None = None,
        ignore: Iterable[_Box] | None = None,
        panorama: bool | None = None,
        keep: str | list[str] | None = None,
        format: str | None = None,
        raw: Literal["refuse", "preview"] | None = None,
        quality: int | Literal["lossless"] | None = None,
        max_pixels: int | str | None = None,
        video_backend: Literal["auto", "embedded", "ffmpeg"] | None = None,
        audio: Literal["keep", "drop"] | None = None,
        subtitles: Literal["keep", "drop"] | None = None,
        encoder: str | None = None,
        crf: int | None = None,
        bitrate: int | str | None = None,
        preset_video: str | None = None,
        threads: int | None = None,
        from_: float | str | None = None,
        to: float | str | None = None,
        outside: Literal["drop", "copy"] | None = None,
        damaged: Literal["refuse", "conceal"] | None = None,
    ) -> Anonymizer: ...
    @property
    def engine(self) -> str: ...
    def photo(self, source: _File, /) -> Result: ...
    def cover(
        self, source: _File, /, regions: Iterable[_Box], *, shape: _Shape = "box"
    ) -> Result: ...
    def detect(self, source: _File, /, *, order: _Order = "rgb") -> list[Face]: ...
    def blur_(self, array: Buffer, /, order: _Order = "rgb") -> list[_Box]: ...
    def live(
        self,
        width: int,
        height: int,
        /,
        order: _Order = "rgb",
        *,
        look_ahead: int = 12,
        threads: int = 1,
    ) -> Live: ...
    def video(
        self,
        input: _Path,
        output: _Path,
        /,
        *,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> VideoResult: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

def inspect(source: _File, /) -> _Inspection: ...
def verify(source: _File, /, report: dict[str, Any] | str | None = None) -> _Verification: ...
def _is_video(head: bytes) -> bool: ...
