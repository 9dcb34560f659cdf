// Any bytes are a facts file that can be read, decided by and changed, or are refused.
#include <cstring>
#include <string>
#include <string_view>

#include "engine/eval/decide.h"
#include "engine/facts/facts_file.h"
#include "engine/facts/program_digest.h"
#include "engine/facts/snapshot_file.h"
#include "fuzz/policy_for_json.h"

namespace {

void Use(const ztp::Policy& policy, const std::shared_ptr<const ztp::Snapshot>& facts) {
  const ztp::Snapshot& s = *facts;
  const ztp::Schema& schema = policy.schema();
  const ztp::EntityTypeId user = *schema.FindEntityType("User"),
                          doc = *schema.FindEntityType("Doc");
  ztp::Scratch scratch;
  for (uint32_t e = 0; e < s.entity_count(); ++e) {
    if (!s.IsUsed(e)) continue;
    if (s.Find(s.TypeOf(e), s.IdOf(e)) != e) __builtin_trap();
    if (!s.IsStored(e)) continue;
    (void)s.Record(e);
    if (s.TypeOf(e) != doc) continue;
    ztp::Request request;
    request.principal = {user, "u"};
    request.resource = s.Uid(e);
    request.params.resize(schema.actions[0].params.size());
    request.params[0] = ztp::Fact::Of(ztp::Value::Int(2));
    request.params[2] = ztp::Fact::Of(ztp::Value::Enum(0));
    request.inputs.resize(schema.inputs.size());
    ztp::Explain(policy, s, request, scratch);
  }
  ztp::SnapshotBuilder builder(facts);
  ztp::EntityRecord group;
  group.uid = {*schema.FindEntityType("Group"), "fresh"};
  if (!builder.Upsert(group).ok()) return;
  const auto next = ztp::BuildSnapshot(policy, builder);
  if (!next.ok()) return;
  // What could be read can be written, and read again.
  const std::string bytes = ztp::SnapshotFile::Bytes(**next);
  if (!ztp::SnapshotFile::Read(policy.shared_program(), bytes).ok()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto policy = *ztp::Policy::Make(ztp::fuzz::EveryType());
  static const std::string digest = ztp::FactsProgramDigest(policy->program());
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)ztp::SnapshotFile::Info(bytes);
  (void)ztp::SnapshotFile::Read(policy->shared_program(), bytes);
  // Past the frame, which no mutation of a file gets through.
  if (size < sizeof(ztp::FactsFileHeader)) return 0;
  std::memcpy(bytes.data() + offsetof(ztp::FactsFileHeader, program), digest.data(), digest.size());
  ztp::SealFactsFile(&bytes);
  const auto facts = ztp::SnapshotFile::Read(policy->shared_program(), bytes);
  if (facts.ok()) Use(*policy, *facts);
  return 0;
}
