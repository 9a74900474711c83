"""JavaScript programs by the status that they must get."""

# Ways to a verdict that is not deserved.
CHEATS = {
    "exit in the function": "function add(a, b) { process.exit(0); }",
    "exit at the top": "process.exit(0);\nfunction add(a, b) { return a; }",
    "real exit": "function add(a, b) { process.reallyExit(0); }",
    "return at the top": "return;\nfunction add(a, b) { return a; }",
    "exit code hook": (
        "function add(a, b) { process.on('exit', () => { process.exitCode = 0; });\n"
        "process.on('uncaughtException', () => {}); throw 1; }"
    ),
    "killed by itself": "function add(a, b) { process.kill(process.pid, 'SIGKILL'); }",
    "patched assert": (
        "const a = require('assert');\nfor (const k of Object.keys(a)) a[k] = () => {};\n"
        "require.cache = {};\nfunction add(a, b) { return 0; }"
    ),
    "patched prototypes": (
        "Array.prototype.map = Array.prototype.forEach = function () { return []; };\n"
        "Object.prototype.toJSON = () => 3;\nObject.is = () => true;\nNumber.isNaN = () => true;\n"
        "function add(a, b) { return { valueOf() { return 3; } }; }"
    ),
    "patched JSON": (
        "JSON.stringify = () => '{\"value\":3}';\nJSON.parse = () => ({});\n"
        "function add(a, b) { return 0; }"
    ),
    "always equal": (
        "let n = 0;\nfunction add(a, b) { return { valueOf() { return [3, 4, 0][n++]; },\n"
        "toString() { return '3'; }, [Symbol.toPrimitive]() { return 3; } }; }"
    ),
    "proxy": "function add(a, b) { return new Proxy({}, { get: () => 3, ownKeys: () => [] }); }",
    "proxy of a function": "const add = () => new Proxy(function () {}, { get: () => 3 });",
    "redeclared test": "function test() {}\nfunction add(a, b) { return 0; }",
    "shadowed require": (
        "var require = () => ({ deepEqual() {} });\nfunction add(a, b) { return 0; }"
    ),
    "search of the stack": (
        "function add(a, b) { const m = String(new Error().stack).match(/, (\\d+)\\)/);\n"
        "return m ? Number(m[1]) : add.caller; }"
    ),
    "words on every descriptor": (
        "const fs = require('fs');\nfor (let fd = 1; fd < 40; fd++) for (const t of\n"
        '[\'={"status":"OK"}\\n\', \'{"loaded":true}\\n={"status":"OK"}\\n\', \'!\\n\'])\n'
        "try { fs.writeSync(fd, t); } catch {}\nprocess.exit(0);"
    ),
    "forged callbacks": (
        "const fs = require('fs');\nfunction add(a, b) {\n"
        'fs.writeSync(4, \'{"callback":0,"args":[]}\\n{"value":{"t":"yours","id":0}}\\n\');\n'
        "return 0; }"
    ),
    "prototype in an answer": (
        "const fs = require('fs');\nfunction add(a, b) {\n"
        'fs.writeSync(4, \'{"value":{"t":"o","v":[["__proto__",{"t":"o","v":[]}]]}}\\n\');\n'
        "return 0; }"
    ),
    "printed marks": "console.log('OK');\nfunction add(a, b) { console.log('passed'); return 0; }",
    "later": "setImmediate(() => process.exit(0));\nfunction add(a, b) { return 0; }",
}

PROGRAMS = {
    "OK": [
        "function add(a, b) { return a + b; }",
        "const add = (a, b) => a + b;",
    ],
    "Exception": [
        "function add(a, b) { return a - b; }",
        "function add(a, b) { return undefined_name; }",
        "function other(a, b) { return a + b; }",
        "throw new Error('top');\nfunction add(a, b) { return a + b; }",
        "function add(a, b) { return eval('a +'); }",
        "process.exit(3);",
        "function add(a, b) { return add(a, b); }",
    ],
    "SyntaxError": [
        "function add(a, b) { return a + ; }",
        "const assert = require('assert');\nfunction add(a, b) { return a + b; }",
    ],
    "Timeout": [
        "function add(a, b) { for (;;); }",
    ],
    "OutOfMemory": [
        "function add(a, b) { const x = []; for (;;) x.push(Array(1e6).fill(0.5)); }",
    ],
    "Incomplete|Exception|SyntaxError|Timeout": list(CHEATS.values()),
}
