// The stored entities, and the small algebra of results.
#include <algorithm>

#include "engine/reference/evaluator.h"

namespace ztp::reference {

World::World(const Schema& schema, std::span<const EntityRecord> records) : schema_(&schema) {
  for (const EntityRecord& record : records) records_.emplace(record.uid, record);
}

const EntityRecord* World::Find(const EntityUid& uid) const {
  auto found = records_.find(uid);
  return found == records_.end() ? nullptr : &found->second;
}

std::optional<Time> Earliest(std::optional<Time> a, std::optional<Time> b) {
  if (!a) return b;
  if (!b) return a;
  return a->micros <= b->micros ? a : b;
}

std::optional<Time> Latest(std::optional<Time> a, std::optional<Time> b) {
  if (!a || !b) return std::nullopt;
  return a->micros >= b->micros ? a : b;
}

void Kleene::Add(const Result& operand) {
  earliest_ = Earliest(earliest_, operand.valid_until);
  if (operand.is(dominant_)) {
    latest_deciding_ =
        decided_ ? Latest(latest_deciding_, operand.valid_until) : operand.valid_until;
    decided_ = true;
  } else if (operand.state != Result::State::kValue) {
    unknown_ = true;
    facts_.insert(operand.facts.begin(), operand.facts.end());
  }
}

Result Kleene::Finish() const {
  Result result = decided_   ? Result::Bool(dominant_)
                  : unknown_ ? Result::Unknown(facts_)
                             : Result::Bool(!dominant_);
  result.valid_until = decided_ ? latest_deciding_ : earliest_;
  return result;
}

void Operands::Add(const Result& operand) {
  earliest_ = Earliest(earliest_, operand.valid_until);
  if (operand.whole()) return;
  known_ = false;
  facts_.insert(operand.facts.begin(), operand.facts.end());
  facts_.insert(operand.absent.begin(), operand.absent.end());
}

Result Operands::Finish(Result result) const {
  result.valid_until = Earliest(result.valid_until, earliest_);
  return result;
}

}  // namespace ztp::reference
