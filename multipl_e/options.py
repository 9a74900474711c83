"""From a command line, configuration files and presets to a dataclass of options.

Every source becomes the same thing, ``--name=value``: first the preset, then each ``--config``
file, then environment variables where the command reads them, then what the person typed; the
last one wins. So an unknown key or a wrong type is found and worded in one place, wherever it was
written.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import textwrap
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

import jsonargparse
import yaml

from multipl_e.errors import UserError

Config = TypeVar("Config")

_KIND_NAMES = {
    int: ("INT", "a whole number"),
    float: ("NUMBER", "a number"),
    str: ("TEXT", "text"),
    bool: ("true|false", "true or false"),
    Path: ("PATH", "a path"),
}


@dataclass(frozen=True)
class Setting:
    """One ``name = value``, the file it comes from, and the name as it was written."""

    name: str
    value: str
    origin: str = ""
    spelled: str = ""


class HelpFormatter(jsonargparse.DefaultHelpFormatter):
    """One line per option: spelling and kind, what it does, its default."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if action.nargs == 0:
            return ", ".join(action.option_strings)
        kind = _kind(action)[0]
        metavar = kind or (action.metavar if isinstance(action.metavar, str) else "")
        return f"{action.option_strings[0].replace('_', '-')} {metavar}".rstrip()

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # Indented lines of a description are examples, and stay as they are.
        paragraphs = []
        for paragraph in _plain(textwrap.dedent(text)).strip().split("\n\n"):
            example = paragraph.startswith(" ") or "\n " in paragraph
            paragraphs.append(paragraph if example else textwrap.fill(paragraph, width))
        return textwrap.indent("\n\n".join(paragraphs), indent)

    def _get_help_string(self, action: argparse.Action) -> str:
        text = _plain(action.help or "").rstrip()
        if getattr(action, "_jsonargparse_preexpanded_help", False):
            return text
        if action.required:
            return f"{text} (required)".lstrip()
        if action.default in (None, argparse.SUPPRESS, "") or not action.option_strings:
            return text
        default = action.default
        simple = isinstance(default, (list, tuple)) and all(
            isinstance(i, (str, int)) for i in default
        )
        shown = ",".join(map(str, default)) if simple else _yaml_value(default)
        return f"{text} (default: {shown})".lstrip().replace("%", "%%")


