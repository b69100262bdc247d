"""Write an artifact's bytes straight into its storage, and record them when they are whole."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from lignin.base.errors import StorageError, UsageError
from lignin.base.ids import new_uid
from lignin.formats import store_of
from lignin.instance.locate import home_of, root_of
from lignin.model import Artifact, Storage
from lignin.storage import Root, check_key, remove, suffix_of

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["DRAFTS", "LazyArtifact"]

# Where `fsck` looks for copies that were never finished.
DRAFTS = "00"


class LazyArtifact:
    """A place in storage to write to, which becomes an artifact when it is saved.

    As a context manager it is saved at the end of the block; where the block fails, what was written is deleted. What a process
    that was killed has written stays, is visible to nobody, and is named by `lignin fsck`.

    Attributes:
        path: where to write: a `pathlib.Path`, or a `UPath` on the storage's server.
        artifact: what it became; `None` before it is saved.
    """

    def __init__(self, instance: Instance, *, suffix: str | None, options: Mapping[str, Any]) -> None:
        key = options.get("key")
        if key is not None:
            key = check_key(key)
        chosen = suffix if suffix is not None else suffix_of(key or "") or ".zarr"
        if not isinstance(chosen, str) or suffix_of(f"object{chosen}") != chosen:
            raise UsageError(f"{chosen!r} is no suffix of a file; one is like '.zarr' or '.parquet'")
        if key is not None and suffix_of(key) != chosen:
            raise UsageError(f"the key {key!r} must end with {chosen}, like what is written")
        storage = options.get("storage") or instance.storage
        if not isinstance(storage, Storage) or storage.id is None or storage.role != "managed":
            raise UsageError(f"storage takes a saved ln.Storage in which Lignin may write, not {storage!r}")
        self.artifact: Artifact | None = None
        self._options = {**options, "storage": storage}
        # Named as a copy that was never finished, which it is until it is saved.
        self._draft: Root = _below(root_of(storage), f"{home_of(instance, storage)}/{DRAFTS}/.lazy.{new_uid(6)}.part")
        self._place = _below(self._draft, f"object{chosen}")
        if not self._draft.is_remote:
            try:
                Path(self._draft.url).mkdir(parents=True)
            except OSError as e:
                raise StorageError(f"can't write to {storage.root}: {e.strerror or e}.") from e
        self.path: Any = self._place.path()

    @property
    def store(self) -> Any:
        """What zarr takes for a store: the path, or a store on the storage's server."""
        return store_of(self.path)

    def save(self) -> Artifact:
        """Record what was written: read whole for its content id, and moved to its place without being sent once more.

        Raises:
            NotFound: nothing was written.
            ContentChanged: somebody still writes.
        """
        if self.artifact is None:
            source = self._place if self._draft.is_remote else self.path
            self.artifact = Artifact(source, **self._options, _format={"lazy": True}).save()
            self.discard()
        return self.artifact

    def discard(self) -> None:
        """Delete what was written and not saved."""
        if self._draft.is_remote:
            remove(self._draft.path())
        else:
            shutil.rmtree(self._draft.url, ignore_errors=True)

    def __enter__(self) -> Self:
        """The place, to write to."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Save, or discard where the block failed."""
        if kind is None:
            self.save()
        else:
            self.discard()

    def __repr__(self) -> str:
        """What it is and where."""
        return f"LazyArtifact({self.artifact or self._place.url})"


def _below(root: Root, relpath: str) -> Root:
    return Root(url=f"{root.url.rstrip('/')}/{relpath}", endpoint=root.endpoint, region=root.region)
