'use strict';
// The judge of JavaScript (and of what compiles to it): a warm process that runs the tests. The
// candidate is in another process, and a stand-in for its function asks it line by line. One task
// per line on standard input; see split.py for the conversation.

const fs = require('fs');
const vm = require('vm');

const { Values, compileProgram, describeError } = require('./node_values.js');

const BLOCK = Buffer.alloc(1 << 16);
let received = Buffer.alloc(0);

class Gone extends Error {}

function readLine() {
  for (;;) {
    const end = received.indexOf(10);
    if (end >= 0) {
      const line = received.toString('utf8', 0, end);
      received = received.subarray(end + 1);
      return line;
    }
    const count = fs.readSync(0, BLOCK, 0, BLOCK.length, null);
    if (count === 0) process.exit(0);
    received = Buffer.concat([received, BLOCK.subarray(0, count)]);
  }
}

function write(text) {
  const data = Buffer.from(text + '\n');
  for (let at = 0; at < data.length;) at += fs.writeSync(1, data, at);
}

class Conversation {
  constructor() {
    this.gone = false;
    this.values = new Values((id, kind) => this.standIn(id, kind));
  }

  // What the candidate says next.
  hear() {
    if (this.gone) throw new Gone('the candidate ended');
    const line = readLine();
    if (line[0] !== '<') {
      this.gone = true;
      throw new Gone('the candidate ended');
    }
    const message = JSON.parse(line.slice(1));
    if (message === null || typeof message !== 'object') throw new TypeError('not a message');
    return message;
  }

  ask(message) {
    if (this.gone) throw new Gone('the candidate ended');
    write('>' + JSON.stringify(message));
    for (;;) {
      const reply = this.hear();
      if (!('callback' in reply)) {
        if (reply.error) throw this.errorOf(reply.error);
        return reply;
      }
      this.answer(reply);
    }
  }

  // The candidate calls a function that the tests gave it.
  answer(message) {
    const answer = { op: 'answer' };
    try {
      const target = this.values.objects[message.callback];
      if (typeof target !== 'function') throw new TypeError('not a function');
      answer.value = this.values.encode(target(...this.values.decode(message.args)));
    } catch (error) {
      if (error instanceof Gone) throw error;
      answer.error = this.values.encode(error);
    }
    write('>' + JSON.stringify(answer));
  }

  errorOf(described) {
    let error = this.values.decode(described.value);
    if (error instanceof Error) error.candidateStack = String(described.stack);
    return error;
  }

  call(id, args, extra) {
    const reply = this.ask({ op: 'call', id, args: this.values.encode(args), ...extra });
    if (reply.changed) {
      const changed = this.values.decode(reply.changed);
      args.forEach((old, i) => writeBack(old, changed[i]));
    }
    return this.values.decode(reply.value);
  }

  standIn(id, kind) {
    const conversation = this;
    if (kind === 'function') {
      return function (...args) {
        if (new.target) return conversation.call(id, args, { construct: true });
        const self = this === undefined || this === globalThis
          ? {} : { self: conversation.values.encode(this) };
        return conversation.call(id, args, self);
      };
    }
    if (kind === 'symbol') return { symbol: id };
    // An object with a prototype of its own: its data are copied, its methods stay there.
    const behind = new Proxy(Object.create(null), {
      get(_, name) {
        if (name === 'constructor' || name in Object.prototype && name !== 'toString') return Object.prototype[name];
        if (typeof name === 'symbol' && name !== Symbol.iterator) return undefined;
        if (name === 'then') return conversation.thenOf(id);
        const reply = conversation.ask({
          op: 'get', id, name: typeof name === 'symbol' ? '' : name, symbol: typeof name === 'symbol',
        });
        return conversation.values.decode(reply.value);
      },
    });
    const object = Object.create(behind);
    conversation.values.standIns.set(object, id);
    return object;
  }

  thenOf(id) {
    const { value } = this.ask({ op: 'get', id, name: 'then', symbol: false });
    if (value === null || typeof value !== 'object' || value.k !== 'function') return undefined;
    return (resolve, reject) => {
      let result;
      try {
        result = this.values.decode(this.ask({ op: 'await', id }).value);
      } catch (error) {
        reject(error);
        return;
      }
      resolve(result);
    };
  }
}

