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
}

absl::Status Batches::Fill() {
  for (Group& group : groups_) ZTP_RETURN_IF_ERROR(FillGroup(&group));
  return absl::OkStatus();
}

absl::Status Batches::FillGroup(Group* group) const {
  const std::vector<size_t>& requests = group->requests;
  const Request& shared = subject_.request(requests.front());
  const Schema& schema = subject_.policy().schema();
  const size_t rows = requests.size();
  ZTP_ASSIGN_OR_RETURN(group->batch,
                       Batch::Make(subject_.policy(), subject_.facts(), shared, rows));
  std::vector<std::string_view> principals, resources;
  for (size_t r : requests) {
    principals.push_back(subject_.request(r).principal.id);
    resources.push_back(subject_.request(r).resource.id);
  }
  ZTP_RETURN_IF_ERROR(group->batch->SetPrincipals(shared.principal.type, principals));
  ZTP_RETURN_IF_ERROR(group->batch->SetResources(shared.resource.type, resources));
  std::vector<uint32_t> codes(rows);
  for (uint32_t i = 0; i < rows; ++i) codes[i] = i;
  auto set = [&](std::string_view name, const auto& fact_of) {
    if (IsShared(requests, fact_of)) return absl::OkStatus();
    std::vector<Fact> facts;
    for (size_t r : requests) facts.push_back(fact_of(r));
    return group->batch->SetFacts(name, facts, codes);
  };
  const Action& action = schema[shared.action];
  for (size_t p = 0; p < action.params.size(); ++p) {
    ZTP_RETURN_IF_ERROR(set(action.params[p].name, [&](size_t r) -> const Fact& {
      return subject_.request(r).params[p];
    }));
  }
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    ZTP_RETURN_IF_ERROR(set(schema.inputs[i].name, [&](size_t r) -> const Fact& {
      return subject_.request(r).inputs[i];
    }));
  }
  group->allow.resize(rows);
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
