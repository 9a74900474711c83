"""TypeScript programs by the status that they must get."""

F = "function add(a: number, b: number): number "
PROGRAMS = {
    "OK": [
        F + "{ console.log('ERROR FAIL \\u0000'); return a + b; }",
        "const add = (a: number, b: number): number => a + b;",
        F + "{ console.log('x'.repeat(1e6)); return a + b; }",
    ],
    "Exception": [
        F + "{ console.log('OK\\nall tests passed'); return 0; }",
        F + "{ return a - b; }",
        F + "{ return { valueOf: () => 3 } as any; }",
        F + "{ throw new Error('no'); }",
    ],
    "SyntaxError": [
        F + "{ return a +; }",
        F + "{ return 'text'; }",
        F + "{ process.exit(0); }",
        F + "{ return undefined_name; }",
    ],
    "Incomplete": [
        F + "{ (globalThis as any).process.exit(0); return 0; }",
        "(globalThis as any).process.exit(0);\n" + F + "{ return 0; }",
        "declare var process: any;\n" + F + "{ process.reallyExit(0); return 0; }",
    ],
    "Exception|Incomplete": [
        "declare var process: any;\nprocess.on('uncaughtException', () => process.exit(0));\n"
        + F + "{ throw 1; }",
        "declare var require: any;\n" + F + "{ const lib = require('assert');"
        " for (const k of Object.keys(lib)) lib[k] = () => {}; return 0; }",
        "declare var process: any;\nprocess.on('exit', () => { process.exitCode = 0; });\n"
        + F + "{ return 0; }",
    ],
    "SyntaxError|Exception": ["function test() {}\n" + F + "{ return 0; }"],
    "Timeout": [F + "{ for (;;); }"],
    # On a busy machine the time is up before so much is printed.
    "OutputLimit|Timeout": [F + "{ for (;;) console.log('x'.repeat(1e5)); }"],
}  # fmt: skip
