// Checks expressions: from the syntax tree to nodes of the typed program, with types, trust ranks
// and guards; definitions are expanded and constants folded on the way.
//
// Boundary: knows nothing of rules, fixtures and tests beyond what an ExprContext says; names and
// types of declarations come from Names. Mistakes are reported to the sink of Names. After an error
// the result has type kNone, and whoever meets that says nothing more.
//
// What is where: check_expr.cc (entry, conversion, reports), check_expr_names.cc (names, literals),
// check_expr_collections.cc (sets, lists, maps, records, labels), check_expr_access.cc (members,
// has, is, bound, ??), check_expr_operators.cc (arithmetic, comparison, labels, text),
// check_expr_in.cc (membership), check_expr_now.cc, check_expr_folds.cc, check_expr_calls.cc
// (functions, definitions), guards.cc, fold.cc (constants), literals.cc (text to values).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/schema.h"
#include "engine/base/source.h"
#include "engine/base/symbol.h"
#include "engine/diag/diagnostic.h"
#include "engine/sema/builder.h"
#include "engine/sema/names.h"
#include "engine/sema/program.h"
#include "engine/syntax/ast.h"

namespace ztp::sema {

// A term of a sum in which `now` occurs.
struct NowTerm {
  ExprId id;
  bool subtracted = false;
};

// What an expression came to.
struct Typed {
  ExprId id;                   // invalid after an error, and where `now` is a part (now_sign)
  TypeId type;                 // kNone: an error was reported
  Rank rank = Rank::kProven;   // of all that it depends on
  Span span;                   // as written
  Span claimed_span;           // rank kClaimed: the leaf that is to blame
  int8_t now_sign = 0;         // 1, -1: it is `now` or `-now` plus the terms
  std::vector<NowTerm> terms;  // now_sign != 0
  bool optional_read = false;  // reads what may be missing
  bool maybe_missing = false;  // and nothing guards it
  bool ok() const { return type.index != 0; }
};

// Something known while a part of an expression is checked: that a node is true (or false), or
// which types an entity can still be of.
struct Guard {
  ExprId id;
  bool is_type = false;
  bool truth = true;                // !is_type
  std::vector<EntityTypeId> types;  // is_type: sorted
  bool operator==(const Guard&) const = default;
};

// A name that is known in an expression and nowhere else: a rule's `w`, a parameter, the variable
// of a fold or of a fixture.
struct Local {
  Symbol name;
  Span span;  // where it is introduced
  Typed value;
};

struct ExprContext {
  enum class Mode : uint8_t {
    kRule,     // sees the request: principal, resource, action.x
    kDef,      // sees its parameters, inputs and constants
    kFixture,  // constants and local variables; `now` is a constant
    kConst,    // constants
  };
  Mode mode = Mode::kRule;
  PackageId package;  // from which names are looked up
  // kRule: the keywords' types; kNone after an error.
  TypeId principal_type;
  TypeId resource_type;
  std::vector<ActionId> actions;  // kRule: those that the rule covers
  bool permit = false;            // lint `all` over what may be empty
  std::vector<Local> locals;
  std::vector<Guard> guards;
  Time now;  // kFixture
  int fold_depth = 0;
  // A condition before had an error, so a guard may be among what was not understood: unguarded
  // reads are no news.
  bool guards_incomplete = false;
};

class ExprChecker {
 public:
  // Both outlive the checker. Names::set_const_evaluator is for the caller to do, with
  // EvaluateConstant.
  ExprChecker(Names& names, ProgramBuilder& builder);
  ExprChecker(const ExprChecker&) = delete;
  ExprChecker& operator=(const ExprChecker&) = delete;

  // Checks an expression. With an `expected` type (not kNone) the result is of that type, or an
  // error was reported; literals, bare values and `{…}` take it.
  Typed Check(ExprContext& context, ExprRef expr, TypeId expected = {});

  // A clause: Bool, and not claimed in kRule. Returns what must be true for the clause to hold: of
  // an `unless` (negated) the negation. Invalid after an error. What follows from it for the
  // reading of optional attributes and for types is added to context.guards, for the clauses after
  // it. Warns if it is always true or false.
  ExprId CheckCondition(ExprContext& context, ExprRef expr, bool negated);

  // An argument of an obligation in a rule: of the type, and not claimed.
  ExprId CheckArgument(ExprContext& context, ExprRef expr, TypeId expected);

  // The value of a closed expression of that type (with kNone: of its own, see `type`). Reports
  // what is not constant.
  std::optional<Value> CheckConstant(ExprContext& context, ExprRef expr, TypeId expected,
                                     TypeId* type = nullptr);

