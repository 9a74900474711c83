"""Translate the operations' small subset of Python into idiomatic JavaScript.

Only what the operations use is known; anything else raises ``ValueError``, so that a new block
cannot be translated wrongly in silence. The meaning agrees because blocks keep to the rules stated
in `operations.py`.
"""

from __future__ import annotations

import ast
import json
import re

_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "===", ast.NotEq: "!==", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_BINARY: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", 5), ast.Sub: ("-", 5), ast.Mult: ("*", 6), ast.Mod: ("%", 6),
}  # fmt: skip
_FUNCTIONS = {
    "abs": "Math.abs({})",
    "max": "Math.max({})",
    "str": "String({})",
    "int": "Number({})",
    "chr": "String.fromCharCode({})",
    "ord": "{}.charCodeAt(0)",
    "len": "{}.length",
    "sorted": "[...{}].sort((a, b) => a - b)",
}
_METHODS = {
    "append": "{object}.push({arguments})",
    "upper": "{object}.toUpperCase({arguments})",
    "split": "{object}.split({arguments})",
    "join": "{arguments}.join({object})",
}
_ATOM = 9


def translate(code: str, given: str) -> list[str]:
    """JavaScript lines of a block of Python, indented by two spaces per level from level zero.

    Every variable but `given`, the one that holds the block's input, is declared with ``let``
    where its scope first assigns it; `redeclare` drops the declarations that an earlier block has
    already made.
    """
    return _Translator().body(ast.parse(code).body, 0, [{given}])


def redeclare(lines: list[str], declared: set[str]) -> list[str]:
    """Drop ``let`` from top-level declarations of names in `declared`; adds the new ones to it."""
    result = []
    for line in lines:
        if (match := re.match(r"let (\w+) ", line)) is not None:
            if match[1] in declared:
                line = line[len("let ") :]
            declared.add(match[1])
        result.append(line)
    return result


