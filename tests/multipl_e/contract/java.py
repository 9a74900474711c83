"""Java programs by the status that they must get (the tests close method and class)."""

HEAD = "import java.util.*;\nimport org.javatuples.*;\nclass Problem {\n"
F = HEAD + "    public static long add(long a, long b) {\n        "
STATIC = "        return 0;\n    }\n    static {\n        "
PROGRAMS = {
    "OK": [
        F + 'System.out.println("ERROR FAIL \\0"); System.err.println("Exception"); return a + b;',
        F + 'for (int i = 0; i < 100000; i++) System.out.println("ERROR"); return a + b;',
        F + "return Pair.with(a, b).getValue0() + b;",
        F + "new Thread(() -> { while (true); }).start(); return a + b;",
    ],
    "Exception": [
        F + 'System.out.println("OK\\nall tests passed"); return 0;',
        F + "return a - b;",
        F + 'throw new RuntimeException("no");',
        F + "return add(a, b);",
        F + "System.exit(3); return 0;",
        F + "return 0;\n    }\n    static class AssertionError extends Error {",
        F + STATIC + "Problem.class.getClassLoader().setDefaultAssertionStatus(false);",
    ],
    "SyntaxError": [
        F + "return a +;",
        F + 'return "text";',
        HEAD + "    public static long add(long a, long b) { return 0; }\n/*",
        # A main of its own, and the tests in another class.
        HEAD + "    public static void main(String[] args) {}\n}\nclass Other {\n    void f() {",
    ],
    "Incomplete": [
        F + "System.exit(0); return 0;",
        F + "Runtime.getRuntime().halt(0); return 0;",
        F + STATIC + "System.exit(0);",
        F + "Runtime.getRuntime().addShutdownHook(new Thread("
        "() -> Runtime.getRuntime().halt(0))); throw new Error();",
        F + "Thread.setDefaultUncaughtExceptionHandler((t, e) -> System.exit(0));"
        " throw new Error();",
    ],
    "Timeout": [F + "while (true);"],
    "OutputLimit": [F + 'while (true) System.out.println("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");'],
    "OutOfMemory": [
        F + "List<long[]> all = new ArrayList<>(); for (;;) all.add(new long[1 << 22]);",
    ],
}  # fmt: skip
