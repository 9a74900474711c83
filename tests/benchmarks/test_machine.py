"""A result file names its command, and no folder of the machine."""

from benchmarks.machine import command_line


def test_the_command_keeps_its_options_and_loses_the_machine_s_folders() -> None:
    argv = ["/a/b/benchmarks/x.py", "--run", "/data/me/runs/one", "--data=/d/e", "--n", "1/2"]
    assert command_line(argv) == "python benchmarks/x.py --run one --data=e --n 1/2"