class _Translator:
    def body(self, statements: list[ast.stmt], depth: int, scopes: list[set[str]]) -> list[str]:
        return [line for node in statements for line in self.statement(node, depth, scopes)]

    def block(self, statements: list[ast.stmt], depth: int, scopes: list[set[str]]) -> list[str]:
        return self.body(statements, depth + 1, [*scopes, set()])

    def statement(self, node: ast.stmt, depth: int, scopes: list[set[str]]) -> list[str]:
        pad = "  " * depth
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                known = any(name in scope for scope in scopes)
                scopes[-1].add(name)
                return [f"{pad}{'' if known else 'let '}{name} = {self.value(value)};"]
            case ast.AugAssign(target=ast.Name(id=name), op=operator, value=value):
                sign = _BINARY[type(operator)][0]
                if isinstance(value, ast.Constant) and value.value == 1 and sign in "+-":
                    return [f"{pad}{name}{sign}{sign};"]
                return [f"{pad}{name} {sign}= {self.value(value)};"]
            case ast.If(test=test, body=body, orelse=orelse):
                lines = [f"{pad}if ({self.value(test)}) {{", *self.block(body, depth, scopes)]
                if len(orelse) == 1 and isinstance(orelse[0], ast.If):
                    chained = self.statement(orelse[0], depth, scopes)
                    return [*lines, f"{pad}}} else {chained[0].lstrip()}", *chained[1:]]
                if orelse:
                    lines += [f"{pad}}} else {{", *self.block(orelse, depth, scopes)]
                return [*lines, f"{pad}}}"]
            case ast.While(test=test, body=body):
                head = f"{pad}while ({self.value(test)}) {{"
                return [head, *self.block(body, depth, scopes), f"{pad}}}"]
            case ast.For(target=ast.Name(id=name), body=body):
                head = f"{pad}for ({self.loop(node, name)}) {{"
                return [head, *self.body(body, depth + 1, [*scopes, {name}]), f"{pad}}}"]
            case ast.Break():
                return [f"{pad}break;"]
            case ast.Continue():
                return [f"{pad}continue;"]
            case ast.Expr(value=value):
                return [f"{pad}{self.value(value)};"]
        raise ValueError(f"no JavaScript for this statement: {ast.unparse(node)}")

    def loop(self, node: ast.For, name: str) -> str:
        if isinstance(node.iter, ast.Call) and ast.unparse(node.iter.func) == "range":
            bounds = [self.value(argument) for argument in node.iter.args]
            start, stop = ("0", bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
            if len(bounds) == 3:
                return f"let {name} = {start}; {name} > {stop}; {name}--"
            return f"let {name} = {start}; {name} < {stop}; {name}++"
        assigned = any(
            isinstance(inner, ast.Name) and inner.id == name and isinstance(inner.ctx, ast.Store)
            for statement in node.body
            for inner in ast.walk(statement)
        )
        return f"{'let' if assigned else 'const'} {name} of {self.value(node.iter)}"

    def value(self, node: ast.expr, least: int = 0) -> str:
        """The expression, in parentheses where it binds less tightly than `least`."""
        text, binding = self.expression(node)
        return f"({text})" if binding < least else text

    def expression(self, node: ast.expr) -> tuple[str, int]:
        """The expression and how tightly it binds."""
        match node:
            case ast.Constant(value=value):
                return json.dumps(value), _ATOM
            case ast.Name(id=name):
                return name, _ATOM
            case ast.List(elts=elements):
                return f"[{', '.join(map(self.value, elements))}]", _ATOM
            case ast.BoolOp(op=operator, values=values):
                sign, binding = ("&&", 2) if isinstance(operator, ast.And) else ("||", 1)
                return f" {sign} ".join(self.value(v, binding + 1) for v in values), binding
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"-{self.value(operand, 7)}", 7
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return f"Math.floor({self.value(left, 6)} / {self.value(right, 7)})", _ATOM
            case ast.BinOp(left=left, op=operator, right=right):
                sign, binding = _BINARY[type(operator)]
                return (
                    f"{self.value(left, binding)} {sign} {self.value(right, binding + 1)}",
                    binding,
                )
            case ast.Compare(left=left, ops=[ast.In()], comparators=[right]):
                return f"{self.value(right, _ATOM)}.includes({self.value(left)})", _ATOM
            case ast.Compare(left=left, ops=[ast.NotIn()], comparators=[right]):
                return f"!{self.value(right, _ATOM)}.includes({self.value(left)})", 7
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return f"{self.value(left, 5)} {_COMPARE[type(operator)]} {self.value(right, 5)}", 4
            case ast.Subscript(value=owner, slice=ast.UnaryOp(op=ast.USub(), operand=back)):
                name = self.value(owner, _ATOM)
                return f"{name}[{name}.length - {self.value(back)}]", _ATOM
            case ast.Subscript(value=owner, slice=index):
                return f"{self.value(owner, _ATOM)}[{self.value(index)}]", _ATOM
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
                least = _ATOM if _FUNCTIONS[name].startswith("{}") else 0
                inner = ", ".join(self.value(a, least) for a in arguments)
                return _FUNCTIONS[name].format(inner), _ATOM
            case ast.Call(func=ast.Attribute(value=owner, attr=name), args=arguments):
                return self.method(self.value(owner, _ATOM), name, list(map(self.value, arguments)))
        raise ValueError(f"no JavaScript for this expression: {ast.unparse(node)}")

    def method(self, owner: str, name: str, arguments: list[str]) -> tuple[str, int]:
        if name == "insert":
            place, value = arguments
            if place == "0":
                return f"{owner}.unshift({value})", _ATOM
            return f"{owner}.splice({place}, 0, {value})", _ATOM
        if name not in _METHODS:
            raise ValueError(f"no JavaScript for the method {name}")
        return _METHODS[name].format(object=owner, arguments=", ".join(arguments)), _ATOM
