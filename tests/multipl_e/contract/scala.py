"""Scala programs by the status that they must get (the tests close method and object)."""

HEAD = "import scala.math._\nobject Problem {\n"
F = HEAD + "    def add(a : Long, b : Long) : Long = {\n        "
PROGRAMS = {
    "OK": [
        F + 'println("ERROR FAIL \\u0001"); Console.err.println("Exception"); a + b',
        F + 'for (i <- 1 to 20000) println("ERROR"); a + b',
        F + "List(a, b).sum",
    ],
    "Exception": [
        F + 'println("OK\\nall tests passed"); 0',
        F + "a - b",
        F + 'throw new Exception("no")',
        F + "sys.exit(3)",
        F + "0\n    }\n    def assert(b: Boolean) : Unit = {\n",
        HEAD + "    class Any { override def equals(o: scala.Any) = true }\n"
        "    def add(a : Long, b : Long) = {\n        new Any",
    ],
    "SyntaxError": [F + "a +", F + '"text"', HEAD + "    def main(args: Array[String]) = {}\n/*"],
    "Incomplete": [
        F + "sys.exit(0)",
        F + "Runtime.getRuntime().halt(0); 0",
        F + "0\n    }\n    sys.exit(0)\n    def f() = {",
        F + "sys.addShutdownHook(Runtime.getRuntime().halt(0)); throw new Error",
    ],
    "Exception|Incomplete": [
        F + "Thread.setDefaultUncaughtExceptionHandler(new Thread.UncaughtExceptionHandler {"
        " def uncaughtException(t: Thread, e: Throwable) = sys.exit(0) }); throw new Error",
    ],
    "Timeout": [F + "while (true) {}; 0"],
}  # fmt: skip
