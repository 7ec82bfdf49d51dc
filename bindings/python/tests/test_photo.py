"""Photos: the same bytes as the command, from bytes, paths and files."""

import io
import pathlib
import pickle
import subprocess

import pytest

import faceveil


@pytest.fixture(scope="module")
def anonymizer() -> faceveil.Anonymizer:
    return faceveil.Anonymizer()


def test_a_face_is_covered_and_the_report_says_where(
    anonymizer: faceveil.Anonymizer, face: bytes
) -> None:
    result = anonymizer.photo(face)
    assert result.outcome == "redacted"
    assert result.data[:2] == b"\xff\xd8"
    assert len(result.faces) == 1
    found = result.faces[0]
    assert 170 < found.x < 190 and 55 < found.y < 85
    assert result.report["regions"][0]["shape"] == "ellipse"
    assert result.report["faces"][0]["box"] == pytest.approx(
        [found.x, found.y, found.width, found.height], abs=1e-3
    )
    assert found.landmarks is None or len(found.landmarks) == 5


def test_a_photo_without_faces_is_said_to_have_none(
    anonymizer: faceveil.Anonymizer, samples: pathlib.Path
) -> None:
    result = anonymizer.photo(samples / "rocket.jpg")
    assert (result.outcome, result.faces) == ("no-faces", [])


def test_bytes_path_and_file_give_the_same(
    anonymizer: faceveil.Anonymizer, samples: pathlib.Path, face: bytes
) -> None:
    path = samples / "astronaut.jpg"
    expected = anonymizer.photo(face).data
    named = anonymizer.photo(path)
    assert (named.data, named.report["input"]) == (expected, "astronaut.jpg")
    assert anonymizer.photo(face).report["input"] == "-"
    assert anonymizer.photo(str(path)).data == expected
    assert anonymizer.photo(bytearray(face)).data == expected
    assert anonymizer.photo(memoryview(face)).data == expected
    assert anonymizer.photo(io.BytesIO(face)).data == expected
    with open(path, "rb") as file:
        assert anonymizer.photo(file).data == expected


@pytest.mark.parametrize(
    "options",
    [{}, {"preset": "fast"}, {"style": "solid", "color": "ff8800"}, {"format": "png", "margin": 2}],
)
def test_the_bytes_are_those_of_the_command(
    command: str, samples: pathlib.Path, tmp_path: pathlib.Path, options: dict[str, object]
) -> None:
    flags = [f"--{name}={value}" for name, value in options.items()]
    folder = tmp_path / "in"
    folder.mkdir()
    for sample in samples.glob("*.[jp][pn]g"):
        (folder / sample.name).write_bytes(sample.read_bytes())
    subprocess.run([command, "blur", folder, "-o", tmp_path / "out", *flags], check=True)
    anonymizer = faceveil.Anonymizer(**options)  # type: ignore[arg-type]
    written = sorted(p for p in (tmp_path / "out").iterdir() if p.suffix in (".jpg", ".png"))
    assert len(written) == 4
    for output in written:
        source = next(folder.glob(f"{output.stem}.*"))
        assert anonymizer.photo(source).data == output.read_bytes(), output.name


def test_cover_hides_the_boxes_and_looks_for_nothing(
    anonymizer: faceveil.Anonymizer, face: bytes
) -> None:
    result = anonymizer.cover(face, [(10, 20, 30, 40)])
    assert result.faces == []
    assert [r["box"] for r in result.report["regions"]] == [[10, 20, 30, 40]]
    assert result.report["regions"][0]["shape"] == "box"
    with pytest.raises(faceveil.InvalidArgumentError, match="no box"):
        anonymizer.cover(face, [(10, 20, -1, 40)])
    with pytest.raises(faceveil.InvalidArgumentError, match=r"\(x, y, width, height\)"):
        anonymizer.cover(face, [(10, 20, 3)])  # type: ignore[list-item]


def test_detect_finds_what_photo_covers(anonymizer: faceveil.Anonymizer, face: bytes) -> None:
    assert anonymizer.detect(face) == anonymizer.photo(face).faces


def test_everything_can_be_pickled(face: bytes) -> None:
    anonymizer = faceveil.Anonymizer(preset="fast", regions=[(1, 2, 3, 4)])
    copy = pickle.loads(pickle.dumps(anonymizer))
    assert repr(copy) == repr(anonymizer)
    result = anonymizer.photo(face)
    again = pickle.loads(pickle.dumps(result))
    assert (again.data, again.report, again.faces) == (result.data, result.report, result.faces)
    assert copy.photo(face).data == result.data


def test_inspect_and_verify(anonymizer: faceveil.Anonymizer, face: bytes, tmp_path: pathlib.Path) -> None:
    result = anonymizer.photo(face)
    assert faceveil.inspect(result.data)["findings"] == []
    assert faceveil.inspect(result.data)["format"] == "jpeg"
    comment = face[:2] + b"\xff\xfe\x00\x05Ann" + face[2:]
    path = tmp_path / "comment.jpg"
    path.write_bytes(comment)
    for source in (comment, path, str(path)):
        assert [f["detail"] for f in faceveil.inspect(source)["findings"]] == ["Ann"]
    assert faceveil.verify(result.data, result.report)["verdict"] == "passed"
    open_face = faceveil.verify(face, result.report)
    assert open_face["verdict"] == "found"
    assert {"changed", "uncovered"} <= {f["kind"] for f in open_face["findings"]}
    assert faceveil.verify(result.data)["verdict"] == "not-checked"


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        assert faceveil.__version__ == version("faceveil")
    except PackageNotFoundError:
        pytest.skip("the package is not installed")


def test_number_plates_are_looked_for_on_request(face: bytes) -> None:
    # The network for writing is in the wheel.
    result = faceveil.Anonymizer(cover="faces,plates").photo(face)
    assert result.outcome == "redacted"
