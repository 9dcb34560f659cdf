// What an expression comes to: reads, three-valued logic, `now`, and how unknowns and validity pass
// through.
#include <limits>

#include "absl/numeric/int128.h"
#include "engine/reference/evaluator.h"

namespace ztp::reference {

using sema::Expr;
using sema::ExprId;
using sema::Op;
using State = Result::State;

Evaluator::Evaluator(const sema::Program& program, const World& world, const Request& request,
                     uint64_t step_budget)
    : program_(program),
      schema_(program.schema),
      world_(world),
      request_(request),
      steps_left_(step_budget) {}

const Result& Evaluator::Eval(ExprId id) {
  static const Result kOutOfSteps;
  if (steps_left_ == 0) return kOutOfSteps;
  if (auto found = memo_.find(id.index); found != memo_.end()) return found->second;
  --steps_left_;
  Result result = Compute(program_[id]);
  return memo_.insert_or_assign(id.index, std::move(result)).first->second;
}

Result Evaluator::Compute(const Expr& e) {
  switch (e.op) {
    case Op::kConst:
      return Result::Of(program_.constants[e.payload]);
    case Op::kPrincipal:
      return Result::Of(Value::Entity(request_.principal));
    case Op::kResource:
      return Result::Of(Value::Entity(request_.resource));
    case Op::kVar:
      return Result::Of(variables_[e.payload]);

    case Op::kParam:
      return ReadParam(program_.names[e.payload]).result;
    case Op::kHasParam:
      return Result::Bool(ReadParam(program_.names[e.payload]).result.state == State::kValue);
    case Op::kInput:
      return ReadInput(InputId{e.payload}).result;
    case Op::kHasInput:
    case Op::kBoundInput: {
      const Result read = ReadInput(InputId{e.payload}).result;
      Result result = Result::Bool(read.state == State::kValue);
      result.valid_until = read.valid_until;
      return result;
    }
    case Op::kAttr:
      return ReadAttribute(e).result;
    case Op::kHasAttr: {
      const Result read = ReadAttribute(e).result;
      if (read.state == State::kUnknown) return read;
      Result result = Result::Bool(read.state == State::kValue);
      result.valid_until = read.valid_until;
      return result;
    }
    case Op::kBoundEntity: {
      const Result& entity = Eval(program_.Arg(e, 0));
      Operands operands;
      operands.Add(entity);
      if (!operands.known()) return operands.Unknown();
      return operands.Finish(Result::Bool(Present(entity.value.uid())));
    }
    case Op::kIssuedAt:
    case Op::kExpiresAt:
      return EvidenceTime(e);
    case Op::kCoalesce:
      return Coalesce(e);

    case Op::kAnd:
    case Op::kOr: {
      Kleene kleene(e.op == Op::kOr);
      for (ExprId operand : program_.Args(e)) kleene.Add(Eval(operand));
      return kleene.Finish();
    }
    case Op::kIf:
      return If(e);

    case Op::kNowCompare:
      return NowCompare(e);
    case Op::kNowWithin: {
      const Within within = NowWithin(program_.names[e.payload], request_.now);
      Result result = Result::Bool(within.inside);
      result.valid_until = within.flip;
      return result;
    }

    case Op::kIn:
    case Op::kInAny:
    case Op::kDerivesFrom:
      return Membership(e);
    case Op::kAncestors:
      return Ancestors(e);
    case Op::kContains:
      return Contains(e);

    case Op::kAny:
    case Op::kAll:
      return Quantify(e);
    case Op::kCount:
    case Op::kSum:
    case Op::kJoinOf:
    case Op::kSetOf:
      return Fold(e);

    default:
      return ComputeStrict(e);
  }
}

// An operator that is unknown if one of its operands is.
Result Evaluator::ComputeStrict(const Expr& e) {
  Operands operands;
  std::vector<Value> values;
  for (ExprId id : program_.Args(e)) {
    if (!id.valid()) {  // a field that a record is made without
      values.emplace_back();
      continue;
    }
    const Result& operand = Eval(id);
    operands.Add(operand);
    values.push_back(operand.value);
  }
  if (!operands.known()) return operands.Unknown();
  std::optional<Value> value = Apply(program_, e, values);
  if (!value) return operands.Finish(Result::Unknown({"overflow"}));
  return operands.Finish(value->is_none() ? Result::Missing() : Result::Of(std::move(*value)));
}

// The default serves a read that is known to find nothing, not one that is unknown.
Result Evaluator::Coalesce(const Expr& e) {
  const Result& read = Eval(program_.Arg(e, 0));
  if (read.state != State::kMissing) return read;
  Result result = Eval(program_.Arg(e, 1));
  if (!result.absent.empty()) {
    Operands operands;
    operands.Add(result);
    result = operands.Unknown();
  }
  result.valid_until = Earliest(result.valid_until, read.valid_until);
  return result;
}

Result Evaluator::If(const Expr& e) {
  const Result& condition = Eval(program_.Arg(e, 0));
  if (condition.state != State::kValue) {
    Result result = Result::Unknown(condition.facts);
    result.valid_until = condition.valid_until;
    return result;
  }
  Result result = Eval(program_.Arg(e, condition.value.boolean() ? 1 : 2));
  if (result.state == State::kMissing) result.state = State::kUnknown;
  result.valid_until = Earliest(result.valid_until, condition.valid_until);
  return result;
}

// now OP (the exact sum of the terms).
Result Evaluator::NowCompare(const Expr& e) {
  Operands operands;
  absl::int128 sum = 0;
  for (uint32_t i = 0; i < e.arg_count; ++i) {
    const Result& term = Eval(program_.Arg(e, i));
    operands.Add(term);
    if (!term.whole()) continue;
    const absl::int128 micros = term.value.kind() == TypeKind::kTime ? term.value.time().micros
                                                                     : term.value.duration().micros;
    const bool subtracted = (e.payload >> (3 + i) & 1) != 0;
    sum += subtracted ? -micros : micros;
  }
  if (!operands.known()) return operands.Unknown();

  const absl::int128 now = request_.now.micros;
  bool holds = false;
  std::vector<absl::int128> flips;  // the instants from which on the answer may be another one
  switch (static_cast<sema::NowCmp>(e.payload & 7)) {
    case sema::NowCmp::kLt:
      holds = now < sum;
      flips = {sum};
      break;
    case sema::NowCmp::kGe:
      holds = now >= sum;
      flips = {sum};
      break;
    case sema::NowCmp::kLe:
      holds = now <= sum;
      flips = {sum + 1};
      break;
    case sema::NowCmp::kGt:
      holds = now > sum;
      flips = {sum + 1};
      break;
    case sema::NowCmp::kEq:
      holds = now == sum;
      flips = {sum, sum + 1};
      break;
  }
  Result result = Result::Bool(holds);
  for (const absl::int128 flip : flips) {
    if (flip <= now || flip > std::numeric_limits<int64_t>::max()) continue;
    result.valid_until = Earliest(result.valid_until, Time{static_cast<int64_t>(flip)});
  }
  return operands.Finish(std::move(result));
}

// When the evidence was issued or expires from which the argument was read; the evidence of a field
// is that of the record it is in.
Result Evaluator::EvidenceTime(const Expr& e) {
  const Expr* source = &program_[program_.Arg(e, 0)];
  while (source->op == Op::kField) source = &program_[program_.Arg(*source, 0)];
  const Reading reading =
      source->op == Op::kInput ? ReadInput(InputId{source->payload}) : ReadAttribute(*source);
  Operands operands;
  operands.Add(reading.result);
  if (!operands.known()) return operands.Unknown();
  std::optional<Time> time;
  if (reading.fact != nullptr) {
    time = e.op == Op::kIssuedAt ? reading.fact->issued_at : reading.fact->expires_at;
  }
  return operands.Finish(time ? Result::Of(Value::OfTime(*time)) : Result::Unknown({reading.name}));
}

Evaluator::Reading Evaluator::ReadParam(const std::string& name) const {
  const Action& action = schema_[request_.action];
  const std::optional<uint32_t> index = action.FindParam(name);
  if (!index) return {Result::Missing(), nullptr, name};
  const Param& param = action.params[*index];
  const Fact& fact = request_.params[*index];
  if (fact.state == Fact::State::kMissing && param.default_value) {
    return {Result::Of(*param.default_value), nullptr, name};
  }
  return {ReadFact(fact, param.optional, name), &fact, name};
}

Evaluator::Reading Evaluator::ReadInput(InputId id) const {
  const Input& input = schema_[id];
  const Fact& fact = request_.inputs[id.index];
  return {ReadFact(fact, input.optional, input.name), &fact, input.name};
}

Evaluator::Reading Evaluator::ReadAttribute(const Expr& e) {
  const Result& holder = Eval(program_.Arg(e, 0));
  Operands operands;
  operands.Add(holder);
  if (!operands.known()) return {operands.Unknown(), nullptr, ""};

  const EntityUid uid = holder.value.uid();
  const std::string name = Name(uid);
  const EntityRecord* record = Record(uid);
  const std::optional<uint32_t> index = schema_[uid.type].FindAttribute(program_.names[e.payload]);
  if (record == nullptr || !index) {
    return {operands.Finish(Result::Unknown({name})), nullptr, name};
  }
  const Attribute& attribute = schema_[uid.type].attributes[*index];
  if (attribute.inherit != Inherit::kNo) {
    return {operands.Finish(Inherited(uid, attribute)), nullptr, name};
  }
  const Fact& fact = record->attributes[*index];
  return {operands.Finish(ReadFact(fact, attribute.optional, name)), &fact, name};
}

Result Evaluator::ReadFact(const Fact& fact, bool optional, const std::string& name) const {
  auto not_there = [&](std::optional<Time> until) {
    Result result = optional ? Result::Missing() : Result::Unknown({name});
    result.valid_until = until;
    return result;
  };
  if (fact.state == Fact::State::kUnknown) return Result::Unknown({name});
  if (fact.state == Fact::State::kMissing) return not_there(std::nullopt);
  const int64_t now = request_.now.micros;
  if (fact.issued_at && now < fact.issued_at->micros) return not_there(fact.issued_at);
  if (fact.expires_at && now >= fact.expires_at->micros) return not_there(std::nullopt);
  Result result = Result::Of(fact.value);
  result.valid_until = fact.expires_at;
  return result;
}

}  // namespace ztp::reference
