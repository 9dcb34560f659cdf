// See stored_proofs.h.
#include "engine/runtime/stored_proofs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/evidence/stored_proof.h"
#include "engine/facts/snapshot_builder.h"

namespace ztp {
namespace {

using evidence::PolicyTrust;

// Entities with an attribute that is no longer proven, as they are without; ascending.
struct Voided {
  uint32_t entity;
  EntityRecord record;
};

std::vector<Voided> FindVoided(const Snapshot& facts, const PolicyTrust* trust, Recheck recheck) {
  std::vector<Voided> voided;
  facts.proofs().ForEach([&](uint32_t entity, const StoredProofs::Proofs& proofs) {
    std::optional<EntityRecord> record;
    if (recheck == Recheck::kAll) record = facts.Record(entity);
    std::vector<uint32_t> dropped;
    for (const AttributeProof& proof : proofs) {
      const auto refusal = record ? evidence::CheckStored(trust, proof, *record)
                                  : evidence::CheckStored(trust, proof, facts.TypeOf(entity));
      if (refusal) dropped.push_back(proof.attribute);
    }
    if (dropped.empty()) return;
    if (!record) record = facts.Record(entity);
    for (const uint32_t attribute : dropped) {
      evidence::DropProof(facts.schema(), attribute, &*record);
    }
    voided.push_back({entity, *std::move(record)});
  });
  std::sort(voided.begin(), voided.end(),
            [](const Voided& a, const Voided& b) { return a.entity < b.entity; });
  return voided;
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Successor(
    const Policy& policy, const std::shared_ptr<const Snapshot>& facts,
    const std::vector<Voided>& voided) {
  SnapshotBuilder builder(facts);
  for (const Voided& v : voided) ZTP_RETURN_IF_ERROR(builder.Upsert(v.record));
  return BuildSnapshot(policy, builder);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Anew(const Policy& policy, const Snapshot& facts,
                                                     const std::vector<Voided>& voided) {
  SnapshotBuilder builder(policy.shared_program());
  auto next = voided.begin();
  for (uint32_t entity = 0; entity < facts.entity_count(); ++entity) {
    if (!facts.IsUsed(entity) || !facts.IsStored(entity)) continue;
    if (next != voided.end() && next->entity == entity) {
      ZTP_RETURN_IF_ERROR(builder.Add((next++)->record));
    } else {
      ZTP_RETURN_IF_ERROR(builder.Add(facts.Record(entity)));
    }
  }
  return BuildSnapshot(policy, builder);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Snapshot>> WithoutVoided(
    const Policy& policy, const std::shared_ptr<const Snapshot>& facts, const PolicyTrust* trust,
    Recheck recheck) {
  if (facts->proofs().empty()) return facts;
  const std::vector<Voided> voided = FindVoided(*facts, trust, recheck);
  if (voided.empty()) return facts;
  auto next = Successor(policy, facts, voided);
  if (next.ok()) return next;
  // They have a successor already, or no room for one.
  return Anew(policy, *facts, voided);
}

absl::Status CheckProofs(const PolicyTrust* trust, const Schema& schema,
                         const EntityRecord& record) {
  for (const AttributeProof& proof : record.proofs) {
    const auto refusal = evidence::CheckStored(trust, proof, record);
    if (!refusal) continue;
    const EntityType& type = schema[record.uid.type];
    const std::string_view name = proof.attribute < type.attributes.size()
                                      ? std::string_view(type.attributes[proof.attribute].name)
                                      : std::string_view("?");
    return InvalidArgument("the evidence for attribute `", name, "` of ",
                           FormatUid(schema, record.uid), " no longer counts (",
                           evidence::NameOf(refusal->check), "): ", refusal->message);
  }
  return absl::OkStatus();
}

}  // namespace ztp
