"""Programs that read standard input at their top level, as a function ``main``."""

from __future__ import annotations

import ast

MAIN = "def main():"


def as_main(source: str) -> str:
    """The program inside a function ``main`` that can be called once for every input.

    Lines inside strings keep their indentation; names that functions declare global are global in
    ``main`` too; imports that only stand at the top level stay there.

    Raises:
        SyntaxError: it is not a program (of today's Python); ValueError for one with null bytes.
    """
    tree = ast.parse(source)
    # splitlines() would break lines at form feeds, which Python's own line numbers do not.
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    text_lines = {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno is not None
        for number in range(node.lineno + 1, node.end_lineno + 1)
    }
    hoisted = {
        number
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.module == "__future__" or node.names[0].name == "*")
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    shared = sorted(
        {n for node in ast.walk(tree) if isinstance(node, ast.Global) for n in node.names}
    )
    body = [f"    global {', '.join(shared)}"] if shared else []
    for number, line in enumerate(lines, start=1):
        if number not in hoisted:
            body.append(line if number in text_lines or not line.strip() else f"    {line}")
    if len(tree.body) == sum(isinstance(node, ast.ImportFrom) for node in tree.body):
        body.append("    pass")
    top = [line for number, line in enumerate(lines, start=1) if number in hoisted]
    return "\n".join([*top, MAIN, *body]).rstrip() + "\n"
