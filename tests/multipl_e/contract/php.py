"""PHP programs by the status that they must get."""

F = "<?php\nfunction add($a, $b) "
PROGRAMS = {
    "OK": [
        F + '{ echo "ERROR FAIL \\0"; return $a + $b; }',
        F + '{ echo str_repeat("x", 1000000); return $a + $b; }',
        F + "{ return $a + $b; }\n\nprint_r(add(1, 5));",
    ],
    "Exception": [
        F + '{ echo "OK (1 test, 1 assertion)\\n"; return 0; }',
        F + "{ return $a - $b; }",
        F + '{ return "3"; }',
        F + "{ return new ArrayObject([3]); }",
        F + '{ throw new Exception("no"); }',
        F + "{ return undefined_name(); }",
        "<?php exit(3);",
        F + "{ posix_kill(posix_getpid(), 9); }",
        "<?php\nfunction test() {}\nfunction candidate() { return 3; }\n"
        "function add() { return 0; }",
    ],
    "SyntaxError": [F + "{ return $a + ; }"],
    "Incomplete": [
        F + "{ exit(0); }",
        F + "{ die(); }",
        "<?php\nexit(0);\nfunction add($a, $b) { return 0; }",
        "<?php\nregister_shutdown_function(function () { exit(0); });\n"
        "function add($a, $b) { exit(1); }",
        "<?php\nset_exception_handler(function () {});\nfunction add($a, $b) { exit; }",
    ],
    "Exception|Incomplete": [
        '<?php\nfor ($n = 1; $n < 12; $n++) { @fwrite(fopen("php://fd/$n", "w"),'
        ' \'={"status":"OK"}\' . "\\n"); }\nexit(0);',
        "<?php\nnamespace __Judge;\nclass Server { }\n",
    ],
    "Timeout": [F + "{ while (true); }", F + "{ sleep(60); }"],
    "OutOfMemory": [F + '{ $x = []; while (true) { $x[] = str_repeat("x", 1000000); } }'],
    "OutputLimit": [F + '{ while (true) { echo str_repeat("x", 100000); } }'],
}
