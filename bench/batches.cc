#include "bench/batches.h"

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "engine/base/status.h"

namespace ztp::bench {
namespace {

auto KeyOf(const Request& r) {
  return std::make_tuple(r.action.index, r.principal.type.index, r.resource.type.index,
                         r.now.micros);
}

// Whether a fact is the same in all of the requests.
template <typename FactOf>
bool IsShared(const std::vector<size_t>& requests, const FactOf& fact_of) {
  for (size_t r : requests) {
    if (!(fact_of(r) == fact_of(requests.front()))) return false;
  }
  return true;
}

}  // namespace

Batches::Batches(const Subject& subject) : subject_(subject), allow_(subject.size()) {
  std::map<decltype(KeyOf(subject.request(0))), size_t> places;
  for (size_t i = 0; i < subject.size(); ++i) {
    const auto [at, is_new] = places.try_emplace(KeyOf(subject.request(i)), groups_.size());
    if (is_new) groups_.emplace_back();
    groups_[at->second].requests.push_back(i);
  }
  for (Group& group : groups_) AddColumns(&group);
}

void Batches::AddColumns(Group* group) const {
  const Schema& schema = subject_.policy().schema();
  const Action& action = schema[subject_.request(group->requests.front()).action];
  for (size_t r : group->requests) {
    group->principals.push_back(subject_.request(r).principal.id);
    group->resources.push_back(subject_.request(r).resource.id);
    group->codes.push_back(static_cast<uint32_t>(group->codes.size()));
  }
  group->allow.resize(group->requests.size());
  auto add = [&](std::string_view name, TypeId type, const auto& fact_of) {
    if (IsShared(group->requests, fact_of)) return;
    Column column;
    column.name = name;
    const TypeKind kind = schema.types.kind(type);
    bool plain = IsNumberKind(kind) || kind == TypeKind::kString;
    for (size_t r : group->requests) plain &= fact_of(r).state == Fact::State::kPresent;
    for (size_t r : group->requests) {
      const Fact& fact = fact_of(r);
      if (!plain) {
        column.facts.push_back(fact);
      } else if (kind == TypeKind::kString) {
        column.texts.push_back(fact.value.text());
      } else {
        column.numbers.push_back(fact.value.integer());
      }
    }
    group->columns.push_back(std::move(column));
  };
  for (size_t p = 0; p < action.params.size(); ++p) {
    add(action.params[p].name, action.params[p].type,
        [&](size_t r) -> const Fact& { return subject_.request(r).params[p]; });
  }
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    add(schema.inputs[i].name, schema.inputs[i].type,
        [&](size_t r) -> const Fact& { return subject_.request(r).inputs[i]; });
  }
}

absl::Status Batches::Fill() {
  for (Group& group : groups_) ZTP_RETURN_IF_ERROR(FillGroup(&group));
  return absl::OkStatus();
}

absl::Status Batches::FillGroup(Group* group) const {
  const Request& shared = subject_.request(group->requests.front());
  ZTP_ASSIGN_OR_RETURN(group->batch, Batch::Make(subject_.policy(), subject_.facts(), shared,
                                                 group->requests.size()));
  Batch& batch = *group->batch;
  ZTP_RETURN_IF_ERROR(batch.SetPrincipals(shared.principal.type, group->principals));
  ZTP_RETURN_IF_ERROR(batch.SetResources(shared.resource.type, group->resources));
  for (const Column& column : group->columns) {
    ZTP_RETURN_IF_ERROR(!column.numbers.empty() ? batch.SetNumbers(column.name, column.numbers)
                        : !column.texts.empty()
                            ? batch.SetTexts(column.name, column.texts)
                            : batch.SetFacts(column.name, column.facts, group->codes));
  }
  return absl::OkStatus();
}

void Batches::Decide(Scratch& scratch) {
  for (Group& group : groups_) {
    BatchAnswers answers;
    answers.allow = group.allow.data();
    group.batch->Decide(scratch, answers);
    for (size_t i = 0; i < group.requests.size(); ++i) {
      allow_[group.requests[i]] = group.allow[i];
    }
  }
}

}  // namespace ztp::bench
