"""The rooms of the design: imports go one way, the top level is as agreed, and the start stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "cramf"
# A room may import those after it, and the small modules at the top of the package.
ALLOWED = {
    "lean": set(),
    "knowledge": {"lean"},
    "retrieval": {"knowledge", "lean"},
    "check": {"knowledge", "lean"},
    "formalize": {"retrieval", "check", "knowledge", "lean"},
    "evaluation": {"formalize", "retrieval", "check", "knowledge", "lean"},
    "cli": {"evaluation", "formalize", "retrieval", "check", "knowledge", "lean"},
}


def imported_rooms(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    parts = [name.split(".") for name in names if name.startswith("cramf.")]
    return {part[1] for part in parts if (PACKAGE / part[1]).is_dir()}


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_go_one_way(room: str) -> None:
    modules = sorted((PACKAGE / room).rglob("*.py"))
    assert modules
    wrong = {
        str(path.relative_to(ROOT)): extra
        for path in modules
        if (extra := imported_rooms(path) - ALLOWED[room] - {room})
    }
    assert wrong == {}


def test_the_lean_room_needs_the_standard_library_only() -> None:
    for path in (PACKAGE / "lean").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names.append(node.module)
            tops = {name.split(".")[0] for name in names}
            assert tops <= {*sys.stdlib_module_names, "cramf"}, path


@pytest.mark.parametrize("code", ["import cramf", "import cramf.cli.main", "import cramf.check.static"])
def test_importing_stays_light(code: str) -> None:
    heavy = "torch faiss transformers sentence_transformers scipy pyarrow openai".split()
    probe = f"{code}; import sys; print(sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_names_of_the_package_are_loaded_on_first_use() -> None:
    import cramf

    assert cramf.Retriever.__name__ == "Retriever"
    assert cramf.Formalizer.__name__ == "Formalizer"
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = cramf.Nothing
