// Policies and facts, loaded and written.
#include <string>
#include <utility>
#include <vector>

#include "bindings/c/error.h"
#include "bindings/c/load.h"
#include "bindings/c/objects.h"
#include "engine/bundle/read.h"
#include "engine/runtime/load_facts.h"

using ztp::c::FactsWanted;
using ztp::c::FromStatus;
using ztp::c::Guarded;
using ztp::c::NewHandle;
using ztp::c::Text;
using ztp::c::View;

namespace {

ztp_error* CheckFlags(std::string_view function, uint32_t flags) {
  if ((flags & ~uint32_t{ZTP_ASSUME_PROVEN | ZTP_KEEP_EVIDENCE}) == 0) return nullptr;
  return ztp::c::Misuse(function, "`flags` has a bit that means nothing for facts");
}

ztp_error* GivePolicy(absl::StatusOr<ztp::DecisionProgram> program, ztp_policy** policy) {
  std::shared_ptr<const ztp::NamedPolicy> made;
  if (ztp_error* error = ztp::c::MakePolicy(std::move(program), &made)) return error;
  *policy = NewHandle<ztp_policy>(std::move(made));
  return nullptr;
}

ztp_error* WantedOf(std::string_view function, const ztp_facts_options* options,
                    FactsWanted* wanted) {
  if (options == nullptr) return ztp::c::NullOutput(function, "options");
  if (options->struct_size < sizeof(ztp_facts_options)) {
    return ztp::c::Misuse(function,
                          "`options->struct_size` is not set: begin with ZTP_FACTS_OPTIONS_INIT");
  }
  wanted->flags = options->flags;
  wanted->now = options->now;
  if (options->signers != nullptr) {
    if (!ztp::c::Alive(options->signers)) {
      return ztp::c::NotAlive(options->signers, ztp::c::Tag::kSigners, function,
                              "options->signers");
    }
    wanted->source.signers = options->signers->files.get();
  }
  if (options->trust == nullptr) return nullptr;
  if (!ztp::c::Alive(options->trust)) {
    return ztp::c::NotAlive(options->trust, ztp::c::Tag::kTrust, function, "options->trust");
  }
  wanted->trust = options->trust->trust;
  return nullptr;
}

void Give(const ztp_policy* policy, std::shared_ptr<const ztp::Snapshot> made,
          const FactsWanted& wanted, ztp_facts** facts) {
  *facts = NewHandle<ztp_facts>(policy->policy, std::move(made),
                                (wanted.flags & ZTP_ASSUME_PROVEN) != 0);
}

ztp_error* LoadFacts(std::string_view function, const ztp_policy* policy, const ztp_text* paths,
                     size_t count, const FactsWanted& wanted, ztp_facts** facts) {
  if (paths == nullptr && count != 0) return ztp::c::NullOutput(function, "paths");
  for (size_t i = 0; i < count; ++i) {
    if (paths[i].data == nullptr && paths[i].size != 0) {
      return ztp::c::NullOutput(function, "paths");
    }
  }
  if (ztp_error* error = CheckFlags(function, wanted.flags)) return error;
  return Guarded(function, [&]() -> ztp_error* {
    std::vector<std::string> files;
    for (size_t i = 0; i < count; ++i) files.emplace_back(View(paths[i]));
    std::shared_ptr<const ztp::Snapshot> made;
    if (ztp_error* error = ztp::c::LoadFactsFiles(*policy->policy->policy, files, wanted, &made)) {
      return error;
    }
    Give(policy, std::move(made), wanted, facts);
    return nullptr;
  });
}

ztp_error* ReadFacts(std::string_view function, const ztp_policy* policy, ztp_text json,
                     const FactsWanted& wanted, ztp_facts** facts) {
  if (json.data == nullptr && json.size != 0) return ztp::c::NullOutput(function, "json");
  if (ztp_error* error = CheckFlags(function, wanted.flags)) return error;
  return Guarded(function, [&]() -> ztp_error* {
    const ztp::Policy& of = *policy->policy->policy;
    ztp::LoadFactsOptions options;
    if (ztp_error* error = ztp::c::FactsOptionsOf(of, wanted, &options)) return error;
    ztp::FactsLoader loader(of, std::move(options));
    const absl::Status status = loader.AddJson("", View(json));
    if (!status.ok()) return FromStatus(status, ZTP_BAD_FACTS);
    std::shared_ptr<const ztp::Snapshot> made;
    if (ztp_error* error = ztp::c::FinishFacts(loader, &made)) return error;
    Give(policy, std::move(made), wanted, facts);
    return nullptr;
  });
}

}  // namespace

