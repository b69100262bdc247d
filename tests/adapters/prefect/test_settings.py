"""Settings from the environment."""

from prefect_lignin.settings import Settings


def test_settings_are_read_and_nonsense_counts_as_not_set():
    assert Settings.read({}) == Settings()
    assert Settings.read({"LIGNIN_PREFECT": " Off "}).enabled is False
    read = Settings.read({"LIGNIN_PREFECT_WAIT": "0", "LIGNIN_PREFECT_EVERY": "-1"})
    assert (read.wait_seconds, read.every_seconds) == (0.0, Settings().every_seconds)
    assert Settings.read({"LIGNIN_PREFECT_WAIT": "soon"}) == Settings()
