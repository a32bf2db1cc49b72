"""The table of Lean's wordings: what each category of message looks like, version by version.

A line that begins with `@` opens a category, one with `#` is a remark, and every other line is a regular
expression (case is ignored) that is searched in a message. The first line that fits decides, hence the order;
a category may be opened more than once. `%Q%` is the quoted name that the message complains about, in either
style, `%A%` any other quoted name, `%LINE%` the rest of a line, `%HEAD%` the head of the next line.
"""

from __future__ import annotations

__all__ = ["TABLE"]

TABLE = r"""
# What ends the work, wherever in a message it stands.
@ sorry
\A(?:declaration|theorem|definition|instance|[a-z]+ '[^']*') uses (?:'sorry'|`sorry`|sorry)
@ heartbeat_timeout
\(deterministic\) timeout at|maximum number of heartbeats|\Aelaborator timeout
@ recursion_depth
(?:\A|\n|: )maximum (?:recursion|class-instance resolution) depth has been reached
@ crash
\A(?:Lean|external command [^\n]{0,2000}) exited with (?:code|status) (?!1\s*\Z|0\s*\Z)\d+\s*\Z
(?:\A|\n)(?:Stack overflow detected|INTERNAL PANIC|uncaught exception|libc\+\+abi:)
(?:\A|\n)(?:Segmentation fault|Aborted|Killed|out of memory|PANIC at )
@ build
\A(?:Lean|external command [^\n]{0,2000}) exited with (?:code|status) [01]\s*\Z
\A(?:build failed|some build steps \w+ failures|uncaught top-level build failure)
\A(?:unknown (?:target|executable|library|script|package facet|target facet)) %Q%
\A(?:manifest out of date|missing manifest|\S+: (?:repository|package)\b)|\A\.> LEAN_PATH=
\A(?:target is out-of-date|no configuration file|failed to (?:fetch|download|load|configure))
@ unreadable
\Aa message of Lean was cut off:

# Deprecation and linters.
@ deprecated
\A(?:[Tt]he )?(?:module |import |syntax |tactic )?%Q% has been deprecated
@ linter
This linter can be disabled with `set_option (?P<name>\w[\w.]{1,200}) false`
\[(?P<name>linter\.[\w.]{1,200})\]\s*\Z
\Aunused variable %Q%
\A(?:unused (?:variables|have|simp argument)|This line exceeds|this tactic is never executed)
@ deprecated
\A(?:(?:the|this) )?(?:[\w\"-]{1,40} ){0,3}%Q% is deprecated
\A(?:this )?(?P<name>\S{1,300}) is deprecated|\A%LINE%\bis deprecated

# Files and imports.
@ unknown_module
\A(?:unknown|bad|missing) (?:module(?: prefix)?|package|import) %Q%
\Aobject file (?:'[^'\n]{0,2000}'|`[^`\n]{0,2000}`) of module (?P<name>\S{1,300}) does
\A(?:no such file or directory|file not found|%Q%: no such file)
\Amodule %Q% (?:was not found|does not exist|could not be found)
@ import
\Aimport (?P<name>\S{1,300}) failed, environment already contains
\Ainvalid %A% command, it must be used in the beginning|\A(?:import|build) cycle detected
\A(?:cannot import|invalid import|circular import)(?: non-`?module`?)? [`']?(?P<name>[\w.]{1,300})
\A(?:cannot import|invalid import|circular import)
\A%LINE%(?:is not allowed to be imported by this file|\(transitively\) imported via)

# Names that exist already.
@ already_declared
\A\(kernel\) constant has already been declared %Q%
\A(?:(?:a )?(?:non-)?(?:private|protected|public) )?(?:declaration |field |universe level )?%Q% has already
\Ainvalid declaration name %Q%

# Names that do not exist.
@ unknown_namespace
(?:\A(?:unknown|invalid) namespace) %Q%
@ unknown_option
(?:\A(?:unknown|invalid) option) %Q%
\A(?:invalid (?:set_option|option) value)|\A(?:no options start with|type mismatch at set)
@ unknown_attribute
\Aunknown attribute [`']?\[(?P<name>[^\]\n]{1,300})\]
@ unknown_tactic
(?:\Aunknown (?:tactic|conv|category|parser|command))\b(?: %Q%)?
@ unknown_identifier
\Aunknown goal %Q%
@ universe
\Aunknown universe level %Q%
@ internal
(?:\Aunknown (?:free variable|metavariable)) %Q%
\A(?:internal error|unreachable code|internal exception|unexpected (?:syntax|bound variable)\b)
@ unknown_identifier
(?:\Aunknown (?:identifier|id)) %Q%
@ unknown_constant
(?:\Aunknown (?:constant|declaration)) %Q%
@ unknown_field
\Ainvalid field %LINE%[,:] (?:the )?environment does not contain (?:a \w+ )?%Q%
\A(?:(?:unknown )?(?:structure )?(?:instance )?field) %Q%
\A%Q% is not a (?:valid )?field
@ constructor
\Ainvalid constructor name %Q%|\A%A% is not a constructor|\A(?:unknown constructor)
@ structure_instance
\A%Q% is not a structure

# Names that exist too often.
@ ambiguous
(?:\Aambiguous (?:identifier|namespace|term|name|open)),? %Q%
(?:\Aambiguous)|\A(?:overloaded)|\A(?:dotted identifier) %A% is ambiguous

# Universes and automatic binding.
@ autobound
(?:\A(?:invalid auto implicit|auto-bound|autobound)%LINE%) %Q%
\A%LINE%auto-?bound implicit
@ universe
(?:\A(?:stuck at solving|can't solve|invalid|too many|too many explicit) universe)
\A(?:invalid inductive type, universe|failed to infer universe)|\A(?:cannot infer universe)
\A%LINE%\b(?:universe constraint|universe levels?\b|universe parameter)

# What the elaborator could not find or fill in.
@ numeral
(?:\Afailed to synthesize)%LINE%\n\s{1,20}(?P<name>OfNat|OfScientific)\b
\Anumerals are polymorphic in Lean|\A(?:numeral|scientific literal)
@ failed_to_synthesize
(?:\A(?:failed to synthesize|cannot synthesize))[^\n]{0,100}%HEAD%
(?:\A(?:failed to (?:synthesize|infer instance)|could not synthesize instance))
\Asynthesized type class instance is not definitionally
(?:\Afailed to (?:construct|resolve) %Q% instance)
@ deriving
\ANone of the deriving handlers for class %Q%
\A(?:default|no) (?:deriving )?handlers?%LINE% class:? ['`](?P<name>[^\s'`]{1,300})
\Afailed to derive
\A(?:failed to delta derive|cannot derive)(?: %Q%)?
@ stuck
(?:\Atypeclass instance problem is stuck)%LINE%%HEAD%|(?:\Atypeclass instance problem)
(?:\A(?:don't|do not) know how to synthesize) (?:implicit |placeholder for )?argument %Q%
(?:\A(?:don't|do not) know how to synthesize)
\A(?:failed to infer (?:the )?type of (?:binder|\w+)) %Q%
\A(?:failed to infer|expression contains metavariables|cannot infer)
\A(?:failed to (?:elaborate|postpone)[^\n]{0,80}(?:expected type|metavariable))
@ instance
\A(?:invalid binder annotation, type is not a class instance|type class instance expected)
\A(?:invalid instance|cannot find synthesization order|type is not a class)
\Ainvalid %A%? ?binder annotation|\A(?:cannot be an instance)

# Applications and types.
@ argument
\Ainvalid argument name %Q%
\A(?:too many arguments|missing (?:explicit )?argument|named argument %Q%)
\A(?:argument %A% was already set|explicit parameter is missing|invalid argument)
@ function_expected
\Afunction expected(?: at)?\s{0,20}(?P<name>[^\s(){}]{1,300})?
@ coercion
\A(?:invalid (?:coercion|`?[↑⇑↥]`?)|cannot coerce|failed to coerce|could not coerce)
\A(?:invalid %A% notation, (?:expected )?type is not known)
@ type_mismatch
(?:\A(?:\(kernel\) )?(?:application )?type mismatch)|\A(?:type expected)
\A(?:invalid (?:type ascription|`?show`?|'show')|'show' (?:term|tactic) failed|mismatch\b)
\A(?:not a definitional equality|the term[^\n]{0,80}\n[^\n]{0,400}\nhas type)

# Dots, angle brackets and braces.
@ dot_notation
\Ainvalid field notation: type of\n[^\n]{0,400}\nis not known; cannot resolve field %Q%
\A(?:invalid (?:field notation|dotted identifier notation|`?\.\.\.`? notation))(?:[^\n]{0,80}? of %Q%)?
\Ainvalid use of field notation(?: with %A% modifier)?|\A(?:invalid field) %Q%
\Ainvalid %Q% notation, (?:type|identifier) (?:is not|expected)
@ projection
\Ainvalid projection
@ constructor
\A(?:invalid (?:constructor ⟨\.\.\.⟩|`?⟨\.\.\.⟩`? notation|anonymous constructor))
\A(?:insufficient number of fields|not enough (?:fields|arguments))%LINE%(?:constructor) %Q%
\Ainsufficient number of fields%LINE%
@ structure_instance
\Afields? missing: %Q%
\A(?:invalid (?:`?\{\.\.\.\}`? notation|structure instance|structure update))
\A(?:could not synthesize (?:default )?value for (?:structure )?field) %Q%
\Afield %A% (?:of structure)|\A(?:structure instance)

# Matching and induction.
@ missing_cases
\Amissing cases|\A(?:non-exhaustive)
\Aalternative %Q% has not been provided|\A(?:unhandled case)
@ match
\A(?:redundant alternative|invalid pattern|invalid match|the pattern|match(?:er)? )
\A(?:too (?:many|few) (?:patterns|explicit patterns)|not enough patterns|dependent elimination)
\A(?:ambiguous pattern|inaccessible pattern|invalid use of inaccessible)|\A(?:invalid %A% pattern)
@ induction
\Ainvalid alternative name %Q%
\A(?:duplicate alternative name|wildcard is not allowed|invalid syntax for induction)(?: %Q%)?
\A(?:index in target's type is not a variable|target \(or one of its indices\) occurs)
\A(?:unnecessary %A% argument|variable cannot be generalized|case tag) ?%Q%?
\Atactic '?`?(?:induction|cases|rcases)[^\n]{0,200} failed
\Arecursor %Q% can only eliminate|\A(?:too many variable names)
@ inductive
\A(?:unexpected resulting type for constructor|unexpected constructor resulting type)(?: %Q%)?
\A(?:mismatched inductive type parameter|missing parameter\(s\) in occurrence of inductive)
\A(?:\(kernel\) arg #\d{1,9} of|invalid (?:mutual|nested) |invalid inductive|inductive datatype)
@ calc
\A(?:invalid '?`?calc'?`?|'?`?calc'?`? (?:expression|tactic|step)|mismatch in '?`?calc)

# Recursion, kernel, code.
@ termination
\A(?:fail(?:ed)? to (?:show|prove) termination|structural recursion cannot be used)
\A(?:could not find a decreasing measure|well-founded recursion cannot be used)
\A(?:failed to (?:eliminate recursive|infer structural)|cannot use (?:specified|structural))
\A(?:unused `?'?(?:termination_by|decreasing_by)|invalid `?'?(?:termination_by|decreasing_by))
@ noncomputable
\Afailed to compile definition%LINE%(?:depends on|declaration) %Q%
\A(?:(?:failed to compile|compiler IR check failed))%LINE%depends on declaration %Q%
\Acode generator does not support recursor %Q%
\A%Q% not supported by code generator|\A(?:declaration is marked `?'?noncomputable)
\A(?:failed to compile|compiler IR check failed|\(compiler\)|invalid use of `?'?noncomputable)
@ kernel
\A(?:\(kernel\))%LINE%(?: %Q%)?(?=[\n,.]|\Z)
\A(?:kernel (?:type check|typecheck)|declaration (?:has|contains) (?:free|meta))

# Tactics.
@ unsolved_goals
\A(?:unsolved goals|(?:the )?remaining goals)
@ no_goals
\A(?:no goals to be (?:proved|solved)|no goals|there are no goals)
@ motive
(?:\A[^\n]{0,200}\bmotive is (?:not|dependent)|\A(?:failed|could not) to compute motive)
@ not_implemented
\Aelaboration function for %Q% has not been implemented
\Atactic %Q% has not been implemented|\A(?:%LINE%not (?:yet )?implemented)
@ attribute
\A(?:invalid (?:use of )?(?:attribute|`?'?simp'?`? theorem)|attribute \[?|cannot add (?:attribute|simp))
\A(?:invalid `?'?@?\[?(?:simp|ext|reducible|instance|to_additive)\b)|\A(?:cannot make suggestions)
\A(?:@\[)?`?(?:to_additive|to_dual|reassoc|elementwise|simps|to_fun)\b`?\]?
\A%Q%(?: attribute)? (?:is not a valid attribute|cannot be (?:erased|local|scoped)|does not have)
@ tactic_failed
\Atactic %Q% (?:made no progress|failed|could not|proved that|did not|inapplicable)
\A%Q% (?:made no progress|failed|could not|was unable|tactic failed|inapplicable)
\Athe (?P<name>rfl|omega|decide|\w{1,40}) tactic failed|\A(?:rewrite|motive)
\A(?P<name>[a-z_][\w'!?]{0,40}) (?:made no progress|failed|could not|did not make progress)
\Aargument passed to (?P<name>\w{1,40}) has metavariables|\A(?:No usable constraints)
\A(?:no progress|failed\Z|nothing to rewrite|the prover found a counterexample)
\A(?:invalid (?:rewrite|simp)|equality or iff proof expected|no applicable|failed to prove)
\A(?:did not find|could not unify|no (?:contradiction|assumption)|unable to|cannot rewrite)
\A(?:rcases|rintro|obtain|use|apply|%A% is not a goal)\b%LINE%(?:patterns?|failed|:)

# Options, modifiers, names of declarations.
@ declaration
\A(?:invalid (?:use of )?(?:modifiers?|'private'|'protected'|`private`|`protected`|declaration))
\A(?:invalid (?:'end'|`end`)|missing name after|unexpected (?:name|modifier)|cannot be used in)
\A(?:(?:theorem|axiom|example|unsafe|partial|opaque)%LINE%(?:must|cannot|not allowed|is not))
\Atype of theorem(?: %Q%)? is not a proposition
\A(?:%A% is not a (?:definition|theorem))

# Syntax.
@ syntax
\Aunexpected token %Q%
\A(?:unexpected|expected|unterminated|missing end of|invalid escape|invalid end of input)\b
(?:\Atabs are not allowed|\Aisolated carriage)|\Amissing '(?:end|\)|\])|\Aillegal
(?:\Ainvalid occurrence of|\A(?:elaborator|syntax) error|\Ainvalid (?:character|utf|name|binder))
\A%LINE%; expected |\A(?:`lemma`|'lemma') is not supported|\A(?:unsupported syntax)

# What no other row has claimed.
@ suggestion
\A(?:try this|try these)
@ trace
\A\[[A-Z]\w{0,80}(?:\.\w{1,80}){0,12}\]
@ type_mismatch
\A[^\n]{0,400}has type\b
"""
