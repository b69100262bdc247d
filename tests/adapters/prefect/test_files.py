"""Live: which files a run has used, and which it has made."""

import time

import pytest


@pytest.fixture(scope="module")
def recorded(run_scenario, prefect_server, tmp_path_factory):
    return run_scenario("files", tmp_path_factory.mktemp("files"), PREFECT_API_URL=prefect_server)


@pytest.fixture(scope="module")
def claims(recorded):
    assert recorded.exit_code == 0, recorded.output

    def of(function, *, written):
        return recorded.claims(recorded.start(function).run, written=written)

    return of


def test_paths_are_found_inside_of_lists_and_dataclasses(claims):
    assert claims("count", written=False) == {"one.fq": "sample", "two.fq": "sample", "config.toml": "reference"}


def test_a_text_is_a_path_only_where_the_annotation_says_so(claims):
    assert "config.toml" in claims("same", written=False)
    assert "note" not in claims("count", written=False).values()
    assert claims("named", written=True) == {"named.txt": ""}


def test_a_place_for_results_is_no_input_though_an_earlier_run_has_filled_it(claims):
    assert claims("count", written=True) == {"out.txt": ""}
    assert "out.txt" not in claims("pipeline", written=False)


def test_results_are_found_by_key_if_they_exist(claims):
    assert claims("many", written=True) == {"a.tsv": "table", "b": "parts"}


def test_files_that_were_there_before_are_not_made_by_a_task_that_lists_them(claims):
    assert claims("listing", written=True) == {}
    assert claims("listing", written=False) == {"raw": "folder"}


def test_an_input_that_comes_back_unchanged_is_no_output(claims):
    assert claims("same", written=True) == {}
    assert set(claims("pipeline", written=True)) == {"out.txt", "a.tsv", "b"}


def test_a_file_that_was_added_to_is_both(recorded, claims):
    run = recorded.start("appended").run
    assert set(claims("appended", written=False)) == set(claims("appended", written=True)) == {"grown.tsv"}
    before, after = (c.ref for c in recorded.story.claims if c.run == run)
    assert before.size != after.size


def test_a_flow_sees_a_path_that_no_annotation_speaks_of(claims):
    assert claims("pipeline", written=False) == {"raw": "raw", "config.toml": "config", "extra.txt": "anything"}


def test_open_files_of_fsspec_and_remote_paths_count(claims):
    assert claims("opened", written=False) == {"one.fq": "handle", "two.fq": "remote"}


def test_assets_with_an_address_count(claims):
    assert claims("written", written=True) == {"asset.csv": "asset"}
    assert claims("written", written=False) == {"all.csv": "asset"}


def test_an_import_tells_the_assets_that_lie_in_stores(recorded, tell):
    written = recorded.start("written").run
    claims, end = [], time.monotonic() + 300
    while not claims and time.monotonic() < end:
        # The server stores what it is told of assets when it comes to it.
        claims = [c for c in tell().story().claims if c.run == written]
    assert [(c.ref.uri, c.role, c.written) for c in claims] == [("s3://bucket/all.csv", "asset", False)]


def test_contents_are_hashed_where_they_lie(recorded):
    local = [c.ref for c in recorded.story.claims if c.ref.uri.startswith("file:")]
    assert all(ref.content_id or ref.state.value == "changed" for ref in local)
    reads = recorded.claim(recorded.start("count").run, "one.fq").ref
    assert reads.content_id.startswith("b3:")
    assert recorded.claim(recorded.start("listing").run, "raw").ref.content_id.startswith("b3d:")
