"""Batches on object stores: ``pip install faceveil[s3]``.

>>> from faceveil import store
>>> for line in store.blur("s3://uploads/", "s3://public/", preset="fast"):
...     print(line["input"], line["outcome"])
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from ._batch import Batch, Blur, skipped
from ._storage import ensure_apart, source, target

__all__ = ["Blur", "blur"]


def blur(
    src: Any,
    dst: Any,
    *,
    concurrency: int | None = None,
    config: dict[str, Any] | None = None,
    **options: Any,
) -> Iterator[dict[str, Any]]:
    """Covers the faces in all photos and videos below ``src`` and writes them below ``dst``.

    ``src`` and ``dst`` are folders, URLs (``s3://bucket/prefix``), or stores of obstore. ``config`` goes
    to ``obstore.store.from_url``, ``options`` to :class:`faceveil.Anonymizer`. ``concurrency`` files are
    worked on at a time; where it is left out, one for each processor.

    Yields the report's line of each file, in the order in which they end. A file that fails is a line
    with the outcome ``failed``, one that an earlier run did has the outcome ``skipped``. Nothing is ever
    replaced. A photo is written with one request, once it is whole and checked.
    """
    ensure_apart(src, dst)
    batch = Batch(source(src, config=config), target(dst, config), options)
    workers = concurrency or os.cpu_count() or 1
    return _lines(batch, workers)


def _lines(batch: Batch, workers: int) -> Iterator[dict[str, Any]]:
    done = batch.lines_done()
    entries = batch.source.entries()
    pending: set[Future[dict[str, Any]]] = set()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for entry in entries:
                if batch.line_name(entry) in done:
                    yield skipped(entry.name)
                    continue
                pending.add(pool.submit(batch.run, entry))
                if len(pending) >= 2 * workers:
                    ready, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in ready)
            while pending:
                ready, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ready)
        finally:
            for future in pending:
                future.cancel()
