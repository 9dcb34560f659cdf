// Folds over sets and lists: any, all, count, sum, join, set.
#include "engine/reference/evaluator.h"

namespace ztp::reference {

using sema::Expr;
using sema::ExprId;
using sema::Op;
using State = Result::State;

// Binds a fold's variable to one element for as long as it lives. What was worked out for other
// values of the variables says nothing about this one.
class Evaluator::Binding {
 public:
  Binding(Evaluator& evaluator, uint32_t slot, const Value& element)
      : evaluator_(evaluator), outer_variables_(evaluator.variables_) {
    if (evaluator_.variables_.size() <= slot) evaluator_.variables_.resize(slot + 1);
    evaluator_.variables_[slot] = element;
    outer_memo_.swap(evaluator_.memo_);
  }
  ~Binding() {
    evaluator_.variables_.swap(outer_variables_);
    evaluator_.memo_.swap(outer_memo_);
  }
  Binding(const Binding&) = delete;
  Binding& operator=(const Binding&) = delete;

 private:
  Evaluator& evaluator_;
  std::vector<Value> outer_variables_;
  std::unordered_map<uint32_t, Result> outer_memo_;
};

// `any` is an `or`, `all` an `and` over the elements; a filter makes that (p and q), (not p or q).
Result Evaluator::Quantify(const Expr& e) {
  const bool any = e.op == Op::kAny;
  const Result& collection = Eval(program_.Arg(e, 0));
  const ExprId filter = program_.Arg(e, 1);
  const ExprId body = program_.Arg(e, 2);
  if (collection.state != State::kValue) {
    Operands operands;
    operands.Add(collection);
    return operands.Unknown();
  }

  Kleene over_elements(any);
  for (const Value& element : collection.value.items()) {
    const Binding binding(*this, e.payload, element);
    if (!filter.valid()) {
      over_elements.Add(Eval(body));
      continue;
    }
    Result holds = Eval(filter);
    if (!any && holds.state == State::kValue) holds.value = Value::Bool(!holds.value.boolean());
    Kleene one(!any);
    one.Add(holds);
    one.Add(Eval(body));
    over_elements.Add(one.Finish());
  }
  // Behind an absent entity there may be more elements.
  if (!collection.absent.empty()) over_elements.Add(Result::Unknown(collection.absent));
  Result result = over_elements.Finish();
  result.valid_until = Earliest(result.valid_until, collection.valid_until);
  return result;
}

Result Evaluator::Fold(const Expr& e) {
  const Result& collection = Eval(program_.Arg(e, 0));
  const ExprId filter = program_.Arg(e, 1);
  const ExprId body = program_.Arg(e, 2);
  Operands operands;
  operands.Add(collection);
  if (!operands.known()) return operands.Unknown();

  std::vector<Value> values;
  for (const Value& element : collection.value.items()) {
    const Binding binding(*this, e.payload, element);
    if (filter.valid()) {
      const Result& holds = Eval(filter);
      operands.Add(holds);
      if (!holds.is(true)) continue;
    }
    const Result& value = Eval(body);
    operands.Add(value);
    values.push_back(value.value);
  }
  if (!operands.known()) return operands.Unknown();

  const TypeKind kind = schema_.types.kind(e.type);
  switch (e.op) {
    case Op::kSum: {
      std::optional<Value> sum = Sum(kind, values);
      return operands.Finish(sum ? Result::Of(std::move(*sum)) : Result::Unknown({"overflow"}));
    }
    case Op::kJoinOf: {
      const LatticeId lattice{schema_.types[e.type].decl};
      Label label = schema_.Bottom(lattice);
      for (const Value& value : values) {
        label = JoinLabels(schema_, lattice, label, value.label());
      }
      return operands.Finish(Result::Of(Value::OfLabel(label)));
    }
    case Op::kSetOf:
      return operands.Finish(Result::Of(Value::Set(std::move(values))));
    default: {  // kCount: how often the body is true
      int64_t count = 0;
      for (const Value& value : values) count += value.boolean() ? 1 : 0;
      return operands.Finish(Result::Of(Value::Int(count)));
    }
  }
}

}  // namespace ztp::reference
