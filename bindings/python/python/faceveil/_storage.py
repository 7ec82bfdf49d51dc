"""Where batches read from and write to: folders, object stores, file systems of pyarrow.

A name is a path below the source or the target, with ``/`` between its parts. A target never
replaces what it has, and a name that it shows is a whole file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from ._errors import InvalidArgumentError

#: Folder of the target that holds what a batch remembers; never taken for an input.
MANIFEST = ".faceveil"
#: Bytes that are read at a time.
CHUNK = 8 << 20
#: Larger files are uploaded in parts, which cannot be bound to the name being free.
ONE_PUT = 64 << 20


class Entry(NamedTuple):
    """A file of the source."""

    name: str
    size: int
    #: Changes when the file does: an entity tag, or the time of its last change.
    version: str


class Source(Protocol):
    """Where files are read from."""

    def entries(self) -> Iterator[Entry]: ...
    def chunks(self, name: str) -> Iterator[bytes]: ...


class Target(Protocol):
    """Where files are written to. Both ``put`` raise :class:`FileExistsError`."""

    def names(self, below: str) -> Iterator[str]: ...
    def put(self, name: str, data: bytes) -> None: ...
    def put_file(self, name: str, path: str) -> None: ...
    def chunks(self, name: str) -> Iterator[bytes]: ...


def is_url(place: object) -> bool:
    return isinstance(place, str) and "://" in place


def source(place: Any, filesystem: Any = None, config: dict[str, Any] | None = None) -> Source:
    """``place``: a folder, the URL of an object store, a store of obstore, or a path of ``filesystem``."""
    if filesystem is not None:
        return ArrowFolder(filesystem, os.fspath(place))
    if isinstance(place, str | os.PathLike) and not is_url(place):
        return Folder(os.fspath(place))
    return Objects(place, config)


def target(place: Any, config: dict[str, Any] | None = None) -> Target:
    """``place``: a folder, the URL of an object store, or a store of obstore."""
    if isinstance(place, str | os.PathLike) and not is_url(place):
        return Folder(os.fspath(place))
    return Objects(place, config)


def ensure_apart(src: Any, dst: Any) -> None:
    """Refuses a target inside the source or around it: its outputs would be the next run's inputs."""

    def parts(place: Any) -> list[str] | None:
        if is_url(place):
            return [part for part in place.split("/") if part]
        if isinstance(place, str | os.PathLike):
            return ["", *os.path.realpath(place).split("/")]
        return None

    one, other = parts(src), parts(dst)
    if src is dst or (one is not None and other is not None):
        least = min(len(one or ()), len(other or ()))
        if (one or [])[:least] == (other or [])[:least]:
            raise InvalidArgumentError("source and target lie in each other; take two folders")


class Folder:
    """A folder of this machine."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def _path(self, name: str) -> str:
        return os.path.join(self.root, *name.split("/"))

    def entries(self) -> Iterator[Entry]:
        # A folder that is not there is an error here, and no empty batch.
        os.stat(self.root)
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(f for f in folders if f != MANIFEST)
            for file in sorted(files):
                path = os.path.join(folder, file)
                if os.path.islink(path) and not os.path.isfile(path):
                    continue
                stat = os.stat(path)
                name = os.path.relpath(path, self.root).replace(os.sep, "/")
                yield Entry(name, stat.st_size, str(stat.st_mtime_ns))

    def names(self, below: str) -> Iterator[str]:
        for folder, _, files in os.walk(self._path(below)):
            for file in files:
                yield os.path.relpath(os.path.join(folder, file), self.root).replace(os.sep, "/")

    def chunks(self, name: str) -> Iterator[bytes]:
        with open(self._path(name), "rb") as file:
            while data := file.read(CHUNK):
                yield data

    def put(self, name: str, data: bytes) -> None:
        self._write(name, [data])

    def put_file(self, name: str, path: str) -> None:
        head, tail = os.path.split(path)
        self._write(name, Folder(head).chunks(tail))

    def _write(self, name: str, data: Iterable[bytes]) -> None:
        """Fills a file without a name, and names it when it is whole: a killed process leaves nothing."""
        path = self._path(name)
        folder = os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        if os.path.lexists(path):
            raise FileExistsError(path)
        try:
            if not hasattr(os, "O_TMPFILE"):
                raise OSError
            descriptor = os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o666)
        except OSError:
            self._write_beside(path, data)
            return
        with open(descriptor, "wb") as file:
            file.writelines(data)
            file.flush()
            os.fsync(descriptor)
            # With a descriptor of a folder, Python calls linkat and not link, which would not follow the
            # link in /proc. It fails where the name is taken.
            where = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.link(f"/proc/self/fd/{descriptor}", os.path.basename(path), dst_dir_fd=where)
            finally:
                os.close(where)

    def _write_beside(self, path: str, data: Iterable[bytes]) -> None:
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), prefix=".faceveil-") as file:
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)


class ArrowFolder:
    """A folder of a file system of pyarrow, read only."""

    def __init__(self, filesystem: Any, root: str) -> None:
        self.filesystem, self.root = filesystem, root.rstrip("/")

    def entries(self) -> Iterator[Entry]:
        from pyarrow import fs

        for info in self.filesystem.get_file_info(fs.FileSelector(self.root, recursive=True)):
            name = info.path[len(self.root) + 1 :]
            if info.type == fs.FileType.File and MANIFEST not in name.split("/"):
                yield Entry(name, info.size, str(info.mtime_ns))

    def chunks(self, name: str) -> Iterator[bytes]:
        with self.filesystem.open_input_stream(f"{self.root}/{name}") as stream:
            while data := stream.read(CHUNK):
                yield data


class Objects:
    """A bucket, or what begins with a prefix in it, through obstore."""

    def __init__(self, place: Any, config: dict[str, Any] | None = None) -> None:
        try:
            from obstore.store import from_url
        except ImportError as error:
            raise ImportError("object stores need obstore: pip install faceveil[s3]") from error
        self.store = from_url(place, **(config or {})) if isinstance(place, str) else place

    def _list(self, below: str | None = None) -> Iterator[Any]:
        import obstore

        for batch in obstore.list(self.store, below, chunk_size=1000):
            yield from batch

    def entries(self) -> Iterator[Entry]:
        for meta in self._list():
            if MANIFEST not in meta["path"].split("/"):
                version = meta.get("e_tag") or meta["last_modified"].isoformat()
                yield Entry(meta["path"], meta["size"], version)

    def names(self, below: str) -> Iterator[str]:
        for meta in self._list(below):
            yield meta["path"]

    def chunks(self, name: str) -> Iterator[bytes]:
        import obstore

        for data in obstore.get(self.store, name).stream(min_chunk_size=CHUNK):
            yield bytes(data)

    def put(self, name: str, data: bytes) -> None:
        import obstore
        from obstore.exceptions import AlreadyExistsError

        try:
            obstore.put(self.store, name, data, mode="create", use_multipart=False)
        except AlreadyExistsError as error:
            raise FileExistsError(name) from error

    def put_file(self, name: str, path: str) -> None:
        import pathlib

        import obstore
        from obstore.exceptions import NotFoundError

        if os.path.getsize(path) <= ONE_PUT:
            self.put(name, pathlib.Path(path).read_bytes())
            return
        try:
            obstore.head(self.store, name)
        except (NotFoundError, FileNotFoundError):
            # The object appears when all parts are there; parts are aborted where one fails.
            obstore.put(self.store, name, pathlib.Path(path), use_multipart=True)
        else:
            raise FileExistsError(name)