class OptionParser(jsonargparse.ArgumentParser):
    """The parser of one dataclass of options; mistakes are `UserError`s."""

    def __init__(
        self,
        config_class: type[Any],
        *,
        prog: str,
        description: str,
        positional: Sequence[str] = (),
        preset_dir: Path | None = None,
        default_preset: str | None = None,
        env_prefix: str | None = None,
    ) -> None:
        usage = " ".join([prog, *(name.upper() for name in positional), "[options]"])
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            formatter_class=HelpFormatter,
        )
        self.settings: list[Setting] = []
        self.positional = positional
        self.preset_dir = preset_dir
        self.default_preset = default_preset
        self.variable_prefix = env_prefix
        self.add_class_arguments(config_class, as_positional=False)
        self.options = {
            option.lstrip("-"): action
            for action in self._actions
            for option in action.option_strings
            if hasattr(action, "_typehint") or action.nargs == 0
        }
        for action in self._actions:
            # A nested group is filled by its options; that it could also be a file is noise.
            if action.option_strings and action.option_strings[0].lstrip("-") not in self.options:
                action.help = argparse.SUPPRESS
        sources = self.add_argument_group("Where options come from")
        if preset_dir is not None and "preset" not in self.options:
            known = ", ".join(_presets(preset_dir))
            sources.add_argument(
                "--preset", metavar="NAME", default=default_preset, help=f"one of: {known}"
            )
        sources.add_argument(
            "--config", metavar="FILE.yaml", help="options as YAML; options given here win over it"
        )
        if env_prefix is not None:
            for action in self._actions:
                if action.nargs != 0 and action.help != argparse.SUPPRESS:
                    variable = self._variable(action.option_strings[0].lstrip("-"))
                    action.help = f"{action.help or ''} [{variable}]".lstrip()

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise the mistake as one sentence."""
        key = re.search(r'key "([\w.]+)"', message)
        if key and key[1] in self.options:
            given = [setting for setting in self.settings if setting.name == key[1]]
            if given:
                origin = f", in {given[-1].origin}" if given[-1].origin else ""
                wanted = _kind(self.options[key[1]])[1]
                name, value = given[-1].spelled or _dashed(key[1]), given[-1].value
                raise UserError(f"{name}: expected {wanted}, got '{value}'{origin}")
        if missing := re.search(r"arguments are required: ([\w., ]+)", message):
            names = ", ".join(_dashed(name.strip()) for name in missing[1].split(","))
            raise UserError(f"{names} must be given (see --help)")
        raise UserError(" ".join(message.split()))

    def parse(self, argv: Sequence[str]) -> dict[str, Any]:
        """The options that presets, files and the command line `argv` add up to."""
        typed = [*self._from_environment(), *self._typed(argv)]
        named = {setting.name: setting.value for setting in typed}
        files = [Path(setting.value) for setting in typed if setting.name == "config"]
        preset = named.get("preset", self.default_preset)
        if self.preset_dir is not None and preset:
            files.insert(0, preset_file(self.preset_dir, preset))
        self.settings = [s for file in files for s in self._from_file(file)]
        self.settings += [s for s in typed if s.name in self.options]
        if "help" in named:
            self.print_help()
            raise SystemExit(0)
        parsed = self.parse_args([f"--{s.name}={s.value}" for s in self.settings])
        fields = dict(self.instantiate(parsed).as_dict())
        for name in ("config", "preset"):
            if name not in self.options:
                fields.pop(name, None)
        return fields

    def _typed(self, argv: Sequence[str]) -> Iterator[Setting]:
        """``--a-b 1``, ``--a_b=1``, a bare ``--flag`` and positional arguments, as settings."""
        words, free = list(argv), list(self.positional)
        while words:
            word = words.pop(0)
            if word in ("-h", "--help"):
                yield Setting("help", "true")
                continue
            if not word.startswith("--"):
                if not free:
                    raise UserError(f"unexpected argument '{word}' (options begin with --)")
                yield Setting(free.pop(0), word)
                continue
            name, equals, value = word[2:].partition("=")
            spelled = f"--{name}"
            name = self._known(name.replace("-", "_"), spelled=spelled)
            if not equals and _hint(self.options.get(name)) is bool:
                flag = words and words[0].lower() in ("true", "false")
                value = words.pop(0).lower() if flag else "true"
            elif not equals:
                if not words or words[0].startswith("--"):
                    raise UserError(f"{spelled}: a value is expected after it")
                value = words.pop(0)
            yield Setting(name, self._listed(name, value), spelled=spelled)

    def _variable(self, option: str) -> str:
        return f"{self.variable_prefix}{option.upper().replace('.', '_')}"

    def _from_environment(self) -> Iterator[Setting]:
        """Options whose variable is set; an empty one counts as unset."""
        if self.variable_prefix is None:
            return
        taking_values = [name for name, action in self.options.items() if action.nargs != 0]
        for name in ("config", *taking_values):
            variable = self._variable(name)
            if value := os.environ.get(variable):
                yield Setting(name, self._listed(name, value), "the environment", variable)

    def _from_file(self, file: Path) -> Iterator[Setting]:
        if not file.is_file():
            raise UserError(f"--config {file}: there is no such file")
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UserError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
        if content is None:
            return
        if not isinstance(content, dict):
            raise UserError(f"{file}: 'option: value' lines are expected")
        yield from self._flattened(content, "", str(file))

    def _flattened(self, content: dict[Any, Any], prefix: str, origin: str) -> Iterator[Setting]:
        for key, value in content.items():
            name = prefix + str(key).replace("-", "_")
            group = any(option.startswith(f"{name}.") for option in self.options)
            if group and isinstance(value, dict):
                yield from self._flattened(value, f"{name}.", origin)
            elif group and value is None:
                continue
            else:
                self._known(name, origin)
                yield Setting(name, self._listed(name, _yaml_value(value)), origin)

    def _known(self, name: str, origin: str = "", spelled: str = "") -> str:
        sources = [] if origin else ["config", *(["preset"] if self.preset_dir else [])]
        known = [*(option for option in self.options if option not in ("h", "help")), *sources]
        if name in known:
            return name
        hint = nearest(name, known)
        if origin:
            place, guess = f"{origin}: unknown key '{name}'", f"'{hint}'"
        else:
            # The answer is spelled as the question was.
            place = f"unknown option {spelled}"
            guess = f"--{hint}" if "_" in spelled else _dashed(hint or "")
        remedy = f"did you mean {guess}?" if hint else "see --help"
        raise UserError(f"{place} ({remedy})")

    def _listed(self, name: str, value: str) -> str:
        """``py,js`` as ``[py,js]`` where a list is expected."""
        hint = _hint(self.options.get(name))
        if get_origin(hint) in (list, tuple, Sequence) or hint in (list, tuple):
            return value if value.startswith(("[", "null")) else f"[{value}]"
        return value


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name most like a mistyped one; also by its last part (``kl_coef``)."""
    if match := difflib.get_close_matches(name, known, n=1, cutoff=0.6):
        return match[0]
    by_last = {option.rpartition(".")[2]: option for option in known}
    match = difflib.get_close_matches(name.rpartition(".")[2], list(by_last), n=1, cutoff=0.7)
    return by_last[match[0]] if match else None


