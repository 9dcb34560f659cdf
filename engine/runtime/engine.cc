// See engine.h.
#include "engine/runtime/engine.h"

#include <optional>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/evidence/stored_proof.h"
#include "engine/facts/json_facts.h"
#include "engine/facts/program_digest.h"
#include "engine/facts/snapshot_builder.h"
#include "engine/runtime/load_facts.h"
#include "engine/runtime/stored_proofs.h"

namespace ztp {

namespace {

std::shared_ptr<evidence::Trust> TrustOf(const World& world) {
  return world.trust == nullptr ? nullptr : world.trust->trust();
}

}  // namespace

bool FactsChange::UpsertJson(std::string_view json, bool assume_proven, Time now,
                             std::vector<JsonError>* errors) {
  FactsOptions options;
  options.assume_proven = assume_proven;
  std::optional<evidence::FactsProver> prover;
  if (begun_->trust != nullptr) options.prover = &prover.emplace(begun_->trust, now);
  FactsResult result = LoadFacts(json, begun_->schema(), options);
  *errors = std::move(result.errors);
  if (!errors->empty()) return false;
  steps_.reserve(steps_.size() + result.entities.size());
  for (EntityRecord& record : result.entities) steps_.emplace_back(std::move(record));
  return true;
}

absl::StatusOr<EntityUid> FactsChange::Uid(std::string_view type, std::string_view id) const {
  const Schema& schema = begun_->schema();
  if (id.size() > kMaxJsonDocumentBytes) {
    return ResourceExhausted("an id has more than ", kMaxJsonDocumentBytes, " bytes");
  }
  if (!IsValidUtf8(id)) return InvalidArgument("an id is not UTF-8");
  if (const auto found = schema.FindEntityType(type)) return EntityUid{*found, std::string(id)};
  std::vector<std::string_view> names;
  for (const EntityType& entity : schema.entities) names.push_back(entity.json_name);
  const std::string near = DidYouMean(type, names);
  return NotFound("there is no entity type ", type, near.empty() ? "" : ": ", near);
}

absl::Status FactsChange::Delete(std::string_view type, std::string_view id) {
  ZTP_ASSIGN_OR_RETURN(EntityUid uid, Uid(type, id));
  steps_.emplace_back(Removal{std::move(uid)});
  return absl::OkStatus();
}

absl::Status FactsChange::AddEdge(std::string_view type, std::string_view id,
                                  std::string_view to_type, std::string_view to_id,
                                  bool is_parent) {
  ZTP_ASSIGN_OR_RETURN(EntityUid from, Uid(type, id));
  ZTP_ASSIGN_OR_RETURN(EntityUid to, Uid(to_type, to_id));
  steps_.emplace_back(Edge{std::move(from), std::move(to), is_parent});
  return absl::OkStatus();
}

absl::Status FactsChange::AddParent(std::string_view type, std::string_view id,
                                    std::string_view parent_type, std::string_view parent_id) {
  return AddEdge(type, id, parent_type, parent_id, true);
}
absl::Status FactsChange::AddOrigin(std::string_view type, std::string_view id,
                                    std::string_view origin_type, std::string_view origin_id) {
  return AddEdge(type, id, origin_type, origin_id, false);
}

Engine::Engine(std::shared_ptr<const World> first, std::shared_ptr<EpochPage> page)
    : page_(std::move(page)), current_(std::move(first)) {
  std::shared_ptr<evidence::Trust> trust = TrustOf(*current_.Newest());
  if (trust == nullptr) return;
  subscription_ = evidence::Trust::Listen(std::move(trust), [this] { VoidProofs(); });
  VoidProofs();  // since the world was made
}

void Engine::Publish(std::shared_ptr<const World> next) {
  // First what is in force, then the count: who reads the new count gets the new world, and who
  // decided by the old one holds the old count.
  current_.Publish(std::move(next));
  generation_.Advance();
}

absl::Status Engine::Replace(std::shared_ptr<const NamedPolicy> policy,
                             std::shared_ptr<const Snapshot> facts) {
  const std::lock_guard<std::mutex> lock(writers_);
  const std::shared_ptr<const World> before = current_.Newest();
  if (policy == nullptr) policy = before->named;
  if (facts == nullptr) facts = before->facts;
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const World> next,
                       MakeWorld(std::move(policy), std::move(facts), TrustOf(*before)));
  Publish(std::move(next));
  return absl::OkStatus();
}

