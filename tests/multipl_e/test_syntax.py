from __future__ import annotations

import pytest

from multipl_e.syntax import GRAMMARS, normalised_ast, syntax_tree

SAME = {
    "py": [
        ("n = 0\nfor v in xs:\n    n += v\n", "t = 0\nfor item in xs:\n    t += item  # sum\n"),
        ("def g(a, b=1):\n    return a\n", "def g(x, y = 1):\n\n    return x\n"),
        ("s = 'a'\n", 's = "a"\n'),
        ("y = [a for a in xs if a]\n", "z = [b for b in xs if b]\n"),
        ("f = lambda a: a + 1\n", "h = lambda b: b + 1\n"),
    ],
    "js": [
        ("let t = 0; for (const v of a) { t += v; }", "let s = 0; for (const w of a) {\ns += w; }"),
        ("f(); // c\ng();", "f();\n/* d */ g();"),
        ("const f = (a, b) => a + b;", "const g = (x, y) => x + y;"),
        ("return xs.map(x => x + 1);", "return xs.map(y => y + 1);"),
        ("const [a, b] = p; return a;", "const [c, d] = p; return c;"),
    ],
    "java": [("int a = 0; return a;", "int b = 0; /* c */ return b;")],
    "go": [("a := 1\nreturn a", "bb := 1 // c\nreturn bb")],
    "rs": [("let a = 1; a", "let b = 1; b")],
    "lua": [("local a = 1\nreturn a", "local b = 1 -- c\nreturn b")],
}  # fmt: skip

DIFFERENT = {
    "py": [
        ("return max(xs)\n", "return min(xs)\n"),
        ("a = 1\nb = 2\nreturn a\n", "a = 1\nb = 2\nreturn b\n"),
        ("xs.append(1)\n", "xs.remove(1)\n"),
        ("return 1\n", "return 2\n"),
        ("return a < b\n", "return a <= b\n"),
        ("if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n"),
        ("return 'a'\n", "return 'b'\n"),
        ("f(key=1)\n", "f(other=1)\n"),
    ],
    "js": [
        ("return xs.map(f);", "return xs.filter(f);"),
        ("if (a) { b(); c(); }", "if (a) { b(); } c();"),
        ("return a + b;", "return a - b;"),
        ("return {a: 1};", "return {b: 1};"),
    ],
    "java": [("return a.size();", "return a.length();")],
}


@pytest.mark.parametrize(
    ("language", "one", "other"), [(k, *p) for k, v in SAME.items() for p in v]
)
def test_names_comments_and_layout_do_not_matter(language: str, one: str, other: str):
    assert normalised_ast(one, language) == normalised_ast(other, language)


@pytest.mark.parametrize(
    ("language", "one", "other"), [(k, *p) for k, v in DIFFERENT.items() for p in v]
)
def test_what_is_computed_does_matter(language: str, one: str, other: str):
    assert normalised_ast(one, language) != normalised_ast(other, language)


@pytest.mark.parametrize("language", sorted(GRAMMARS))
def test_every_language_has_its_grammar(language: str):
    assert syntax_tree("x = 1\n", language).child_count > 0
    assert normalised_ast("x = 1\n", language) != normalised_ast("x = 2\n", language)


def test_names_of_the_prompt_are_kept():
    prompt = "def f(a, b):\n"
    assert normalised_ast("    return a\n", "py") != normalised_ast("    return b\n", "py")
    assert normalised_ast("    return a\n", "py", prompt) != normalised_ast(
        "    return b\n", "py", prompt
    )


def test_broken_program_is_compared_too():
    assert normalised_ast("return (((", "py") != normalised_ast("return ((", "py")
    assert normalised_ast("def (:", "py") == normalised_ast("def  (:  # x", "py")


def test_deep_nesting_is_no_problem():
    deep = "(" * 5000 + "1" + ")" * 5000
    assert normalised_ast(deep, "py")


def test_language_without_a_grammar_compares_text():
    assert normalised_ast("a  b", "cobol") == normalised_ast("a b\n", "cobol")
    with pytest.raises(ValueError, match="no grammar"):
        syntax_tree("a", "cobol")


def test_lone_surrogate_is_text_like_any_other():
    assert normalised_ast("x = '\ud800'\n", "py")


def test_thousands_of_nested_lists_are_read_in_one_pass():
    # Looking up from each name would take hours here, and recursion would overflow.
    depth = 4000
    text = "x = " + "[a, " * depth + "a" + "]" * depth
    assert normalised_ast(text, "py").count("identifier") == depth + 2
