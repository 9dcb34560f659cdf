// A small typed program put together by hand, for the unit tests: types, inputs, expressions,
// entities.
//
// Boundary: for tests of reference/ only. It checks nothing; what is built must be well typed.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/reference/evaluator.h"

namespace ztp::reference {

inline constexpr int64_t kNow = 1'000'000;

using Op = sema::Op;
using sema::ExprId;
using State = Result::State;
using Facts = std::set<std::string>;

class TestProgram {
 public:
  TestProgram() {
    TypeTable& types = p.schema.types;
    boolean = types.Scalar(TypeKind::kBool);
    integer = types.Scalar(TypeKind::kInt);
    decimal = types.Scalar(TypeKind::kDecimal);
    string = types.Scalar(TypeKind::kString);
    time = types.Scalar(TypeKind::kTime);
    duration = types.Scalar(TypeKind::kDuration);
    ints = types.Set(integer);
    request.now = Time{kNow};
  }

  // ------------------------------------------------------------ expressions
  ExprId Make(Op op, TypeId type, std::vector<ExprId> args = {}, uint32_t payload = 0) {
    sema::Expr e{.op = op, .type = type, .payload = payload};
    e.first_arg = static_cast<uint32_t>(p.args.size());
    e.arg_count = static_cast<uint32_t>(args.size());
    p.args.insert(p.args.end(), args.begin(), args.end());
    p.exprs.push_back(e);
    return ExprId{static_cast<uint32_t>(p.exprs.size() - 1)};
  }
  ExprId Const(TypeId type, Value value) {
    p.constants.push_back(std::move(value));
    p.constant_types.push_back(type);
    return Make(Op::kConst, type, {}, static_cast<uint32_t>(p.constants.size() - 1));
  }
  ExprId Bool(bool b) { return Const(boolean, Value::Bool(b)); }
  ExprId Int(int64_t i) { return Const(integer, Value::Int(i)); }
  ExprId String(std::string s) { return Const(string, Value::String(std::move(s))); }
  ExprId At(int64_t micros) { return Const(time, Value::OfTime(Time{micros})); }
  ExprId Ints(std::vector<int64_t> values) {
    std::vector<Value> items;
    for (int64_t v : values) items.push_back(Value::Int(v));
    return Const(ints, Value::Set(std::move(items)));
  }
  ExprId And(std::vector<ExprId> args) { return Make(Op::kAnd, boolean, std::move(args)); }
  ExprId Or(std::vector<ExprId> args) { return Make(Op::kOr, boolean, std::move(args)); }
  ExprId Not(ExprId arg) { return Make(Op::kNot, boolean, {arg}); }
  ExprId Eq(ExprId a, ExprId b) { return Make(Op::kEq, boolean, {a, b}); }
  ExprId Principal() { return Make(Op::kPrincipal, p.schema.types.Entity(request.principal.type)); }
  ExprId Resource() { return Make(Op::kResource, p.schema.types.Entity(request.resource.type)); }
  ExprId Var(TypeId type, uint32_t slot) { return Make(Op::kVar, type, {}, slot); }
  ExprId Attr(ExprId holder, TypeId type, std::string name) {
    return Make(Op::kAttr, type, {holder}, Name(std::move(name)));
  }
  uint32_t Name(std::string name) {
    p.names.push_back(std::move(name));
    return static_cast<uint32_t>(p.names.size() - 1);
  }
  // now OP t
  ExprId Now(sema::NowCmp cmp, ExprId t) {
    return Make(Op::kNowCompare, boolean, {t}, static_cast<uint32_t>(cmp));
  }
  // An atom that is `value` until kNow + after, and then flips.
  ExprId Until(bool value, int64_t after) {
    return Now(value ? sema::NowCmp::kLt : sema::NowCmp::kGe, At(kNow + after));
  }
  // An input that is bound to `fact`.
  ExprId Input(std::string name, TypeId type, Fact fact, bool optional = false) {
    ztp::Input input;
    input.name = std::move(name);
    input.type = type;
    input.optional = optional;
    p.schema.inputs.push_back(std::move(input));
    request.inputs.push_back(std::move(fact));
    return Make(Op::kInput, type, {}, static_cast<uint32_t>(p.schema.inputs.size() - 1));
  }
  // A Bool that is unknown, as {name}.
  ExprId Unknown(std::string name) { return Input(std::move(name), boolean, Fact::Missing()); }
  // The same, valid until kNow + after only.
  ExprId UnknownUntil(std::string name, int64_t after) {
    Fact fact = Fact::Of(Value::Bool(true));
    fact.issued_at = Time{kNow + after};
    return Input(std::move(name), boolean, std::move(fact));
  }

