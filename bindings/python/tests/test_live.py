"""Live frames come out in order, once, covered, with the stated delay."""

from typing import Any

import pytest

import faceveil

numpy = pytest.importorskip("numpy")


def test_frames_come_out_covered_in_order(pixels: Any) -> None:
    height, width, _ = pixels.shape
    live = faceveil.Anonymizer(preset="fast").live(width, height, look_ahead=3)
    assert live.delay == 3
    out = []
    for n in range(8):
        out += live.push(pixels, n / 25)
        assert len(out) == max(0, n + 1 - live.delay)
    out += live.finish()
    assert [frame.index for frame in out] == list(range(8))
    assert [round(25 * frame.time) for frame in out] == list(range(8))
    for frame in out:
        covered = numpy.frombuffer(frame.data, numpy.uint8).reshape(pixels.shape)
        assert frame.regions and (covered != pixels).any()
        assert frame.faces and frame.faces[0].track == 0
    with pytest.raises(faceveil.InvalidArgumentError, match="ended"):
        live.push(pixels, 1.0)


def test_frames_that_do_not_fit_are_refused(pixels: Any) -> None:
    height, width, _ = pixels.shape
    live = faceveil.Anonymizer(preset="fast").live(width, height)
    with pytest.raises(faceveil.InvalidArgumentError, match="in a stream of"):
        live.push(pixels[:-1], 0)
    with pytest.raises(faceveil.InvalidArgumentError, match="no number of seconds"):
        live.push(pixels, -1)
    live.push(pixels, 2)
    with pytest.raises(faceveil.InvalidArgumentError, match="comes after"):
        live.push(pixels, 1)
    for wrong in [dict(look_ahead=0), dict(threads=0), dict(order="yuv")]:
        with pytest.raises(faceveil.InvalidArgumentError):
            faceveil.Anonymizer(preset="fast").live(width, height, **wrong)
