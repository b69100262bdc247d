"""`lignin connect`."""

from contextlib import closing
from pathlib import Path

import click

from lignin.base.errors import LigninError, NoInstance, UsageError
from lignin.base.messages import say
from lignin.base.redact import redact_url
from lignin.base.settings import InstanceConfig, find_instance, host_name, set_default
from lignin.instance import Instance, connect, open_instance
from lignin.instance.locate import root_of
from lignin.model import Storage

__all__ = ["command"]


@click.command("connect")
@click.argument("target", required=False)
@click.option("--here", is_flag=True, help="Leave your default as it is.")
def command(*, target: str | None, here: bool) -> None:
    """Use the instance of a folder or a PostgreSQL database.

    TARGET is a folder with an instance, or one below it, by default the working directory; or the
    URL of a database, postgresql://USER@HOST/NAME, to which the working directory then points. It
    becomes your default: what is used where no folder upwards holds an instance.
    """
    if target is not None and "://" in target:
        instance = _connect_database(target)
    else:
        instance = _connect_folder(Path(target or ".").expanduser().absolute())
    config = instance.config
    say("✓", f"connected the instance {config.name!r} ({config.uid}) in {config.folder}")
    if here:
        return
    set_default(config.folder)
    _warn_of_nearer(config)


def _connect_folder(place: Path) -> Instance:
    if not place.is_dir():
        raise NoInstance(f"{place} is no folder. Give one that holds an instance, or make an instance with: lignin init")
    holders = [folder for folder in (place, *place.parents) if (folder / ".lignin" / "instance.toml").is_file()]
    if not holders:
        raise NoInstance(f"there is no instance in {place} or above it. Make one there with: lignin init")
    return connect(holders[0])


def _connect_database(url: str) -> Instance:
    if not url.startswith(("postgresql", "postgres:")):
        raise UsageError(f"{redact_url(url)} can't be connected: give a folder, or a URL that begins with postgresql://")
    place = Path.cwd()
    if (place / ".lignin" / "instance.toml").is_file():
        held = InstanceConfig.read(place)
        if held.db != url:
            raise UsageError(f"{place} holds the instance {held.name!r} with another database, {redact_url(held.db)}. Connect from another folder.")
        return connect(place)
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2] or place.name
    config = InstanceConfig(folder=place, uid="", name=name, db=url, storage=".lignin/storage")
    known = _default_storage(config)
    mine = known.type != "local" or known.host in {"", host_name()}
    InstanceConfig(
        folder=place,
        uid=str(known.instance_uid),
        name=name,
        db=url,
        storage=root_of(known).text if mine else config.storage,
    ).write()
    return connect(place)


def _default_storage(config: InstanceConfig) -> Storage:
    """The storage location that was made with the catalogue: it knows the instance's uid."""
    with closing(open_instance(config)) as instance:
        found = instance.query(Storage).filter(role="managed", instance_uid__isnull=False).first()
    if found is None:
        raise LigninError(f"{redact_url(config.db)} holds a catalogue without a storage location. Make it complete where it was made, with: lignin init")
    return found


def _warn_of_nearer(config: InstanceConfig) -> None:
    try:
        nearer = find_instance()
    except LigninError:
        return
    if nearer.folder != config.folder:
        say("!", f"in this folder, {nearer.name!r} in {nearer.folder} goes before your default")
