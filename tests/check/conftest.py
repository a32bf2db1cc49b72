"""Fixtures of the tests of the static checker."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def small() -> Any:
    """A `Small` of `static_sample.py`: the static checker on a small vocabulary."""
    path = Path(__file__).with_name("static_sample.py")
    spec = importlib.util.spec_from_file_location("static_sample", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["static_sample"] = module
    spec.loader.exec_module(module)
    return module.Small()