  // A record literal `{…}` in which entries named in `extra_names` are not fields but handed back
  // in `extras` (a fixture's `issued_at`, `expires_at`), for a record type that has no such fields
  // itself.
  std::optional<Value> CheckConstantRecord(ExprContext& context, ExprRef literal, TypeId record,
                                           std::span<const std::string_view> extra_names,
                                           std::vector<syntax::RecordEntry>* extras);

  // For Names::set_const_evaluator.
  std::optional<TypedConst> EvaluateConstant(ExprRef expr, TypeId expected, PackageId package);

  // Checks each definition on its own, once; reports cycles. After Names::Declare and before rules.
  void CheckDefs();

  // Introduces a local name; reports if it hides another one.
  void AddLocal(ExprContext& context, Symbol name, Span span, Typed value);
  // For AddLocal: the request's principal or resource, or a constant.
  Typed Principal(const ExprContext& context, Span span);
  Typed Resource(const ExprContext& context, Span span);
  Typed Constant(TypeId type, Value value, Span span);

  // The value if it is a constant.
  std::optional<Value> ValueOf(const Typed& typed) const;

  // A node of the operator with everything folded that can be; invalid after an overflow, which is
  // reported at `span`. Arguments are valid, but for those that ops.def allows to be missing.
  ExprId Make(Span span, Op op, TypeId type, std::span<const ExprId> args, uint32_t payload = 0);
  ExprId Make(Span span, Op op, TypeId type, std::initializer_list<ExprId> args,
              uint32_t payload = 0) {
    return Make(span, op, type, std::span<const ExprId>(args.begin(), args.size()), payload);
  }
  ExprId Not(ExprId id) { return Make({}, Op::kNot, bool_, {id}); }

  // Guards that hold where the node is true (or false).
  const std::vector<Guard>& GuardsIf(ExprId id, bool truth);

  // Is every value of `from` one of `to`?
  bool Assignable(TypeId from, TypeId to) const;
  // Can a value be of both?
  bool Overlap(TypeId a, TypeId b) const;

  // To be called before each rule: the limit on expansion is a rule's.
  void BeginRule();

 private:
  using Context = ExprContext;

  struct Memo {
    uint32_t def = 0;
    int fold_depth = 0;
    std::vector<std::pair<ExprId, Rank>> args;
    bool operator==(const Memo&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Memo& m) {
      h = H::combine(std::move(h), m.def, m.fold_depth, m.args.size());
      for (const auto& [id, rank] : m.args) {
        h = H::combine(std::move(h), id.index, static_cast<uint8_t>(rank));
      }
      return h;
    }
  };
  struct DefState {
    bool broken = false;  // its body has an error of its own, or it is part of a cycle
  };
  // What a name or a dotted name is, before any attribute is read; kMember: something of a value.
  struct Resolved {
    enum class Kind : uint8_t { kNone, kReported, kLocal, kDecl, kMember } kind = Kind::kNone;
    const Local* local = nullptr;
    DeclRef decl;
  };
  // What a rank depends on besides the operands.
  struct Lowest {
    Rank rank = Rank::kProven;
    Span claimed;
    void Add(const Typed& t);
    void Add(Rank r, Span leaf);
  };
  // Guards and locals added after a mark go when it goes.
  class Scope;

  // check_expr.cc
  // As Check, but what is maybe missing or has `now` in it is the caller's affair.
  Typed CheckAny(Context& c, ExprRef e, TypeId expected);
  Typed Dispatch(Context& c, ExprRef e, TypeId expected);
  // Report what may be missing, and (Demand) a `now`, where neither is allowed.
  Typed DemandPresent(Context& c, ExprRef e, Typed t);
  Typed Demand(Context& c, ExprRef e, Typed t);
  Typed Expect(Context& c, ExprRef e, Typed t, TypeId expected);
  Typed Narrow(const Context& c, Typed t);
  Typed CheckBool(Context& c, ExprRef e);
  Typed Result(ExprRef e, ExprId id, TypeId type, const Lowest& lowest);
  Rank EdgeRank(const Type& member, const Type& group) const;
  Typed Failed(ExprRef e) const;
  void Report(Diagnostic diagnostic);
  void ReportMismatch(Span span, TypeId expected, TypeId found);
  void ReportClaimed(const Typed& t);
  void Lint(const Context& c, Diagnostic diagnostic);
  void LintConstant(const Context& c, ExprRef e, const Typed& t, std::string_view what);
  bool OverLimit(Span span);
  static ExprRef Child(ExprRef e, size_t i);
  // 0: has a type of its own; 1: a bare name that is known; 2: takes its type from its place.
  int Flexibility(const Context& c, ExprRef e);
  // Could a condition that was not understood have been a guard?
  bool MayGuard(ExprRef e) const;
  // Both operands, the one that knows its type first; the other is checked against what
  // `other_expects` makes of that type.
  template <typename F>
  std::pair<Typed, Typed> CheckBoth(Context& c, ExprRef a, ExprRef b, TypeId outer,
                                    F other_expects);
  // The least type that holds both; kNone if there is none.
  TypeId CommonType(TypeId a, TypeId b);
  std::string TypeName(TypeId type) const { return schema().TypeName(type); }
  const Schema& schema() const { return names_.schema(); }
  TypeTable& types() { return names_.schema().types; }
  const Type& type(TypeId id) const { return names_.schema().types[id]; }
  TypeKind kind(TypeId id) const { return names_.schema().types.kind(id); }
  TypeId Scalar(TypeKind k) const { return TypeId{static_cast<uint32_t>(k)}; }
  std::string_view Text(Symbol s) const { return names_.Text(s); }
  std::string SourceText(Span span) const;

