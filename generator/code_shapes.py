"""What the syntax trees of each language call blocks, declarations and clauses.

`generator.fine_grained` needs to know which nodes are statements of their own and which of them no
coverage tool counts. A language that is not listed is taken line by line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tree_sitter import Node


@dataclass(frozen=True)
class Shape:
    """Tree-sitter's node kinds of one language.

    Attributes:
        parents: Their named children are statements.
        blocks: Those that a pair of delimiters or an indentation holds together.
        clauses: Parts of a statement with a line of their own that tools count (``elif``).
        silent: Parts that no tool counts, or that share a line with what comes before
            (``} else {``): they ran if something in them did.
        declarations: What is no work of the function that holds it (``def``, ``class``, imports):
            it follows the block that holds it.
        compiled: Nothing at the top level is a statement.
        bare: Statements that are no instruction: docstrings, variables without a value.
    """

    parents: frozenset[str] = field(default_factory=frozenset)
    blocks: frozenset[str] = field(default_factory=frozenset)
    clauses: frozenset[str] = field(default_factory=frozenset)
    silent: frozenset[str] = field(default_factory=frozenset)
    declarations: frozenset[str] = field(default_factory=frozenset)
    compiled: bool = False
    bare: frozenset[str] = field(default_factory=frozenset)

    def is_unit(self, node: Node, parent: str) -> bool:
        """Whether a node is executed or not for itself."""
        kind = node.type
        if not node.is_named or kind in _NEVER_UNITS:
            return False
        listed = (self.blocks, self.clauses, self.silent, self.declarations)
        return (
            parent in self.parents
            or any(kind in kinds for kinds in listed)
            or kind.endswith(("_statement", "_declaration"))
        )

    def is_declaration(self, node: Node, parent: Node) -> bool:
        """Whether no coverage tool counts this statement."""
        text = node.text or b""
        return (
            node.type in self.declarations
            or (self.compiled and parent.parent is None)
            or (node.type in self.bare and (node.type == "string" or b"=" not in text))
        )


# Parameters, and the patterns of a shell's `case`.
_NEVER_UNITS = frozenset(
    {"parameter_declaration", "optional_parameter_declaration", "variadic_parameter_declaration"}
    | {"word", "extglob_pattern", "concatenation"}
)


def _shape(
    parents: str,
    blocks: str,
    clauses: str,
    silent: str,
    declarations: str,
    *,
    bare: str = "",
    compiled: bool = False,
) -> Shape:
    return Shape(
        parents=frozenset(parents.split()),
        blocks=frozenset(blocks.split()),
        clauses=frozenset(clauses.split()),
        silent=frozenset(silent.split()),
        declarations=frozenset(declarations.split()),
        bare=frozenset(bare.split()),
        compiled=compiled,
    )


_JAVASCRIPT = _shape(
    "program statement_block class_body switch_body",
    "statement_block class_body switch_body",
    "switch_case",
    "else_clause catch_clause finally_clause switch_default",
    "import_statement function_declaration generator_function_declaration class_declaration"
    " method_definition field_definition public_field_definition interface_declaration"
    " type_alias_declaration enum_declaration",
)

SHAPES: dict[str, Shape] = {
    "cpp": _shape(
        "translation_unit compound_statement field_declaration_list declaration_list",
        "compound_statement field_declaration_list declaration_list",
        "",
        "else_clause catch_clause",
        "preproc_include preproc_def preproc_function_def function_definition class_specifier"
        " struct_specifier union_specifier enum_specifier namespace_definition using_declaration"
        " template_declaration alias_declaration type_definition field_declaration"
        " access_specifier static_assert_declaration",
        bare="declaration",
        compiled=True,
    ),
    "cs": _shape(
        "compilation_unit declaration_list block switch_body",
        "declaration_list block switch_body",
        "switch_section",
        "else_clause catch_clause finally_clause",
        "using_directive namespace_declaration class_declaration struct_declaration"
        " interface_declaration enum_declaration record_declaration method_declaration"
        " constructor_declaration field_declaration property_declaration",
        compiled=True,
    ),
    "go": _shape(
        "source_file block statement_list",
        "block",
        "expression_case type_case communication_case",
        "default_case",
        "package_clause import_declaration function_declaration method_declaration"
        " type_declaration",
        compiled=True,
    ),
    "java": _shape(
        "program class_body interface_body enum_body block constructor_body switch_block",
        "class_body interface_body enum_body block constructor_body switch_block",
        "switch_block_statement_group switch_rule",
        "catch_clause finally_clause",
        "import_declaration package_declaration class_declaration interface_declaration"
        " enum_declaration record_declaration method_declaration constructor_declaration"
        " field_declaration",
        bare="local_variable_declaration",
        compiled=True,
    ),
    "js": _JAVASCRIPT,
    "lua": _shape(
        "chunk block",
        "block",
        "elseif_statement",
        "else_statement",
        "function_declaration",
    ),
    "php": _shape(
        "program compound_statement declaration_list switch_block",
        "compound_statement declaration_list switch_block",
        "else_if_clause case_statement",
        "else_clause catch_clause finally_clause default_statement",
        "php_tag namespace_definition namespace_use_declaration function_definition"
        " class_declaration interface_declaration trait_declaration method_declaration"
        " property_declaration const_declaration",
    ),
    "pl": _shape(
        "source_file block",
        "block",
        "elsif",
        "else",
        "subroutine_declaration_statement use_statement package_statement",
    ),
    "py": _shape(
        "module block",
        "block",
        "elif_clause except_clause case_clause",
        "else_clause finally_clause",
        "import_statement import_from_statement future_import_statement function_definition"
        " class_definition decorated_definition global_statement nonlocal_statement",
        bare="string assignment",
    ),
    "rb": _shape(
        "program body_statement then do block_body else ensure begin",
        "body_statement then do block_body",
        "elsif when rescue in_clause",
        "else ensure",
        "method singleton_method class module",
    ),
    "rs": _shape(
        "source_file block declaration_list match_block",
        "block declaration_list match_block",
        "match_arm",
        "else_clause",
        "use_declaration function_item mod_item struct_item enum_item impl_item trait_item"
        " const_item static_item type_item macro_definition attribute_item",
        compiled=True,
    ),
    "sh": _shape(
        "program compound_statement do_group subshell if_statement elif_clause else_clause"
        " case_item",
        "compound_statement do_group subshell",
        "elif_clause case_item",
        "else_clause",
        "function_definition",
    ),
    "ts": _JAVASCRIPT,
}
