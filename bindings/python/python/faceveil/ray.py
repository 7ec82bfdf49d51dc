"""Batches on a Ray cluster: ``pip install faceveil[ray]``.

>>> import faceveil.ray
>>> lines = faceveil.ray.blur("s3://street/", "s3://street-covered/", concurrency=64)
>>> lines.groupby("outcome").count().show()
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ._batch import Batch, skipped
from ._storage import Entry, ensure_apart, source, target

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["Blur", "blur"]

#: Files of a call of an actor: what is lost and done again when an actor dies.
BATCH = 16


class Blur:
    """For ``Dataset.map_batches``: loads the models once in each actor, and writes what it covers.

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


def blur(
    src: Any,
    dst: Any,
    *,
    filesystem: Any = None,
    concurrency: int | tuple[int, int] | None = None,
    config: dict[str, Any] | None = None,
    **options: Any,
) -> Dataset:
    """Covers the faces in all photos and videos below ``src`` and writes them below ``dst``.

    ``src`` and ``dst`` are folders that all nodes share, or URLs (``s3://bucket/prefix``). ``filesystem``
    is a file system of pyarrow that ``src`` is a path of. ``concurrency`` is the number of actors, one
    processor each; where it is left out, one for each processor of the cluster. ``config`` goes to
    ``obstore.store.from_url``, ``options`` to :class:`faceveil.Anonymizer`.

    Returns the report's lines as a dataset that was computed; its columns are those of :class:`Blur`. A
    file that fails is a line, one that an earlier run did has the outcome ``skipped``. A worker that
    dies costs the files that it was at, which another one does. Nothing is ever replaced.
    """
    import ray
    import ray.data

    ensure_apart(src, dst)
    where = source(src, filesystem, config)
    batch = Batch(where, target(dst, config), options)  # options are refused here, not on every node
    done = batch.lines_done()
    rows, before = [], []
    for entry in where.entries():
        if batch.line_name(entry) in done:
            before.append(skipped(entry.name))
        else:
            rows.append({"path": entry.name, "size": entry.size, "version": entry.version})
    lines = ray.data.from_items([row_of(line) for line in before]) if before else None
    if rows or lines is None:
        if concurrency is None:
            if not ray.is_initialized():
                ray.init()
            concurrency = max(1, int(ray.cluster_resources().get("CPU", 1)))
        most = concurrency if isinstance(concurrency, int) else concurrency[1]
        blocks = max(1, min(len(rows) // BATCH, most * 16))
        # Actors read for themselves: reading tasks would wait for processors that actors hold.
        new = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
            Blur,
            fn_constructor_args=(src, dst),
            fn_constructor_kwargs={"filesystem": filesystem, "config": config, "options": options},
            batch_size=BATCH,
            concurrency=concurrency,
            num_cpus=1,
            max_restarts=-1,
            max_task_retries=-1,
        )
        lines = new if lines is None else lines.union(new)
    return lines.materialize()


def row_of(line: dict[str, Any]) -> dict[str, Any]:
    """A line of a report as one row."""
    return {name: values[0] for name, values in columns(iter([line])).items()}
