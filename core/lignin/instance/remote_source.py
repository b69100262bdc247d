"""Inspect what lies on S3, GCS or a web server already, to register it where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from lignin.base.content import Content
from lignin.base.errors import ContentChanged, NotFound, StorageError, UsageError
from lignin.instance.places import is_below
from lignin.storage import Root, Seen, hash_whole, look

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["READ_UP_TO", "RemoteSource", "find_remote", "inspect_remote"]

READ_UP_TO = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSource:
    """An object, or all objects below a prefix.

    Attributes:
        root: where it lies.
        seen: what the store said of it when it was inspected.
    """

    root: Root
    seen: Seen

    @property
    def name(self) -> str:
        """The last step of its path."""
        if self.root.kind in {"http", "https"}:
            return unquote(urlsplit(self.root.url).path.rpartition("/")[2])
        return self.root.url.rpartition("/")[2]


def find_remote(instance: Instance, data: Any) -> Root | None:
    """Where a URL or a remote `UPath` leads; `None` for what is local.

    The server is the one that the URL or the path names, else that of the storage in which it lies.

    Raises:
        UsageError: the URL is none that Lignin reads.
    """
    if isinstance(data, Root):
        return data
    options = getattr(data, "storage_options", None)
    text = str(data) if options is not None or isinstance(data, str) else ""
    if "://" not in text or text.startswith("file://"):
        return None
    root = Root.parse_file(text)
    client = (options or {}).get("client_kwargs") or {}
    endpoint = root.endpoint or str(client.get("endpoint_url") or (options or {}).get("endpoint_url") or "")
    region = root.region or client.get("region_name")
    if root.kind != "s3":
        return root
    if not endpoint:
        holders = [storage for storage in instance.remote_storages() if is_below(root.url, storage.root)]
        if holders:
            holder = max(holders, key=lambda storage: len(storage.root))
            endpoint, region = holder.host, region or holder.region
    return Root(url=root.url, endpoint=endpoint.rstrip("/"), region=region)


def inspect_remote(root: Root, *, read: bool | None) -> tuple[RemoteSource, Content]:
    """What lies there, and its content.

    Args:
        root: where.
        read: whether to read all of it for a content id of ours; `None` for what has up to 64 MB. Else
            its id is what the store says of it, and is marked as such: `etag:` or `etagd:`. Where a store says
            nothing that names the content, it is read whatever its size.

    Raises:
        NotFound: nothing lies there.
        ContentChanged: it changed meanwhile.
        UsageError: it can't be read by its URL.
    """
    path = root.path()
    seen = look(path)
    if seen is None:
        raise NotFound(f"there is nothing at {root.url}")
    if "/" not in root.url.partition("://")[2]:
        raise UsageError(f"{root.url} is a whole bucket; give the URL of a file or folder in it")
    source = RemoteSource(root=root, seen=seen)
    is_small = seen.size is not None and seen.size <= READ_UP_TO
    if seen.etag is not None and seen.size is not None and not (read or (read is None and is_small)):
        kind = "etagd" if seen.is_folder else "etag"
        return source, Content(id=f"{kind}:{seen.etag}", size=seen.size, n_files=seen.n_files)
    if read is False:
        raise UsageError(f"the server of {root.url} tells no checksum or size that names its content, so that it has to be read: leave out read=False")
    content = hash_whole(path)
    if look(path) != seen:
        raise ContentChanged(f"{root.url} changed while it was read. Nothing was stored; save it again when it is at rest.")
    if seen.size is not None and content.size != seen.size:
        raise StorageError(f"{root.url} gave {content.size} bytes, and its store speaks of {seen.size}. Try again, or look at the server.")
    return source, content
