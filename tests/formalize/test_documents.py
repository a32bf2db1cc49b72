"""Statements out of LaTeX and Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from cramf.errors import InputError
from cramf.formalize.documents import MAX_DOCUMENT, Document, Stated, form_of, load_document, read_document

PREAMBLE = r"""
\documentclass{amsart}
\newtheorem{thm}{Theorem}[section]
\newtheorem*{key}{Key Lemma}
\newtheorem{defn}[thm]{Definition}
\newtheorem{puzzle}{Puzzle}
\declaretheorem[name=Corollary]{folge}
\newcommand{\R}{\mathbb{R}}
\newcommand{\norm}[1]{\lVert #1 \rVert}
\newcommand{\family}[2][i]{(#2_{#1})}
\DeclareMathOperator{\rank}{rank}
\DeclarePairedDelimiter{\abs}{\lvert}{\rvert}
\def\eps{\varepsilon}
\def\pair#1#2{(#1, #2)}
\def\odd#1.{#1}
\def\forever{\forever x}
\let\all\forall
\newenvironment{framed}{\hrule\begin{thm}}{\end{thm}\hrule}
\def\bl{\begin{lemma}}\def\el{\end{lemma}}
\begin{document}
"""


def tex(body: str) -> Document:
    return read_document(f"{PREAMBLE}{body}\n\\end{{document}}\n", "latex")


def md(text: str) -> Document:
    return read_document(text, "markdown")


def only(document: Document) -> Stated:
    (stated,) = document.statements
    return stated


def texts(document: Document) -> list[str]:
    return [stated.text for stated in document.statements]


def told(document: Document) -> str:
    return "\n".join(remark.message for remark in document.remarks)


# -- LaTeX --------------------------------------------------------------------------------------------------


def test_an_environment_with_all_that_belongs_to_it() -> None:
    body = "\n  \\begin{thm}[Two halves]\\label{thm:halves}\n Every even number\n is a double. \\end{thm}"
    stated = only(tex(body))
    assert stated.text == "Every even number is a double."
    assert (stated.kind, stated.environment) == ("theorem", "thm")
    assert (stated.label, stated.title) == ("thm:halves", "Two halves")
    first = PREAMBLE.count("\n") + 2
    assert (stated.line, stated.column, stated.end_line) == (first, 3, first + 2)
    assert stated.notes == ()


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ("theorem", "theorem"),
        ("lemma*", "lemma"),
        ("proposition", "proposition"),
        ("corollary", "corollary"),
        ("claim", "claim"),
        ("conjecture", "conjecture"),
        ("problem", "problem"),
        ("exercise", "exercise"),
        ("key", "lemma"),
        ("folge", "corollary"),
        ("framed", "theorem"),
    ],
)
def test_which_environments_state_something(environment: str, kind: str) -> None:
    assert only(tex(f"\\begin{{{environment}}} So it is. \\end{{{environment}}}")).kind == kind


def test_definitions_remarks_and_the_unknown_are_left_out() -> None:
    document = tex(
        "\\begin{defn} A. \\end{defn}\\begin{remark} B. \\end{remark}\\begin{puzzle} C. \\end{puzzle}"
    )
    assert document.statements == ()
    assert told(document) == "`puzzle` (Puzzle) is not known to state something; left out"


def test_restatable_and_shorthands_for_begin_and_end() -> None:
    document = tex("\\begin{restatable}[Name]{lemma}{again} One. \\end{restatable}\n\\bl Two. \\el")
    assert texts(document) == ["One.", "Two."]
    assert [(s.kind, s.title, s.label) for s in document.statements] == [
        ("lemma", "Name", "again"),
        ("lemma", None, None),
    ]


def test_keys_in_the_brackets() -> None:
    stated = only(tex(r"\begin{thm}[name={A name}, label=thm:k] One. \end{thm}"))
    assert (stated.title, stated.label) == ("A name", "thm:k")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"$x\in\R$", r"$x\in\mathbb{R}$"),
        (r"$\norm{x + \norm{y}}$", r"$\lVert x + \lVert y \rVert \rVert$"),
        (r"$\family{a}$, $\family[j]{b}$", r"$(a_{i})$, $(b_{j})$"),
        (r"$\rank A$", r"$\operatorname{rank} A$"),
        (r"$\abs{x}$, $\abs*{x}$", r"$\lvert x \rvert$, $\left\lvert x \right\rvert$"),
        (r"$\eps>0$", r"$\varepsilon>0$"),
        (r"$\pair ab$, $\pair{\eps}c$", r"$(a, b)$, $(\varepsilon, c)$"),
        (r"$\all x$", r"$\forall x$"),
        (r"$\eps{}x$", r"$\varepsilon x$"),
        (r"$\unknownmacro{x}$", r"$\unknownmacro{x}$"),
        (r"$\epsilonx \\R$", r"$\epsilonx \\R$"),
    ],
)
def test_macros_are_expanded(body: str, expected: str) -> None:
    assert only(tex(f"\\begin{{thm}}{body}\\end{{thm}}")).text == expected


def test_a_macro_is_what_it_was_where_the_statement_stands() -> None:
    document = tex(r"\begin{thm}$\R$\end{thm}\renewcommand{\R}{\mathbf{R}}\begin{thm}$\R$\end{thm}")
    assert texts(document) == [r"$\mathbb{R}$", r"$\mathbf{R}$"]


def test_a_macro_that_cannot_be_expanded_is_told() -> None:
    stated = only(tex(r"\begin{thm}$\odd a.$ and $\norm$\end{thm}"))
    assert stated.text == r"$\odd a.$ and $\norm$"
    assert stated.notes == (r"the macro \odd could not be expanded", r"the macro \norm could not be expanded")


@pytest.mark.parametrize("macro", [r"\forever", r"\def\a{\b\b}\def\b{\a}", r"\def\x{" + "y" * 50 + "}"])
def test_macros_without_end_leave_the_statement_out(macro: str) -> None:
    use = r"\forever" if macro == r"\forever" else (r"\a" if "\\a" in macro else r"\x " * 15_000)
    document = tex(f"{macro if macro != use else ''}\\begin{{thm}} {use} \\end{{thm}}\\bl Good. \\el")
    assert texts(document) == ["Good."]
    assert "the theorem was left out: " in told(document)


def test_labels_references_and_footnotes_are_dropped_and_told() -> None:
    stated = only(
        tex(
            r"\begin{thm} By Lemma~\ref{a} (\cite[p.~3]{b})\footnote{Not {so} sure.}, it \noindent holds."
            r"\end{thm}"
        )
    )
    assert stated.text == "By Lemma, it holds."
    assert stated.notes == ("a reference was dropped", "a footnote was dropped")


def test_the_label_of_an_equation_is_not_the_statements() -> None:
    stated = only(
        tex(r"\begin{thm} So \begin{equation}\label{eq:a} a = b \end{equation}\label{t} is. \end{thm}")
    )
    assert stated.label == "t"
    assert stated.text == r"So \begin{equation} a = b \end{equation} is."


def test_lists_stay_and_proofs_go() -> None:
    document = tex(
        "\\begin{thm} \\begin{enumerate} \\item One. \\item Two. \\end{enumerate} "
        "\\begin{proof} No. \\end{proof}"
        "\\end{thm}\n\\begin{proof} \\begin{claim} Inside. \\end{claim} \\end{proof}"
    )
    assert texts(document) == [r"\begin{enumerate} \item One. \item Two. \end{enumerate}"]
    assert only(document).notes == ("a proof inside it was left out",)


def test_what_latex_does_not_see_is_not_read() -> None:
    document = tex(
        "% \\begin{thm} A. \\end{thm}\n\\begin{verbatim}\\begin{thm} B. \\end{thm}\\end{verbatim}"
        "\\verb|\\begin{thm}| \\iffalse \\begin{thm} C. \\ifx a b \\fi \\end{thm} \\fi"
        "\\begin{thm} Fifty \\% of % all\n  them \\iff half. \\end{thm}"
    )
    assert texts(document) == [r"Fifty \% of them \iff half."]
    assert texts(read_document(r"\end{document}\begin{theorem} After. \end{theorem}", "latex")) == []


def test_what_is_elsewhere_is_told() -> None:
    document = tex("Throughout, $n$ is odd.\n\n\\input{chapter}\n\\begin{thm} Henceforth inside. \\end{thm}")
    first, second = document.remarks
    assert "Throughout, $n$ is odd." in first.message and "none of which was given it" in first.message
    assert second.message == r"`\input{chapter}` was not followed"
    assert second.line == PREAMBLE.count("\n") + 3


def test_unbalanced_environments_hide_nothing() -> None:
    document = tex(
        "\\begin{thm} A.\n\\bl B. \\el \\begin{thm} C. \\end{thm} \\end{corollary} \\begin{thm} \\end{thm}"
    )
    assert texts(document) == ["B.", "C."]
    assert told(document).split("\n") == [
        r"`\begin{thm}` has no `\end`; it was left out",
        r"`\end{corollary}` has no `\begin`",
        "the theorem was left out: it is empty",
    ]


def test_a_statement_that_is_too_long_is_left_out() -> None:
    document = tex("\\begin{thm}" + "word " * 30_000 + "\\end{thm}\\bl Good. \\el")
    assert texts(document) == ["Good."] and "longer than 20,000" in told(document)


# -- Markdown -----------------------------------------------------------------------------------------------


def test_words_that_run_in() -> None:
    stated = only(
        md("# Notes\n\n**Theorem 3 (Halves).** Every *even* number\nis a `double`.\n\nMore text.\n")
    )
    assert stated.text == "Every even number is a double."
    assert (stated.kind, stated.number, stated.title) == ("theorem", "3", "Halves")
    assert (stated.line, stated.column, stated.end_line, stated.end_column) == (3, 1, 4, 15)


@pytest.mark.parametrize(
    ("lead", "kind", "number", "title"),
    [
        ("**Lemma.**", "lemma", None, None),
        ("**Lemma 1.2**:", "lemma", "1.2", None),
        ("__Claim A.__", "claim", "A", None),
        ("*Problem 7.*", "problem", "7", None),
        ("***Corollary***.", "corollary", None, None),
        ("**Lemma** (Name).", "lemma", None, "Name"),
        ("**Main Theorem.**", "theorem", None, "Main Theorem"),
        ("- **Exercise 4.**", "exercise", "4", None),
        ("> **Conjecture** (Name).", "conjecture", None, "Name"),
        ("> [!theorem] Name\n>", "theorem", None, "Name"),
        ("Proposition 5.", "proposition", "5", None),
        ("## Theorem 3: Name\n\n", "theorem", "3", "Name"),
        ("### Lemma (Name) {#lem:a}\n", "lemma", None, "Name"),
        ("Theorem 8\n=========\n", "theorem", "8", None),
    ],
)
def test_leads(lead: str, kind: str, number: str | None, title: str | None) -> None:
    stated = only(md(f"{lead} Two is even."))
    assert (stated.text, stated.kind, stated.number, stated.title) == ("Two is even.", kind, number, title)


@pytest.mark.parametrize(
    "text",
    [
        "Theorem proving is fun.",
        "## Theorem proving",
        "## Proof of Theorem 2\n\nText.",
        "**Definition 1.** A number is even.",
        "**Remark.** So it is.",
        "We use Lemma 3. It helps.",
        "**Proof.** By Lemma 2.",
        "```\n**Theorem.** Code.\n```",
        "Text.\n\n    **Theorem.** Code.",
        "<!-- **Theorem.** Hidden. -->",
        "---\ntitle: |\n  **Theorem.** Front.\n---\n",
    ],
)
def test_what_is_no_statement(text: str) -> None:
    assert md(text).statements == ()


def test_how_far_a_statement_goes() -> None:
    assert only(md("**Lemma.** If\n\n$$ a = b, $$\n\nthen $b = a$.\n\nThis is known.")).text == (
        "If\n\n$$ a = b, $$\n\nthen $b = a$."
    )
    assert only(md("**Lemma.** The following hold:\n\n- one is odd\n- two is even.\n\nText.")).text == (
        "The following hold:\n\none is odd two is even."
    )
    assert only(md("**Lemma.** No full stop\n\nText.")).text == "No full stop"
    assert only(md("> **Lemma.** One.\n>\n> Two.\n\nText.")).text == "One.\n\nTwo."
    assert only(md("## Lemma\n\nOne.\n\nTwo.\n\n**Proof.** No.\n\nNo.")).text == "One.\n\nTwo."
    assert only(md("## Lemma\n\nOne.\n\n---\n\nText.")).text == "One."
    assert texts(md("**Lemma.** One\n**Claim.** Two.")) == ["One", "Two."]


@pytest.mark.parametrize(
    ("block", "label", "title"),
    [
        ("```theorem\n{}\n```", None, None),
        ('~~~ {{.theorem #thm:a title="Name"}}\n{}\n~~~', "thm:a", "Name"),
        ('```{{theorem, a1, name="Name"}}\n{}\n```', "a1", "Name"),
        ("```{{prf:theorem}} Name\n:label: thm-b\n\n{}\n```", "thm-b", "Name"),
        ("::: theorem\n{}\n:::", None, None),
        ("::: {{#thm-c}}\n## Name\n{}\n:::", "thm-c", "Name"),
        (":::: {{.theorem #d}}\n{}\n\n::: proof\nNo.\n:::\n::::", "d", None),
        ("::: {{.note}}\n**Theorem.** {}\n:::", None, None),
        ("::: theorem\n{}\n\n**Proof.** No.\n:::", None, None),
    ],
)
def test_blocks(block: str, label: str | None, title: str | None) -> None:
    stated = only(md(block.format("Two is _even_ and $a_1 a_2$.") + "\n\nText.\n"))
    assert stated.text == "Two is even and $a_1 a_2$."
    assert (stated.kind, stated.label, stated.title) == ("theorem", label, title)


def test_a_proof_hides_the_claims_in_its_div() -> None:
    assert md("::: proof\n**Claim.** Inside.\n\n```theorem\nInside.\n```\n:::").statements == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"cost \$5 and *a* \* b", r"cost \$5 and a * b"),
        (r"$a*b*c$ and \(x_1 y_1\)", r"$a*b*c$ and \(x_1 y_1\)"),
        (r"\\(x*y*z\\)", r"\(x*y*z\)"),
        ("see [the book](http://x.org/a_b) here[^1]", "see the book here"),
        ("as <b>said</b> [@knuth, p. 3]", "as said"),
        ("snake_case_word stays", "snake_case_word stays"),
        ("$1 < 2$ and a $ sign", "$1 < 2$ and a $ sign"),
    ],
)
def test_markdowns_own_signs_go(text: str, expected: str) -> None:
    assert only(md(f"**Lemma.** {text}")).text == expected


def test_what_was_not_read_of_markdown_is_told() -> None:
    document = md("From now on $n > 0$.\n\n**Lemma.**\n\n## A\n\n:::\n\n::: theorem\nOpen.\n")
    assert document.statements == ()
    assert [remark.line for remark in document.remarks] == [1, 3, 7, 9]
    assert told(md("~~~theorem\nOpen.")) == "the fence has no end; what follows was left out"


# -- both ---------------------------------------------------------------------------------------------------


def test_windows_newlines_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_bytes("\ufeff**Lemma.** One\r\ntwo.\r\n\r\nText.\r\n".encode())
    assert only(load_document(file)).text == "One two."
    file = tmp_path / "a.TEX"
    file.write_bytes("\ufeff\\begin{lemma}\r\nOne\r\n\r\ntwo.\\end{lemma}\r\n".encode())
    stated = only(load_document(file))
    assert (stated.text, stated.line, stated.end_line) == ("One\n\ntwo.", 1, 4)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"x", "neither that of LaTeX nor of Markdown"),
        ("a.tex", b"caf\xe9", "not UTF-8"),
        ("a.md", b"a\n\0b", "U+0000 in line 2"),
        ("a.tex", b"\x1b[31m", "U+001B in line 1"),
        ("a.md", b"a" * (MAX_DOCUMENT + 1), "larger than"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(InputError) as error:
        load_document(file)
    assert words in str(error.value)
    with pytest.raises(InputError, match="cannot read"):
        load_document(tmp_path / f"no-{name}.md")


def test_forms() -> None:
    assert (form_of(Path("a.tex")), form_of(Path("b.QMD"))) == ("latex", "markdown")


HOSTILE = [
    r"\begin{theorem}", r"\end{theorem}", r"\begin{theorem}[", r"\newcommand{\a}{", r"\def\a#1{", r"\verb|",
    r"\begin{verbatim}", r"\iffalse ", "%\n", "{", "}", "[", r"\newtheorem{", r"\declaretheorem[", r"\label{",
    r"\begin{restatable}", "\\", "$", "$$\n", "\\(", "`", "```\n", "```theorem\n", "::: theorem\n", ":::\n",
    "::: proof\n", "> ", "# Theorem ", "**", "**Theorem (", "_", "[^", "<!--", "<a ", "Throughout, ",
    "**Theorem.** a,\n\n",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_long_run_of_anything_is_read_to_its_end(unit: str) -> None:
    """What would take quadratic time takes far longer than a suite may here: 300,000 characters each."""
    text = unit * (300_000 // len(unit))
    for form in ("latex", "markdown"):
        document = read_document(text, form)
        assert len(document.remarks) <= 201
        assert all(stated.text.strip() for stated in document.statements)
