"""One file of a batch, from the source to the target: what threads and actors run.

A file that fails is a line of the report, not an exception. A file that is done has a line below
``.faceveil/`` in the target, under a name made of all that its output depends on: a run that is
started again asks the listing alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

from ._errors import FaceveilError, InvalidArgumentError
from ._faceveil import Anonymizer, __version__, _is_video
from ._storage import MANIFEST, Entry, Source, Target, source, target

#: Bytes from which a file is recognised.
HEAD = 4096
#: Endings that fit a format; the first is what a file gets that has none of them.
ENDINGS = {
    "jpeg": ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    "png": ("png", "apng"),
    "webp": ("webp",),
    "tiff": ("tif", "tiff"),
    "heic": ("heic", "heif", "hif"),
    "avif": ("avif",),
    "jxl": ("jxl",),
}
TEMPORARY = re.compile(r"faceveil-(\d+)-")


def settings_of(options: dict[str, Any]) -> str:
    """All that outputs depend on, as text."""

    def digest(value: Any) -> str:
        try:
            return hashlib.sha256(value).hexdigest()
        except (TypeError, BufferError):
            return str(value)

    given = {name: value for name, value in options.items() if value is not None}
    return json.dumps([__version__, given], sort_keys=True, default=digest)


class Batch:
    """Covers files of a source one by one, from several threads if need be."""

    def __init__(self, reads: Source, writes: Target, options: dict[str, Any]) -> None:
        self.source, self.target = reads, writes
        self.settings = settings_of(options)
        self.anonymizer = Anonymizer(**options)

    def line_name(self, entry: Entry) -> str:
        """Where the line of a file that is done is kept."""
        text = json.dumps([self.settings, entry.name, entry.size, entry.version])
        digest = hashlib.sha256(text.encode()).hexdigest()
        return f"{MANIFEST}/{digest[:2]}/{digest[2:]}.json"

    def lines_done(self) -> set[str]:
        """Names of the lines of all files that are done."""
        return set(self.target.names(MANIFEST))

    def run(self, entry: Entry, data: bytes | None = None) -> dict[str, Any]:
        """The line of the report about one file. ``data``: its bytes, where they are there already."""
        try:
            ensure_below(entry.name)
            line = self._cover(entry, iter([data]) if data is not None else self.source.chunks(entry.name))
            self._remember(self.line_name(entry), line)
            return line
        except Exception as error:  # whatever a store raises concerns this file
            return failed(entry.name, self.anonymizer.engine, error)

    def _remember(self, name: str, line: dict[str, Any]) -> None:
        try:
            self.target.put(name, json.dumps(line).encode())
        except FileExistsError:
            pass

    def _cover(self, entry: Entry, chunks: Iterator[bytes]) -> dict[str, Any]:
        head = b""
        for chunk in chunks:
            head += chunk
            if len(head) >= HEAD:
                break
        if _is_video(head[:HEAD]):
            return self._cover_video(entry, head, chunks)
        data = head + b"".join(chunks)
        result = self.anonymizer.photo(data)
        line = result.report | {"input": entry.name}
        line["output"] = output_name(entry.name, line)
        try:
            self.target.put(line["output"], result.data)
        except FileExistsError:
            self._ensure_same(line, hashlib.sha256(result.data).hexdigest())
        return line

    def _cover_video(self, entry: Entry, head: bytes, chunks: Iterator[bytes]) -> dict[str, Any]:
        remove_leftovers()
        ending = os.path.splitext(entry.name)[1]
        with tempfile.TemporaryDirectory(prefix=f"faceveil-{os.getpid()}-") as folder:
            source, output = os.path.join(folder, "in" + ending), os.path.join(folder, "out" + ending)
            with open(source, "wb") as file:
                file.write(head)
                file.writelines(chunks)
            line = self.anonymizer.video(source, output).report
            line = line | {"input": entry.name, "output": entry.name}
            try:
                self.target.put_file(entry.name, output)
            except FileExistsError:
                self._ensure_same(line, line["sha256"]["output"])
        return line

    def _ensure_same(self, line: dict[str, Any], digest: str) -> None:
        """What is there already may be of a run that ended before it could remember it."""
        there = hashlib.sha256()
        for chunk in self.target.chunks(line["output"]):
            there.update(chunk)
        if there.hexdigest() != digest:
            what = f"{line['output']} exists in the target and is another file; nothing was written"
            raise FileExistsError(what)


class Blur:
    """Covers files for engines of batches (Ray, Spark, Dask): loads the models once, and writes what it
    covers.

    Batches have a column ``path``: names below ``src``. Where they have a column ``bytes``, too, that is
    the file; without it the actor reads it. Columns ``size`` and ``version`` are for resuming. Returns
    the columns ``input``, ``output``, ``outcome``, ``faces`` (how many), ``error``, and ``report``, the
    line as JSON.
    """

    def __init__(
        self,
        src: Any,
        dst: Any,
        *,
        filesystem: Any = None,
        config: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        where = source(src, filesystem, config)
        self.batch = Batch(where, target(dst, config), options or {})

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        return columns(self._lines(batch))

    def _lines(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        data = batch.get("bytes")
        for i, path in enumerate(batch["path"]):
            file = None if data is None else bytes(data[i])
            size = len(file) if file is not None else 0
            entry = Entry(
                str(path),
                int(batch["size"][i]) if "size" in batch else size,
                str(batch["version"][i]) if "version" in batch else "",
            )
            yield self.batch.run(entry, file)


def columns(lines: Iterator[dict[str, Any]]) -> dict[str, list[Any]]:
    """Lines of a report as columns. What differs from line to line stays JSON."""
    names = ("input", "output", "outcome", "faces", "error", "report")
    out: dict[str, list[Any]] = {name: [] for name in names}
    for line in lines:
        out["input"].append(line["input"])
        out["output"].append(line["output"] or "")
        out["outcome"].append(line["outcome"])
        out["faces"].append(len(line["faces"]))
        out["error"].append(line["error"] or "")
        out["report"].append(json.dumps(line))
    return out


def row_of(line: dict[str, Any]) -> dict[str, Any]:
    """A line of a report as one row."""
    return {name: values[0] for name, values in columns(iter([line])).items()}


def ensure_below(name: str) -> None:
    """Refuses a name that leads out of the target, or into what a batch remembers."""
    parts = name.split("/")
    if not name or name.startswith("/") or ".." in parts or MANIFEST in parts:
        raise InvalidArgumentError(f"{name!r} is no name below the source")


def output_name(name: str, line: dict[str, Any]) -> str:
    """The name of an output: its ending changes where its format does."""
    if formats := line.get("formats"):
        endings = ENDINGS[formats["output"]]
        stem, ending = os.path.splitext(name)
        if ending[1:].lower() not in endings:
            return f"{stem}.{endings[0]}"
    return name


def failed(name: str, engine: str, error: BaseException) -> dict[str, Any]:
    """The line of a file for which nothing was written."""
    words = str(error) if isinstance(error, FaceveilError) else f"{type(error).__name__}: {error}"
    return _line(name, "failed", engine) | {"error": words.strip()}


def skipped(name: str) -> dict[str, Any]:
    """The line of a file that an earlier run did."""
    return _line(name, "skipped", "none") | {"warnings": ["an earlier run wrote it"]}


def _line(name: str, outcome: str, engine: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "input": name,
        "output": None,
        "outcome": outcome,
        "sha256": None,
        "width": 0,
        "height": 0,
        "frames": 0,
        "faces": [],
        "regions": [],
        "style": None,
        "dropped": [],
        "kept": [],
        "warnings": [],
        "engine": engine,
        "ms": {"decode": 0, "detect": 0, "redact": 0, "encode": 0, "inspect": 0},
        "error": None,
    }


def remove_leftovers() -> None:
    """Removes the temporary folders of processes that were killed."""
    root = tempfile.gettempdir()
    for name in os.listdir(root):
        match = TEMPORARY.match(name)
        if match and not alive(int(match[1])):
            shutil.rmtree(os.path.join(root, name), ignore_errors=True)


def alive(process: int) -> bool:
    """Whether there is a process with this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
