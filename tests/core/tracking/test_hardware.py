"""What a run says of the machine under it."""

import json
import time

from lignin.tracking.hardware import hardware


def test_this_machine_is_described_in_no_time():
    began = time.process_time()
    facts = hardware()
    assert time.process_time() - began < 1
    assert json.loads(json.dumps(facts)) == facts
    assert facts["cpus"] >= facts.get("cpus_usable", 1) >= 1
    assert facts["memory"] > 0


def test_processor_system_and_cards_are_named(tmp_path):
    for name, text in {
        "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
        "proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD EPYC 7713\n\nprocessor\t: 1\nmodel name\t: AMD EPYC 7713\n",
        "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n",
        "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA A100-SXM4-80GB\nIRQ:   \t\t 49\n",
        "proc/driver/nvidia/gpus/0000:02:00.0/information": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    facts = hardware(tmp_path)
    assert (facts["os"], facts["cpu"]) == ("Debian GNU/Linux 12 (bookworm)", "AMD EPYC 7713")
    assert (facts["gpus"], facts["gpu_driver"]) == (["NVIDIA A100-SXM4-80GB", "unknown"], "550.54.15")


def test_what_a_system_does_not_tell_is_left_out(tmp_path):
    assert not {"gpus", "gpu_driver", "os"} & set(hardware(tmp_path))
