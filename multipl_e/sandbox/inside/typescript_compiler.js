'use strict';
// A warm TypeScript compiler: type-checks a whole program, then turns the candidate and its tests
// into JavaScript one by one. Never runs either. One request per line on standard input.

const path = require('path');
const readline = require('readline');
const ts = require(process.env.TYPESCRIPT);

const libraries = path.join(process.env.TYPESCRIPT, 'lib');
const FILE = '/program.ts';
// What `tsc --target esnext FILE` uses, which is how MultiPL-E compiles; nothing is looked up on
// disk but the compiler's own declarations.
const OPTIONS = { target: ts.ScriptTarget.ESNext, types: [], noEmit: true };

const parsed = new Map();
function library(name) {
  if (!parsed.has(name)) {
    const text = ts.sys.readFile(path.join(libraries, path.basename(name)));
    parsed.set(name, text === undefined ? undefined
      : ts.createSourceFile(name, text, ts.ScriptTarget.ESNext));
  }
  return parsed.get(name);
}

function diagnosticsOf(source) {
  const file = ts.createSourceFile(FILE, source, ts.ScriptTarget.ESNext);
  const host = {
    getSourceFile: (name) => (name === FILE ? file : library(name)),
    getDefaultLibFileName: (options) => path.join(libraries, ts.getDefaultLibFileName(options)),
    getDefaultLibLocation: () => libraries,
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    fileExists: (name) => name === FILE,
    readFile: () => undefined,
    directoryExists: () => false,
    getDirectories: () => [],
    writeFile: () => {},
  };
  const program = ts.createProgram([FILE], OPTIONS, host);
  const syntactic = program.getSyntacticDiagnostics(file);
  const found = syntactic.length ? syntactic
    : [...program.getGlobalDiagnostics(), ...program.getSemanticDiagnostics(file)];
  return found.filter((d) => d.category === ts.DiagnosticCategory.Error);
}

function transpile(source) {
  const done = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.CommonJS, sourceMap: true },
  });
  const code = done.outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, '')
    .replace(/^"use strict";\n/, '');
  const skipped = done.outputText.startsWith('"use strict";\n') ? 1 : 0;
  return { code, lines: linesOf(JSON.parse(done.sourceMapText).mappings).slice(skipped) };
}

// For each line of the output the line of the source (from 1) where its code begins, or 0.
function linesOf(mappings) {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let line = 0;
  return mappings.split(';').map((segments) => {
    let first = 0;
    for (const segment of segments.split(',').filter(Boolean)) {
      const fields = [];
      let value = 0;
      let shift = 0;
      for (const char of segment) {
        const digit = digits.indexOf(char);
        value += (digit & 31) << shift;
        shift += 5;
        if (digit & 32) continue;
        fields.push(value & 1 ? -(value >> 1) : value >> 1);
        value = shift = 0;
      }
      if (fields.length > 2) line += fields[2];
      if (first === 0) first = line + 1;
    }
    return first;
  });
}

function compile({ code, tests }) {
  const errors = diagnosticsOf(`${code}\n${tests}`);
  if (errors.length) {
    return { ok: false, output: ts.formatDiagnostics(errors.slice(0, 20), {
      getCanonicalFileName: (name) => name, getCurrentDirectory: () => '/', getNewLine: () => '\n',
    }) };
  }
  const candidate = transpile(code);
  return { ok: true, code: candidate.code, lines: candidate.lines, tests: transpile(tests).code };
}

diagnosticsOf('const a: number = [1].map((x) => x)[0]; new Map<string, number>(); a;');
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  let answer;
  try {
    answer = compile(JSON.parse(line));
  } catch (error) { // a depth that the compiler itself cannot manage
    answer = { ok: false, output: String(error.stack) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