extern "C" {

ztp_error* ztp_policy_open(ztp_text path, ztp_policy** policy) {
  ZTP_CHECK_OUT(policy);
  *policy = nullptr;
  ZTP_CHECK_TEXT(path);
  return Guarded(__func__,
                 [&] { return GivePolicy(ztp::OpenBundle(std::string(View(path))), policy); });
}

ztp_error* ztp_policy_read(const void* bytes, size_t size, ztp_policy** policy) {
  ZTP_CHECK_OUT(policy);
  *policy = nullptr;
  if (bytes == nullptr && size != 0) return ztp::c::NullOutput(__func__, "bytes");
  return Guarded(__func__, [&] {
    return GivePolicy(ztp::ReadBundle({static_cast<const char*>(bytes), size}), policy);
  });
}

ztp_text ztp_policy_digest(const ztp_policy* policy) {
  return ztp::c::Alive(policy) ? Text(policy->policy->digest) : Text("");
}

void ztp_policy_free(ztp_policy* policy) { ztp::c::FreeHandle(policy); }

ztp_error* ztp_signers_open_policy(ztp_signers* signers, ztp_text path, ztp_policy** policy) {
  ZTP_CHECK_OUT(policy);
  *policy = nullptr;
  ZTP_CHECK_ALIVE(signers);
  ZTP_CHECK_TEXT(path);
  return Guarded(__func__, [&]() -> ztp_error* {
    std::shared_ptr<const ztp::NamedPolicy> made;
    if (ztp_error* error = ztp::c::LoadPolicyFile(std::string(View(path)),
                                                  {.signers = signers->files.get()}, &made)) {
      return error;
    }
    *policy = NewHandle<ztp_policy>(std::move(made));
    return nullptr;
  });
}

ztp_error* ztp_facts_load(const ztp_policy* policy, const ztp_text* paths, size_t count,
                          uint32_t flags, ztp_facts** facts) {
  ZTP_CHECK_OUT(facts);
  *facts = nullptr;
  ZTP_CHECK_ALIVE(policy);
  return LoadFacts(__func__, policy, paths, count, {.flags = flags}, facts);
}
ztp_error* ztp_facts_load_with(const ztp_policy* policy, const ztp_text* paths, size_t count,
                               const ztp_facts_options* options, ztp_facts** facts) {
  ZTP_CHECK_OUT(facts);
  *facts = nullptr;
  ZTP_CHECK_ALIVE(policy);
  FactsWanted wanted;
  if (ztp_error* error = WantedOf(__func__, options, &wanted)) return error;
  return LoadFacts(__func__, policy, paths, count, wanted, facts);
}

ztp_error* ztp_facts_read_json(const ztp_policy* policy, ztp_text json, uint32_t flags,
                               ztp_facts** facts) {
  ZTP_CHECK_OUT(facts);
  *facts = nullptr;
  ZTP_CHECK_ALIVE(policy);
  return ReadFacts(__func__, policy, json, {.flags = flags}, facts);
}
ztp_error* ztp_facts_read_json_with(const ztp_policy* policy, ztp_text json,
                                    const ztp_facts_options* options, ztp_facts** facts) {
  ZTP_CHECK_OUT(facts);
  *facts = nullptr;
  ZTP_CHECK_ALIVE(policy);
  FactsWanted wanted;
  if (ztp_error* error = WantedOf(__func__, options, &wanted)) return error;
  return ReadFacts(__func__, policy, json, wanted, facts);
}

ztp_error* ztp_facts_write(const ztp_facts* facts, ztp_text path) {
  ZTP_CHECK_ALIVE(facts);
  ZTP_CHECK_TEXT(path);
  return Guarded(__func__, [&]() -> ztp_error* {
    const absl::Status status =
        ztp::WriteFacts(*facts->policy->policy, facts->snapshot, std::string(View(path)));
    if (absl::IsFailedPrecondition(status)) {
      return ztp::c::NewError(
          ZTP_NOT_PROVEN,
          "the facts have attributes that evidence proves, and were read without "
          "ZTP_KEEP_EVIDENCE: a file of them would prove nothing");
    }
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
