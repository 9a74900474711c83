"""Requests and answers over a pair of pipes, in both directions, nested as calls nest."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

from . import wire
from .traces import format_trace

Read = Callable[[int], bytes]
Write = Callable[[bytes], None]

_OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda obj, *a, **k: obj(*a, **k),
    "getattr": getattr,
    "setattr": setattr,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "len": len,
    "iter": iter,
    "next": next,
    "contains": lambda obj, x: x in obj,
    "bool": bool,
    "str": str,
    "repr": repr,
    "int": int,
    "float": float,
    "index": operator.index,
    "enter": lambda obj: obj.__enter__(),
    "exit": lambda obj, *a: obj.__exit__(*a),
    "radd": lambda obj, x: x + obj,
    "rsub": lambda obj, x: x - obj,
    "rmul": lambda obj, x: x * obj,
    "same": lambda obj, other: bool(obj == other),
    "neg": operator.neg,
    "abs": abs,
}
for _name in ("lt", "le", "gt", "ge", "add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    _OPERATIONS[_name] = getattr(operator, _name)
_MUTABLE = (list, dict, set, bytearray)


class CandidateError(Exception):
    """An exception of the candidate whose class is its own."""


class Connection:
    """One end. The trusted end lets the other one call its objects, and little else."""

    def __init__(self, read: Read, write: Write, *, trusted: bool) -> None:
        self._read = read
        self._write = write
        self._trusted = trusted
        self._objects: list[object] = []

    def export(self, obj: object) -> int:
        """Keep `obj` and give it a number."""
        self._objects.append(obj)
        return len(self._objects) - 1

    def exported(self, number: int) -> object:
        """The object with this number."""
        return self._objects[number]

    def send(self, message: Any) -> None:
        """Send one message."""
        data = wire.dumps(message, self)
        self._write(len(data).to_bytes(8, "big") + data)

    def receive(self) -> Any:
        """Read one message."""
        length = int.from_bytes(self._read(8), "big")
        if length > wire.MAX_MESSAGE_BYTES:
            raise ValueError(f"a value of {length} bytes is too large to compare")
        return wire.loads(self._read(length), self)

    def request(self, operation: str, number: int, args: Any, kwargs: Any) -> Any:
        """Have the other side perform an operation on one of its objects."""
        self.send(("request", operation, number, args, kwargs))
        return self.answer(args)

    def answer(self, args: tuple[Any, ...] = ()) -> Any:
        """Wait for an answer; serve what the other side asks meanwhile."""
        while True:
            message = self.receive()
            kind = message[0]
            if kind == "request":
                self.serve(message)
            elif kind == "result":
                _, value, changed = message
                if changed is not None:
                    for old, new in zip(args, changed, strict=False):
                        _write_back(old, new)
                return value
            elif kind == "raised":
                raise rebuild(message[1], message[2], message[3])
            else:
                raise ValueError(f"unexpected message {kind!r}")

    def serve(self, message: Any) -> None:
        """Perform an operation that the other side asked for, and answer."""
        _, name, number, args, kwargs = message
        target = self._objects[number]
        if self._trusted and name in ("getattr", "setattr") and str(args[0]).startswith("_"):
            raise ValueError("private attributes of the tests may not be read")
        watched = not self._trusted and any(isinstance(a, _MUTABLE) for a in args)
        before = wire.dumps(args, self) if watched else b""
        try:
            value = _OPERATIONS[name](target, *args, **kwargs)
        except Exception as error:
            self.send(describe(error))
            return
        changed = args if watched and wire.dumps(args, self) != before else None
        self.send(("result", value, changed))


def describe(error: BaseException) -> tuple[str, list[str], str, str]:
    """An exception as plain values: names of its classes, its text, its traceback."""
    names = [c.__name__ for c in type(error).__mro__]
    try:
        text = str(error)[:2000]
        trace = format_trace(error, limit=8)[-8000:]
    except Exception:
        text = trace = names[0]
    return "raised", names, text, trace


def rebuild(names: list[str], text: str, trace: str) -> Exception:
    """The nearest built-in exception to one that the candidate raised."""
    for name in names:
        kind = getattr(builtins, str(name), None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            try:
                # A bare Exception for a class of the candidate's own keeps that class's name.
                error = kind(text) if name == names[0] else kind(f"{names[0]}: {text}")
            except TypeError:  # UnicodeDecodeError and its like want more arguments
                error = ValueError(text) if issubclass(kind, ValueError) else Exception(text)
            error.candidate_trace = str(trace)  # type: ignore[attr-defined]
            return error
    return CandidateError(f"{names[:1]}: {text}")


def _write_back(old: Any, new: Any) -> None:
    """Repeat on the caller's argument what the callee did to its copy."""
    if type(old) is not type(new):
        return
    if isinstance(old, list) and isinstance(new, list):
        if len(old) == len(new):
            for i, (a, b) in enumerate(zip(old, new, strict=True)):
                if isinstance(a, _MUTABLE) and type(a) is type(b):
                    _write_back(a, b)
                else:
                    old[i] = b
        else:
            old[:] = new
    elif isinstance(old, bytearray):
        old[:] = new
    elif isinstance(old, dict | set):
        old.clear()
        old.update(new)
