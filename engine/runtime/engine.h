// The policy and facts in force, and what changes them: replacing, changing facts, revoking.
//
// Boundary: one thread's deciding is session's affair (bindings); this is what all threads share.
// Every function may be called by any thread at any time; writers wait for each other, readers for
// nobody.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/current.h"
#include "engine/base/world.h"
#include "engine/facts/json_error.h"
#include "engine/runtime/epoch_page.h"
#include "engine/runtime/generation.h"
#include "engine/runtime/world.h"

namespace ztp {

// Changes of facts that come into force together: plain data, typed by the policy that was in force
// when it was begun.
class FactsChange {
 public:
  explicit FactsChange(std::shared_ptr<const World> begun) : begun_(std::move(begun)) {}

  // Entities as facts files have them. Their evidence is verified at `now` under the trust that was
  // in force when the change was begun. False: *errors says what is wrong, and nothing was added.
  bool UpsertJson(std::string_view json, bool assume_proven, Time now,
                  std::vector<JsonError>* errors);
  // NotFound: there is no such type.
  absl::Status Delete(std::string_view type, std::string_view id);
  absl::Status AddParent(std::string_view type, std::string_view id, std::string_view parent_type,
                         std::string_view parent_id);
  absl::Status AddOrigin(std::string_view type, std::string_view id, std::string_view origin_type,
                         std::string_view origin_id);

  bool empty() const { return steps_.empty(); }

 private:
  friend class Engine;
  struct Removal {
    EntityUid uid;
  };
  struct Edge {
    EntityUid from;
    EntityUid to;
    bool is_parent;
  };
  using Step = std::variant<EntityRecord, Removal, Edge>;

  absl::StatusOr<EntityUid> Uid(std::string_view type, std::string_view id) const;
  absl::Status AddEdge(std::string_view type, std::string_view id, std::string_view to_type,
                       std::string_view to_id, bool is_parent);

  std::shared_ptr<const World> begun_;
  std::vector<Step> steps_;
};

class Engine {
 public:
  // `page` may be null.
  Engine(std::shared_ptr<const World> first, std::shared_ptr<EpochPage> page);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  std::shared_ptr<const World> world() const { return current_.Newest(); }
  const Generation& generation() const { return generation_; }
  // Null: there is none.
  const EpochWords* page() const { return page_ == nullptr ? nullptr : page_->words(); }

  // Ends every lease at once. Waits for nobody.
  void Revoke() { generation_.Advance(); }

  // Null: as it is. InvalidArgument: MakeWorld; then all is as before.
  absl::Status Replace(std::shared_ptr<const NamedPolicy> policy,
                       std::shared_ptr<const Snapshot> facts);

  // Whose evidence is taken from now on; null: nobody's. Whatever may void proven facts ends every
  // lease, and stored attributes that such facts prove are gone before the function that voids them
  // (Trust::Revoke, Replace, …) returns: it waits for writers. InvalidArgument: it does not fit the
  // policy; then all is as before.
  absl::Status UseTrust(std::shared_ptr<evidence::Trust> trust);

  // All of a change or nothing of it. FailedPrecondition: a policy with other entity types is in
  // force since it was begun; InvalidArgument: evidence that was verified for it no longer counts;
  // the errors of SnapshotBuilder.
  absl::Status Commit(const FactsChange& change);

  // One thread's.
  class Reader {
   public:
    // `engine` must outlive it.
    explicit Reader(const Engine& engine)
        : count_(engine.generation_.word()),
          world_(engine.current_),
          generation_(engine.generation_.value()) {}
    // What is in force, until the next call; costs two loads where nothing has changed. The count
    // is read first: where something changes in between, the lease of a decision by the world
    // ends too early, never too late.
    const World& Get() {
      generation_ = count_->load(std::memory_order_acquire);
      return world_.Get();
    }
    // What leases on decisions by that world are held against, and what it is then.
    const std::atomic<uint64_t>* count() const { return count_; }
    uint64_t generation() const { return generation_; }

   private:
    const std::atomic<uint64_t>* count_;
    Current<World>::Reader world_;
    uint64_t generation_;
  };

 private:
  void Publish(std::shared_ptr<const World> next);
  // Something may have voided proofs: leases end, and what they proved is taken out of the facts.
  void VoidProofs();
  // FailedPrecondition: `base` has a successor already.
  static absl::StatusOr<std::shared_ptr<const Snapshot>> Successor(
      const Policy& policy, const std::shared_ptr<const Snapshot>& base, const FactsChange& change);

  const std::shared_ptr<EpochPage> page_;
  Generation generation_;
  std::mutex writers_;
  Current<World> current_;
  // Held while the trust is changed, since the trust calls VoidProofs, which waits for `writers_`,
  // and is waited for by who subscribes or ends a subscription.
  std::mutex trusts_;
  std::unique_ptr<evidence::Trust::Subscription> subscription_;  // ends before what it changes
};

}  // namespace ztp
