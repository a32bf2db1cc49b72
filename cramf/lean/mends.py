"""What to do about a message of Lean: one line of advice for each category.

The advice stands under a diagnostic for a person to read, and in the prompt by which a language model repairs
its statement; hence plain words and no reference to anything but the Lean text at hand.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["MENDS", "mend_of"]

MENDS: dict[str, str] = {
    "already_declared": "give the declaration another name, or put it into a namespace of its own",
    "ambiguous": "write the full name, or close one of the namespaces that both hold it",
    "argument": "look at the signature: pass the arguments that it has, by the names that it gives them",
    "attribute": "leave the attribute out, or put it on a declaration of the kind that it is meant for",
    "autobound": "declare the variable by a binder of its own, before what depends on it",
    "build": "look at the errors before this line; it only says that the build did not end well",
    "calc": "let each step begin where the step before ended, and join them by transitive relations",
    "coercion": "state the target type, as in `(x : ℝ)`, or name the map between the types",
    "constructor": "give the expected type, and in `⟨...⟩` as many fields as the constructor has",
    "crash": "Lean itself ended early: make the statement smaller, or give Lean more memory or stack",
    "declaration": "use a plain `theorem` or `def` with a name, a type and a value",
    "deprecated": "write the new name in place of the old one",
    "deriving": "leave the `deriving` clause out, or give the instance by hand",
    "dot_notation": "state the type of the term before the dot, or call the function by its full name",
    "failed_to_synthesize": "assume the instance, as in `[Group G]`, or use a type that has it",
    "forbidden": "leave it out: it would run code, read files or change the logic, and no statement needs it",
    "function_expected": "what is applied here is no function: check parentheses, arguments and the name",
    "heartbeat_timeout": "state types outright and split the statement, so that Lean has less to search",
    "import": "put `import` lines first, each module once and none that contradicts another",
    "induction": "name the cases as the constructors are named; generalise what the target depends on",
    "inductive": "end each constructor in the type itself, with its parameters unchanged",
    "information": "nothing to mend: Lean only reports what was asked of it",
    "instance": "put only a class between square brackets; an ordinary hypothesis takes parentheses",
    "internal": "Lean lost its way inside itself: state the part at this place in another form",
    "kernel": "the elaborated term is not accepted: state implicit arguments and universe levels outright",
    "lean3": "write it in Lean 4: `fun x ↦ e`, `by`, `variable`, `open scoped`",
    "linter": "a matter of style: follow the advice, or leave it",
    "match": "drop the alternative that is never reached; build patterns from constructors",
    "missing_cases": "add an alternative for each case that is listed",
    "motive": "rewrite in a simpler place, or generalise the term that others depend on first",
    "no_goals": "leave the last tactic out: nothing is left to prove when it runs",
    "noncomputable": "put `noncomputable` before the definition, or `noncomputable section` before all",
    "not_implemented": "the notation has no meaning here: import what defines it, or use the function's name",
    "not_opened": "open the scope of the notation, or write the function's name",
    "numeral": "state the type of the number, as in `(2 : ℝ)`; that type must have numerals",
    "other": "read the message at its place; Lean words it in a way that is not known here",
    "projection": "use a projection that exists; take `∃` apart by `obtain ⟨x, hx⟩ := h`",
    "recursion_depth": "make the term smaller, avoid large literals, or look for an instance that loops",
    "sorry": "nothing to mend in a statement whose proof is left open by `sorry`",
    "stuck": "say more: give the type of the term, or the implicit argument by name, as in `(α := ℝ)`",
    "structure_instance": "give every field of the structure, and state which structure is meant",
    "suggestion": "replace the tactic by the text that Lean proposes",
    "syntax": "check what stands just before this place: parentheses, commas, `:=`, closed notation",
    "tactic_failed": "use another tactic, or leave the proof open by `sorry`",
    "termination": "recur on a part of an argument, or give a measure by `termination_by`",
    "trace": "nothing to mend: a trace that an option asked for",
    "type_mismatch": "make both sides of one type: coerce, as in `(n : ℝ)`, or use the other type's function",
    "universe": "let Lean choose the levels (`Type*`), or declare the level by `universe u`",
    "unknown_attribute": "import the module that defines the attribute, or leave the attribute out",
    "unknown_constant": "write the full name as the library has it, and import its module",
    "unknown_field": "the type has no such function: call the right function by its full name",
    "unknown_identifier": "write the full name, open its namespace, or bind the variable",
    "unknown_module": "import a module that exists, such as `import Mathlib`",
    "unknown_namespace": "leave the `open` out, or open a namespace that exists",
    "unknown_option": "leave the `set_option` out, or give it a value of the right kind",
    "unknown_tactic": "use a tactic that exists, and import the module that defines it",
    "unreadable": "Lean's output is cut off: check the statement again",
    "unsolved_goals": "prove the goals that are left, or leave the proof open by `sorry`",
}
"""Advice by category, without the names of a particular message."""

_MOST = 3
_NAME_GONE = frozenset(
    "ambiguous deprecated dot_notation unknown_attribute unknown_constant unknown_field unknown_identifier "
    "unknown_module unknown_namespace unknown_option unknown_tactic argument already_declared constructor "
    "induction structure_instance missing_cases projection".split()
)


def mend_of(category: str, name: str | None = None, suggestions: Sequence[str] = ()) -> str:
    """One line that says how to mend what a message of this category complains about.

    With suggestions for a name it says which names to write in its place, at most three. A category that is
    not known has the advice of `other`.
    """
    if suggestions and category in _NAME_GONE:
        choice = " or ".join(f"`{_line(s)}`" for s in suggestions[:_MOST])
        return f"write {choice} in place of `{_line(name)}`" if name else f"write {choice}"
    advice = MENDS.get(category, MENDS["other"])
    if name is None:
        return advice
    own = f"`{_line(name)}`"
    about = {
        "failed_to_synthesize": f"assume the instance of {own}, or use a type that has it",
        "unknown_identifier": f"write the full name of {own}, open its namespace, or bind it",
        "unknown_constant": f"write the full name of {own} as the library has it, and import its module",
        "unknown_field": f"there is no {own}: call the right function by its full name",
        "unknown_module": f"there is no module {own}: import one that exists, such as `Mathlib`",
        "unknown_namespace": f"there is no namespace {own}: leave it out, or open one that exists",
        "already_declared": f"give {own} another name, or put it into a namespace of its own",
        "noncomputable": f"put `noncomputable` before the definition, since {own} cannot be computed",
    }
    return about.get(category, advice)


def _line(text: str) -> str:
    """A name as it may stand in a line; it comes out of other people's text, so it is cut."""
    return " ".join(text.replace("`", "'").split())[:200]
