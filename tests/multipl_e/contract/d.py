"""D programs by the status that they must get."""

F = "import std.math;\nlong add(long a, long b) {\n"
END = "\n}\n"

# Tasks of their own, in the types that MultiPL-E's tests use.
TASKS = [
    (
        name,
        "",
        f"unittest\n{{\n    alias candidate = f;\n\n    {check}\n}}\nvoid main(){{}}\n",
        {"OK": [f"import std.typecons;\n{code}\n"]},
    )
    for name, code, check in (
        (
            "strings",
            "string[] f(string s) { return [s, s]; }",
            'assert(candidate("x") == ["x", "x"]);',
        ),
        (
            "tuples",
            "Tuple!(long, long) f(long[] x) { return tuple(x[0], 2L); }",
            "assert(candidate([1L]) == tuple(1L, 2L));",
        ),
        (
            "options",
            "Nullable!(long[]) f(long[] x) { return nullable(x); }",
            "{ auto r = candidate([1L]); assert(!r.isNull && r.get == [1L]); }",
        ),
        (
            "maps",
            "long[string] f(string s) { return [s: 1L]; }",
            'assert(candidate("a") == ["a": 1L]);',
        ),
        (
            "templates",
            "auto f(T)(const T[] x) { immutable bool y = x.length == 0; return y; }",
            "assert(candidate(cast(long[]) []) == true);",
        ),
    )
]
PROGRAMS = {
    "OK": [
        F + '    import std.stdio; writeln("Error: FAIL"); return a + b;' + END,
        F + "    import std.stdio; foreach (i; 0 .. 1000000) write('\\0'); return a + b;" + END,
        F + "    return a + b;" + END + "unittest { assert(add(0, 0) == 0); }\n",
    ],
    "Exception": [
        F + "    return a - b;" + END,
        F + '    throw new Exception("no");' + END,
        F + "    import core.stdc.stdlib; exit(3); return 0;" + END,
        F + "    import core.stdc.stdlib; abort(); return 0;" + END,
        F + "    long[] v; return v[a];" + END,
        "import core.exception;\nshared static this() { assertHandler = function(string f, ulong l,"
        " string m) nothrow {}; }\n" + F + "    return 0;" + END,
        F + "    return a + b;" + END + "unittest { assert(add(0, 0) == 1); }\n",
    ],
    "SyntaxError": [
        F + "    return a +;" + END,
        F + "    return undefinedName;" + END,
        F + '    return "text";' + END,
        F + "    return a + b;" + END + "void main() {}\n",
        "struct Any { bool opEquals(long x) const { return true; } }\n"
        "Any add(long a, long b) { return Any(); }\n",
        "struct Any { long[] x; alias x this; bool opEquals(long x) const { return true; } }\n"
        "Any add(long a, long b) { return Any(); }\n",
        "import std.typecons;\n"
        "struct Nullable(T) { bool opEquals(long x) const { return true; } }\n"
        "Nullable!long add(long a, long b) { return Nullable!long(); }\n",
    ],
    "Incomplete": [
        F + "    import core.stdc.stdlib; exit(0); return 0;" + END,
        F + "    import core.stdc.stdlib; _Exit(0); return 0;" + END,
        "shared static this() { import core.stdc.stdlib; exit(0); }\n" + F + "    return 0;" + END,
        "static this() { import core.stdc.stdlib; _Exit(0); }\n" + F + "    return 0;" + END,
        "import core.runtime;\nshared static this() {\n"
        "    Runtime.moduleUnitTester = function bool() { return true; };\n}\n"
        + F
        + "    return 0;"
        + END,
        "unittest { import core.stdc.stdlib; exit(0); }\n" + F + "    return 0;" + END,
    ],
    "Exception|Incomplete": [
        "shared static ~this() { import core.stdc.stdlib; _Exit(0); }\n"
        + F + "    return 0;" + END,
        "extern (C) void bye() { import core.stdc.stdlib; _Exit(0); }\n"
        "shared static this() { import core.stdc.stdlib; atexit(&bye); }\n"
        + F
        + "    return 0;"
        + END,
        F + '    import std.stdio; writeln("1 modules passed unittests\\nOK"); return 0;' + END,
    ],
    "Timeout": [F + "    while (true) {}" + END],
    "OutputLimit": [
        F + "    import std.stdio; while (true) writeln(new char[100000]);" + END,
    ],
}  # fmt: skip
