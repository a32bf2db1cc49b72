"""The names of the shipped index, loaded once for all tests of normal forms."""

from __future__ import annotations

import pytest

from cramf.environment import default_core, default_index
from cramf.evaluation.normal_form import Normaliser
from cramf.knowledge.core_library import load_core, with_core
from cramf.knowledge.store import KnowledgeBase


@pytest.fixture(scope="session")
def normaliser() -> Normaliser:
    base = KnowledgeBase.open(default_index())
    return Normaliser(with_core(base.vocabulary(), load_core(default_core())))
