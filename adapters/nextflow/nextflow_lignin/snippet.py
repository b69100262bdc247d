"""What to add to `nextflow.config`, so that a run can be imported in full without the plug-in."""

__all__ = ["SNIPPET"]

SNIPPET = """\
// Lignin without its plug-in: add this to nextflow.config, and call after a run: lignin nextflow import
lineage.enabled = true
trace {
    enabled = true
    raw = true
    // A name of its own for each run: Nextflow writes no trace, and says nothing, where the file is there already.
    file = "trace-${new Date().format('yyyyMMdd-HHmmss')}.txt"
    // Not `script`: its line breaks would break the table.
    fields = 'task_id,hash,native_id,process,tag,name,status,exit,attempt,submit,start,complete,duration,realtime,%cpu,peak_rss,rchar,wchar,workdir,container,error_action'
}
"""
