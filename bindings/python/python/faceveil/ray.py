"""Batches on a Ray cluster: ``pip install faceveil[ray]``.

>>> import faceveil.ray
>>> lines = faceveil.ray.blur("s3://street/", "s3://street-covered/", concurrency=64)
>>> lines.groupby("outcome").count().show()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._batch import Batch, Blur, row_of, skipped
from ._storage import ensure_apart, source, target

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["Blur", "blur"]

#: Files of a call of an actor: what is lost and done again when an actor dies.
BATCH = 16


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
    lines = ray.data.from_items([row_of(line) for line in before])
    if not rows:
        return lines.materialize()
    if concurrency is None:
        if not ray.is_initialized():
            ray.init()
        concurrency = max(1, int(ray.cluster_resources().get("CPU", 1)))
    most = concurrency if isinstance(concurrency, int) else concurrency[1]
    blocks = max(1, min(len(rows) // BATCH, most * 16))
    if isinstance(concurrency, int):
        concurrency = min(concurrency, blocks)
    # Actors read for themselves: reading tasks would wait for processors that actors hold.
    new = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
        Blur,
        fn_constructor_args=(src, dst),
        fn_constructor_kwargs={"filesystem": filesystem, "config": config, "options": options},
        batch_size=BATCH,
        concurrency=concurrency,
        num_cpus=1,
    )
    return (lines.union(new) if before else new).materialize()