  // check_expr_names.cc
  Resolved Resolve(const Context& c, ExprRef e);
  Typed CheckName(Context& c, ExprRef e, TypeId expected);
  Typed ReadDecl(Context& c, ExprRef e, DeclRef decl);
  Typed ReadInput(Context& c, ExprRef e, InputId input);
  Typed CheckKeyword(Context& c, ExprRef e);
  // The element `name` of an enum, or of what a lattice's type takes as a bare name.
  std::optional<std::pair<TypeId, Value>> FindElement(TypeId type, std::string_view name) const;
  std::optional<std::pair<TypeId, Value>> FindMember(DeclRef decl, std::string_view name);
  Typed CheckMemberOfType(Context& c, ExprRef e, DeclRef decl);
  Typed CheckLiteral(Context& c, ExprRef e, TypeId expected);
  Typed CheckString(ExprRef e, TypeId expected);
  Typed CheckEntity(Context& c, ExprRef e);
  Typed ScalarLiteral(ExprRef e, TypeKind kind, std::string_view text, Span span);
  void ReportNoName(Context& c, ExprRef e, TypeId expected);
  // Says what is wrong with `last` in a package that is known or not imported; false if the
  // qualifier looks like no package.
  bool ReportInPackage(Context& c, const syntax::Path& qualifier, Symbol last, Span last_span);
  void ReportNoElement(TypeId type, Symbol name, Span span);
  std::vector<std::string> LocalNames(const Context& c) const;
  std::vector<std::string> ElementNames(TypeId type) const;

  // check_expr_collections.cc
  Typed CheckEmpty(ExprRef e, TypeId expected);
  Typed CheckSet(Context& c, ExprRef e, TypeId expected);
  Typed CheckList(Context& c, ExprRef e, TypeId expected);
  Typed CheckMap(Context& c, ExprRef e, TypeId expected);
  Typed CheckRecord(Context& c, ExprRef e, TypeId expected);
  Typed RecordOf(Context& c, ExprRef e, TypeId record,
                 std::span<const std::string_view> extra_names,
                 std::vector<syntax::RecordEntry>* extras);
  Typed ProductOf(Context& c, ExprRef e, TypeId lattice);
  Typed MakeMap(ExprRef e, TypeId map, std::vector<std::pair<Typed, Typed>> entries);
  void ReportLiteral(ExprRef e, TypeId expected, std::string_view found, std::string_view help);
  void ReportRest(ExprRef e);
  bool CheckElements(Context& c, ExprRef e, TypeId expected, std::vector<Typed>* elements,
                     TypeId* element);

  // check_expr_access.cc
  Typed CheckField(Context& c, ExprRef e, TypeId expected);
  Typed ReadMember(Context& c, ExprRef e, const Typed& base);
  Typed ReadAttribute(Context& c, ExprRef e, const Typed& base);
  Typed ReadParam(Context& c, ExprRef e);
  ExprId DemandEvidence(ExprRef e, const Typed& base);
  Typed EvidenceTime(Context& c, ExprRef e, const Typed& base, Op op);
  Typed CheckIndex(Context& c, ExprRef e);
  Typed CheckHas(Context& c, ExprRef e);
  Typed CheckHasInput(Context& c, ExprRef e);
  Typed HasParam(Context& c, ExprRef e, Symbol name, Span span);
  Typed CheckIs(Context& c, ExprRef e);
  Typed CheckBound(Context& c, ExprRef e, ExprRef arg);
  Typed CheckCoalesce(Context& c, ExprRef e, TypeId expected);
  Typed NotOptional(ExprRef e, Span span, std::string_view what, bool coalesce);
  // The attribute that all entity types of `type` declare alike; reported if there is none.
  std::optional<Attribute> CommonAttribute(Context& c, TypeId type, Symbol name, Span span);
  std::optional<Param> CommonParam(Context& c, Symbol name, Span span);
  bool IsGuarded(const Context& c, ExprId guard, bool truth) const;
  ExprId EvidenceRoot(ExprId id) const;
  void ReportUnguarded(Context& c, ExprRef e, const Typed& t);
  void ReportNoMember(const Typed& base, Symbol name, Span span,
                      std::span<const std::string> members);
  void ReportNoMemberNamed(TypeId of, std::string_view what, std::string_view name, Span span,
                           std::span<const std::string> members);