  // ------------------------------------------------------------ types, entities
  EnumId Enum(std::string name, std::vector<std::string> values) {
    p.schema.enums.push_back({"", std::move(name), std::move(values)});
    return EnumId{static_cast<uint32_t>(p.schema.enums.size() - 1)};
  }
  LatticeId Lattice(std::string name, LatticeType::Kind kind, std::vector<std::string> elements) {
    LatticeType lattice;
    lattice.kind = kind;
    lattice.bits =
        static_cast<uint16_t>(elements.size() - (kind == LatticeType::Kind::kChain ? 1 : 0));
    lattice.elements = Enum(name, std::move(elements));
    lattice.name = std::move(name);
    p.schema.lattices.push_back(std::move(lattice));
    return LatticeId{static_cast<uint32_t>(p.schema.lattices.size() - 1)};
  }
  LatticeId Product(std::string name, std::vector<std::pair<std::string, LatticeId>> parts) {
    LatticeType lattice;
    lattice.kind = LatticeType::Kind::kProduct;
    lattice.name = std::move(name);
    for (auto& [part, id] : parts) {
      lattice.parts.push_back({std::move(part), id, lattice.bits});
      lattice.bits = static_cast<uint16_t>(lattice.bits + p.schema[id].bits);
    }
    p.schema.lattices.push_back(std::move(lattice));
    return LatticeId{static_cast<uint32_t>(p.schema.lattices.size() - 1)};
  }
  EntityTypeId Entity(std::string name, std::vector<Attribute> attributes = {},
                      std::vector<EntityTypeId> parents = {},
                      std::vector<EntityTypeId> derives = {}) {
    EntityType type;
    type.name = name;
    type.json_name = std::move(name);
    type.attributes = std::move(attributes);
    type.parents = std::move(parents);
    type.derives = std::move(derives);
    p.schema.entities.push_back(std::move(type));
    return EntityTypeId{static_cast<uint32_t>(p.schema.entities.size() - 1)};
  }
  static Attribute Declare(std::string name, TypeId type, bool optional = false,
                           Inherit inherit = Inherit::kNo) {
    Attribute attribute;
    attribute.name = std::move(name);
    attribute.type = type;
    attribute.optional = optional;
    attribute.inherit = inherit;
    return attribute;
  }
  ExprId Ref(EntityTypeId type, std::string id) {
    return Const(p.schema.types.Entity(type), Value::Entity(type, std::move(id)));
  }
  EntityRecord& Store(EntityTypeId type, std::string id, std::vector<Fact> attributes = {},
                      std::vector<EntityUid> parents = {}, std::vector<EntityUid> derives = {}) {
    records.push_back(
        {{type, std::move(id)}, std::move(attributes), std::move(parents), std::move(derives)});
    return records.back();
  }

  Result Eval(ExprId id) const {
    const World world(p.schema, records);
    Evaluator evaluator(p, world, request, kDefaultStepBudget);
    return evaluator.Eval(id);
  }

  sema::Program p;
  Request request;
  std::vector<EntityRecord> records;
  TypeId boolean, integer, decimal, string, time, duration, ints;
};

// What an expression came to, in one line: `true +5`, `unknown {a, b} for ever`, `7 for ever`,
// `missing +3`. Instants are written as microseconds after kNow.
inline std::string Show(const TestProgram& t, const Result& r, TypeId type) {
  std::string text;
  auto list = [&](const Facts& facts) {
    text += "{";
    for (const std::string& fact : facts) text += (text.back() == '{' ? "" : ", ") + fact;
    text += "}";
  };
  switch (r.state) {
    case State::kValue:
      text = FormatValue(t.p.schema, type, r.value);
      if (!r.absent.empty()) {
        text += " and more behind ";
        list(r.absent);
      }
      break;
    case State::kMissing:
      text = "missing";
      break;
    case State::kUnknown:
      text = "unknown ";
      list(r.facts);
      break;
  }
  if (!r.valid_until) return text + " for ever";
  return text + " +" + std::to_string(r.valid_until->micros - kNow);
}

inline std::string Show(const TestProgram& t, ExprId id) {
  return Show(t, t.Eval(id), t.p[id].type);
}

}  // namespace ztp::reference