// Repeat on the caller's argument what the callee did to its copy.
function writeBack(old, now) {
  if (old === null || now === null || typeof old !== 'object' || typeof now !== 'object') return;
  if (Array.isArray(old) && Array.isArray(now)) {
    old.length = now.length;
    now.forEach((v, i) => {
      if (v !== null && typeof v === 'object' && old[i] !== null && typeof old[i] === 'object') writeBack(old[i], v);
      else old[i] = v;
    });
  } else if (old instanceof Map && now instanceof Map) {
    old.clear();
    now.forEach((v, k) => old.set(k, v));
  } else if (old instanceof Set && now instanceof Set) {
    old.clear();
    now.forEach((v) => old.add(v));
  } else if (!Array.isArray(old) && !Array.isArray(now)) {
    for (const key of Object.keys(old)) if (!Object.hasOwn(now, key)) delete old[key];
    for (const key of Object.keys(now)) old[key] = now[key];
  }
}

// The assertion library, counting what held.
function counted(library, counter) {
  return new Proxy(library, {
    apply(target, self, args) {
      const value = Reflect.apply(target, self, args);
      counter.passed++;
      return value;
    },
    get(target, name) {
      const value = target[name];
      if (typeof value !== 'function' || name === 'AssertionError') return value;
      if (name === 'strict') return counted(value, counter);
      return (...args) => {
        const result = value.apply(target, args);
        counter.passed++;
        return result;
      };
    },
  });
}

const MODULE_NAMES = ['exports', 'require', 'module', '__filename', '__dirname'];
const OWN = new Set(['require', 'module', 'exports', 'console', 'undefined', 'NaN', 'Infinity', 'eval', 'arguments']);

// What a candidate that does not parse would say; parsing runs nothing of it.
function complaint(code) {
  try {
    compileProgram(code, 'candidate.js');
    return null;
  } catch (error) {
    return { error: describeError(error, new Values(() => undefined)), syntax: true };
  }
}

async function judge(task) {
  const counter = { passed: 0 };
  const outcome = { status: 'OK', trace: '' };
  const conversation = new Conversation();
  const late = [];
  const onLate = (error) => late.push(error);
  process.on('unhandledRejection', onLate);
  try {
    const loaded = conversation.hear();
    try {
      vm.compileFunction(task.program, MODULE_NAMES);
    } catch (error) {
      outcome.status = 'SyntaxError';
      throw error;
    }
    if (loaded.syntax) outcome.status = 'SyntaxError';
    if (loaded.error) throw conversation.errorOf(loaded.error);
    runTests(task, conversation, counter);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    if (late.length) throw late[0];
    if (conversation.gone) throw new Gone('the candidate ended');
  } catch (error) {
    if (outcome.status === 'OK') outcome.status = 'Exception';
    if (error instanceof Gone || conversation.gone) outcome.status = 'Gone';
    outcome.trace = describe(error);
  } finally {
    process.off('unhandledRejection', onLate);
  }
  outcome.passed = counter.passed;
  outcome.total = countOf(task.tests);
  return outcome;
}

function runTests(task, conversation, counter) {
  const required = new Set(task.entry_points);
  const known = new Map();
  const scope = new Proxy(Object.create(null), {
    has(_, name) {
      if (typeof name === 'symbol' || OWN.has(name)) return false;
      if (name in globalThis && !required.has(name)) return false;
      if (!known.has(name)) {
        const reply = conversation.ask({ op: 'has', name, required: required.has(name) });
        known.set(name, reply.found ? { value: conversation.values.decode(reply.value) } : null);
      }
      return known.get(name) !== null;
    },
    get(_, name) {
      return typeof name === 'symbol' ? undefined : known.get(name).value;
    },
  });
  const libraries = new Map();
  const requireTrusted = (name) => {
    const bare = String(name).replace(/^node:/, '');
    if (bare !== 'assert' && bare !== 'assert/strict') return require(name);
    if (!libraries.has(bare)) libraries.set(bare, counted(require(bare), counter));
    return libraries.get(bare);
  };
  const quiet = new Proxy(console, { get: () => () => undefined });
  const run = vm.compileFunction(
    `with (__scope__) { return (function () { ${task.tests}\n}).call(exports); }`,
    ['__scope__', 'require', 'module', 'exports', 'console'],
    { filename: 'tests.js' },
  );
  const module_ = { exports: {} };
  run(scope, requireTrusted, module_, module_.exports, quiet);
}

function countOf(tests) {
  if (/\b(for|while|forEach|map)\b/.test(tests)) return null;
  return (tests.match(/\bassert\s*(\.\s*\w+\s*)?\(/g) || []).length;
}

function describe(error) {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  return (error.candidateStack ? `${error.candidateStack}\n` : '') + String(error.stack).slice(0, 4000);
}

async function main() {
  for (;;) {
    const line = readLine();
    if (line[0] !== '{') continue; // a late word of the last candidate
    const task = JSON.parse(line);
    write('=' + JSON.stringify('check' in task ? complaint(task.check) : await judge(task)));
  }
}


main();
