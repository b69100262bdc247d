from snakemake_lignin.messages import (
    Errors,
    failed_after_command,
    is_interrupt,
    is_request_to_stop,
    submitted,
)


def test_facts_that_only_messages_tell():
    assert failed_after_command('MissingOutputException in rule c in file "S", line 1:\nJob 13  completed successfully, but some output files are missing.') == 13
    assert failed_after_command("RuleException: Job 13 is odd") is None
    assert is_request_to_stop("Terminating processes on user request, this might take some time.")
    assert not is_request_to_stop("Select jobs to execute...")
    assert is_interrupt("Command 'x' died with <Signals.SIGINT: 2>.")
    assert not is_interrupt("Command 'x' died with <Signals.SIGKILL: 9>.")
    assert not is_interrupt(None)
    assert submitted("Submitted job 3 with external jobid '81'.") == ("3", "81")
    assert submitted("Submitted group job ca80-4e5a with external jobid 'slurm 7'.") == ("ca80-4e5a", "slurm 7")
    assert submitted("Submitted nothing") is None


def test_an_error_is_found_by_command_rule_or_script():
    errors = Errors()
    for message in ("Command 'exit 3' failed", "MissingOutputException in rule trim in file S", "Command 'python .snakemake/scripts/tmp1.count.py' failed", "else"):
        errors.note(message)
    assert errors.find(rule="a", command=" exit 3 ", script="") == "Command 'exit 3' failed"
    assert errors.find(rule="trim", command="", script="") == "MissingOutputException in rule trim in file S"
    assert errors.find(rule="b", command="", script="count.py") == "Command 'python .snakemake/scripts/tmp1.count.py' failed"
    assert errors.find(rule="tri", command="", script="") == "rule tri failed"


def test_only_an_error_after_which_nothing_starts_is_the_workflows_own():
    errors = Errors()
    errors.note("a job failed")
    errors.note_start()
    assert errors.last is None
    errors.note("WorkflowError")
    assert errors.last == "WorkflowError"
