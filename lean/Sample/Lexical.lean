import Mathlib.Data.Nat.Notation

/-! # What is hard to lex

/- A comment inside a module docstring. -/
-/

namespace Sample.Lexical

/- Nested: /- inner "string that opens and never ends -/ still outer: end Sample -/

/-- A docstring with "quotes", `-- dashes`, and {braces}; it ends here. -/
def message : String := "no comment: -- /- -/ and a quote \" and a backslash \\"

def raw : String := r"C:\no\escape -- here"
def rawHash : String := r#"a "quoted" word, theorem fake : False := sorry"#

def interpolated (n : ℕ) : String := s!"n = {n + "x}".length} -- still text"

def quoteMark : Char := '"'
def dash : Char := '-' -- a comment after a character
def newline : Char := '\n'
def prime' : ℕ := 0
def prime'' : ℕ := prime'

/-- A name with blanks. -/
def «two words» : ℕ := 2

/-- A name with an escaped part inside. -/
def outer.«inner part».last : ℕ := 3

def subscript₁ (x₀ : ℕ) : ℕ := x₀

def αβ_γ (λ' : ℕ) : ℕ := λ'

def literals : List ℕ := [0x1F, 0b101, 0o17, 1_000]

-- theorem commented_out : False := by sorry
theorem after_comments : «two words» = 2 := rfl -- end of line

def nameLiteral : Lean.Name := `Foo.bar

end Sample.Lexical
