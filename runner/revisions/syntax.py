"""The exact reader: the identifiers of a revision file from its syntax tree. Floor 3; pure.

Identifiers bound by plain assignments of literals at the top level are read off; the last one wins. Everything
else that could bind them while the file is imported (a loop, a condition, a star import, `globals()`, a function
that is called and says `global`) makes the reader answer that only importing can tell.

What it cannot see is code in other files that reaches into this one's frame; nothing but running it would show that.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable

from runner.revisions.declared import HARMLESS_DUNDERS, IDENTIFIERS, REBINDING_WORDS, Declared, declared_from

__all__ = ["read_syntax"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def read_syntax(source: bytes, path: str) -> Declared | None:
    """Return the identifiers of a file, or None where only importing it can tell.

    Args:
        source: the whole file, in whatever encoding it declares.
        path: its name, for the error.

    Raises:
        SyntaxError: the file is not Python.
        NotIdentifiers: an identifier has a value of the wrong type.
    """
    try:
        tree = _parse(source, path)
        values = _literals(tree)
        if values is None or not _Inspection(tree, values).is_conclusive:
            return None
    except (RecursionError, MemoryError):  # the code is nested too deeply to be looked at
        return None
    return declared_from(values, ast.get_docstring(tree, clean=False))


def _parse(source: bytes, path: str) -> ast.Module:
    with warnings.catch_warnings():
        # Importing the file says the same again, to whoever asked for warnings.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source, path)
        except ValueError as exc:  # Python 3.11 says so of a null byte
            raise SyntaxError(str(exc), (path, 1, None, None)) from exc


def _literals(tree: ast.Module) -> dict[str, object] | None:
    """Return identifier -> value of its last plain assignment, or None where one is not a literal."""
    values: dict[str, object] = {}
    for statement in tree.body:
        names = _assigned(statement)
        if not names:
            continue
        assert isinstance(statement, (ast.Assign, ast.AnnAssign))
        try:
            value = _literal(statement.value)
        except ValueError:
            return None
        values.update(dict.fromkeys(names, value))
    return values


def _assigned(statement: ast.stmt) -> list[str]:
    """Return the identifiers a top-level statement assigns plainly, as in `a = b = "x"` or `a: str = "x"`."""
    if isinstance(statement, ast.Assign):
        targets: list[ast.expr] = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    else:
        return []
    return [target.id for target in targets if isinstance(target, ast.Name) and target.id in IDENTIFIERS]


def _literal(node: ast.expr | None) -> object:
    """Return the value of a string, None, or a sequence or set of strings.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str)):
        return node.value
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        names = [entry.value if isinstance(entry, ast.Constant) else None for entry in node.elts]
        if all(isinstance(name, str) for name in names):
            return tuple(names) if isinstance(node, ast.Tuple) else set(names) if isinstance(node, ast.Set) else names
    raise ValueError("not a literal")


class _Inspection(ast.NodeVisitor):
    """One look at the code that importing the file runs.

    Function bodies are left out, unless something that runs can call them.

    Args:
        tree: the file.
        values: what the plain assignments say.
    """

    def __init__(self, tree: ast.Module, values: dict[str, object]) -> None:
        self.is_conclusive = True
        self._depth = 0  # of classes and functions: at depth 0 names are the module's
        self._loaded: set[str] = set()
        self._functions: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        self._plain: set[int] = set()
        for statement in tree.body:
            if _assigned(statement):
                self._expect(statement)
        self._visit_all(tree.body)
        self._visit_called_functions()
        if any(isinstance(value, (list, set)) and name in self._loaded for name, value in values.items()):
            self.is_conclusive = False  # whoever reads a list may change it

    def _expect(self, statement: ast.stmt) -> None:
        """Remember the targets of a plain assignment, which are no surprise."""
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        self._plain.update(id(target) for target in targets)

    def _visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def _visit_called_functions(self) -> None:
        """Look into all functions if one of them is named by code that runs, or is decorated."""
        if not self._loaded.isdisjoint(self._functions):
            self._depth += 1
            for function in [one for same_name in self._functions.values() for one in same_name]:
                self._visit_all(function.body)
            self._depth -= 1

    # -- names ------------------------------------------------------------------------------------

    def _bind(self, name: str | None) -> None:
        """Note that code that runs binds a name in the scope at hand."""
        if name is not None and self._depth == 0 and (name in IDENTIFIERS or _is_special(name)):
            self.is_conclusive = False

    def _use(self, name: str) -> None:
        self._loaded.add(name)
        if name in REBINDING_WORDS or _is_special(name):
            self.is_conclusive = False

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use(node.id)
        elif id(node) not in self._plain:
            self._bind(node.id)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Leave out the target of an annotation without a value, which binds nothing."""
        bare = node.value is None and isinstance(node.target, ast.Name)
        self._visit_all([None if bare else node.target, node.annotation, node.value])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in REBINDING_WORDS or _is_special(node.attr):
            self.is_conclusive = False
        self.visit(node.value)

    def visit_Global(self, node: ast.Global) -> None:
        if not IDENTIFIERS.isdisjoint(node.names) or any(map(_is_special, node.names)):
            self.is_conclusive = False

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name.split("."))
            self._bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._import((node.module or "").split("."))
        for alias in node.names:
            self._import([alias.name])
            if alias.name == "*":
                self.is_conclusive = False
            self._bind(alias.asname or alias.name)

    def _import(self, words: Iterable[str]) -> None:
        if not REBINDING_WORDS.isdisjoint(words):
            self.is_conclusive = False

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        self._bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self._bind(node.rest)
        self.generic_visit(node)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        """Note the name alone: the value is evaluated when somebody asks for it. Python 3.12 and newer."""
        self.visit(next(value for field, value in ast.iter_fields(node) if field == "name"))

    def visit_Constant(self, node: ast.Constant) -> None:
        """Distrust text with a walrus: tools that evaluate annotations evaluate it in this module."""
        if isinstance(node.value, str) and ":=" in node.value:
            self.is_conclusive = False

    # -- scopes -----------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name)
        self._visit_all([*node.decorator_list, node.args, node.returns])
        if self._depth > 0 or node.decorator_list:
            self._inner(node.body)
        else:
            self._functions.setdefault(node.name, []).append(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name)
        self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
        self._inner(node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)
        self._inner([node.body])

    def _inner(self, nodes: Iterable[ast.AST]) -> None:
        self._depth += 1
        self._visit_all(nodes)
        self._depth -= 1

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, _COMPREHENSIONS):
            self._comprehension(node)
        else:
            super().generic_visit(node)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        """Leave out the targets, which live in a scope of their own; a walrus in it does not."""
        for generator in node.generators:
            self._inner([generator.target])
            self._visit_all([generator.iter, *generator.ifs])
        self._visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])


def _is_special(name: str) -> bool:
    """Whether a name with double underscores may lead to a namespace, or change how names are looked up."""
    return name.startswith("__") and name.endswith("__") and name not in HARMLESS_DUNDERS