def preset_file(preset_dir: Path, name: str) -> Path:
    """The YAML file of a preset.

    Raises:
        UserError: there is none of that name (with the nearest and the list).
    """
    known = _presets(preset_dir)
    if name not in known:
        hint = nearest(name, known)
        guess = f" (did you mean '{hint}'?)" if hint else ""
        raise UserError(f"--preset: unknown preset '{name}'{guess}; there are: {', '.join(known)}")
    return preset_dir / f"{name}.yaml"


def _plain(text: str) -> str:
    """Without the marks that docstrings put around code."""
    return text.replace("``", "")


def _dashed(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _presets(preset_dir: Path) -> list[str]:
    return sorted(file.stem for file in preset_dir.glob("*.yaml"))


def _yaml_value(value: Any) -> str:
    """A value as it is typed on a command line."""
    if isinstance(value, (str, os.PathLike)):
        return str(value)
    return json.dumps(list(value) if isinstance(value, tuple) else value, default=str)


def _hint(action: argparse.Action | None) -> Any:
    """The option's type, without ``| None``."""
    hint = getattr(action, "_typehint", None)
    if get_origin(hint) in (Union, types.UnionType):
        inner = [part for part in get_args(hint) if part is not type(None)]
        return inner[0] if len(inner) == 1 else hint
    return hint


def _kind(action: argparse.Action) -> tuple[str, str]:
    """What an option takes: for the help ("INT") and for a sentence ("a whole number")."""
    hint = _hint(action)
    if hint is None:
        return "", "no value"
    if get_origin(hint) is Literal:
        choices = [str(choice) for choice in get_args(hint)]
        return "|".join(choices), f"one of {', '.join(choices)}"
    if get_origin(hint) in (list, tuple, Sequence):
        item = get_args(hint)[0]
        return f"{_KIND_NAMES.get(item, ('ITEM',))[0]},…", f"a list like a,b of {item.__name__}"
    if hint in _KIND_NAMES:
        return _KIND_NAMES[hint]
    return "VALUE", str(hint).replace("typing.", "")
