"""The small words of the grammar and the terminals of `english.lark` that they are."""

from __future__ import annotations

__all__ = ["KEYWORDS"]

_SMALL: dict[str, str] = {
    "_AND": "and|but|and also|as well as",
    "_OR": "or",
    "_EITHER": "either",
    "_NEITHER": "neither",
    "_NOR": "nor",
    "_BOTH": "both",
    "_IF": "if|provided that|provided",
    "_THEN": "then|hence|therefore|thus",
    "_IFF": "iff|if and only if|exactly when|precisely when|is equivalent to",
    "_IMPLIES": "implies|implies that",
    "_LET": "let|define|consider",
    "_DEFINED": "is defined by|defined by|is given by|given by|is defined as|defined as",
    "FUNCTION": "function|functions|real-valued function|real function|polynomial|quadratic function|"
    "sequence|infinite sequence",
    "_BE": "be|is|are|was|were",
    "_EQUALS": "equals|is the same as",
    "_REWRITTEN": "can be written as|can be expressed as|is written as|can be written in the form|"
    "can be expressed in the form|can be factored as|is expressed as|can be rewritten as|"
    "can be written in the form of|can be simplified to",
    "_SUPPOSE": "suppose|assume|assuming",
    "_GIVEN": "given|given any",
    "_KNOWN": "we are given that|we are told that|it is given that|it is known that|we know that|"
    "you are given that",
    "_THAT": "that|which",
    "_PROVE": "prove|show|demonstrate|verify|establish",
    "_ASK": "what is|what are|what's|compute|evaluate|calculate|determine|find|"
    "simplify|expand|give|what would be",
    "_EXPRESS": "express|write|rewrite",
    "_WHAT": "what",
    "_SOLVE": "solve",
    "_HOWMANY": "how many|how many different|how many distinct",
    "_FORWHAT": "for what",
    "_INTERMS": "in terms of|as a function of",
    "_IT": "it|they|the answer|the answers|this",
    "_FOR": "for",
    "EVERY": "every|each|any",
    "_ALL": "all|all of",
    "SOME": "some",
    "NO": "no",
    "NOT": "not",
    "_ARTICLE": "a|an",
    "_THE": "the|the only|the unique|these|those",
    "_OF": "of",
    "_TO": "to",
    "_IN": "in",
    "_FROM": "from",
    "_AT": "at",
    "_AS": "as",
    "FIRST": "first",
    "ATLEASTONE": "at least one",
    "BETWEEN": "between|strictly between",
    "INCLUSIVE": "inclusive|inclusively|exclusive",
    "_COMPLETELY": "completely|fully",
    "_ANY": "arbitrary",
    "ONEOF": "one of the numbers|one of the two numbers|one of these numbers|one of the integers|"
    "one of the two integers|one of them|one number|the other|the other number|the other integer|"
    "the other one|the other of the two numbers",
    "LARGER": "larger|greater|larger number|greater number|larger of the two numbers|larger of the two|"
    "larger of these two numbers|greater of the two numbers|larger of the numbers|"
    "smaller|lesser|smaller number|smaller of the two numbers|smaller of the two|lesser of the two numbers|"
    "larger integer|smaller integer|larger of the two integers|greater of the two integers|"
    "smaller of the two integers",
    "_HAVE": "we have|it holds that|one has",
    "_POSSESS": "has|have",
    "_SATISFY": "satisfies|satisfy",
    "_LEAVE": "leaves|leave|gives|yields",
    "_HOLD": "hold|holds",
    "_TRUE": "true|true that",
    "_WHENEVER": "whenever|when",
    "_WHERE": "where",
    "_THERE": "there",
    "_EXISTS": "exists|exist",
    "_DO": "does|do",
    "_SUCHTHAT": "such that|so that|with|satisfying|for which",
    "_MOD": "modulo|mod",
    "_CASE": "case",
    "NUMBER": "number|numbers",
    "NUMBEROF": "number of|total number of",
    "COUNT": "one|two|three|four|five|six|seven|eight|nine|ten",
    "UNIQUE": "unique|exactly one",
    "INFINITELY": "infinitely many",
    "LEAST": "smallest|least|minimum|minimal|lowest|smallest possible|least possible|minimum possible|"
    "greatest|largest|maximum|maximal|highest|biggest|greatest possible|largest possible|maximum possible",
    "VALUEOF": "value of|values of|possible value of|possible values of|exact value of|numerical value of|"
    "value for|values for",
    "SOLUTION": "solution|solutions|root|roots|zero|zeros|zeroes",
    "FORMULA": "equation|equations|inequality|inequalities|congruence|congruences|relation|relations|"
    "identity|condition|conditions|system|system of equations|system of congruences|system of inequalities|"
    "following equation|following equations|quadratic equation|linear equation|simultaneous equations",
    "TERMNOUN": "quantity|expression|value|sum|product|difference|quotient|fraction|ratio|interval|set|"
    "closed interval|open interval",
    "MULTIPLE": "twice|double|half|half of|one half of|one-half of|triple|three times|four times|five times|"
    "one third of|one-third of|one quarter of|one fourth of|one-fourth of",
    "WORDOP": "plus|minus|times|multiplied by|increased by|decreased by|subtracted from",
    "POWERED": "squared|cubed",
    "RESULT": "result",
    "PAIRS": "pair|pairs|ordered pair|ordered pairs|triple|triples|ordered triple|ordered triples",
    "REMAINDER": "remainder|residue",
    "DIVIDED": "divided by|is divided by|are divided by",
    "_DIVIDING": "upon dividing|when dividing|on dividing|upon division of|of the division of",
    "_BY": "by",
    "DIVISOR": "divisor|divisors|factor|factors",
}
KEYWORDS = {word: kind for kind, words in _SMALL.items() for word in words.split("|")}
"""Each word or phrase with its terminal."""