absl::Status Engine::UseTrust(std::shared_ptr<evidence::Trust> trust) {
  const std::lock_guard<std::mutex> only(trusts_);
  // Before anything is checked, so that no change goes unheard; both are heard for a moment.
  std::unique_ptr<evidence::Trust::Subscription> subscription;
  if (trust != nullptr) subscription = evidence::Trust::Listen(trust, [this] { VoidProofs(); });
  {
    const std::lock_guard<std::mutex> lock(writers_);
    const std::shared_ptr<const World> before = current_.Newest();
    ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const World> next,
                         MakeWorld(before->named, before->facts, std::move(trust)));
    Publish(std::move(next));
  }
  subscription_ = std::move(subscription);
  return absl::OkStatus();
}

void Engine::VoidProofs() {
  generation_.Advance();
  const std::lock_guard<std::mutex> lock(writers_);
  const std::shared_ptr<const World> before = current_.Newest();
  if (before->facts->proofs().empty()) return;
  // Whatever happens on the way, what may be void does not stay in force: rather nothing is known.
  struct Closing {
    Engine* engine;
    std::shared_ptr<const World> next;
    ~Closing() {
      if (next != nullptr) engine->Publish(std::move(next));
    }
  } closing{this, before->without_facts};
  auto facts =
      WithoutVoided(before->policy(), before->facts, before->trust.get(), Recheck::kStanding);
  if (!facts.ok()) return;
  if (*facts == before->facts) {
    closing.next = nullptr;
    return;
  }
  auto next = WithFacts(*before, *std::move(facts));
  if (next.ok()) closing.next = *std::move(next);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Engine::Successor(
    const Policy& policy, const std::shared_ptr<const Snapshot>& base, const FactsChange& change) {
  SnapshotBuilder builder(base);
  for (const FactsChange::Step& step : change.steps_) {
    if (const auto* record = std::get_if<EntityRecord>(&step)) {
      ZTP_RETURN_IF_ERROR(builder.Upsert(*record));
    } else if (const auto* removal = std::get_if<FactsChange::Removal>(&step)) {
      ZTP_RETURN_IF_ERROR(builder.Delete(removal->uid));
    } else {
      const auto& edge = std::get<FactsChange::Edge>(step);
      const std::span<const EntityUid> to(&edge.to, 1);
      const std::span<const EntityUid> none;
      ZTP_RETURN_IF_ERROR(
          builder.AddEdges(edge.from, edge.is_parent ? to : none, edge.is_parent ? none : to));
    }
  }
  return BuildSnapshot(policy, builder);
}

absl::Status Engine::Commit(const FactsChange& change) {
  const std::lock_guard<std::mutex> lock(writers_);
  const std::shared_ptr<const World> before = current_.Newest();
  if (before->named != change.begun_->named &&
      FactsSchemaDigest(before->policy().program()) !=
          FactsSchemaDigest(change.begun_->policy().program())) {
    return absl::FailedPreconditionError(
        "a policy with other entity types is in force since the change was begun: begin it anew");
  }
  for (const FactsChange::Step& step : change.steps_) {
    const auto* record = std::get_if<EntityRecord>(&step);
    if (record == nullptr) continue;
    ZTP_RETURN_IF_ERROR(CheckProofs(before->trust.get(), before->schema(), *record));
  }
  absl::StatusOr<std::shared_ptr<const Snapshot>> facts =
      Successor(before->policy(), before->facts, change);
  if (absl::IsFailedPrecondition(facts.status())) {
    // Another engine has changed these facts, or this one before they were put in force again.
    ZTP_ASSIGN_OR_RETURN(const std::shared_ptr<const Snapshot> own,
                         CopyFacts(before->policy(), *before->facts));
    facts = Successor(before->policy(), own, change);
  }
  ZTP_RETURN_IF_ERROR(facts.status());
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const World> next, WithFacts(*before, *std::move(facts)));
  Publish(std::move(next));
  return absl::OkStatus();
}

}  // namespace ztp
