// Lists and closures. See facts_checker.h.
#include <algorithm>
#include <span>

#include "engine/base/status.h"
#include "engine/core/tri.h"
#include "engine/facts/facts_checker.h"

namespace ztp {

// Of each type, which types an edge may lead to and which several may.
void FactsChecker::MakeLeads(bool lineage) {
  const size_t count = schema_.entities.size();
  leads_[lineage].resize(count);
  for (size_t t = 0; t < count; ++t) {
    Leads& leads = leads_[lineage][t];
    leads.at_once.assign(count, false);
    leads.at_all.assign(count, false);
    std::vector<size_t> waiting = {t};
    while (!waiting.empty()) {
      const EntityType& from = schema_.entities[waiting.back()];
      const bool first = waiting.back() == t;
      waiting.pop_back();
      for (EntityTypeId to : lineage ? from.derives : from.parents) {
        if (first) leads.at_once[to.index] = true;
        if (leads.at_all[to.index]) continue;
        leads.at_all[to.index] = true;
        if (to.index != t) waiting.push_back(to.index);
      }
    }
  }
}

// Ascending numbers of entities that there are. Lists that are written do not overlap, so that all
// of them together have no more words than the pool.
bool FactsChecker::IsList(uint32_t list) {
  if (list == 0) return true;
  if (!IsIn(kPoolLists, FactsLists::kSegmentBits, list, 1)) return false;
  const uint64_t dense = Dense(kPoolLists, FactsLists::kSegmentBits, list);
  if (lists_.Has(dense)) return true;
  const uint32_t* at = view_.List(list);
  const uint64_t size = *at;
  if (!IsIn(kPoolLists, FactsLists::kSegmentBits, list, size + 1)) return false;
  if (list_words_left_ < size + 1) return false;
  list_words_left_ -= size + 1;
  for (uint64_t i = 1; i <= size; ++i) {
    if (!IsUsed(at[i]) || (i > 1 && at[i - 1] >= at[i])) return false;
  }
  lists_.Add(dense);
  return true;
}

absl::Status FactsChecker::CheckClosure(uint32_t entity, uint32_t closure, uint32_t type,
                                        bool lineage) {
  const uint32_t head = FactsView::kClosureHead + (lineage ? view_.quantifier_count : 0);
  if (!IsIn(kPoolLists, FactsLists::kSegmentBits, closure, uint64_t{head} + 1)) {
    return Bad(entity, "a closure is out of bounds");
  }
  Leads& leads = leads_[lineage][type];
  if (leads.checked.empty()) {
    leads.checked.Resize(first_[kPoolLists].back() + sizes_[kPoolLists].back());
  }
  const uint64_t dense = Dense(kPoolLists, FactsLists::kSegmentBits, closure);
  if (leads.checked.Has(dense)) return absl::OkStatus();

  const uint32_t* at = view_.List(closure);
  if (!IsList(at[0]) || !IsList(at[1]) || !IsList(closure + head)) {
    return Bad(entity, "a closure has a bad list");
  }
  for (uint32_t q = FactsView::kClosureHead; q < head; ++q) {
    const uint32_t answer = at[q] & 3, facts = at[q] >> 2;
    if (answer > static_cast<uint32_t>(Tri::kUnknown) || !IsList(facts) ||
        (facts != 0 && answer != static_cast<uint32_t>(Tri::kUnknown))) {
      return Bad(entity, "a quantifier has no such answer");
    }
  }
  auto list = [&](uint32_t place) {
    const uint32_t* size = view_.List(place);
    return std::span<const uint32_t>(size + 1, *size);
  };
  const auto members = list(closure + head), absent = list(at[0]), targets = list(at[1]);
  if (absent.size() > members.size() || targets.size() > members.size() ||
      !std::includes(members.begin(), members.end(), targets.begin(), targets.end())) {
    return Bad(entity, "a closure is not that of its edges");
  }
  size_t next_absent = 0;
  for (uint32_t member : members) {
    if (!leads.at_all[view_.TypeOf(member)]) {
      return Bad(entity, "a closure has an entity of a type that its edges do not lead to");
    }
    if (!absent_.Has(member)) continue;
    if (next_absent == absent.size() || absent[next_absent] != member) {
      return Bad(entity, "a closure does not say which entities are absent");
    }
    ++next_absent;
  }
  if (next_absent != absent.size()) {
    return Bad(entity, "a closure does not say which entities are absent");
  }
  for (uint32_t target : targets) {
    if (!leads.at_once[view_.TypeOf(target)]) {
      return Bad(entity, "an edge leads to a type that it may not lead to");
    }
  }
  leads.checked.Add(dense);
  return absl::OkStatus();
}

absl::Status FactsChecker::CheckEmptyClosure(uint32_t closure, bool lineage) const {
  const uint64_t head = FactsView::kClosureHead + (lineage ? view_.quantifier_count : 0);
  bool good = IsIn(kPoolLists, FactsLists::kSegmentBits, closure, head + 1);
  if (good) {
    const uint32_t* at = view_.List(closure);
    good = at[0] == 0 && at[1] == 0 && at[head] == 0;
    for (uint64_t q = FactsView::kClosureHead; q < head; ++q) {
      good = good && at[q] <= static_cast<uint32_t>(Tri::kTrue);
    }
  }
  return good ? absl::OkStatus() : InvalidArgument("the closure of nothing is not empty");
}

}  // namespace ztp
