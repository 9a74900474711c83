'use strict';
// The candidate's side of a JavaScript judgement: run candidate.js, then answer calls on
// descriptors 3 (requests) and 4 (answers). Never sees the tests.

const fs = require('fs');
const { createRequire } = require('module');
const { Values, compileProgram, describeError } = require('./node_values.js');

const { readSync, writeSync, read } = fs;
const { parse, stringify } = JSON;
const BLOCK = Buffer.alloc(1 << 16);
let received = Buffer.alloc(0);

function takeLine() {
  const end = received.indexOf(10);
  if (end < 0) return null;
  const line = received.toString('utf8', 0, end);
  received = received.subarray(end + 1);
  return line;
}

function readLine() {
  for (;;) {
    const line = takeLine();
    if (line !== null) return line;
    const count = readSync(3, BLOCK, 0, BLOCK.length, null);
    if (count === 0) process.reallyExit(0);
    received = Buffer.concat([received, BLOCK.subarray(0, count)]);
  }
}

function send(message) {
  const data = Buffer.from(stringify(message) + '\n');
  for (let at = 0; at < data.length;) at += writeSync(4, data, at);
}

// A function or an object of the tests: calling it asks the judge and waits.
function remote(id, kind) {
  if (kind !== 'function') return { remote: id };
  return function (...args) {
    send({ callback: id, args: values.encode(args) });
    for (;;) {
      const message = parse(readLine());
      if (message.op !== 'answer') { serve(message); continue; }
      if ('error' in message) throw values.decode(message.error);
      return values.decode(message.value);
    }
  };
}

const values = new Values(remote);
let lookUp = () => undefined;

const describe = (error) => describeError(error, values);

function perform(message) {
  switch (message.op) {
    case 'has': {
      const name = message.name;
      let value;
      try { value = lookUp(name); } catch { return { found: false }; }
      if (!message.required && name in globalThis && value === globalThis[name]) return { found: false };
      return { found: true, value: values.encode(value) };
    }
    case 'call': {
      const target = values.objects[message.id];
      const args = values.decode(message.args);
      const self = message.self === undefined ? undefined : values.decode(message.self);
      const value = message.construct ? new target(...args) : Reflect.apply(target, self, args);
      const reply = { value: values.encode(value) };
      const after = stringify(values.encode(args));
      if (after !== stringify(message.args)) reply.changed = parse(after);
      return reply;
    }
    case 'get': {
      const object = values.objects[message.id];
      const name = message.symbol ? Symbol.iterator : message.name;
      return { value: values.encode(object[name]) };
    }
    default: throw new Error('unknown request');
  }
}

function serve(message) {
  let reply;
  try {
    reply = perform(message);
  } catch (error) {
    reply = { error: describe(error) };
  }
  send(reply);
}

// Between requests the event loop runs, so that timers and promises of the program go on.
function listen() {
  for (;;) {
    const line = takeLine();
    if (line === null) break;
    const message = parse(line);
    if (message.op === 'finish') { process.exit(0); }
    if (message.op === 'await') {
      Promise.resolve(values.objects[message.id]).then(
        (value) => send({ value: values.encode(value) }),
        (error) => send({ error: describe(error) }),
      );
    } else {
      serve(message);
    }
  }
  read(3, BLOCK, 0, BLOCK.length, null, (error, count) => {
    if (error || count === 0) process.exit(0);
    received = Buffer.concat([received, BLOCK.subarray(0, count)]);
    listen();
  });
}

function main() {
  const file = `${process.cwd()}/candidate.js`;
  const code = fs.readFileSync(file, 'utf8');
  const finishCoverage = process.env.JUDGE_COVERAGE ? startCoverage(file, code) : null;
  if (finishCoverage) process.on('exit', finishCoverage);
  const module_ = { exports: {} };
  let run;
  try {
    run = compileProgram(code, file);
  } catch (error) {
    send({ error: describe(error), syntax: true });
    process.exit(1);
  }
  let loaded = false;
  const keep = (look) => { lookUp = look; loaded = true; };
  try {
    run.call(module_.exports, module_.exports, createRequire(file), module_, file, process.cwd(), keep);
  } catch (error) {
    send({ error: describe(error) });
    process.exit(1);
  }
  if (!loaded) process.exit(0); // a return at the top of the program: its end was not reached
  send({ loaded: true });
  listen();
}

function startCoverage(file, code) {
  const { Session } = require('inspector');
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return () => {
    session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      const script = result.find((s) => s.url === file || s.url === `file://${file}`);
      if (script) fs.writeFileSync('coverage.json', JSON.stringify(executedLines(code, script)));
    });
  };
}

// A line ran if some character of it that is not blank ran. Inner ranges come after outer ones.
function executedLines(code, script) {
  const ran = new Uint8Array(code.length);
  const ranges = script.functions.flatMap((f) => f.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  for (const r of ranges) ran.fill(r.count > 0 ? 1 : 0, r.startOffset, r.endOffset);
  const lines = [];
  let start = 0;
  code.split('\n').forEach((text, index) => {
    for (let i = 0; i < text.length; i++) {
      if (ran[start + i] && !/[\s{}();]/.test(text[i])) { lines.push(index + 1); break; }
    }
    start += text.length + 1;
  });
  return lines;
}

main();
