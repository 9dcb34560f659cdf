// Entities: who is there, membership, derivation, ancestors, inherited attributes. Walked at each
// read.
#include <algorithm>
#include <deque>

#include "engine/reference/evaluator.h"

namespace ztp::reference {

using sema::Op;

const EntityRecord* Evaluator::Record(const EntityUid& uid) const {
  if (schema_[uid.type].carried == Carried::kNo) return world_.Find(uid);
  for (const EntityRecord& record : request_.carried) {
    if (record.uid == uid) return &record;
  }
  return nullptr;
}

bool Evaluator::Present(const EntityUid& uid) const {
  return schema_[uid.type].always_present() || Record(uid) != nullptr;
}

std::string Evaluator::Name(const EntityUid& uid) const { return FormatUid(schema_, uid); }

Evaluator::Reached Evaluator::Walk(const EntityUid& start,
                                   std::vector<EntityUid> EntityRecord::*edges) const {
  Reached reached;
  std::set<EntityUid> seen = {start};
  std::deque<EntityUid> waiting = {start};
  while (!waiting.empty()) {
    const EntityUid uid = waiting.front();
    waiting.pop_front();
    if (!Present(uid)) reached.absent.insert(Name(uid));
    const EntityRecord* record = Record(uid);
    if (record == nullptr) continue;
    for (const EntityUid& next : record->*edges) {
      reached.entities.insert(next);
      if (seen.insert(next).second) waiting.push_back(next);
    }
  }
  return reached;
}

Result Evaluator::In(const EntityUid& x, const EntityUid& y) const {
  if (x == y) return Result::Bool(true);
  const Reached reached = Walk(x, &EntityRecord::parents);
  if (reached.entities.contains(y)) return Result::Bool(true);
  if (!reached.absent.empty()) return Result::Unknown(reached.absent);
  return Result::Bool(false);
}

Result Evaluator::DerivesFrom(const EntityUid& x, const EntityUid& y) const {
  const Reached reached = Walk(x, &EntityRecord::derives);
  if (reached.entities.contains(y)) return Result::Bool(true);
  if (!reached.absent.empty()) return Result::Unknown(reached.absent);
  return Result::Bool(false);
}

// kIn, kInAny, kDerivesFrom. On a set: is it so of any element. Behind an absent ancestor `in` is
// Kleene's.
Result Evaluator::Membership(const sema::Expr& e) {
  const Result& x = Eval(program_.Arg(e, 0));
  const Result& y = Eval(program_.Arg(e, 1));
  Operands operands;
  operands.Add(x);
  operands.Add(y);
  const bool part_will_do = e.op == Op::kInAny && y.state == Result::State::kValue;
  if (!x.whole() || !(y.whole() || part_will_do)) return operands.Unknown();

  auto one = [&](const Value& target) {
    return e.op == Op::kDerivesFrom ? DerivesFrom(x.value.uid(), target.uid())
                                    : In(x.value.uid(), target.uid());
  };
  if (y.value.kind() == TypeKind::kEntity) return operands.Finish(one(y.value));
  Kleene any(true);
  for (const Value& element : y.value.items()) any.Add(one(element));
  if (!y.absent.empty()) any.Add(Result::Unknown(y.absent));
  return operands.Finish(any.Finish());
}

Result Evaluator::Contains(const sema::Expr& e) {
  const Result& set = Eval(program_.Arg(e, 0));
  const Result& element = Eval(program_.Arg(e, 1));
  Operands operands;
  operands.Add(set);
  operands.Add(element);
  if (set.state != Result::State::kValue || !element.whole()) return operands.Unknown();
  const std::vector<Value>& items = set.value.items();
  if (std::find(items.begin(), items.end(), element.value) != items.end()) {
    return operands.Finish(Result::Bool(true));
  }
  if (!set.absent.empty()) return operands.Finish(Result::Unknown(set.absent));
  return operands.Finish(Result::Bool(false));
}

Result Evaluator::Ancestors(const sema::Expr& e) {
  const Result& x = Eval(program_.Arg(e, 0));
  Operands operands;
  operands.Add(x);
  if (!operands.known()) return operands.Unknown();
  const Reached reached = Walk(x.value.uid(), &EntityRecord::derives);
  std::vector<Value> ancestors;
  for (const EntityUid& uid : reached.entities) {
    if (uid.type.index == e.payload) ancestors.push_back(Value::Entity(uid));
  }
  Result result = Result::Of(Value::Set(std::move(ancestors)));
  result.absent = reached.absent;
  return operands.Finish(std::move(result));
}

// An inherited attribute of an entity that is there: its own part and those of all its ancestors.
Result Evaluator::Inherited(const EntityUid& uid, const Attribute& attribute) const {
  const Reached reached = Walk(uid, &EntityRecord::derives);
  Operands operands;
  operands.Add(reached.absent.empty() ? Result::Bool(true) : Result::Unknown(reached.absent));

  std::set<EntityUid> sources = reached.entities;
  sources.insert(uid);
  std::vector<Value> parts;
  for (const EntityUid& source : sources) {
    const EntityRecord* record = Record(source);
    const std::optional<uint32_t> index = schema_[source.type].FindAttribute(attribute.name);
    if (record == nullptr || !index) continue;
    const Attribute& declared = schema_[source.type].attributes[*index];
    const Fact& fact = record->attributes[*index];
    // A required own part may be left out where there is an edge: then it contributes nothing.
    const bool left_out = fact.state == Fact::State::kMissing;
    const Result part = ReadFact(fact, declared.optional || left_out, Name(source));
    // Evidence that is missing now is no unknown, but when it comes or goes counts.
    operands.Add(part.state == Result::State::kMissing
                     ? Result{.state = Result::State::kValue, .valid_until = part.valid_until}
                     : part);
    if (part.state == Result::State::kValue) parts.push_back(part.value);
  }
  if (!operands.known()) return operands.Unknown();
  if (parts.empty()) {
    return operands.Finish(attribute.optional ? Result::Missing() : Result::Unknown({Name(uid)}));
  }

  Value whole = parts.front();
  for (const Value& part : parts) {
    switch (attribute.inherit) {
      case Inherit::kNo:
        break;
      case Inherit::kJoin:
        whole = Value::OfLabel(JoinLabels(schema_, LatticeId{schema_.types[attribute.type].decl},
                                          whole.label(), part.label()));
        break;
      case Inherit::kUnion: {
        std::vector<Value> items = whole.items();
        items.insert(items.end(), part.items().begin(), part.items().end());
        whole = Value::Set(std::move(items));
        break;
      }
      case Inherit::kAny:
        whole = Value::Bool(whole.boolean() || part.boolean());
        break;
      case Inherit::kAll:
        whole = Value::Bool(whole.boolean() && part.boolean());
        break;
    }
  }
  return operands.Finish(Result::Of(std::move(whole)));
}

}  // namespace ztp::reference
