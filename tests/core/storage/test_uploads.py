"""Uploads to S3 that a killed process left are found and aborted; on two servers, over the wire."""

import os
from datetime import timedelta

from lignin.instance.fsck import examine, repair
from lignin.storage import Root, abort_upload, look, pending_uploads


def begin(path):
    """An upload in parts that never ends, as a killed process leaves it."""
    writer = path.fs.open(path.path, "wb", autocommit=False, block_size=16 * 2**20)
    writer.write(os.urandom(17 * 2**20))
    writer.flush()
    # Else the collector would send what is left.
    writer.closed = True


def test_a_pending_upload_is_listed_and_aborted_by_its_prefix_only(s3_root):
    root = Root.parse(s3_root)
    home, other = root.path(".lignin/mine"), root.path(".lignin/theirs")
    assert pending_uploads(home) == ()
    for place in (home, other):
        begin(place / "ab/x")
    (upload,) = pending_uploads(home)
    assert upload.key.endswith("/team/data/.lignin/mine/ab/x".removeprefix("/"))
    for _ in range(2):
        abort_upload(home, upload)
    assert pending_uploads(home) == ()
    assert look(home / "ab/x") is None
    assert len(pending_uploads(other)) == 1


def test_fsck_names_it_and_repair_aborts_it(s3_instance):
    home = s3_instance.storage.root + f"/.lignin/{s3_instance.config.uid}"
    begin(Root(url=home, endpoint=s3_instance.storage.host).path("ab/x"))
    report = examine(s3_instance, grace=timedelta(0))
    (finding,) = report.findings
    assert (finding.kind, finding.subject) == ("upload", f"{home}/ab/x")
    assert repair(s3_instance, report).left == ()
    assert examine(s3_instance, grace=timedelta(0)).findings == ()
