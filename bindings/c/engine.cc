// Engines: what is in force, and what changes it.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "bindings/c/error.h"
#include "bindings/c/load.h"
#include "bindings/c/objects.h"
#include "engine/base/str.h"
#include "engine/facts/json_error.h"

using ztp::c::Alive;
using ztp::c::EngineState;
using ztp::c::FromJson;
using ztp::c::FromStatus;
using ztp::c::Guarded;
using ztp::c::Misuse;
using ztp::c::NewHandle;
using ztp::c::NullOutput;
using ztp::c::Text;
using ztp::c::View;

namespace {

using NamedPolicy = std::shared_ptr<const ztp::NamedPolicy>;
using Facts = std::shared_ptr<const ztp::Snapshot>;
using Trust = std::shared_ptr<ztp::evidence::Trust>;

ztp_trust* GivenTrust(const ztp_engine_options* options) {
  const bool has = options != nullptr && options->struct_size >= sizeof(ztp_engine_options);
  return has ? options->trust : nullptr;
}
Trust TrustOf(const ztp_engine_options* options) {
  const ztp_trust* given = GivenTrust(options);
  return given != nullptr ? given->trust : nullptr;
}

ztp_signers* GivenSigners(const ztp_engine_options* options) {
  const bool has = options != nullptr && options->struct_size >= sizeof(ztp_engine_options);
  return has ? options->signers : nullptr;
}
ztp::c::FileSource SourceOf(uint32_t flags, ztp::SignedFiles* signers) {
  return {.signers = signers, .copies = (flags & ZTP_COPY_FILES) != 0};
}

ztp_error* CheckOptions(std::string_view function, const ztp_engine_options* options) {
  if (options == nullptr) return nullptr;
  // A caller of an earlier version has neither `trust` nor `signers`.
  if (options->struct_size < offsetof(ztp_engine_options, trust)) {
    return Misuse(function, "`options->struct_size` is not sizeof(ztp_engine_options)");
  }
  // A newer program may ask for what this library does not know; it must not go on without.
  const auto* bytes = reinterpret_cast<const unsigned char*>(options);
  const size_t size = options->struct_size;
  if (size > 4096) return Misuse(function, "`options->struct_size` is not set");
  if (size > sizeof(ztp_engine_options) &&
      std::any_of(bytes + sizeof(ztp_engine_options), bytes + size,
                  [](unsigned char byte) { return byte != 0; })) {
    return ztp::c::NewError(ZTP_UNSUPPORTED,
                            "the program asks for an option that this version of libztp lacks");
  }
  constexpr uint32_t kKnown =
      ZTP_ASSUME_PROVEN | ZTP_ACCEPT_NOW | ZTP_COPY_FILES | ZTP_NEEDS_ROUTES;
  if ((options->flags & ~kKnown) != 0) {
    return Misuse(function, "`options->flags` has a bit that means nothing");
  }
  if (options->epoch != nullptr && !Alive(options->epoch)) {
    return ztp::c::NotAlive(options->epoch, ztp::c::Tag::kEpoch, function, "options->epoch");
  }
  if (GivenTrust(options) != nullptr && !Alive(options->trust)) {
    return ztp::c::NotAlive(options->trust, ztp::c::Tag::kTrust, function, "options->trust");
  }
  if (GivenSigners(options) != nullptr && !Alive(options->signers)) {
    return ztp::c::NotAlive(options->signers, ztp::c::Tag::kSigners, function, "options->signers");
  }
  return nullptr;
}

// Plain data that was taken as proven is not for an engine that takes no such data, and what
// evidence proves not for one that takes nobody's.
ztp_error* CheckFacts(const ztp_facts* facts, uint32_t flags, bool has_trust) {
  if (facts == nullptr) return nullptr;
  if (!has_trust && !facts->snapshot->proofs().empty()) {
    return ztp::c::NewError(ZTP_NOT_PROVEN,
                            "the facts have attributes that evidence proves, and the engine takes "
                            "nobody's evidence: give it the trust by which that was verified");
  }
  if (!facts->assume_proven || (flags & ZTP_ASSUME_PROVEN) != 0) return nullptr;
  return ztp::c::NewError(ZTP_NOT_PROVEN,
                          "the facts were read with ZTP_ASSUME_PROVEN, and the engine has not that "
                          "option: what they say is proven need not be");
}

ztp_error* MakeEngine(NamedPolicy policy, Facts facts, const ztp_engine_options* options,
                      std::shared_ptr<EngineState>* state) {
  static std::atomic<uint32_t> numbers = 0;
  Trust trust = TrustOf(options);
  if (trust != nullptr) {
    const auto met = ztp::evidence::PolicyTrust::Make(trust, policy->policy->schema());
    if (!met.ok()) return FromStatus(met.status(), ZTP_BAD_TRUST);
  }
  auto world = ztp::MakeWorld(std::move(policy), std::move(facts), std::move(trust));
  if (!world.ok()) return FromStatus(world.status(), ZTP_BAD_FACTS);
  *state = std::make_shared<EngineState>(
      *std::move(world),
      options != nullptr && options->epoch != nullptr ? options->epoch->page : nullptr);
  (*state)->number = numbers.fetch_add(1) + 1;
  if (options != nullptr) {
    (*state)->flags = options->flags;
    (*state)->on_decision = options->on_decision;
    (*state)->context = options->context;
  }
  return nullptr;
}

ztp_error* LoadFiles(const std::string& policy_path, const std::vector<std::string>& facts_paths,
                     const ztp::c::FactsWanted& wanted, NamedPolicy* policy, Facts* facts) {
  if (ztp_error* error = ztp::c::LoadPolicyFile(policy_path, wanted.source, policy)) return error;
  if ((wanted.flags & ZTP_NEEDS_ROUTES) != 0 && (*policy)->router->size() == 0) {
    return ztp::c::NewError(
        ZTP_BAD_POLICY,
        ztp::Cat(policy_path, " has no `route`: every HTTP request would be denied"));
  }
  return ztp::c::LoadFactsFiles(*(*policy)->policy, facts_paths, wanted, facts);
}

ztp_error* UpsertJson(std::string_view function, ztp_change* change, ztp_text json, int64_t now) {
  return Guarded(function, [&]() -> ztp_error* {
    std::vector<ztp::JsonError> errors;
    if (change->change.UpsertJson(View(json), change->state->assume_proven(), ztp::Time{now},
                                  &errors)) {
      return nullptr;
    }
    return FromJson(ZTP_BAD_FACTS, errors);
  });
}

// What the name is in the policy; neither a parameter nor an input: nothing.
ztp::c::AttrNames::Attr FindAttr(const ztp::Schema& schema, std::string_view name) {
  ztp::c::AttrNames::Attr attr;
  attr.name = name;
  if (const auto input = schema.FindInput(name)) {
    attr.is_input = true;
    attr.rank = schema[*input].rank;
  }
  for (const ztp::Action& action : schema.actions) {
    const auto param = action.FindParam(name);
    if (!param) continue;
    attr.is_param = true;
    attr.rank = std::max(attr.rank, action.params[*param].rank);
  }
  return attr;
}

}  // namespace

