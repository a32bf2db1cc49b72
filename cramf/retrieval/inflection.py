"""Which words are forms of one another: `continuity` of `continuous`, `uniform` of `uniformly`.

A word is taken to the root of its family, mostly an adjective, by its suffix or by a small table. Words whose
family would mislead (`difference` is not being different, `complexity` not being complex) stand alone.
Words come as keys of `concept_tokens`: lower case, without accents, singular.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

__all__ = ["Form", "Stem", "inflects", "stem"]


class Form(StrEnum):
    """What a word is in its family; verbs of a family and its adjective are both plain."""

    PLAIN = "plain"
    NOUN = "noun"
    ADVERB = "adverb"


@dataclass(frozen=True, slots=True)
class Stem:
    """The root of a word's family, and the word's own form."""

    root: str
    form: Form


_APART: Final = frozenset(
    # As a noun each has a meaning of its own, or is part of a phrase that is no mathematics.
    "capability capacity cardinality centrality complexity consequence covariance density difference "
    "distance divergence duality equality existence factoriality finality functionality generality "
    "happiness importance instance integrality likeness locality modality permanence personality "
    "possibility presence probability quality reality reference sentence sequence singularity "
    "speciality substance totality variance witness".split()
)
"""Nouns that their suffix would take to an adjective of another meaning."""

_IN_PHRASES: Final = frozenset("connectivity dimensionality generating generation project simplicity".split())
"""Words that are another form only as part of a longer name: `generation of variates`, `this project`."""

_VERBS: Final = {
    "commute": "commuted commuting commutation",
    "conjugate": "conjugated conjugating conjugation conjugacy",
    "contain": "containing",
    "convergent": "converge converged converging",
    "diffeomorphic": "diffeomorphism",
    "differentiate": "differentiated differentiating differentiation",
    "divergent": "diverge diverged diverging",
    "divide": "dividing",
    "embed": "embedded embedding",
    "generate": "generated generating generation",
    "homeomorphic": "homeomorphism",
    "integrate": "integrated integrating integration",
    "intersect": "intersected intersecting intersection",
    "isometric": "isometry",
    "isomorphic": "isomorphism",
    "monotone": "monotonic",
    "permute": "permuted permuting permutation",
    "project": "projected projecting projection",
    "restrict": "restricted restricting restriction",
}
"""Families that suffixes do not tell, by their roots; all of a family stand for each other."""

_NOUNS: Final = {
    "antisymmetry": "antisymmetric", "asymmetry": "asymmetric", "connectivity": "connected",
    "coprimality": "coprime", "holomorphy": "holomorphic", "primality": "prime",
    "semisimplicity": "semisimple", "simplicity": "simple", "symmetry": "symmetric",
    "transcendence": "transcendental", "unitarity": "unitary",
}  # fmt: skip

_PREPOSITIONS: Final = frozenset("at between by for from in into of on onto over to under with".split())

_ADVERBS: Final = {"duly": "due", "fully": "full", "truly": "true", "wholly": "whole"}

_SUFFIXES: Final = (
    ("ability", "able", Form.NOUN), ("ibility", "ible", Form.NOUN), ("ivity", "ive", Form.NOUN),
    ("icity", "ic", Form.NOUN), ("ality", "al", Form.NOUN), ("arity", "ar", Form.NOUN),
    ("eneity", "eneous", Form.NOUN), ("uity", "uous", Form.NOUN), ("osity", "ous", Form.NOUN),
    ("idity", "id", Form.NOUN), ("exity", "ex", Form.NOUN), ("avity", "ave", Form.NOUN),
    ("iness", "y", Form.NOUN), ("ness", "", Form.NOUN), ("ence", "ent", Form.NOUN),
    ("ency", "ent", Form.NOUN), ("ance", "ant", Form.NOUN), ("ancy", "ant", Form.NOUN),
    ("ically", "ic", Form.ADVERB), ("bly", "ble", Form.ADVERB), ("ply", "ple", Form.ADVERB),
    ("ily", "y", Form.ADVERB), ("ly", "", Form.ADVERB),
)  # fmt: skip
"""Suffix, what stands there in the adjective, form of the word; the first that fits is taken."""

_SHORTEST: Final = 3
"""Fewest letters before a suffix: `ability` and `only` are no forms of anything."""
_LONGEST: Final = 64

_BRITISH: Final = re.compile(r"(?<=...)is(?=(?:e|ed|er|ing|ation|able|ability)$)")
_BRITISH_WORDS: Final = (
    ("centre", "center"), ("colour", "color"), ("fibre", "fiber"), ("meagre", "meager"),
    ("neighbour", "neighbor"),
)  # fmt: skip

_IRREGULAR: Final = (
    {form: Stem(root, Form.PLAIN) for root, forms in _VERBS.items() for form in forms.split()}
    | {noun: Stem(root, Form.NOUN) for noun, root in _NOUNS.items()}
    | {adverb: Stem(root, Form.ADVERB) for adverb, root in _ADVERBS.items()}
)


@lru_cache(maxsize=65536)
def stem(word: str) -> Stem:
    """Root and form of a word; a word of no known family is its own root."""
    if len(word) > _LONGEST:
        return Stem(word, Form.PLAIN)
    word = _american(word)
    if word in _APART:
        return Stem(word, Form.PLAIN)
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for suffix, ending, form in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST:
            root = word[: len(word) - len(suffix)] + ending
            # `monotonically` by way of `monotonic` is a form of `monotone`.
            return Stem(_IRREGULAR[root].root if root in _IRREGULAR else root, form)
    return Stem(word, Form.PLAIN)


@lru_cache(maxsize=65536)
def _american(word: str) -> str:
    for british, american in _BRITISH_WORDS:
        if word.startswith(british):
            return american + word[len(british) :]
    return _BRITISH.sub("iz", word)


def inflects(name: Sequence[str], text: Sequence[str]) -> bool:
    """Whether the words of a text are another form of a name, word by word, and not the name itself.

    An adverb stands for an adjective only where the next word changes with it: `uniform continuity` is
    `uniformly continuous`, but `finally` is not `final`. Other forms are taken at the end of a name or before
    a preposition or adverb, for a `symmetry group` is no `symmetric group`. A noun that is a whole name is
    not found by its adjective, which is said of much else (`equivalence` by `equivalent`).
    """
    if len(name) != len(text):
        return False
    differs = False
    for index, (ours, theirs) in enumerate(zip(name, text, strict=True)):
        if ours == theirs:
            continue
        differs = True
        named, read = stem(ours), stem(theirs)
        if named.root != read.root:
            return False
        if _american(ours) == _american(theirs):
            continue
        follower = name[index + 1] if index + 1 < len(name) else None
        if Form.ADVERB in (named.form, read.form):
            if Form.NOUN in (named.form, read.form) or follower is None or follower == text[index + 1]:
                return False
        elif follower is not None:
            if follower not in _PREPOSITIONS and stem(follower).form is not Form.ADVERB:
                return False
        elif len(name) == 1 and (theirs in _IN_PHRASES or read.form is not Form.NOUN is named.form):
            return False
    return differs
