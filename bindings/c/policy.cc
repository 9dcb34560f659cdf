// Policies and facts, loaded and written.
#include <string>
#include <utility>

#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "engine/base/status.h"
#include "engine/bundle/read.h"
#include "engine/facts/snapshot_file.h"
#include "engine/runtime/load_facts.h"

using ztp::c::FromJson;
using ztp::c::FromStatus;
using ztp::c::Guarded;
using ztp::c::Misuse;
using ztp::c::NewHandle;
using ztp::c::Text;
using ztp::c::View;

namespace {

ztp_error* MakePolicy(absl::StatusOr<ztp::DecisionProgram> program, ztp_policy** policy) {
  if (!program.ok()) return FromStatus(program.status(), ZTP_BAD_POLICY);
  absl::StatusOr<std::shared_ptr<const ztp::NamedPolicy>> made =
      ztp::NamedPolicy::Make(*std::move(program));
  if (!made.ok()) return FromStatus(made.status(), ZTP_BAD_POLICY);
  *policy = NewHandle<ztp_policy>(*std::move(made));
  return nullptr;
}

ztp_error* Finish(ztp::FactsLoader& loader, ztp_facts** facts) {
  if (!loader.errors().empty()) return FromJson(ZTP_BAD_FACTS, loader.errors());
  absl::StatusOr<std::shared_ptr<const ztp::Snapshot>> made = loader.Finish();
  if (!made.ok()) return FromStatus(made.status(), ZTP_BAD_FACTS);
  *facts = NewHandle<ztp_facts>(*std::move(made));
  return nullptr;
}

ztp::LoadFactsOptions Options(uint32_t flags) {
  ztp::LoadFactsOptions options;
  options.assume_proven = (flags & ZTP_ASSUME_PROVEN) != 0;
  return options;
}

}  // namespace

extern "C" {

ztp_error* ztp_policy_open(ztp_text path, ztp_policy** policy) {
  ZTP_CHECK_OUT(policy);
  *policy = nullptr;
  ZTP_CHECK_TEXT(path);
  return Guarded(__func__,
                 [&] { return MakePolicy(ztp::OpenBundle(std::string(View(path))), policy); });
}

ztp_error* ztp_policy_read(const void* bytes, size_t size, ztp_policy** policy) {
  ZTP_CHECK_OUT(policy);
  *policy = nullptr;
  if (bytes == nullptr && size != 0) return ztp::c::NullOutput(__func__, "bytes");
  return Guarded(__func__, [&] {
    return MakePolicy(ztp::ReadBundle({static_cast<const char*>(bytes), size}), policy);
  });
}

ztp_text ztp_policy_digest(const ztp_policy* policy) {
  return ztp::c::Alive(policy) ? Text(policy->policy->digest) : Text("");
}

void ztp_policy_free(ztp_policy* policy) { ztp::c::FreeHandle(policy); }

ztp_error* ztp_facts_load(const ztp_policy* policy, const ztp_text* paths, size_t count,
                          uint32_t flags, ztp_facts** facts) {
  ZTP_CHECK_OUT(facts);
  *facts = nullptr;
  ZTP_CHECK_ALIVE(policy);
  if (paths == nullptr && count != 0) return ztp::c::NullOutput(__func__, "paths");
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp::FactsLoader loader(*policy->policy->policy, Options(flags));
    for (size_t i = 0; i < count; ++i) {
      ZTP_CHECK_TEXT(paths[i]);
      const absl::Status status = loader.AddFile(std::string(View(paths[i])));
      if (!status.ok()) return FromStatus(status, ZTP_BAD_FACTS);
    }
    return Finish(loader, facts);
  });
}

ztp_error* ztp_facts_read_json(const ztp_policy* policy, ztp_text json, uint32_t flags,
                               ztp_facts** facts) {
  ZTP_CHECK_OUT(facts);
  *facts = nullptr;
  ZTP_CHECK_ALIVE(policy);
  ZTP_CHECK_TEXT(json);
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp::FactsLoader loader(*policy->policy->policy, Options(flags));
    const absl::Status status = loader.AddJson("", View(json));
    if (!status.ok()) return FromStatus(status, ZTP_BAD_FACTS);
    return Finish(loader, facts);
  });
}

ztp_error* ztp_facts_write(const ztp_facts* facts, ztp_text path) {
  ZTP_CHECK_ALIVE(facts);
  ZTP_CHECK_TEXT(path);
  return Guarded(__func__, [&]() -> ztp_error* {
    const absl::Status status = ztp::SnapshotFile::Write(*facts->snapshot, std::string(View(path)));
    return status.ok() ? nullptr : FromStatus(status, ZTP_ENVIRONMENT);
  });
}

ztp_text ztp_facts_version(const ztp_facts* facts) {
  return ztp::c::Alive(facts) ? Text(facts->snapshot->version()) : Text("");
}

size_t ztp_facts_count(const ztp_facts* facts) {
  return ztp::c::Alive(facts) ? facts->snapshot->stored_count() : 0;
}

void ztp_facts_free(ztp_facts* facts) { ztp::c::FreeHandle(facts); }

}  // extern "C"
