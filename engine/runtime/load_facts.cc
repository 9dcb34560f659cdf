// See load_facts.h.
#include "engine/runtime/load_facts.h"

#include <utility>

#include "engine/base/limits.h"
#include "engine/base/mapped_file.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/program_digest.h"
#include "engine/facts/snapshot_file.h"

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

}  // namespace

FactsLoader::FactsLoader(const Policy& policy, LoadFactsOptions options)
    : policy_(policy),
      options_(std::move(options)),
      builder_(policy.shared_program()),
      sink_(&builder_),
      prover_(options_.trust == nullptr ? std::nullopt
                                        : std::optional<evidence::FactsProver>(
                                              std::in_place, options_.trust, options_.now)),
      reader_(policy.schema(),
              ReaderOptions(options_, prover_ ? &*prover_ : nullptr,
                            [this](size_t done, size_t entities) {
                              options_.progress(name_, done, bytes_, entities);
                            }),
              &sink_) {}

absl::Status FactsLoader::AddFile(const std::string& path) {
  ZTP_ASSIGN_OR_RETURN(const MappedFile file,
                       MapFile(path, kMaxFactsTextBytes, "a file of facts", MapFor::kOnePass));
  if (!LooksLikeFactsFile(file.bytes)) return AddJson(path, file.bytes);
  if (any_json_ || mapped_ != nullptr) {
    return InvalidArgument(path,
                           " is a facts file, which is all the facts there are: give it alone");
  }
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Snapshot> mapped,
                       SnapshotFile::Open(policy_.shared_program(), path));
  if (!options_.assume_proven) ZTP_RETURN_IF_ERROR(RefuseProven(*mapped, path));
  mapped_ = std::move(mapped);
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
  if (mapped_ != nullptr) return mapped_;
  ZTP_RETURN_IF_ERROR(reader_.sink_status());
  if (!reader_.ok()) {
    const size_t count = reader_.errors().size();
    return InvalidArgument(count, count == 1 ? " error" : " errors",
                           " in the facts; nothing was loaded");
  }
  if (options_.progress) options_.progress("", 0, 0, builder_.stored_count());
  return BuildSnapshot(policy_, builder_);
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
