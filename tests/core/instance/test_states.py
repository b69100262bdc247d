"""Whatever is saved, trashed, restored, renamed and deleted, in any order: one latest, and bytes for every record."""

import shutil
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import lignin as ln
from lignin.base.errors import LigninError, UsageError
from lignin.model import TRASH

KEYS = st.sampled_from(["a.txt", "b.txt", "c/d.txt", None])
TEXTS = st.sampled_from(["one", "two", "three"])


class Families(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        for artifact in ln.Artifact.filter(branch_id__in=[1, 0, TRASH]):
            artifact.delete(permanent=True)
        shutil.rmtree("files", ignore_errors=True)
        Path("files").mkdir()

    def everything(self):
        return sorted(ln.Artifact.filter(branch_id__in=[1, TRASH]), key=lambda a: a.id)

    def pick(self, number):
        everything = self.everything()
        return everything[number % len(everything)]

    @rule(key=KEYS, text=TEXTS)
    def save(self, key, text):
        path = Path("files/x.txt")
        path.write_text(text)
        artifact = ln.Artifact(path, key=key).save()
        assert artifact.load() == text
        if key:
            assert artifact.is_latest
            assert ln.Artifact.get(key=key) == artifact

    @precondition(lambda self: self.everything())
    @rule(number=st.integers(0, 20), permanent=st.booleans())
    def delete(self, number, permanent):
        self.pick(number).delete(permanent=permanent or None)

    @precondition(lambda self: self.everything())
    @rule(number=st.integers(0, 20))
    def restore(self, number):
        artifact = self.pick(number)
        if artifact.branch_id == TRASH:
            artifact.restore()
            assert ln.Artifact.get(artifact.uid).branch_id == 1

    @precondition(lambda self: self.everything())
    @rule(number=st.integers(0, 20), key=KEYS.filter(bool))
    def rekey(self, number, key):
        artifact = self.pick(number)
        artifact.key = key
        try:
            artifact.save()
        except UsageError as e:
            assert "belongs to" in str(e)
        else:
            assert {a.key for a in artifact.versions} <= {key}

    @invariant()
    def one_latest(self):
        families = {}
        for artifact in self.everything():
            if artifact.branch_id > 0:
                families.setdefault(artifact.family, []).append(artifact)
        for members in families.values():
            assert [a.is_latest for a in members].count(True) == 1
            assert len({a.stem_uid for a in members}) == 1

    @invariant()
    def bytes_are_there(self):
        for artifact in self.everything():
            assert Path(artifact.path).read_text() in {"one", "two", "three"}
        stored = [p for p in Path(".lignin/storage").rglob("*") if p.is_file()]
        assert len(stored) == len({a.relpath for a in self.everything()})


def test_any_order_of_acts_keeps_the_rules(sqlite_instance):
    options = settings(
        max_examples=25, stateful_step_count=12, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Families, settings=options)


def test_errors_of_this_kind_are_ours():
    assert issubclass(UsageError, LigninError)
