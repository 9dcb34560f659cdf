// What edges lead to: of everything, or, as a successor, of what changed edges and of all below it.
#include <algorithm>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/snapshot_builder.h"
#include "engine/facts/writer_index.h"

namespace ztp {

bool SnapshotBuilder::IsAbsent(uint32_t entity) const {
  return !view().IsStored(entity) &&
         !snapshot_->schema()[snapshot_->TypeOf(entity)].always_present();
}

uint32_t SnapshotBuilder::TargetsOf(EdgeKind kind, uint32_t entity) const {
  if (!changes()) return targets_[kind][entity];
  const auto it = changed_targets_[kind].find(entity);
  if (it != changed_targets_[kind].end()) return it->second;
  return view().List(ClosureOf(kind, entity))[1];
}

std::span<const uint32_t> SnapshotBuilder::MembersOf(EdgeKind kind, uint32_t closure) const {
  const uint32_t skip = kind == kDerives ? view().quantifier_count : 0;
  return snapshot_->List(closure + FactsView::kClosureHead + skip);
}

void SnapshotBuilder::SetTargets(EdgeKind kind, uint32_t entity, uint32_t list) {
  if (!changes()) {
    targets_[kind][entity] = list;
    return;
  }
  const auto now = snapshot_->List(list);
  const auto before = snapshot_->List(TargetsOf(kind, entity));
  if (std::equal(now.begin(), now.end(), before.begin(), before.end())) return;
  changed_targets_[kind][entity] = list;
  auto& reverse = kind == kParents ? reverse_->members : reverse_->derived;
  if (reverse) {
    for (uint32_t target : now) reverse->Add(entity, target);
  }
}

const ReverseEdges& SnapshotBuilder::Reverse(EdgeKind kind) {
  auto& reverse = kind == kParents ? reverse_->members : reverse_->derived;
  if (!reverse) {
    reverse.emplace(snapshot_->entity_count(), [&](const auto& add) {
      for (uint32_t e = 0; e < snapshot_->entity_count(); ++e) {
        if (!view().IsUsed(e)) continue;
        for (uint32_t target : snapshot_->List(TargetsOf(kind, e))) add(e, target);
      }
    });
  }
  return *reverse;
}

void SnapshotBuilder::AddAllBelow(EdgeKind kind, std::vector<uint32_t>* entities) {
  if (entities->empty()) return;
  const ReverseEdges& reverse = Reverse(kind);
  std::vector<bool> seen(snapshot_->entity_count(), false);
  for (uint32_t e : *entities) seen[e] = true;
  for (size_t next = 0; next < entities->size(); ++next) {
    const uint32_t to = (*entities)[next];
    reverse.ForEach(to, [&](uint32_t from) {
      if (from >= seen.size() || seen[from] || !view().IsUsed(from)) return;
      const auto targets = snapshot_->List(TargetsOf(kind, from));
      if (!std::binary_search(targets.begin(), targets.end(), to)) return;
      seen[from] = true;
      entities->push_back(from);
    });
  }
}

absl::StatusOr<uint32_t> SnapshotBuilder::NewClosure(EdgeKind kind, uint32_t targets,
                                                     uint32_t absent,
                                                     std::span<const uint32_t> members) {
  const uint32_t answers = kind == kDerives ? view().quantifier_count : 0;
  const size_t head = FactsView::kClosureHead + answers;
  uint64_t place = 0;
  uint32_t* at = nullptr;
  if (memory_->lists.used() + head + members.size() + 1 <= max_closure_entries_) {
    at = memory_->lists.Allocate(head + 1 + members.size(), &place);
  }
  if (at == nullptr) {
    return ResourceExhausted(
        kind == kParents ? "the hierarchy" : "the lineage",
        ": what entities are below takes more than ", max_closure_entries_,
        " entries, or one is below more than 4 million: the chains are too long");
  }
  at[0] = absent;
  at[1] = targets;
  std::fill(at + FactsView::kClosureHead, at + head, 0);
  at[head] = static_cast<uint32_t>(members.size());
  std::copy(members.begin(), members.end(), at + head + 1);
  const uint32_t closure = static_cast<uint32_t>(place);
  if (kind == kDerives) new_lineages_.push_back(closure);
  if (snapshot_->lists_.size() != memory_->lists.table().size()) snapshot_->Sync();
  return closure;
}

// Entities with the same targets share a closure: in a hierarchy most do.
absl::StatusOr<uint32_t> SnapshotBuilder::CloseOne(EdgeKind kind, uint32_t targets) {
  if (targets == 0) return kind == kParents ? snapshot_->no_membership_ : snapshot_->no_lineage_;
  const auto [it, fresh] = closure_of_targets_.emplace(targets, 0);
  if (!fresh) return it->second;
  std::vector<uint32_t> members, absent;
  for (uint32_t target : snapshot_->List(targets)) {
    members.push_back(target);
    if (IsAbsent(target)) absent.push_back(target);
    const uint32_t closure = ClosureOf(kind, target);
    const auto above = MembersOf(kind, closure);
    members.insert(members.end(), above.begin(), above.end());
    const auto above_absent = snapshot_->List(*view().List(closure));
    absent.insert(absent.end(), above_absent.begin(), above_absent.end());
  }
  for (std::vector<uint32_t>* list : {&members, &absent}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  ZTP_ASSIGN_OR_RETURN(it->second, NewClosure(kind, targets, encoder_->List(absent), members));
  return it->second;
}

absl::Status SnapshotBuilder::Cycle(EdgeKind kind, uint32_t repeated) {
  auto from = std::find_if(stack_.begin(), stack_.end(),
                           [&](const auto& frame) { return frame.first == repeated; });
  std::string text;
  for (; from != stack_.end(); ++from) {
    cycle_.push_back(snapshot_->Uid(from->first));
    Append(text, FormatUid(snapshot_->schema(), cycle_.back()), " -> ");
  }
  return InvalidArgument(kind == kParents ? "a cycle of membership: " : "a cycle in the lineage: ",
                         text, FormatUid(snapshot_->schema(), snapshot_->Uid(repeated)));
}

// Depth first with a stack of its own (hierarchies may be deep), each entity's closure after those
// of its targets. A cycle has a changed edge in it, so all of it is below what changed.
absl::Status SnapshotBuilder::CloseFrom(EdgeKind kind, uint32_t start) {
  marks_of_[start] = kBeingClosed;
  stack_.assign(1, {start, 0});
  while (!stack_.empty()) {
    const uint32_t entity = stack_.back().first;
    const uint32_t list = TargetsOf(kind, entity);
    const auto targets = snapshot_->List(list);
    if (stack_.back().second == targets.size()) {
      ZTP_ASSIGN_OR_RETURN(const uint64_t closure, CloseOne(kind, list));
      uint64_t& word = MutableRow(entity)[1];
      word = kind == kParents ? (word & ~uint64_t{UINT32_MAX}) | closure
                              : (word & UINT32_MAX) | closure << 32;
      marks_of_[entity] = kSettled;
      stack_.pop_back();
      continue;
    }
    const uint32_t next = targets[stack_.back().second++];
    if (marks_of_[next] == kSettled) continue;
    if (marks_of_[next] == kBeingClosed) return Cycle(kind, next);
    marks_of_[next] = kBeingClosed;
    stack_.emplace_back(next, 0);
  }
  return absl::OkStatus();
}

absl::Status SnapshotBuilder::Close(EdgeKind kind) {
  const uint32_t count = snapshot_->entity_count();
  marks_of_.assign(count, kSettled);
  closure_of_targets_.clear();
  if (!changes()) {
    for (uint32_t e = 0; e < count; ++e) {
      if (targets_[kind][e] != 0) marks_of_[e] = kOpen;
    }
    for (uint32_t e = 0; e < count; ++e) {
      if (marks_of_[e] == kOpen) ZTP_RETURN_IF_ERROR(CloseFrom(kind, e));
    }
    targets_[kind] = {};
  } else {
    std::vector<uint32_t> affected = came_or_went_;
    for (const auto& [entity, list] : changed_targets_[kind]) affected.push_back(entity);
    std::sort(affected.begin(), affected.end());
    affected.erase(std::unique(affected.begin(), affected.end()), affected.end());
    AddAllBelow(kind, &affected);
    for (uint32_t e : affected) marks_of_[e] = kOpen;
    for (uint32_t e : affected) {
      if (marks_of_[e] == kOpen) ZTP_RETURN_IF_ERROR(CloseFrom(kind, e));
    }
    if (kind == kDerives) closed_lineages_ = affected;
    touched_.insert(touched_.end(), affected.begin(), affected.end());
  }
  closure_of_targets_ = {};
  return absl::OkStatus();
}

}  // namespace ztp
