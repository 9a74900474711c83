"""Scripts as a function: the same output, whatever stands at their top level."""

from __future__ import annotations

import contextlib
import io

import pytest

from multipl_e.curation.scripts import as_main


def printed_by(source: str) -> str:
    names: dict[str, object] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(source, "script", "exec"), names)
        if callable(main := names.get("main")):
            main()
    return out.getvalue()


@pytest.mark.parametrize(
    "source",
    [
        "print(1)",
        "\n\n# only then\nprint(1)\n",
        'x = """a\n b\n"""\nprint(x)\n',
        "y = 2\nx = f'''{y}\n  b'''\nprint(x)\n",
        "from __future__ import annotations\nfrom math import *\nprint(floor(2.5))\n",
        "n = 1\ndef f():\n    global n\n    n += 1\nf()\nprint(n)\n",
        "if True:\n\tprint(1)\nelse:\n\tprint(2)\n",
        "class A:\n    x = 3\n    def f(self):\n        return A.x\nprint(A().f())\n",
        "print([i for i in range(3) if i])\r\nprint('x')\r\n",
        "print('a' \\\n      'b')\n",
        "s = 'one\\\n  two'\nprint(s)\n",
    ],
)
def test_the_function_prints_what_the_script_prints(source: str) -> None:
    assert printed_by(as_main(source)) == printed_by(source) != ""


def test_a_program_of_another_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        as_main("print 1\n")
