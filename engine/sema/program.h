// The typed program: what a policy means after names, types, trust ranks and guards have been
// checked.
//
// Boundary: everything above the bundle starts from here: the decision program (ir/), the reference
// interpreter (reference/), the proofs. Definitions are expanded and constants folded. Expressions
// are a shared graph: equal ones are one node, and a node's arguments come before it. It is
// immutable once Check returns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/schema.h"
#include "engine/base/source.h"
#include "engine/base/world.h"

namespace ztp::sema {

enum class Op : uint8_t {
#define ZTP_OP(id, name, arity) id,
#include "engine/sema/ops.def"
#undef ZTP_OP
};
// The operator's name in dumps.
const char* OpName(Op op);

struct ExprId {
  uint32_t index = UINT32_MAX;
  bool valid() const { return index != UINT32_MAX; }
  auto operator<=>(const ExprId&) const = default;
};

enum class NowCmp : uint8_t { kLt, kLe, kGt, kGe, kEq };  // now OP term

struct Expr {
  Op op;
  TypeId type;
  uint32_t payload = 0;    // by op, see ops.def
  uint32_t first_arg = 0;  // into Program::args
  uint32_t arg_count = 0;
};

struct Clause {
  enum class Kind : uint8_t { kPrincipal, kResource, kWhen, kUnless, kDelegate };
  Kind kind = Kind::kWhen;
  // What must be true for the rule's condition to hold: of an `unless`, kNot of what is written.
  ExprId condition;
  Span span;  // of the clause's expression, or of the scope line
};

struct Oblige {
  ObligationId obligation;
  std::vector<ExprId> args;  // one for each parameter of the obligation
  Span span;
};

enum class RuleKind : uint8_t { kPermit, kForbid, kDuty, kNever, kAlways };
const char* RuleKindName(RuleKind kind);

struct Rule {
  RuleKind kind = RuleKind::kPermit;
  std::string package;
  std::string name;
  Span span;  // the whole rule
  Span name_span;
  std::string doc;
  std::optional<std::string> because;
  // The scope's type and action tests, narrowed by `in` and `==`, and by the action's declaration:
  // sorted.
  std::vector<EntityTypeId> principals;
  std::vector<ActionId> actions;
  std::vector<EntityTypeId> resources;
  // All must hold; in order: principal, resource, delegate, when/unless as written. Equal results
  // whatever the order, but for guards: a clause may rest on an earlier one having held.
  std::vector<Clause> clauses;
  std::vector<Oblige> obliges;         // permit, duty
  std::vector<Oblige> unless_obliged;  // never
  std::string full_name() const { return package.empty() ? name : package + "." + name; }
};

// One `expect` of a test, with everything evaluated.
struct Expect {
  Span span;
  bool allow = false;
  bool unknown = false;        // `deny unknown`
  std::optional<uint32_t> by;  // index of a rule
  Span by_span;
  std::vector<ObligationCall> obliged;
  Request request;
  uint32_t world = 0;  // into TestCase::worlds
};

struct TestCase {
  std::string package;
  std::string name;
  Span span;
  std::vector<std::vector<EntityRecord>> worlds;  // the entities stored at the time of an expect
  std::vector<Expect> expects;
};

struct SourceDigest {
  std::string path;
  std::string package;
  std::string sha256;  // "sha256:…" of the bytes
};

struct Program {
  Schema schema;
  std::vector<Value> constants;
  std::vector<TypeId> constant_types;
  std::vector<std::string> names;  // attribute and parameter names, schedules, patterns
  std::vector<Expr> exprs;
  std::vector<ExprId> args;
  std::vector<Rule> rules;  // in source order: package name, path bytes, position. permit forbid
                            // duty never always
  std::vector<TestCase> tests;

  const Expr& operator[](ExprId id) const { return exprs[id.index]; }
  std::span<const ExprId> Args(const Expr& e) const {
    return std::span<const ExprId>(args).subspan(e.first_arg, e.arg_count);
  }
  ExprId Arg(const Expr& e, size_t i) const { return args[e.first_arg + i]; }
};

// The text form that `ztp dump --print=typed` shows.
std::string Print(const Program& program);
// One expression as an author would write it, as near as can be: `d.owners`, `now <
// device.expires_at`.
std::string PrintExpr(const Program& program, ExprId id);

}  // namespace ztp::sema
