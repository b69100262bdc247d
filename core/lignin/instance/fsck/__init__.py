"""Does the catalogue say what is there? `examine` looks and changes nothing; `repair` mends what it can.

Each kind of finding has a module that finds it and mends it. Whatever is mended is looked at once
more at that moment, since others may be writing: a finding that is no more is left alone.
"""

from lignin.instance.fsck.examine import examine, examine_file
from lignin.instance.fsck.repair import repair
from lignin.instance.fsck.report import Finding, Kind, Report

__all__ = ["Finding", "Kind", "Report", "examine", "examine_file", "repair"]