extern "C" {

ztp_error* ztp_engine_new(const ztp_policy* policy, const ztp_facts* facts,
                          const ztp_engine_options* options, ztp_engine** engine) {
  ZTP_CHECK_OUT(engine);
  *engine = nullptr;
  ZTP_CHECK_ALIVE(policy);
  if (facts != nullptr) ZTP_CHECK_ALIVE(facts);
  if (ztp_error* error = CheckOptions(__func__, options)) return error;
  if (ztp_error* error = CheckFacts(facts, options != nullptr ? options->flags : 0,
                                    GivenTrust(options) != nullptr)) {
    return error;
  }
  return Guarded(__func__, [&]() -> ztp_error* {
    std::shared_ptr<EngineState> state;
    if (ztp_error* error = MakeEngine(policy->policy, facts != nullptr ? facts->snapshot : nullptr,
                                      options, &state)) {
      return error;
    }
    *engine = NewHandle<ztp_engine>(std::move(state));
    return nullptr;
  });
}

ztp_error* ztp_engine_load(ztp_text policy, const ztp_text* facts, size_t facts_count,
                           const ztp_engine_options* options, ztp_engine** engine) {
  ZTP_CHECK_OUT(engine);
  *engine = nullptr;
  ZTP_CHECK_TEXT(policy);
  if (facts == nullptr && facts_count != 0) return NullOutput(__func__, "facts");
  for (size_t i = 0; i < facts_count; ++i) ZTP_CHECK_TEXT(facts[i]);
  if (ztp_error* error = CheckOptions(__func__, options)) return error;
  return Guarded(__func__, [&]() -> ztp_error* {
    const std::string policy_path(View(policy));
    std::vector<std::string> facts_paths;
    for (size_t i = 0; i < facts_count; ++i) facts_paths.emplace_back(View(facts[i]));
    const uint32_t flags = options != nullptr ? options->flags : 0;
    const ztp_signers* const given = GivenSigners(options);
    std::shared_ptr<ztp::SignedFiles> signers = given != nullptr ? given->files : nullptr;
    NamedPolicy loaded_policy;
    Facts loaded_facts;
    if (ztp_error* error = LoadFiles(
            policy_path, facts_paths,
            {.flags = flags, .trust = TrustOf(options), .source = SourceOf(flags, signers.get())},
            &loaded_policy, &loaded_facts)) {
      return error;
    }
    std::shared_ptr<EngineState> state;
    if (ztp_error* error =
            MakeEngine(std::move(loaded_policy), std::move(loaded_facts), options, &state)) {
      return error;
    }
    state->policy_path = policy_path;
    state->facts_paths = std::move(facts_paths);
    state->signers = std::move(signers);
    *engine = NewHandle<ztp_engine>(std::move(state));
    return nullptr;
  });
}

ztp_error* ztp_engine_reload(ztp_engine* engine) {
  ZTP_CHECK_ALIVE(engine);
  EngineState& state = *engine->state;
  if (state.policy_path.empty()) {
    return Misuse(__func__, "the engine was not made by ztp_engine_load: there is no file to read");
  }
  return Guarded(__func__, [&]() -> ztp_error* {
    const std::lock_guard<std::mutex> lock(state.reloads);
    const auto before = state.engine.world();
    Trust trust = before->trust != nullptr ? before->trust->trust() : nullptr;
    NamedPolicy policy;
    Facts facts;
    if (ztp_error* error = LoadFiles(state.policy_path, state.facts_paths,
                                     {.flags = state.flags,
                                      .trust = std::move(trust),
                                      .source = SourceOf(state.flags, state.signers.get())},
                                     &policy, &facts)) {
      return error;
    }
    const absl::Status status = state.engine.Replace(std::move(policy), std::move(facts));
    return status.ok() ? nullptr : FromStatus(status, ZTP_BAD_FACTS);
  });
}

ztp_error* ztp_engine_replace(ztp_engine* engine, const ztp_policy* policy,
                              const ztp_facts* facts) {
  ZTP_CHECK_ALIVE(engine);
  if (policy != nullptr) ZTP_CHECK_ALIVE(policy);
  if (facts != nullptr) ZTP_CHECK_ALIVE(facts);
  if (ztp_error* error = CheckFacts(facts, engine->state->flags, true)) return error;
  return Guarded(__func__, [&]() -> ztp_error* {
    if (ztp_error* error = CheckFacts(facts, engine->state->flags,
                                      engine->state->engine.world()->trust != nullptr)) {
      return error;
    }
    const absl::Status status = engine->state->engine.Replace(
        policy != nullptr ? policy->policy : nullptr, facts != nullptr ? facts->snapshot : nullptr);
    return status.ok() ? nullptr : FromStatus(status, ZTP_BAD_FACTS);
  });
}

ztp_error* ztp_engine_revoke(ztp_engine* engine) {
  ZTP_CHECK_ALIVE(engine);
  engine->state->engine.Revoke();
  return nullptr;
}

uint64_t ztp_engine_generation(const ztp_engine* engine) {
  return Alive(engine) ? engine->state->engine.generation().value() : 0;
}

ztp_policy* ztp_engine_policy(const ztp_engine* engine) {
  if (!Alive(engine)) return nullptr;
  ztp_policy* policy = nullptr;
  ztp_error_free(Guarded(__func__, [&]() -> ztp_error* {
    policy = NewHandle<ztp_policy>(engine->state->engine.world()->named);
    return nullptr;
  }));
  return policy;
}

ztp_facts* ztp_engine_facts(const ztp_engine* engine) {
  if (!Alive(engine)) return nullptr;
  ztp_facts* facts = nullptr;
  ztp_error_free(Guarded(__func__, [&]() -> ztp_error* {
    const auto world = engine->state->engine.world();
    facts = NewHandle<ztp_facts>(world->named, world->facts, engine->state->assume_proven());
    return nullptr;
  }));
  return facts;
}

void ztp_engine_free(ztp_engine* engine) { ztp::c::FreeHandle(engine); }

ztp_error* ztp_engine_attr(ztp_engine* engine, ztp_text name, ztp_attr* attr) {
  ZTP_CHECK_OUT(attr);
  attr->handle = 0;
  ZTP_CHECK_ALIVE(engine);
  ZTP_CHECK_TEXT(name);
  return Guarded(__func__, [&]() -> ztp_error* {
    const auto world = engine->state->engine.world();
    const ztp::Schema& schema = world->schema();
    const ztp::c::AttrNames::Attr found = FindAttr(schema, View(name));
    if (!found.is_param && !found.is_input) {
      std::vector<std::string_view> names;
      for (const ztp::Input& input : schema.inputs) names.push_back(input.name);
      for (const ztp::Action& action : schema.actions) {
        for (const ztp::Param& param : action.params) names.push_back(param.name);
      }
      const std::string near = ztp::DidYouMean(View(name), names);
      return ztp::c::NewError(ZTP_NOT_FOUND,
                              ztp::Cat("no action has a parameter, and the policy no input, `",
                                       View(name), "`", near.empty() ? "" : ": ", near));
    }
    attr->handle = uint64_t{engine->state->number} << 32 | engine->state->attrs.NumberOf(found);
    return nullptr;
  });
}

ztp_error* ztp_change_new(ztp_engine* engine, ztp_change** change) {
  ZTP_CHECK_OUT(change);
  *change = nullptr;
  ZTP_CHECK_ALIVE(engine);
  return Guarded(__func__, [&]() -> ztp_error* {
    *change = NewHandle<ztp_change>(engine->state);
    return nullptr;
  });
}

ztp_error* ztp_change_upsert_json(ztp_change* change, ztp_text json) {
  ZTP_CHECK_ALIVE(change);
  ZTP_CHECK_TEXT(json);
  return UpsertJson(__func__, change, json, ztp_now());
}

ztp_error* ztp_change_upsert_json_at(ztp_change* change, ztp_text json, int64_t now) {
  ZTP_CHECK_ALIVE(change);
  ZTP_CHECK_TEXT(json);
  return UpsertJson(__func__, change, json, now);
}

ztp_error* ztp_change_delete(ztp_change* change, ztp_text type, ztp_text id) {
  ZTP_CHECK_ALIVE(change);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  return Guarded(__func__, [&]() -> ztp_error* {
    const absl::Status status = change->change.Delete(View(type), View(id));
    return status.ok() ? nullptr : FromStatus(status, ZTP_BAD_FACTS);
  });
}

ztp_error* ztp_change_add_parent(ztp_change* change, ztp_text type, ztp_text id,
                                 ztp_text parent_type, ztp_text parent_id) {
  ZTP_CHECK_ALIVE(change);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  ZTP_CHECK_TEXT(parent_type);
  ZTP_CHECK_TEXT(parent_id);
  return Guarded(__func__, [&]() -> ztp_error* {
    const absl::Status status =
        change->change.AddParent(View(type), View(id), View(parent_type), View(parent_id));
    return status.ok() ? nullptr : FromStatus(status, ZTP_BAD_FACTS);
  });
}

ztp_error* ztp_change_add_origin(ztp_change* change, ztp_text type, ztp_text id,
                                 ztp_text origin_type, ztp_text origin_id) {
  ZTP_CHECK_ALIVE(change);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  ZTP_CHECK_TEXT(origin_type);
  ZTP_CHECK_TEXT(origin_id);
  return Guarded(__func__, [&]() -> ztp_error* {
    const absl::Status status =
        change->change.AddOrigin(View(type), View(id), View(origin_type), View(origin_id));
    return status.ok() ? nullptr : FromStatus(status, ZTP_BAD_FACTS);
  });
}

ztp_error* ztp_change_commit(ztp_change* change) {
  ZTP_CHECK_ALIVE(change);
  return Guarded(__func__, [&]() -> ztp_error* {
    const absl::Status status = change->state->engine.Commit(change->change);
    if (!status.ok()) return FromStatus(status, ZTP_BAD_FACTS);
    change->change = ztp::FactsChange(change->state->engine.world());
    return nullptr;
  });
}

void ztp_change_free(ztp_change* change) { ztp::c::FreeHandle(change); }

void ztp_debug(bool on) { ztp::c::debugging = on; }

const char* ztp_version(void) { return ZTP_VERSION; }

}  // extern "C"
