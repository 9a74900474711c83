"""Go programs by the status that they must get."""

P = 'package add_test\n\nimport (\n    "testing"\n    "fmt"\n'
F = ")\n\nfunc add(a int, b int) int {\n"
END = "\n}\n"
PROGRAMS = {
    "OK": [
        P + F + '    fmt.Println("FAIL ERROR [build failed]")\n    return a + b' + END,
        P + F + '    fmt.Printf("%c%01000000d", 0, 1)\n    return a + b' + END,
        P + F + "    return a + b" + END + "func main() {}\n",
        P + '    "flag"\n' + F + '    flag.Set("test.run", "^$")\n    return a + b' + END,
    ],
    "Exception": [
        P + F + '    fmt.Println("PASS\\nok  \\tadd_test\\t0.001s")\n    return 0' + END,
        P + F + "    defer func() { recover() }()\n    panic(1)" + END,
        P + F + "    return a - b" + END,
        P + F + '    panic("no")' + END,
        P + '    "os"\n' + F + "    os.Exit(3)\n    return a" + END,
        P + F + "    return []int{}[a]" + END,
        P + '    "runtime"\n' + F + "    runtime.Goexit()\n    return a" + END,
        P + '    "flag"\n)\n\nfunc init() { flag.Set("test.run", "^$") }\n'
        "func add(a int, b int) int {\n    return 0" + END,
        P + ")\n\ntype Any struct{}\n\nfunc (Any) String() string { return fmt.Sprint(3) }\n"
        "func add(a int, b int) Any {\n    return Any{}" + END,
    ],
    "SyntaxError": [
        P + F + "    return a +" + END,
        P + F + "    return undefinedName" + END,
        P + F + "    c := a\n    return a + b" + END,
        P + ")\n\nfunc TestAdd(t *testing.T) {}\nfunc other() int {\n    return 0" + END,
        P + ")\n\ntype fake struct{}\nvar fmt = fake{}\nfunc add(a int) int {\n    return 0" + END,
    ],
    "Incomplete": [
        P + '    "os"\n' + F + "    os.Exit(0)\n    return a" + END,
        P + '    "syscall"\n' + F + "    syscall.Exit(0)\n    return a" + END,
        P + '    "os"\n)\n\nfunc init() { os.Exit(0) }\nfunc add(a int, b int) int { return 0 }\n',
        P + '    "os"\n)\n\nvar early = func() int { os.Exit(0); return 0 }()\n'
        "func add(a int, b int) int { return 0 }\n",
        P + '    "os"\n)\n\nfunc TestMain(m *testing.M) { os.Exit(0) }\n'
        "func add(a int, b int) int { return 0 }\n",
        P + '    "syscall"\n'
        + F
        + '    syscall.Exec("/bin/true", []string{"true"}, nil)\n    return 0'
        + END,
    ],
    "Exception|SyntaxError": [
        P + ")\n\nconst true = false\n\nfunc add(a int, b int) int {\n    return 0" + END,
    ],
    "Timeout": [P + F + "    for {\n    }" + END],
    "OutputLimit": [P + F + '    for {\n        fmt.Printf("%0100000d", 1)\n    }' + END],
}  # fmt: skip
