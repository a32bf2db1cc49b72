"""Rubrics: the faults that make a statement unfaithful, and the prompts that ask for them, as files.

A rubric is a folder with `rubric.toml` (its faults) and jinja2 templates. Its identity is its name and the
checksum of all of them, so that a judgement tells by which words it was made.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cramf.errors import InputError

if TYPE_CHECKING:
    import jinja2

__all__ = ["DEFAULT_RUBRIC", "Fault", "Rubric", "load_rubric"]

DEFAULT_RUBRIC: Final = "faithful-v1"
_FAULTS: Final = "rubric.toml"
_ASKED: Final = (
    "direct.system direct.user translate.system translate.user compare.system compare.user".split()
)
_PARTS: Final = (*_ASKED, "correction", "criteria", "answer", "data")
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault and what it is, in words."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Rubric:
    """A rubric; `identity` is its name and the first digits of its checksum."""

    name: str
    digest: str
    faults: tuple[Fault, ...]
    templates: jinja2.Environment

    @property
    def identity(self) -> str:
        return f"{self.name}+{self.digest[:12]}"

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(fault.kind for fault in self.faults)

    def text(self, part: str, **values: object) -> str:
        """A part with its values, such as `direct.user`.

        Raises:
            InputError: where the template has a fault.
        """
        import jinja2

        try:
            return self.templates.get_template(part).render(faults=self.faults, **values).strip()
        except jinja2.TemplateError as error:
            raise _faulty(self.name, part, error) from None

    def data(self, part: str, **texts: str) -> str:
        """A part whose values are not ours: they stand between markers that none of them holds."""
        return self.text(part, boundary=boundary(texts), **texts)


def boundary(texts: Mapping[str, str]) -> str:
    """A marker that is in none of the texts; the same texts have the same one."""
    whole = "\0".join(texts.values())
    marker = hashlib.sha256(whole.encode()).hexdigest()[:16]
    while marker in whole:
        marker = hashlib.sha256(marker.encode()).hexdigest()[:16]
    return marker


def load_rubric(source: str | Path = DEFAULT_RUBRIC) -> Rubric:
    """A rubric that comes with cramf by its name, or one of your own by its folder.

    Raises:
        InputError: where there is none, or a file of it is missing or faulty.
    """
    if isinstance(source, Path) or "/" in source:
        return _loaded(Path(source), Path(source).resolve().name)
    return _shipped(source)


@cache
def _shipped(name: str) -> Rubric:
    folder = resources.files("cramf.evaluation.judge") / "rubrics"
    known = sorted(each.name for each in folder.iterdir() if each.is_dir())
    if name not in known:
        raise InputError(
            f"there is no rubric {name!a}",
            f"known are {', '.join(known)}; one of your own is given by its folder",
        )
    return _loaded(folder / name, name)


def _loaded(folder: Traversable, name: str) -> Rubric:
    import jinja2

    files = {each: _read(folder, each) for each in (_FAULTS, *(f"{part}.j2" for part in _PARTS))}
    digest = hashlib.sha256()
    for file, text in sorted(files.items()):
        digest.update(f"{file}\0{len(text.encode())}\0{text}".encode())
    templates = {part: files[f"{part}.j2"] for part in _PARTS}
    # Plain text for a model, so nothing is escaped; a value that is missing is an error, not an empty text.
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(templates), undefined=jinja2.StrictUndefined, autoescape=False
    )
    for part in _PARTS:
        try:
            environment.get_template(part)
        except jinja2.TemplateError as error:
            raise _faulty(name, part, error) from None
    return Rubric(name, digest.hexdigest(), _faults(files[_FAULTS], name), environment)


def _read(folder: Traversable, file: str) -> str:
    try:
        data = (folder / file).read_bytes()
        if len(data) > _LARGEST:
            raise InputError(f"{folder / file} is larger than {_LARGEST:,} bytes", "shorten it")
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot read {folder / file} of the rubric: {reason}", "copy a rubric of cramf and change that"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{folder / file} is not UTF-8 text", "save it as UTF-8") from None


def _faults(text: str, name: str) -> tuple[Fault, ...]:
    mend = 'write each as [[fault]] with kind = "…" and what = "…"'
    try:
        listed: Any = tomllib.loads(text).get("fault")
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{_FAULTS} of the rubric {name} is not TOML ({error})", mend) from None
    if not isinstance(listed, list) or not listed:
        raise InputError(f"{_FAULTS} of the rubric {name} lists no fault", mend)
    faults: list[Fault] = []
    for entry in listed:
        values = [entry.get(key) if isinstance(entry, dict) else None for key in ("kind", "what")]
        kind, what = (value.strip() if isinstance(value, str) else "" for value in values)
        if not kind.isidentifier() or kind != kind.lower() or not what:
            raise InputError(f"{_FAULTS} of the rubric {name} has a fault without kind or what", mend)
        if kind in {fault.kind for fault in faults}:
            raise InputError(f"{_FAULTS} of the rubric {name} lists {kind} twice", "keep one of them")
        faults.append(Fault(kind, what))
    return tuple(faults)


def _faulty(name: str, part: str, error: jinja2.TemplateError) -> InputError:
    return InputError(f"{part}.j2 of the rubric {name} has a fault ({error})", "mend the template")
