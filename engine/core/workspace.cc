// See workspace.h.
#include "engine/core/workspace.h"

#include <cstring>

namespace ztp {
namespace {

constexpr size_t RoundUp(size_t bytes) {
  return (bytes + Workspace::kAlignment - 1) & ~(Workspace::kAlignment - 1);
}

}  // namespace

size_t Workspace::BytesFor(const PolicyView& policy) {
  return RoundUp(policy.nodes.size() * sizeof(Result)) +
         RoundUp(policy.nodes.size() * sizeof(uint32_t)) +
         RoundUp(policy.index.probes.size() * sizeof(Reading)) +
         RoundUp((size_t{policy.max_depth} + 1) * sizeof(Frame)) +
         RoundUp(kFoundRoom * sizeof(uint32_t)) + kLeastArenaBytes;
}

void Workspace::Use(void* memory, size_t bytes) {
  memory_ = static_cast<char*>(memory);
  bytes_ = bytes;
  node_capacity_ = probe_capacity_ = stack_capacity_ = 0;
}

bool Workspace::Divide(const PolicyView& policy) {
  if (BytesFor(policy) > bytes_) return false;
  node_capacity_ = policy.nodes.size();
  probe_capacity_ = policy.index.probes.size();
  stack_capacity_ = size_t{policy.max_depth} + 1;
  char* at = memory_;
  auto take = [&](size_t bytes) {
    char* piece = at;
    at += RoundUp(bytes);
    return piece;
  };
  results_ = reinterpret_cast<Result*>(take(node_capacity_ * sizeof(Result)));
  stamps_ = reinterpret_cast<uint32_t*>(take(node_capacity_ * sizeof(uint32_t)));
  readings_ = reinterpret_cast<Reading*>(take(probe_capacity_ * sizeof(Reading)));
  stack_ = reinterpret_cast<Frame*>(take(stack_capacity_ * sizeof(Frame)));
  found_room_ = reinterpret_cast<uint32_t*>(take(kFoundRoom * sizeof(uint32_t)));
  // Neither a stamp nor a reading may look like one of a decision to come.
  if (node_capacity_ != 0) std::memset(stamps_, 0, node_capacity_ * sizeof(uint32_t));
  for (size_t i = 0; i < probe_capacity_; ++i) readings_[i] = Reading();
  clock_ = reading_stamp_ = 0;
  arena_ = FixedArena(at, static_cast<size_t>(memory_ + bytes_ - at));
  return true;
}

void Workspace::Begin() {
  arena_.Reset();
  facts_.Begin(&arena_);
  found_.Begin(&arena_, found_room_, kFoundRoom);
  soft_.Begin(&arena_);
  soft_words_.Begin(&arena_);
  rules_.Begin(&arena_, rules_room_, kRulesRoom);
  obligations_.Begin(&arena_);
  unknown_.Begin(&arena_);
  stack_size_ = 0;
}

}  // namespace ztp
