// See load_facts.h.
#include "engine/runtime/load_facts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/program_digest.h"
#include "engine/facts/snapshot_file.h"
#include "engine/runtime/stored_proofs.h"

namespace ztp {
namespace {

FactsOptions ReaderOptions(const LoadFactsOptions& options, AttributeProver* prover,
                           std::function<void(size_t, size_t)> progress) {
  FactsOptions reader;
  reader.assume_proven = options.assume_proven;
  reader.prover = prover;
  reader.limits.max_file_bytes = kMaxFactsTextBytes;
  if (options.progress) reader.progress = std::move(progress);
  return reader;
}

// A facts file says of an attribute that it is proven, and nobody has verified that.
absl::Status RefuseProven(const Snapshot& facts, const std::string& path) {
  const Schema& schema = facts.schema();
  std::vector<std::vector<uint32_t>> proven(schema.entities.size());
  bool any = false;
  for (size_t t = 0; t < schema.entities.size(); ++t) {
    const std::vector<Attribute>& attributes = schema.entities[t].attributes;
    for (uint32_t a = 0; a < attributes.size(); ++a) {
      if (attributes[a].rank == Rank::kProven) proven[t].push_back(a);
    }
    any |= !proven[t].empty();
  }
  if (!any) return absl::OkStatus();
  for (uint32_t entity = 0; entity < facts.entity_count(); ++entity) {
    if (!facts.IsUsed(entity) || !facts.IsStored(entity)) continue;
    const EntityTypeId type = facts.TypeOf(entity);
    for (const uint32_t a : proven[type.index]) {
      if (facts.OwnPart(entity, a).is_none()) continue;
      return InvalidArgument(path, ": attribute `", schema[type].attributes[a].name, "` of ",
                             FormatUid(schema, facts.Uid(entity)),
                             " is proven: it counts only from evidence, not because a facts file "
                             "has it; for tests, give --assume-proven");
    }
  }
  return absl::OkStatus();
}

// The evidence of all that it proves, a line an entity. False: some was not kept.
bool PutEvidence(const Snapshot& facts, JsonSink& sink) {
  std::vector<uint32_t> entities;
  facts.proofs().ForEach([&](uint32_t entity, const auto&) { entities.push_back(entity); });
  std::sort(entities.begin(), entities.end());
  for (const uint32_t entity : entities) {
    const EntityType& type = facts.schema()[facts.TypeOf(entity)];
    sink.Put("{\"uid\":{\"type\":");
    sink.PutText(type.json_name);
    sink.Put(",\"id\":");
    sink.PutText(facts.IdOf(entity));
    sink.Put("},\"evidence\":[");
    bool first = true;
    for (const AttributeProof& proof : *facts.proofs().Find(entity)) {
      const auto* stored = dynamic_cast<const evidence::StoredProof*>(proof.proof.get());
      if (stored == nullptr || !stored->item()) return false;
      if (!std::exchange(first, false)) sink.Put(',');
      const EvidenceItem& item = *stored->item();
      sink.Put("{\"attr\":");
      sink.PutText(type.attributes[proof.attribute].name);
      if (!item.kind.empty()) {
        sink.Put(",\"kind\":");
        sink.PutText(item.kind);
      }
      if (!item.source.empty()) {
        sink.Put(",\"source\":");
        sink.PutText(item.source);
      }
      sink.Put(",\"value\":");
      sink.PutText(item.value);
      sink.Put('}');
    }
    sink.Put("]}\n");
  }
  return true;
}

}  // namespace

FactsLoader::FactsLoader(const Policy& policy, LoadFactsOptions options)
    : policy_(policy),
      options_(std::move(options)),
      builder_(policy.shared_program()),
      sink_(&builder_),
      prover_(options_.trust == nullptr
                  ? std::nullopt
                  : std::optional<evidence::FactsProver>(std::in_place, options_.trust,
                                                         options_.now, options_.keep_evidence)),
      reader_(policy.schema(),
              ReaderOptions(options_, prover_ ? &*prover_ : nullptr,
                            [this](size_t done, size_t entities) {
                              options_.progress(name_, done, bytes_, entities);
                            }),
              &sink_) {}

absl::Status FactsLoader::AddFile(const std::string& path) {
  ZTP_ASSIGN_OR_RETURN(MappedFile file,
                       MapFile(path, kMaxFactsTextBytes, "a file of facts", MapFor::kOnePass));
  if (LooksLikeFactsFile(file.bytes)) {  // which stays mapped, and is read here and there
    ZTP_ASSIGN_OR_RETURN(file,
                         MapFile(path, kMaxFactsFileBytes, "a facts file", MapFor::kEverything));
  }
  return AddFile(path, std::move(file));
}

absl::Status FactsLoader::AddFile(const std::string& path, MappedFile file) {
  if (!LooksLikeFactsFile(file.bytes)) return AddJson(path, file.bytes);
  if (any_json_ || mapped_ != nullptr) {
    return InvalidArgument(path,
                           " is a facts file, which is all the facts there are: give it alone");
  }
  const std::string_view bytes = file.bytes;  // the snapshot keeps them
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Snapshot> mapped,
                       SnapshotFile::Open(policy_.shared_program(), path, std::move(file)));
  if (!options_.assume_proven) ZTP_RETURN_IF_ERROR(RefuseProven(*mapped, path));
  mapped_ = std::move(mapped);
  const std::string_view evidence = SnapshotFile::Evidence(bytes);
  return evidence.empty() ? absl::OkStatus() : TakeEvidence(path, evidence);
}

