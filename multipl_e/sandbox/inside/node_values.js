'use strict';
// Values between the process that holds the tests and the one that holds the candidate, as JSON.
// Plain values travel by copy. Functions, and what lies behind an object's prototype, stay where
// they are and travel as numbers: {t:"mine"} belongs to the writer, {t:"yours"} to the reader.

const vm = require('vm');

const PLAIN = new Set([Object.prototype, null]);
const ERRORS = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
const ARRAYS = {
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array,
};

class Values {
  // `remote(id, kind)` makes a stand-in for an object of the other process.
  constructor(remote) {
    this.remote = remote;
    this.objects = [];
    this.numbers = new Map();
    this.standIns = new Map();
  }

  export(object) {
    let id = this.numbers.get(object);
    if (id === undefined) {
      id = this.objects.length;
      this.objects[id] = object;
      this.numbers.set(object, id);
    }
    return id;
  }

  encode(value) {
    const seen = new Map();
    const visit = (v) => {
      switch (typeof v) {
        case 'string': case 'boolean': return v;
        case 'number':
          if (v !== v) return { t: 'n', v: 'NaN' };
          if (v === Infinity || v === -Infinity) return { t: 'n', v: String(v) };
          return v === 0 && 1 / v < 0 ? { t: 'n', v: '-0' } : v;
        case 'undefined': return { t: 'u' };
        case 'bigint': return { t: 'b', v: String(v) };
        case 'symbol': return { t: 'mine', id: this.export(v), k: 'symbol' };
      }
      if (v === null) return null;
      const yours = this.standIns.get(v);
      if (yours !== undefined) return { t: 'yours', id: yours };
      if (typeof v === 'function') return { t: 'mine', id: this.export(v), k: 'function' };
      const known = seen.get(v);
      if (known !== undefined) return { t: 'c', i: known };
      seen.set(v, seen.size);
      if (Array.isArray(v)) {
        const out = [];
        for (let i = 0; i < v.length; i++) out[i] = visit(v[i]);
        return out;
      }
      const prototype = Object.getPrototypeOf(v);
      if (prototype === Map.prototype) {
        const out = [];
        Map.prototype.forEach.call(v, (b, a) => { out[out.length] = [visit(a), visit(b)]; });
        return { t: 'm', v: out };
      }
      if (prototype === Set.prototype) {
        const out = [];
        Set.prototype.forEach.call(v, (a) => { out[out.length] = visit(a); });
        return { t: 's', v: out };
      }
      if (prototype === Date.prototype) return { t: 'd', v: visit(Date.prototype.getTime.call(v)) };
      if (prototype === RegExp.prototype) return { t: 'r', v: [String(v.source), String(v.flags)] };
      if (prototype === BigInt.prototype || prototype === Number.prototype
          || prototype === String.prototype || prototype === Boolean.prototype) {
        return { t: 'x', v: visit(v.valueOf()) };
      }
      for (const name in ARRAYS) {
        if (prototype === ARRAYS[name].prototype) return { t: 'y', k: name, v: Array.from(v, visit) };
      }
      const out = { t: 'o', v: [] };
      const keys = Object.keys(v);
      for (let i = 0; i < keys.length; i++) out.v[i] = [keys[i], visit(v[keys[i]])];
      if (v instanceof Error) {
        out.t = 'e';
        out.k = errorNames(v);
        out.m = String(v.message);
      } else if (!PLAIN.has(prototype)) {
        out.id = this.export(v);
      }
      return out;
    };
    return visit(value);
  }

  decode(value) {
    const seen = [];
    const visit = (v) => {
      if (v === null || typeof v !== 'object') return v;
      if (Array.isArray(v)) {
        const out = [];
        seen.push(out);
        for (const item of v) out.push(visit(item));
        return out;
      }
      switch (v.t) {
        case 'u': return undefined;
        case 'n': return Number(v.v);
        case 'b': return BigInt(v.v);
        case 'c': return seen[v.i];
        case 'yours': return this.objects[v.id];
        case 'mine': return this.standIn(v.id, v.k);
      }
      let out;
      switch (v.t) {
        case 'm': seen.push(out = new Map()); for (const [a, b] of v.v) out.set(visit(a), visit(b)); break;
        case 's': seen.push(out = new Set()); for (const a of v.v) out.add(visit(a)); break;
        case 'd': seen.push(out = new Date(visit(v.v))); break;
        case 'r': seen.push(out = new RegExp(v.v[0], v.v[1])); break;
        case 'x': seen.push(out = Object(visit(v.v))); break;
        case 'y': seen.push(out = ARRAYS[v.k].from(v.v.map(visit))); break;
        case 'e': seen.push(out = rebuildError(v.k, v.m)); this.fill(out, v.v, visit); break;
        case 'o':
          seen.push(out = v.id === undefined ? {} : this.standIn(v.id, 'object'));
          this.fill(out, v.v, visit);
          break;
        default: throw new TypeError('unknown value');
      }
      return out;
    };
    return visit(value);
  }

  fill(object, entries, visit) {
    for (const [key, v] of entries) {
      Object.defineProperty(object, key, {
        value: visit(v), writable: true, enumerable: true, configurable: true,
      });
    }
  }

  standIn(id, kind) {
    const object = this.remote(id, kind);
    this.standIns.set(object, id);
    return object;
  }
}

function errorNames(error) {
  const names = [];
  for (let p = error; p && names.length < 8; p = Object.getPrototypeOf(p)) {
    if (p.constructor && typeof p.constructor.name === 'string') names.push(p.constructor.name);
  }
  return names;
}

function rebuildError(names, message) {
  const kind = names.find((name) => Object.hasOwn(ERRORS, name)) || 'Error';
  const error = new ERRORS[kind](message);
  if (names[0] && names[0] !== kind) error.name = String(names[0]);
  return error;
}

// A candidate's program as a function; throws if it does not parse. `__lookUp__` gets what finds
// its names.
function compileProgram(code, file) {
  return vm.compileFunction(
    code + '\n;__lookUp__((__name__) => eval(__name__));',
    ['exports', 'require', 'module', '__filename', '__dirname', '__lookUp__'],
    { filename: file },
  );
}

// An error as one process tells it to the other.
function describeError(error, values) {
  if (!(error instanceof Error)) {
    return { value: values.encode(error), names: [], message: String(error), stack: '' };
  }
  return {
    value: values.encode(error), names: errorNames(error), message: String(error.message),
    stack: String(error.stack).slice(0, 4000),
  };
}

module.exports = { Values, compileProgram, describeError, errorNames, rebuildError };
