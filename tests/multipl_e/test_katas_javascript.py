"""The translation to JavaScript, construct by construct."""

from __future__ import annotations

import pytest

from multipl_e.sources.katas.javascript import redeclare, translate


@pytest.mark.parametrize(
    ("python", "javascript"),
    [
        ("n = abs(n)", "n = Math.abs(n);"),
        ("k = n // 2 * 3", "let k = Math.floor(n / 2) * 3;"),
        ("k = (n + 1) // 2", "let k = Math.floor((n + 1) / 2);"),
        ("k = n - (n - 1)", "let k = n - (n - 1);"),
        ("k = (n + 1) * 2", "let k = (n + 1) * 2;"),
        ("k = -n", "let k = -n;"),
        ("k = ys[-1]", "let k = ys[ys.length - 1];"),
        ("xs = sorted(xs)", "let xs = [...xs].sort((a, b) => a - b);"),
        ("ys.append(len(xs))", "ys.push(xs.length);"),
        ("ys.insert(0, x)", "ys.unshift(x);"),
        ("ys.insert(i, x)", "ys.splice(i, 0, x);"),
        ("n += 1", "n++;"),
        ("n -= 1", "n--;"),
        ("n *= 2", "n *= 2;"),
        ("t += c.upper()", "t += c.toUpperCase();"),
        ('s = "-".join(ws)', 'let s = ws.join("-");'),
        ("k = ord(c) - 96", "let k = c.charCodeAt(0) - 96;"),
    ],
)
def test_simple_statements(python: str, javascript: str) -> None:
    assert translate(python, "n") == [javascript]


@pytest.mark.parametrize(
    ("python", "javascript"),
    [
        ("x == 1", "x === 1"),
        ("x != 1", "x !== 1"),
        ("x in ys", "ys.includes(x)"),
        ("x not in ys", "!ys.includes(x)"),
        ("a < 1 or b > 2", "a < 1 || b > 2"),
        ("a < 1 and (b > 2 or c > 3)", "a < 1 && (b > 2 || c > 3)"),
    ],
)
def test_conditions(python: str, javascript: str) -> None:
    assert translate(f"if {python}:\n    break", "n")[0] == f"if ({javascript}) {{"


def test_elif_and_else_share_the_line_of_the_brace() -> None:
    code = "if n < 0:\n    n = 0\nelif n > 9:\n    n = 9\nelse:\n    n += 1"
    assert translate(code, "n") == [
        "if (n < 0) {", "  n = 0;", "} else if (n > 9) {", "  n = 9;", "} else {", "  n++;", "}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("python", "javascript"),
    [
        ("for i in range(n):\n    break", "for (let i = 0; i < n; i++) {"),
        ("for i in range(1, n + 1):\n    break", "for (let i = 1; i < n + 1; i++) {"),
        ("for i in range(n, 0, -1):\n    break", "for (let i = n; i > 0; i--) {"),
        ("for x in xs:\n    n += x", "for (const x of xs) {"),
        ("for x in xs:\n    x = -x", "for (let x of xs) {"),
        ("while n > 0:\n    n -= 1", "while (n > 0) {"),
    ],
)
def test_loops(python: str, javascript: str) -> None:
    assert translate(python, "n")[0] == javascript


def test_a_variable_is_declared_once_in_its_scope() -> None:
    assert translate("k = 1\nwhile k < n:\n    k = k * 2\n    j = k", "n") == [
        "let k = 1;", "while (k < n) {", "  k = k * 2;", "  let j = k;", "}",
    ]  # fmt: skip


def test_redeclare_keeps_only_first_declarations_of_the_function() -> None:
    declared = {"xs"}
    first = redeclare(["let ys = [];", "  let k = 1;", "xs = ys;"], declared)
    second = redeclare(["let ys = [];", "  let k = 1;", "let n = 0;"], declared)
    assert first == ["let ys = [];", "  let k = 1;", "xs = ys;"]
    assert second == ["ys = [];", "  let k = 1;", "let n = 0;"]
    assert declared == {"xs", "ys", "n"}


@pytest.mark.parametrize(
    "code", ["with n:\n    break", "k = {}", "k = n ** 2", "k = xs.index(3)", "k = 1 < n < 3"]
)
def test_what_is_not_known_is_refused(code: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        translate(code, "n")
