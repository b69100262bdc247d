"""`@ln.flow()` and `@ln.step()`: each call of a function becomes a run.

The wrapper is of the function's own kind (plain, `async`, generator, async generator), so that
engines and callers see what they would see without it. The run is current only while the
function's own code runs: a generator that waits for its consumer does not claim what that does.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Literal, TypeVar, overload

from lignin.base.errors import UsageError
from lignin.tracking.arguments import check_texts
from lignin.tracking.call import Tracked, begin
from lignin.tracking.engines import instrumented
from lignin.tracking.session import transform_stem

__all__ = ["flow", "step"]

F = TypeVar("F")
GlobalRun = Literal["clear", "memorize", "none"]


@overload
def flow(uid: F, /) -> F: ...


@overload
def flow(
    uid: str | None = None,
    *,
    global_run: GlobalRun = "clear",
    name: str | None = None,
    project: Any = None,
) -> Callable[[F], F]: ...


def flow(uid: Any = None, *, global_run: GlobalRun = "clear", name: str | None = None, project: Any = None) -> Any:
    """Make each call of a function a run, with its arguments as parameters; with or without brackets.

    Inside a tracked script, another flow, or a workflow engine's run, it is a child of that run.
    Otherwise it is a run of its own, with environment, command line and log.

    A flow or task of a workflow engine (Prefect) comes back as the same object, recorded by the
    engine's adapter.

    >>> import lignin as ln
    >>> @ln.flow()
    ... def count_reads(path: str, minimum: int = 20) -> int: ...

    Args:
        uid: stem of the uid that this code keeps across renames.
        global_run: the run is current in the context (thread, asyncio task) in which the function
            runs, and nowhere else, so flows may run side by side: `clear` and `none` mean just
            that. `memorize` also leaves it as the run of the process when it has ended, so that what
            a notebook saves afterwards belongs to it.
        name: what people call the runs; by default the function's name.
        project: a project, or its name or uid, that the runs belong to.

    Raises:
        LigninError: at the call, before the function runs: the run can't be recorded.
        UsageError: this is nothing that can be called, or a class.
    """
    if global_run not in {"clear", "memorize", "none"}:
        raise UsageError(f"global_run is 'clear', 'memorize' or 'none', not {global_run!r}.")
    return _decorator(uid, is_flow=True, name=name, project=project, memorize=global_run == "memorize")


@overload
def step(uid: F, /) -> F: ...


@overload
def step(uid: str | None = None, *, name: str | None = None) -> Callable[[F], F]: ...


def step(uid: Any = None, *, name: str | None = None) -> Any:
    """Make each call of a function a run that is part of the run around it; with or without brackets.

    Without one, as in a worker process of an engine, it is a run of its own.

    Args:
        uid: stem of the uid that this code keeps across renames.
        name: what people call the runs; by default the function's name.

    Raises:
        LigninError: at the call, before the function runs: the run can't be recorded.
        UsageError: this is nothing that can be called, or a class.
    """
    return _decorator(uid, is_flow=False, name=name, project=None, memorize=False)


def _decorator(uid: Any, *, is_flow: bool, name: str | None, project: Any, memorize: bool) -> Any:
    check_texts(name=name)

    def decorate(thing: Any) -> Any:
        if isinstance(thing, staticmethod | classmethod):
            return type(thing)(decorate(thing.__func__))
        engine_object = instrumented(thing)
        if engine_object is not None:
            return engine_object
        if not callable(thing) or inspect.isclass(thing):
            raise UsageError(f"{'@ln.flow()' if is_flow else '@ln.step()'} goes over a function, not over {thing!r}.")
        tracked = Tracked(
            function=thing,
            is_flow=is_flow,
            signature=_signature(thing),
            uid=transform_stem(uid) if isinstance(uid, str) else None,
            name=name,
            project=project,
            memorize=memorize,
        )
        return _wrapper(tracked)

    # `@ln.flow` without brackets gets the function where the uid would stand.
    return decorate if uid is None or isinstance(uid, str) else decorate(uid)


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (ValueError, TypeError):
        return None


def _wrapper(tracked: Tracked) -> Callable[..., Any]:
    function = tracked.function
    if inspect.isasyncgenfunction(function):
        return _async_generator(tracked)
    if inspect.iscoroutinefunction(function):
        return _coroutine(tracked)
    if inspect.isgeneratorfunction(function):
        return _generator(tracked)
    return _plain(tracked)


def _plain(tracked: Tracked) -> Callable[..., Any]:
    @functools.wraps(tracked.function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = begin(tracked, args, kwargs)
        if call is None:
            return tracked.function(*args, **kwargs)
        try:
            with call.current():
                result = tracked.function(*args, **kwargs)
        except BaseException as e:
            call.fail(e)
            raise
        call.complete()
        return result

    return wrapper


def _coroutine(tracked: Tracked) -> Callable[..., Any]:
    @functools.wraps(tracked.function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = begin(tracked, args, kwargs)
        if call is None:
            return await tracked.function(*args, **kwargs)
        try:
            with call.current():
                result = await tracked.function(*args, **kwargs)
        except BaseException as e:
            call.fail(e)
            raise
        call.complete()
        return result

    return wrapper


def _generator(tracked: Tracked) -> Callable[..., Any]:
    @functools.wraps(tracked.function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        inner = tracked.function(*args, **kwargs)
        call = begin(tracked, args, kwargs)
        if call is None:
            return (yield from inner)
        resume: Callable[[], Any] = functools.partial(next, inner)
        while True:
            try:
                with call.current():
                    item = resume()
            except StopIteration as e:
                call.complete()
                return e.value
            except BaseException as e:
                call.fail(e)
                raise
            try:
                resume = functools.partial(inner.send, (yield item))
            except GeneratorExit:
                _close(inner.close, call)
                raise
            except BaseException as e:  # noqa: BLE001 - it is thrown into the function, where it belongs
                resume = functools.partial(inner.throw, e)

    return wrapper


def _close(close: Callable[[], Any], call: Any) -> None:
    """A generator whose consumer has had enough is complete, unless closing it raises."""
    try:
        with call.current():
            close()
    except BaseException as e:
        call.fail(e)
        raise
    call.complete({"closed_early": True})


def _async_generator(tracked: Tracked) -> Callable[..., Any]:
    @functools.wraps(tracked.function)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        inner = tracked.function(*args, **kwargs)
        call = begin(tracked, args, kwargs)
        if call is None:
            raise AssertionError("a call whose arguments do not fit has raised above")
        resume: Callable[[], Any] = functools.partial(anext, inner)
        while True:
            try:
                with call.current():
                    item = await resume()
            except StopAsyncIteration:
                call.complete()
                return
            except BaseException as e:
                call.fail(e)
                raise
            try:
                resume = functools.partial(inner.asend, (yield item))
            except GeneratorExit:
                await _close_async(inner, call)
                raise
            except BaseException as e:  # noqa: BLE001 - it is thrown into the function, where it belongs
                resume = functools.partial(inner.athrow, e)

    return wrapper


async def _close_async(inner: Any, call: Any) -> None:
    try:
        with call.current():
            await inner.aclose()
    except BaseException as e:
        call.fail(e)
        raise
    call.complete({"closed_early": True})
