"""What is refused, with which exception, in which words."""

import io
import pathlib

import pytest

import faceveil


@pytest.fixture(scope="module")
def anonymizer() -> faceveil.Anonymizer:
    return faceveil.Anonymizer()


def test_exceptions_are_also_the_built_in_ones() -> None:
    for kind, built_in in [
        (faceveil.UnsupportedError, ValueError),
        (faceveil.MalformedError, ValueError),
        (faceveil.TooLargeError, ValueError),
        (faceveil.InvalidArgumentError, ValueError),
        (faceveil.OutputError, OSError),
        (faceveil.EngineError, RuntimeError),
        (faceveil.InternalError, RuntimeError),
    ]:
        assert issubclass(kind, faceveil.FaceveilError) and issubclass(kind, built_in)


def test_a_damaged_photo_is_malformed(anonymizer: faceveil.Anonymizer, face: bytes) -> None:
    with pytest.raises(faceveil.MalformedError):
        anonymizer.photo(face[:200])


def test_a_file_of_no_known_kind_is_unsupported(anonymizer: faceveil.Anonymizer) -> None:
    for data in (b"", b"no picture at all, but some text", bytes(100)):
        with pytest.raises((faceveil.UnsupportedError, faceveil.MalformedError)):
            anonymizer.photo(data)


def test_a_photo_beyond_the_limit_is_too_large(face: bytes) -> None:
    with pytest.raises(faceveil.TooLargeError):
        faceveil.Anonymizer(max_pixels=1000).photo(face)


def test_a_path_that_is_not_there_is_the_error_of_python(anonymizer: faceveil.Anonymizer) -> None:
    for call in (anonymizer.photo, anonymizer.detect, faceveil.inspect, faceveil.verify):
        with pytest.raises(FileNotFoundError, match="no-such-file.jpg"):
            call("no-such-file.jpg")
    with pytest.raises(FileNotFoundError, match="no-such-file.mp4"):
        anonymizer.video("no-such-file.mp4", "out.mp4")


def test_what_is_no_file_is_a_type_error(anonymizer: faceveil.Anonymizer) -> None:
    for wrong in (None, 7, [1, 2], io.StringIO("text")):
        with pytest.raises(TypeError):
            anonymizer.photo(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"preset": "quick"}, "there is no preset quick; there are fast, balanced, thorough"),
        ({"margin": 0.5}, "margin 0.5 is outside 1..=10"),
        ({"threshold": 1.3}, "threshold 1.3 is outside 0..=1"),
        ({"color": "red"}, "color red is not six hexadecimal digits"),
        ({"color": "ff0000"}, "color is for the style solid, and the style is blur"),
        ({"style": "image"}, "the style image needs a sticker"),
        ({"format": "gif"}, "256 colours"),
        ({"regions": [(1, 2, 3)]}, r"\(x, y, width, height\)"),
        ({"regions": [(1, 2, 0, 3)]}, "both sides above 0"),
        ({"keep": ["face"]}, "face cannot be kept"),
    ],
)
def test_options_are_refused_with_value_and_bounds(options: dict[str, object], words: str) -> None:
    with pytest.raises(faceveil.InvalidArgumentError, match=words):
        faceveil.Anonymizer(**options)  # type: ignore[arg-type]


def test_an_option_that_is_none_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'blurr'"):
        faceveil.Anonymizer(blurr=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="margin cannot be"):
        faceveil.Anonymizer(margin=[1])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        faceveil.Anonymizer("fast")  # type: ignore[misc]


def test_every_option_is_taken_and_in_the_signature() -> None:
    import inspect

    signature = set(inspect.signature(faceveil.Anonymizer).parameters)
    assert signature == set(faceveil.OPTIONS)
    faceveil.Anonymizer(**{name: None for name in faceveil.OPTIONS})
    faceveil.Anonymizer(
        preset="fast",
        style="solid",
        color=(255, 136, 0),
        min_face=12,
        shape="box",
        margin=1.5,
        regions=[(1, 2, 3, 4), (5.5, 6, 7, 8)],
        ignore=iter([(9, 9, 9, 9)]),
        panorama=False,
        keep=["time", "gps"],
        format="png",
        max_pixels=5_000_000,
        threads=2,
        models=None,
    )
    with pytest.raises(faceveil.FaceveilError, match="no-such-folder"):
        faceveil.Anonymizer(models=pathlib.Path("no-such-folder"))
