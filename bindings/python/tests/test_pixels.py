"""Pixels in memory are covered where they lie, or refused."""

from typing import Any

import pytest

import faceveil

numpy = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def anonymizer() -> faceveil.Anonymizer:
    return faceveil.Anonymizer()


def changed(before: Any, after: Any) -> list[int]:
    """Bounds of what differs: left, top, right, bottom."""
    ys, xs = numpy.nonzero((before != after).any(axis=2))
    return [int(v) for v in (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)]


def test_an_array_is_covered_where_it_lies(anonymizer: faceveil.Anonymizer, pixels: Any) -> None:
    array = pixels.copy()
    (box,) = anonymizer.blur_(array)
    x, y, width, height = box
    left, top, right, bottom = changed(pixels, array)
    assert x - 1 <= left and y - 1 <= top and right <= x + width + 1 and bottom <= y + height + 1
    assert right - left > 60 and bottom - top > 80
    assert anonymizer.detect(array) == []


def test_every_order_covers_the_same(anonymizer: faceveil.Anonymizer, pixels: Any) -> None:
    expected = pixels.copy()
    anonymizer.blur_(expected)
    opaque = numpy.full((*pixels.shape[:2], 1), 255, numpy.uint8)
    for order, last in [("bgr", None), ("rgba", opaque), ("bgra", opaque)]:
        array = pixels[..., ::-1] if order.startswith("bgr") else pixels
        if last is not None:
            array = numpy.concatenate([array, last], axis=2)
        array = numpy.ascontiguousarray(array)
        anonymizer.blur_(array, order)  # type: ignore[arg-type]
        colours = array[..., 2::-1] if order.startswith("bgr") else array[..., :3]
        assert (colours == expected).all(), order
        assert last is None or (array[..., 3] == 255).all()


def test_strides_between_rows_are_kept(anonymizer: faceveil.Anonymizer, pixels: Any) -> None:
    expected = pixels.copy()
    anonymizer.blur_(expected)
    height, width, _ = pixels.shape
    wide = numpy.full((height, width + 9, 3), 7, numpy.uint8)
    part = wide[:, 4 : 4 + width]
    part[...] = pixels
    anonymizer.blur_(part)
    assert (part == expected).all()
    assert (wide[:, :4] == 7).all() and (wide[:, 4 + width :] == 7).all()


def test_memory_of_other_owners_is_taken(anonymizer: faceveil.Anonymizer, pixels: Any) -> None:
    expected = pixels.copy()
    anonymizer.blur_(expected)
    memory = bytearray(pixels.tobytes())
    view = memoryview(memory).cast("B", shape=pixels.shape)
    anonymizer.blur_(view)
    assert bytes(memory) == expected.tobytes()
    assert anonymizer.detect(memoryview(pixels.tobytes()).cast("B", shape=pixels.shape))


def test_what_would_have_to_be_copied_is_refused(
    anonymizer: faceveil.Anonymizer, pixels: Any
) -> None:
    array = pixels.copy()
    opaque = numpy.zeros((20, 20, 4), numpy.uint8)
    for wrong in (
        array[:, ::2],
        array[::-1],
        array[..., ::-1],
        opaque[..., :3],
        numpy.asfortranarray(array),
    ):
        with pytest.raises(faceveil.InvalidArgumentError, match="strides"):
            anonymizer.blur_(wrong)
    assert (array == pixels).all()
    frozen = pixels.copy()
    frozen.flags.writeable = False
    with pytest.raises(faceveil.InvalidArgumentError, match="read-only"):
        anonymizer.blur_(frozen)


def test_arrays_that_are_no_pictures_are_refused(anonymizer: faceveil.Anonymizer) -> None:
    for shape in [(5, 5), (5, 5, 4), (3, 5, 5), (1, 5, 5, 3)]:
        with pytest.raises(faceveil.InvalidArgumentError, match="shape"):
            anonymizer.blur_(numpy.zeros(shape, numpy.uint8))
    with pytest.raises(faceveil.InvalidArgumentError):
        anonymizer.blur_(numpy.zeros((0, 5, 3), numpy.uint8))
    for wrong in (numpy.zeros((5, 5, 3), numpy.float32), [[1]], None):
        with pytest.raises(TypeError):
            anonymizer.blur_(wrong)  # type: ignore[arg-type]
    with pytest.raises(faceveil.InvalidArgumentError, match="there is no order gbr"):
        anonymizer.blur_(numpy.zeros((5, 5, 3), numpy.uint8), "gbr")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="pixels"):
        anonymizer.photo(numpy.zeros((5, 5, 3), numpy.uint8))


def test_detect_reads_arrays_in_any_layout(anonymizer: faceveil.Anonymizer, pixels: Any) -> None:
    expected = anonymizer.detect(pixels)
    assert len(expected) == 1
    assert anonymizer.detect(numpy.asfortranarray(pixels)) == expected
    assert anonymizer.detect(pixels[..., ::-1], order="bgr") == expected
    assert anonymizer.detect(pixels[..., ::-1][..., ::-1]) == expected


def test_a_sticker_is_an_array_too(face: bytes) -> None:
    sticker = numpy.full((16, 16, 4), 255, numpy.uint8)
    result = faceveil.Anonymizer(style="image", sticker=sticker).photo(face)
    assert result.outcome == "redacted"
    with pytest.raises(faceveil.InvalidArgumentError, match="shape"):
        faceveil.Anonymizer(style="image", sticker=sticker[..., :3])