// What the evidence in a facts file proves becomes a change of the facts that were mapped.
absl::Status FactsLoader::TakeEvidence(const std::string& path, std::string_view text) {
  if (!prover_) {
    return InvalidArgument(path,
                           ": has evidence, which nobody here verifies: say whom to believe, as "
                           "`--trust FILE` does");
  }
  SnapshotBuilder builder(mapped_);
  absl::Status status;
  ReadStoredEvidence(
      policy_.schema(), path, text, *prover_,
      [&](const EntityUid& uid) -> std::optional<EntityRecord> {
        const auto entity = mapped_->Find(uid.type, uid.id);
        if (!entity || !mapped_->IsStored(*entity)) return std::nullopt;
        return mapped_->Record(*entity);
      },
      [&](const EntityRecord& record) {
        if (status.ok()) status = builder.Upsert(record);
      },
      &evidence_errors_);
  ZTP_RETURN_IF_ERROR(status);
  if (!evidence_errors_.empty()) return absl::OkStatus();  // Finish says so
  ZTP_ASSIGN_OR_RETURN(mapped_, BuildSnapshot(policy_, builder));
  return absl::OkStatus();
}

absl::Status FactsLoader::AddJson(std::string_view name, std::string_view text) {
  if (mapped_ != nullptr) {
    return InvalidArgument("a facts file is all the facts there are: give it alone");
  }
  any_json_ = true;
  name_ = name;
  bytes_ = text.size();
  reader_.Add(name, text);
  return reader_.sink_status();
}

absl::StatusOr<std::shared_ptr<const Snapshot>> FactsLoader::Finish() {
  if (mapped_ != nullptr && evidence_errors_.empty()) return mapped_;
  ZTP_RETURN_IF_ERROR(reader_.sink_status());
  if (!errors().empty()) {
    const size_t count = errors().size();
    return InvalidArgument(count, count == 1 ? " error" : " errors",
                           " in the facts; nothing was loaded");
  }
  if (options_.progress) options_.progress("", 0, 0, builder_.stored_count());
  return BuildSnapshot(policy_, builder_);
}

absl::Status WriteFacts(const Policy& policy, const std::shared_ptr<const Snapshot>& facts,
                        const std::string& path) {
  if (facts->proofs().empty()) return SnapshotFile::Write(*facts, path);
  std::string text;
  bool kept = false;
  {
    JsonSink sink(&text);
    kept = PutEvidence(*facts, sink);
  }
  if (!kept) {
    return absl::FailedPreconditionError(
        "the facts have attributes that evidence proves, and the evidence was not kept");
  }
  ZTP_ASSIGN_OR_RETURN(const std::shared_ptr<const Snapshot> without,
                       WithoutVoided(policy, facts, nullptr, Recheck::kStanding));
  return SnapshotFile::Write(*without, path, text);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> FactsFor(
    const Policy& policy, const std::shared_ptr<const Snapshot>& facts) {
  if (facts->program() == policy.shared_program()) return facts;
  // Proofs are not among the bytes.
  if (facts->proofs().empty() &&
      FactsProgramDigest(*facts->program()) == FactsProgramDigest(policy.program())) {
    return SnapshotFile::Read(policy.shared_program(), SnapshotFile::Bytes(*facts));
  }
  if (FactsSchemaDigest(*facts->program()) != FactsSchemaDigest(policy.program())) {
    return InvalidArgument(
        "the facts are of other entity types than the policy's, or have other defaults: load facts "
        "for this policy");
  }
  return CopyFacts(policy, *facts);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> CopyFacts(const Policy& policy,
                                                          const Snapshot& facts) {
  SnapshotBuilder builder(policy.shared_program());
  for (uint32_t entity = 0; entity < facts.entity_count(); ++entity) {
    if (!facts.IsUsed(entity) || !facts.IsStored(entity)) continue;
    ZTP_RETURN_IF_ERROR(builder.Add(facts.Record(entity)));
  }
  return BuildSnapshot(policy, builder);
}

}  // namespace ztp
