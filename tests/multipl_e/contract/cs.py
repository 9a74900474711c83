"""C# programs by the status that they must get (the tests close method and class)."""

HEAD = "using System;\nusing System.Diagnostics;\nusing System.Linq;\nclass Problem {\n"
F = HEAD + "    public static long Add(long a, long b) {\n        "
PROGRAMS = {
    "OK": [
        F + 'Console.WriteLine("ERROR FAIL \\0"); Console.Error.WriteLine("Fail:"); return a + b;',
        F + 'for (int i = 0; i < 100000; i++) Console.WriteLine("ERROR"); return a + b;',
        F + "return new[] { a, b }.Sum();",
    ],
    "Exception": [
        F + 'Console.WriteLine("OK\\nall tests passed"); return 0;',
        F + "return a - b;",
        F + 'throw new Exception("no");',
        F + "Environment.Exit(3); return 0;",
        F + "Trace.Listeners.Clear(); return 0;",
        F + "return 0;\n    }\n    static class Debug { public static void Assert(bool b) {} }\n"
        "    static void F() {",
        HEAD + "    class Any {\n"
        "        public static bool operator ==(Any a, long b) { return true; }\n"
        "        public static bool operator !=(Any a, long b) { return false; }\n    }\n"
        "    static Any Add(long a, long b) {\n        return new Any();",
    ],
    "SyntaxError": [
        F + "return a +;",
        F + 'return "text";',
        HEAD + "    public static void Main(string[] a) {}\n}\nclass Other {\n    void F() {",
    ],
    "Incomplete": [
        F + "Environment.Exit(0); return 0;",
        F + "return 0;\n    }\n    static Problem() {\n        Environment.Exit(0);",
        F + "AppDomain.CurrentDomain.ProcessExit += (s, e) => Environment.ExitCode = 0;"
        " Environment.Exit(0); return 0;",
        F + "AppDomain.CurrentDomain.UnhandledException += (s, e) => Environment.Exit(0);"
        " throw new Exception();",
    ],
    "Exception|Incomplete": [
        F + "AppDomain.CurrentDomain.ProcessExit += (s, e) => Environment.Exit(0); return 0;",
    ],
    "Timeout": [F + "while (true);"],
    "OutputLimit": [F + 'while (true) Console.WriteLine(new string(\'x\', 10000));'],
}  # fmt: skip
