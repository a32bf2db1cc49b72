"""Names of Lean core, Std and Batteries that need no further witness than one use.

Written from the reference manual. The list decides nothing but how much evidence a name needs before it is
catalogued as attested: a name of it that the checkout never uses is not catalogued.
"""

from __future__ import annotations

__all__ = ["CORE_EXPORTS", "CORE_NAMES", "META_NAMES"]

CORE_NAMES = frozenset(
    "Acc Add Alternative And AndOp Append Applicative Array BEq Bind BitVec Bool ByteArray CCPO Char "
    "Coe CoeDep CoeFun CoeHTCT CoeHead CoeOut CoeSort CoeTail Decidable DecidableEq DecidablePred "
    "DecidableRel Div Dvd EIO EStateM Empty EmptyCollection Eq Equivalence Except ExceptT Exists "
    "False Fin Float ForIn Function Functor GE GT GetElem HAdd HAppend HAnd HDiv HEq HMod HMul HOr "
    "HOrElse HPow HSMul HShiftLeft HShiftRight HSub HVAdd HXor HasEquiv HasSSubset HasSubset Hashable "
    "Id Iff Inhabited Insert Int IntCast Inter Intersects Inv IO Irrefl LE LT LawfulApplicative "
    "LawfulBEq LawfulFunctor LawfulMonad List MProd Max Membership Min Mod Monad MonadExcept "
    "MonadExceptOf MonadFunctor MonadLift MonadLiftT MonadReader MonadState MonadStateOf Mul Name Nat "
    "NatCast NatPow Ne Neg NeZero Nonempty Not OfNat OfScientific One Zero Rat RatCast One.one "
    "Zero.zero Rat.num Rat.den Option OptionT Or Ord Ordering OrOp OrElse PEmpty PLift PProd PSigma "
    "PSum PUnit Pow Prod Prop Pure Quot Quotient ReaderT Repr SDiff SMul SeqLeft SeqRight Seq Setoid "
    "ShiftLeft ShiftRight Sigma Singleton SizeOf StateM StateT Std String Sub Subarray Subsingleton "
    "Substring Subtype Sum Task Thunk ToBool ToString ToFormat Trans Trans.trans True Type UInt16 "
    "UInt32 UInt64 UInt8 ULift USize Union Unit VAdd Vector WellFounded WellFoundedRelation Xor XorOp "
    "absurd and autoParam bne bool cast cond congr congrArg congrFun congr_arg congr_fun congr_arg₂ "
    "if_pos if_neg dif_pos dif_neg decide default dite eq_self False.elim flip forIn forM guard id "
    "inferInstance inferInstanceAs inline ite letFun mkRat modify monadLift mixHash namedPattern "
    "nomatch not ofNat optParam or outParam panic pure rfl semiOutParam set sizeOf strictOr throw "
    "toString trivial try tryCatch type_eq_of_heq xor compare compareOfLessAndEq emptyRelation bind "
    "seq map get read invImage measure instDecidableEqOfLawfulBEq lcProof noConfusionTypeEnum "
    "unsafeCast ofReduceBool eagerReduce max min beq lt_irrefl Iff.intro HSMul.hSMul HVAdd.hVAdd "
    "HAdd.hAdd HMul.hMul HSub.hSub HDiv.hDiv HMod.hMod HPow.hPow HAppend.hAppend HAnd.hAnd HOr.hOr "
    "HXor.hXor Dvd.dvd LE.le LT.lt GE.ge GT.gt Membership.mem Inv.inv Neg.neg OfNat.ofNat "
    "OfScientific.ofScientific NatCast.natCast IntCast.intCast Inter.inter Union.union SDiff.sdiff "
    "HasSubset.Subset HasSSubset.SSubset EmptyCollection.emptyCollection Singleton.singleton "
    "Insert.insert Min.min Max.max Functor.map Bind.bind Pure.pure Seq.seq BEq.beq SMul.smul "
    "VAdd.vadd Add.add Mul.mul Sub.sub Div.div Mod.mod Pow.pow Append.append HasEquiv.Equiv "
    "Function.comp GetElem.getElem Decidable.decide Nat.rec Eq.mp Eq.mpr Quot.mk Quot.lift Quot.sound "
    "Quotient.mk Quotient.mk' Quotient.lift Int.ofNat Int.negSucc Int.natAbs Int.toNat RandomGen".split()
)

