// A thread's working memory for deciding, as a host has it: a block that grows.
//
// Boundary: holds no answer beyond the verdict that was made last. One thread at a time; may serve
// any policies one after the other. After it has seen its largest request it allocates no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "engine/core/workspace.h"
#include "engine/eval/bound_request.h"

namespace ztp {

class Scratch {
 public:
  // No request takes more than this: one that would is denied (Verdict::limit).
  static constexpr size_t kMaxBytes = size_t{2} << 30;

  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch(Scratch&&) = default;
  Scratch& operator=(Scratch&&) = default;

  // Counts, by opcode, how often nodes were evaluated from now on: for tests that show that every
  // opcode runs.
  void CountOpcodes() {
    opcode_counts_.assign(256, 0);
    workspace_->CountOpcodes(opcode_counts_.data());
    workspace_->set_machine_only(true);
  }
  uint64_t opcode_count(Opcode op) const { return opcode_counts_[static_cast<size_t>(op)]; }

  // How many rules the index left over in the last decision: for tests that hold it against what it
  // should be.
  size_t candidate_count() const { return workspace_->candidate_count(); }

  size_t memory_bytes() const { return workspace_->bytes(); }

  // Room for what a policy needs in any case, so that only an unusual request makes it grow.
  void Reserve(const PolicyView& policy) {
    if (!workspace_->Prepare(policy)) Resize(Workspace::BytesFor(policy));
  }
  // More of it than there is; false: there is no more to be had.
  bool Grow() {
    const size_t bytes = workspace_->bytes();
    if (bytes >= kMaxBytes) return false;
    Resize(4 * bytes);
    return true;
  }
  Workspace& workspace() { return *workspace_; }
  const Workspace& workspace() const { return *workspace_; }

  // For deciding requests that come as plain data.
  BoundRequest& bound() { return bound_; }

 private:
  struct Free {
    void operator()(void* memory) const {
      operator delete (memory, std::align_val_t{Workspace::kAlignment});
    }
  };

  void Resize(size_t bytes) {
    memory_.reset(operator new (bytes, std::align_val_t{Workspace::kAlignment}));
    workspace_->Use(memory_.get(), bytes);
  }

  std::unique_ptr<void, Free> memory_;
  std::unique_ptr<Workspace> workspace_ = std::make_unique<Workspace>();
  BoundRequest bound_;
  std::vector<uint64_t> opcode_counts_;
};

}  // namespace ztp