  // check_expr_operators.cc
  Typed CheckUnary(Context& c, ExprRef e, TypeId expected);
  Typed CheckBinary(Context& c, ExprRef e, TypeId expected);
  Typed CheckLogic(Context& c, ExprRef e);
  Typed CheckIf(Context& c, ExprRef e, TypeId expected);
  Typed CheckAddSub(Context& c, ExprRef e, TypeId expected);
  Typed CheckMul(Context& c, ExprRef e, TypeId expected);
  Typed CheckJoinMeet(Context& c, ExprRef e, TypeId expected);
  Typed CheckCompare(Context& c, ExprRef e);
  Typed CheckFlowsTo(Context& c, ExprRef e);
  Typed CheckLike(Context& c, ExprRef e);
  Typed CheckMatches(Context& c, ExprRef e);
  Typed BadOperands(ExprRef e, const Typed& a, const Typed& b, std::string_view works_on);
  bool CheckOrdered(ExprRef e, const Typed& a, const Typed& b);

  // check_expr_in.cc
  Typed CheckIn(Context& c, ExprRef e);
  Typed MembershipOf(Context& c, ExprRef e, const Typed& a, const Typed& b);
  Typed CheckDerivesFrom(Context& c, ExprRef e);

  // check_expr_now.cc
  Typed AddWithNow(ExprRef e, const Typed& a, const Typed& b, bool subtract, TypeId type);
  Typed CompareWithNow(ExprRef e, syntax::BinaryOp op, const Typed& a, const Typed& b);
  Typed CheckWithin(Context& c, ExprRef e);
  Typed CheckFresh(Context& c, ExprRef e, const Typed& base);
  ExprId NowCompare(Span span, NowCmp cmp, std::vector<NowTerm> terms);
  void Flatten(ExprId id, bool subtracted, std::vector<NowTerm>* terms) const;

  // check_expr_folds.cc
  Typed CheckFold(Context& c, ExprRef e, TypeId expected);
  Typed CheckFoldBody(Context& c, ExprRef e, ExprRef body, TypeId expected);
  bool KnownNotEmpty(const Context& c, ExprId collection) const;

  // check_expr_calls.cc
  Typed CheckCall(Context& c, ExprRef e, TypeId expected);
  Typed CheckMethod(Context& c, ExprRef e, TypeId expected);
  Typed CheckTrust(Context& c, ExprRef e, ExprRef arg, TypeId expected);
  Typed CheckConversion(Context& c, ExprRef e, TypeKind kind);
  Typed CheckAncestors(Context& c, ExprRef e, const Typed& base);
  Typed CheckContains(Context& c, ExprRef e, const Typed& base, Op op);
  Typed CallDef(Context& c, ExprRef e, uint32_t def, size_t first_arg);
  Typed ExpandDef(Context& c, ExprRef e, uint32_t def, std::vector<Typed> args);
  bool ArgumentCount(ExprRef e, size_t first_arg, size_t count, std::string_view name);
  void CollectCalls(uint32_t def, std::vector<std::pair<uint32_t, Span>>* calls);
  void CheckDefAlone(uint32_t def);
  syntax::Path PathOf(ExprRef e) const;

  Names& names_;
  ProgramBuilder& builder_;
  TypeId bool_, int_, decimal_, string_, time_, duration_;
  std::vector<DefState> defs_;
  absl::flat_hash_map<Memo, Typed> memo_;
  absl::flat_hash_map<std::pair<uint32_t, bool>, std::vector<Guard>> guard_memo_;
  std::vector<std::pair<uint32_t, Span>> expansion_;  // definitions being expanded, and their calls
  bool allow_all_lint_ = true;                        // not below a `not`
  int depth_ = 0;
  size_t fold_budget_ = 5'000'000;  // steps of constant folding, of all that is checked
  size_t steps_ = 0;                // checks within expansions, of this rule
  bool limit_hit_ = false;          // of this rule; reported
};

}  // namespace ztp::sema
