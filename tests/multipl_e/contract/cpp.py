"""C++ programs by the status that they must get (the tests bring the closing brace)."""

H = "#include<assert.h>\n#include<bits/stdc++.h>\n"
F = "long add(long a, long b) {\n"
PROGRAMS = {
    "OK": [
        H + F + '    std::cout << "ERROR FAIL" << std::endl; return a + b;',
        H + F + "    std::cout << std::string(1000000, '\\0'); return a + b;",
        H + "#define ll long long\n" + F + "    ll c = a + b; return c;",
        "#include <assert.h>\n" + F + "    return a + b;",
        H + "#define int long\n" + F + "    return a + b;",
    ],
    "Exception": [
        H + F + '    std::cout << "OK\\nall tests passed" << std::endl; return 0;',
        H + F + "    std::set_terminate([] { _exit(1); }); throw 1;",
        H + F + "    return a - b;",
        H + F + "    throw 1;",
        H + F + "    std::vector<long> v; return v.at(3);",
        H + F + "    std::exit(3);",
        H + F + "    abort();",
        H + F + "    volatile long *p = nullptr; return *p;",
        "#define NDEBUG\n" + H + "#define NDEBUG\n" + F + "    return 0;",
        H + "#undef assert\n#define assert(x)\n" + F + "    return 0;",
        H + "#define candidate(x, y) 3\n" + F + "    return 0;",
        H + "#define static_cast 1 ? true :\n" + F + "    return 0;",
    ],
    "SyntaxError": [
        H + F + "    return a +;",
        H + F + "    return undefined_name;",
        H + "int main() { return 0; }\n" + F + "    return a + b;",
        H + "#if 0\n" + F + "    return a + b;",
        H + "struct Any { template <class T> bool operator==(T) { return true; } };\n"
        "Any add(long a, long b) {\n    return Any();",
    ],
    "Incomplete": [
        H + F + "    std::exit(0);",
        H + F + "    _Exit(0);",
        H + F + "    quick_exit(0);",
        H + "static int early = (std::exit(0), 0);\n" + F + "    return 0;",
        H + "struct Early { Early() { _exit(0); } } early;\n" + F + "    return 0;",
        H + "void bye() { _exit(0); }\n" + F + "    atexit(bye); exit(1);",
        H + "void bye(int) { _exit(0); }\n" + F + "    signal(SIGABRT, bye); return 0;",
        H + F + '    execl("/bin/true", "true", nullptr); return 0;',
    ],
    "Timeout": [H + F + "    for (;;) ;"],
    "OutputLimit": [H + F + "    for (;;) std::puts(std::string(100000, 'x').c_str());"],
    "Exception|OutOfMemory": [
        H + F + "    std::vector<long> v; for (;;) v.resize(v.size() + 9999999, 1);"
    ],
}
