"""The contract of adapters, as a test class to derive from."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from lignin.recording import Event, MemoryRecorder, Recorder
from lignin.testing import rules

__all__ = ["AdapterContract"]


class AdapterContract(ABC):
    """What holds for the events of any adapter; each rule is a test.

    An adapter's author derives a class and says how a scenario is recorded: by a real engine, or from
    payloads that were captured from it. A scenario that has a failure, a retry, a cached task, files read
    and written, and a secret parameter proves most. It is recorded once for all tests of the class.

    Attributes:
        secrets: texts that the scenario plants in parameters, URLs and code; no event may hold one.
        was_killed: the engine dies in the scenario, so that runs may stay without an end.

    Example:
        >>> class TestMyEngine(AdapterContract):
        ...     secrets = ("hunter2",)
        ...
        ...     def record(self, recorder):
        ...         for payload in json.loads(CAPTURED.read_text()):
        ...             for event in translate(payload):
        ...                 recorder.record(event)

        What an engine wrote to a spool is told by `lignin.recording.replay(path, recorder)`. A live engine needs a
        folder: an autouse fixture of the class may set it as `self.folder`.
    """

    secrets: ClassVar[tuple[str, ...]] = ()
    was_killed: ClassVar[bool] = False

    @abstractmethod
    def record(self, recorder: Recorder) -> None:
        """Tell the whole scenario to `recorder`."""

    @property
    def events(self) -> Sequence[Event]:
        """The scenario's events, in the order in which they were told."""
        held: Sequence[Event] | None = type(self).__dict__.get("_events")
        if held is None:
            recorder = MemoryRecorder()
            self.record(recorder)
            held = recorder.events
            type(self)._events = held  # type: ignore[attr-defined]  # kept with the deriving class, not here
        return held

    def test_it_tells_of_at_least_one_run(self) -> None:
        """A scenario without a run proves nothing."""
        assert rules.runs_started(self.events), "no Started event was recorded"

    def test_every_event_survives_the_wire(self) -> None:
        """Each event, written as a line and read back, is the same event."""
        self._hold(rules.survives_wire)

    def test_runs_are_named_by_their_engine(self) -> None:
        """A lower-case engine and the engine's own id."""
        self._hold(rules.names_runs)

    def test_runs_that_speak_were_started(self) -> None:
        """Whatever used, produced or ended was started."""
        self._hold(rules.starts_runs)

    def test_parents_were_started_and_form_no_cycle(self) -> None:
        """Each parent is told of, and no run is above itself."""
        self._hold(rules.has_parents)

    def test_attempts_count_from_one(self) -> None:
        """Attempts of one execution are 1, 2, 3 without a gap."""
        self._hold(rules.counts_attempts)

    def test_endings_are_final(self) -> None:
        """Every run ends, unless the engine was killed, in a final state; what went well has no error."""
        self._hold(rules.ends_finally)
        if not self.was_killed:
            self._hold(rules.ends_all)

    def test_times_are_aware_and_in_order(self) -> None:
        """Every time has an offset, and no run ends before it starts."""
        self._hold(rules.orders_times)

    def test_files_are_named_from_everywhere(self) -> None:
        """References are absolute URIs, and local ones say on which machine."""
        self._hold(rules.names_files)

    def test_parameters_are_json(self) -> None:
        """Parameters, extras and environment are plain JSON values."""
        self._hold(rules.speaks_json)

    def test_nothing_secret_is_told(self) -> None:
        """No planted secret, and nothing that looks like one, is in any event."""
        self._hold(rules.keeps_secrets)
        lines = "\n".join(rules.lines(self.events))
        leaked = [secret for secret in self.secrets if secret in lines]
        assert not leaked, f"planted secrets reached the events: {leaked}"

    def test_code_has_a_name_and_a_version(self) -> None:
        """Code has a key and a hash, and a kind that Lignin knows."""
        self._hold(rules.versions_code)

    def test_cached_runs_name_what_they_reuse_or_nothing(self) -> None:
        """Only cached runs reuse, and never themselves."""
        self._hold(rules.reuses_others)

    def test_order_and_repetition_change_nothing(self) -> None:
        """The events twice, backwards and shuffled tell the same story."""
        self._hold(rules.tolerates_order)

    def _hold(self, rule: rules.Rule) -> None:
        problems = list(rule(self.events))
        shown = "\n  ".join(problems[:20])
        assert not problems, f"{len(problems)} problems:\n  {shown}"
