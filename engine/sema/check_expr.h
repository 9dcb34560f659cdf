// Checks expressions: from the syntax tree to nodes of the typed program, with types, trust ranks and
// guards; definitions are expanded and constants folded on the way.
//
// Boundary: knows nothing of rules, fixtures and tests beyond what an ExprContext says; names and
// types of declarations come from Names. Mistakes are reported to the sink of Names. After an error
// the result has type kNone, and whoever meets that says nothing more.
//
// What is where: check_expr.cc (entry, conversion, reports), check_expr_names.cc (names, literals),
// check_expr_collections.cc (sets, lists, maps, records, labels), check_expr_access.cc (members, has,
// is, bound, ??), check_expr_operators.cc (arithmetic, comparison, labels, text), check_expr_in.cc
// (membership), check_expr_now.cc, check_expr_folds.cc, check_expr_calls.cc (functions, definitions),
// guards.cc, fold.cc (constants), literals.cc (text to values).
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
  bool maybe_missing = false;  // an optional read that nothing guards
  bool ok() const { return type.index != 0; }
};

// Something known while a part of an expression is checked: that a node is true (or false), or which
// types an entity can still be of.
struct Guard {
  ExprId id;
  bool is_type = false;
  bool truth = true;                 // !is_type
  std::vector<EntityTypeId> types;   // is_type: sorted
  bool operator==(const Guard&) const = default;
};

// A name that is known in an expression and nowhere else: a rule's `w`, a parameter, the variable of a
// fold or of a fixture.
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
};

class ExprChecker {
 public:
  // Both outlive the checker. Names::set_const_evaluator is for the caller to do, with
  // EvaluateConstant.
  ExprChecker(Names& names, ProgramBuilder& builder);
  ExprChecker(const ExprChecker&) = delete;
  ExprChecker& operator=(const ExprChecker&) = delete;

  // Checks an expression. With an `expected` type (not kNone) the result is of that type, or an error
  // was reported; literals, bare values and `{…}` take it.
  Typed Check(ExprContext& context, ExprRef expr, TypeId expected = {});

  // A clause: Bool, and not claimed in kRule. Returns what must be true for the clause to hold: of an
  // `unless` (negated) the negation. Invalid after an error. What follows from it for the reading of
  // optional attributes and for types is added to context.guards, for the clauses after it. Warns if it
  // is always true or false.
  ExprId CheckCondition(ExprContext& context, ExprRef expr, bool negated);

  // An argument of an obligation in a rule: of the type, and not claimed.
  ExprId CheckArgument(ExprContext& context, ExprRef expr, TypeId expected);

  // The value of a closed expression of that type (with kNone: of its own, see `type`). Reports what is
  // not constant.
  std::optional<Value> CheckConstant(ExprContext& context, ExprRef expr, TypeId expected,
                                     TypeId* type = nullptr);

  // A record literal `{…}` in which entries named in `extra_names` are not fields but handed back in
  // `extras` (a fixture's `issued_at`, `expires_at`), for a record type that has no such fields itself.
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