CORE_EXPORTS = {
    short: f"{namespace}.{short}"
    for namespace, names in (
        ("Min", "min"),
        ("Max", "max"),
        ("Inhabited", "default"),
        ("Decidable", "isTrue isFalse decide"),
        ("Option", "none some"),
        ("Bool", "false true or and not"),
        ("Insert", "insert"),
        ("Singleton", "singleton"),
        ("GetElem", "getElem"),
        ("Bind", "bind"),
        ("ToString", "toString"),
        ("Pure", "pure"),
    )
    for short in names.split()
}
"""What Lean core exports from a namespace into the root, where Mathlib's text uses both names."""

_META = {
    "Lean": (
        "AddMessageContext AssocList AttrM AttributeKind BinderInfo ConstantInfo ConstantVal "
        "CoreM DataValue Environment Exception Expr FVarId FVarIdSet FileMap FromJson Ident "
        "InternalExceptionId Json KVMap LabelExtension Level Literal LocalContext LocalDecl "
        "LocalInstances MVarId Macro MacroM MessageData MonadEnv MonadError MonadLCtx MonadLog "
        "MonadMCtx MonadOptions MonadQuotation MonadRef Name NameGenerator NameMap NameSet "
        "NamedSyntax Option Options ParametricAttribute PersistentArray PersistentEnvExtension "
        "PersistentHashMap Position RBMap ReducibilityStatus SMap ScopedEnvExtension "
        "SimplePersistentEnvExtension SourceInfo SubExpr SubExpr.Pos Syntax TSyntax TSyntaxArray "
        "Term ToExpr ToJson ToLevel ToMessageData ToFormat Linter ImportM ModuleIdx TagAttribute"
    ),
    "Lean.Core": ("CoreM Context State"),
    "Lean.Meta": (
        "AbstractMVarsResult ApplyConfig Cache Config ConfigWithKey Context DiscrTree "
        "DiscrTree.Key ExprToSubstitute FVarSubst InductionSubgoal MetaM Occurrences Origin "
        "Simp.Config Simp.Context Simp.Discharge Simp.Methods Simp.Result Simp.SimpM Simp.Simproc "
        "Simp.Simprocs Simp.Stats Simp.Step SimpExtension SimpTheorem SimpTheorems SimprocsArray "
        "State TransparencyMode"
    ),
    "Lean.Elab": (
        "ContextInfo Info InfoTree TermInfo TacticInfo DerivingHandler Deriving.Context Deriving.Header"
    ),
    "Lean.Elab.Command": ("CommandElab CommandElabM"),
    "Lean.Elab.Term": ("Context TermElab TermElabM"),
    "Lean.Elab.Tactic": ("Location Tactic TacticM Context"),
    "Lean.Parser": ("Parser ParserDescr ParserFn Category"),
    "Lean.Lsp": ("Range Position TextDocumentEdit WorkspaceEdit"),
    "Lean.Server": ("RequestM RequestTask WithRpcRef"),
    "Lean.Widget": ("Component PanelWidgetProps CodeWithInfos"),
    "Lean.PrettyPrinter": ("Delaborator.Delab Delaborator.DelabM Unexpander UnexpandM"),
    "Lean.Linter": ("LinterOptions"),
    "Std": ("Format HashMap HashSet TreeMap TreeSet ToFormat"),
}
META_NAMES = frozenset(f"{place}.{name}" for place, names in _META.items() for name in names.split())
"""Types of Lean's own programming interface, which Mathlib's tactics write short under `open Lean Meta`."""
