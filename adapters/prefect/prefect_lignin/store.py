"""Prefect's own store, asked through its API: a server, Prefect Cloud, or the temporary server on a local database."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.context import use_profile
from prefect.settings import (
    PREFECT_API_DATABASE_CONNECTION_URL,
    PREFECT_API_DATABASE_MIGRATE_ON_START,
    PREFECT_API_URL,
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
    PREFECT_UI_URL,
    load_profiles,
    temporary_settings,
)

from lignin.base.errors import LigninError, NotFound, UsageError
from lignin.base.redact import redact_url
from prefect_lignin.account import Asset, Row, State

__all__ = ["Store", "open_store"]

_DATABASES = ("sqlite", "postgresql")
_IDS_AT_ONCE = 100
# Without a time, the API looks back some days only.
_EVER = "2018-01-01T00:00:00+00:00"


class Store:
    """What Prefect's API says of runs.

    Args:
        client: of the API.
    """

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client

    @property
    def link(self) -> str | None:
        """Where runs are shown to people."""
        url: str | None = PREFECT_UI_URL.value()
        return url

    def flow_runs(self, *, since: datetime | None) -> list[Row]:
        """The flow runs that began at or after `since`, in no set order."""
        return list(self._rows("flow_runs", _began(since)))

    def flow_runs_by_id(self, ids: Collection[str]) -> list[Row]:
        """Flow runs by their ids."""
        return self._by_id("flow_runs", ids)

    def task_runs(self, *, since: datetime | None) -> list[Row]:
        """The task runs that began at or after `since`, in no set order."""
        return list(self._rows("task_runs", _began(since)))

    def task_runs_by_id(self, ids: Collection[str]) -> list[Row]:
        """Task runs by their ids."""
        return self._by_id("task_runs", ids)

    def flow_names(self) -> Mapping[str, str]:
        """The names of all flows by id."""
        return {flow["id"]: flow["name"] for flow in self._pages("flows", {}, sort="NAME_ASC")}

    def states(self, row: Row) -> tuple[State, ...]:
        """All states that a run went through."""
        kind = "task_run" if row.is_task else "flow_run"
        return tuple(State.parse(payload) for payload in self._ask("GET", f"/{kind}_states/", params={f"{kind}_id": row.id}))

    def assets(self, *, since: datetime | None) -> Iterator[Asset]:
        """What task runs said of assets, at or after `since`."""
        wanted = {"event": {"prefix": ["prefect.asset."]}, "occurred": {"since": since.isoformat() if since else _EVER}}
        page = self._ask("POST", "/events/filter", json={"filter": wanted})
        while True:
            yield from (asset for event in page["events"] if (asset := Asset.parse(event)) is not None)
            if not page.get("next_page"):
                return
            page = self._ask("GET", "/events/filter/next", params={"page-token": unquote(page["next_page"].partition("page-token=")[2])})

    def _by_id(self, kind: str, ids: Collection[str]) -> list[Row]:
        listed = sorted(ids)
        chunks = (listed[begin : begin + _IDS_AT_ONCE] for begin in range(0, len(listed), _IDS_AT_ONCE))
        return [row for chunk in chunks for row in self._rows(kind, {"id": {"any_": chunk}})]

    def _rows(self, kind: str, only: Mapping[str, Any]) -> Iterator[Row]:
        for payload in self._pages(kind, {kind: only}, sort="ID_DESC"):
            row = Row.parse(payload)
            if row is not None:
                yield row

    def _pages(self, kind: str, body: Mapping[str, Any], *, sort: str) -> Iterator[Mapping[str, Any]]:
        """Everything of a kind once, in pages of the size that the server likes."""
        seen: set[str] = set()
        offset = 0
        # What comes in meanwhile moves the rest back, so that nothing is missed, and some may come twice.
        while page := self._ask("POST", f"/{kind}/filter", json={**body, "sort": sort, "offset": offset}):
            offset += len(page)
            yield from (item for item in page if item["id"] not in seen)
            seen.update(item["id"] for item in page)

    def _ask(self, method: Any, path: Any, **options: Any) -> Any:
        try:
            return self._client.request(method, path, **options).json()
        except httpx.HTTPStatusError as e:
            code = e.response.status_code
            how = "Set PREFECT_API_KEY or PREFECT_API_AUTH_STRING." if code in {401, 403} else "Is it the URL of Prefect's API (it ends in /api)?"
            raise LigninError(f"Prefect's API at {self._url} answers {code} to {path}. {how}") from e
        except (httpx.HTTPError, ValueError) as e:
            raise LigninError(f"can't read Prefect's API at {self._url}: {e or type(e).__name__}. Start the server, or name another API.") from e

    @property
    def _url(self) -> str:
        return redact_url(str(self._client.api_url))


@contextmanager
def open_store(target: str | None) -> Iterator[Store]:
    """Prefect's store.

    Args:
        target: URL of an API; URL or file of a database that a temporary server of Prefect uses; or name of a profile.
            By default what Prefect itself would use here.

    Raises:
        NotFound: there is no such database or profile.
        LigninError: it does not answer.
    """
    with ExitStack() as stack:
        if target is not None:
            stack.enter_context(_settings(target))
        try:
            client = stack.enter_context(get_client(sync_client=True))
        except (RuntimeError, ValueError, httpx.HTTPError) as e:
            raise LigninError(f"can't reach Prefect's API: {e}. Name its URL, or start it with: prefect server start") from e
        yield Store(client)


def _settings(target: str) -> Any:
    scheme, mark, _ = target.partition("://")
    if mark and scheme in {"http", "https"}:
        return temporary_settings(updates={PREFECT_API_URL: target})
    if mark:
        if not scheme.startswith(_DATABASES):
            raise UsageError(f"{redact_url(target)} is neither the URL of an API (http, https) nor of a database ({', '.join(_DATABASES)})")
        return _on_database(target)
    path = Path(target).absolute()
    if path.is_file():
        return _on_database(f"sqlite+aiosqlite:///{path}")
    profiles = load_profiles()
    if target not in profiles:
        raise NotFound(f"there is no Prefect API, database or profile {target!r}. Profiles: {', '.join(sorted(profiles.names))}")
    return use_profile(target, override_environment_variables=True)


def _on_database(url: str) -> Any:
    """A temporary server that reads a database as it is: bringing it to a newer Prefect is its owner's to do."""
    updates: dict[Any, Any] = {
        PREFECT_API_DATABASE_CONNECTION_URL: url,
        PREFECT_API_DATABASE_MIGRATE_ON_START: False,
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: True,
    }
    return temporary_settings(updates=updates, restore_defaults={PREFECT_API_URL})


def _began(since: datetime | None) -> dict[str, Any]:
    return {} if since is None else {"start_time": {"after_": since.isoformat()}}
