"""Uploads to S3 that a killed process left are found and aborted; on two servers, over the wire."""

import os

from lignin.storage import Root, abort, look, unfinished


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
    assert unfinished(home) == []
    for place in (home, other):
        begin(place / "ab/x")
    (upload,) = unfinished(home)
    assert upload.name == "ab/x"
    for _ in range(2):
        abort(home, upload)
    assert unfinished(home) == []
    assert look(home / "ab/x") is None
    assert len(unfinished(other)) == 1
