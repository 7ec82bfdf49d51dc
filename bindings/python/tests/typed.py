"""Calls as users write them; mypy checks it, nothing runs it."""

from pathlib import Path

import faceveil
from faceveil import store


def photo(path: Path) -> list[tuple[float, float]]:
    anonymizer = faceveil.Anonymizer(preset="thorough", style="solid", color=(0, 0, 0))
    result = anonymizer.photo(path)
    path.with_suffix(".new").write_bytes(result.data)
    if result.outcome == "redacted":
        print(result.report["regions"])
    return [(face.x, face.score) for face in result.faces]


def camera(frame: memoryview) -> None:
    boxes = faceveil.Anonymizer(preset="fast").blur_(frame, "bgr")
    print([width * height for _, _, width, height in boxes])


def batch() -> list[str]:
    return [line["outcome"] for line in store.blur("in", "out", preset="fast", concurrency=2)]


def wrong() -> None:
    faceveil.Anonymizer(preset="quick")  # type: ignore[arg-type]
    faceveil.Anonymizer().photo(7)  # type: ignore[arg-type]
