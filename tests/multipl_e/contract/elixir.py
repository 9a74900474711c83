"""Elixir programs by the status that they must get."""

HEAD = "defmodule HumanEval do\n  def candidate(a, b), do: add(a, b)\n"


def _f(body: str) -> str:
    return f"{HEAD}  def add(a, b) do\n    {body}\n  end\nend\n"


PROGRAMS = {
    "OK": [
        _f("a + b"),
        _f("Enum.sum([a, b])"),
        _f('IO.puts("ERROR FAIL \\0")\n    IO.puts(:stderr, "1 failure")\n    a + b'),
        _f('IO.puts(String.duplicate("x", 1_000_000))\n    a + b'),
        _f("helper(a) + b\n  end\n\n  defp helper(x) do\n    x"),
        _f("a + b + 0.0"),
    ],
    "Exception": [
        _f('IO.puts("1 test, 0 failures")\n    0 * a * b'),
        "defmodule Always do\n  defstruct []\n  def equal?(_, _), do: true\nend\n"
        + _f("[a, b, :any]"),
        _f("a - b"),
        _f('"#{a + b}"'),
        _f('raise "no"'),
        _f("System.halt(3)"),
        _f("exit(:no)"),
        _f("throw(:no)"),
        "defmodule ExUnit.Assertions do\n  defmacro assert(_), do: true\nend\n" + _f("0 * a * b"),
        "defmodule HumanEvalTest do\n  def run, do: :ok\nend\n" + _f("0 * a * b"),
    ],
    "SyntaxError": [_f("a +"), _f("undefined_name(a)"), HEAD + "  def add(a, b) do\n    a + b\n"],
    "Exception|SyntaxError": ["defmodule Other do\n  def add(a, b), do: a + b\nend\n"],
    "Incomplete": [_f("System.halt(0)"), "System.halt(0)\n" + _f("0"), _f(":erlang.halt(0)")],
    "Exception|Incomplete": [
        _f("exit(:normal)"),
        "System.at_exit(fn _ -> System.halt(0) end)\n" + _f("0 * a * b"),
        _f("Process.exit(self(), :kill)"),
    ],
    "Timeout": [_f("add(a, b)"), _f("Process.sleep(:infinity)")],
    "OutputLimit": [_f('IO.puts(String.duplicate("x", 100_000))\n    add(a, b)')],
}


def _tests(name: str, *checks: str) -> str:
    lines = "".join(f"    assert {check}\n" for check in checks)
    return (
        "ExUnit.start()\n\ndefmodule HumanEvalTest do\n  use ExUnit.Case, async: true\n"
        f'  test "{name}" do\n'
        f"    candidate = fn args -> apply(HumanEval, :{name}, args) end\n{lines}  end\nend\n"
    )


# Tasks of their own: name, prompt, tests, completions by the status that they must get.
TASKS = [
    (
        "rolling_max",
        "# The largest number so far, at every position.\n\ndefmodule HumanEval do\n"
        "  def rolling_max(numbers) do\n",
        _tests(
            "rolling_max",
            "[] == candidate.([[]])",
            "[1, 3, 3, 3, 4, 4] == candidate.([[1, 3, 2, 3, 4, -2]])",
        ),
        {
            "OK": [
                "    Enum.scan(numbers, &max/2)\n  end\nend\n",
                "    {out, _} =\n      Enum.map_reduce(numbers, nil, fn x, best ->\n"
                "        best = if best == nil or x > best, do: x, else: best\n"
                "        {best, best}\n"
                "      end)\n    out\n  end\nend\n",
            ],
            "Exception": [
                "    Enum.map(numbers, fn _ -> Enum.max(numbers) end)\n  end\nend\n",
                "    hd(numbers)\n  end\nend\n",
            ],
            "SyntaxError": [
                "    Enum.scan(numbers, &max/2\n  end\nend\n",
                "    undefined_name(numbers)\n  end\nend\n",
            ],
            "Timeout": ["    rolling_max(numbers)\n  end\nend\n"],
        },
    ),
    (
        "letters",
        "# How often each letter occurs.\n\ndefmodule HumanEval do\n  def letters(text) do\n",
        _tests(
            "letters", '%{"a" => 2, "b" => 1} == candidate.(["aba"])', '%{} == candidate.([""])'
        ),
        {
            "OK": ["    Enum.frequencies(String.graphemes(text))\n  end\nend\n"],
            "Exception": [
                "    Map.new(String.graphemes(text), fn x -> {x, 1} end)\n  end\nend\n",
                "    %{:a => 2, :b => String.length(text)}\n  end\nend\n",
            ],
        },
    ),
]
