"""Bytes that a policy keeps of files that were found, for when those are overwritten."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from lignin.base.content import look_at
from lignin.base.errors import LigninError
from lignin.base.messages import say
from lignin.model import Artifact
from lignin.recording import Claim, Policy, local_path
from lignin.storage import remove, retain, suffix_there

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["drop_retained", "retain_outputs", "retained"]


def retain_outputs(instance: Instance, policy: Policy, claims: Iterable[Claim]) -> None:
    """Keep what runs wrote and what still lies there as they left it."""
    for claim in claims:
        ref, path = claim.ref, local_path(claim.ref)
        if not claim.written or path is None or not (ref.content_id or "").startswith("b3"):
            continue
        try:
            seen = look_at(path)
            if (seen.size, seen.mtime_ns) == (ref.size, ref.mtime_ns):
                retain(path, _place(instance, str(ref.content_id), _suffix(path, ref.n_files)), expected=str(ref.content_id), by_link=policy.retain == "link")
        except FileNotFoundError:
            continue
        except (OSError, LigninError) as e:
            say("!", f"{path} is not kept for later: {e}")


def retained(instance: Instance, artifact: Artifact) -> Path | None:
    """Where an artifact's bytes are kept, if they are; they are still to be compared."""
    if not (artifact.hash or "").startswith("b3"):
        return None
    place = _place(instance, str(artifact.hash), artifact.suffix)
    return place if place.exists() else None


def drop_retained(instance: Instance, artifact: Artifact) -> None:
    """Give up the kept bytes of a deleted artifact, unless another record names them."""
    place = retained(instance, artifact)
    if place is not None:
        named = select(Artifact.id).where(Artifact.hash == artifact.hash, Artifact.suffix == artifact.suffix).limit(1)
        if instance.database.read(lambda session: session.scalar(named)) is None:
            remove(place)


def _suffix(path: Path, n_files: int | None) -> str:
    return suffix_there(path.name, is_folder=n_files is not None)


def _place(instance: Instance, content_id: str, suffix: str) -> Path:
    kind, _, digest = content_id.partition(":")
    return instance.config.home / "retained" / kind / digest[:2] / f"{digest[2:]}{suffix}"
