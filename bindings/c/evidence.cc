// Evidence: trust configurations, proofs, and the inputs of requests that they fill.
#include <mutex>
#include <string>
#include <utility>

#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "bindings/c/request.h"
#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/evidence/fact_json.h"
#include "engine/facts/json_fill.h"
#include "engine/runtime/load_trust.h"

using ztp::c::FromJson;
using ztp::c::FromStatus;
using ztp::c::Guarded;
using ztp::c::Misuse;
using ztp::c::NewError;
using ztp::c::NewHandle;
using ztp::c::Text;
using ztp::c::View;
using ztp::evidence::ProvenFact;
using ztp::evidence::Refusal;
using ztp::evidence::RevocationEntry;
using ztp::evidence::SharedFact;
using ztp::evidence::Trust;

namespace ztp::c {

void ApplyEvidence(ztp_request* request, const World& world) {
  BoundEvidence& evidence = request->evidence;
  const Schema& schema = world.schema();
  const bool same_trust = evidence.trust == world.trust;
  evidence.trust = world.trust;
  // Read before anything is checked: what is voided meanwhile is noticed at the next decision.
  const uint64_t generation =
      world.trust == nullptr ? 0
                             : world.trust->trust()->generation().load(std::memory_order_acquire);
  using Checked = evidence::PolicyTrust::Checked;
  for (BoundEvidence::Slot& slot : evidence.slots) {
    const auto input = schema.FindInput(slot.input);
    if (!input) {
      slot.refusal = evidence::Refuse(evidence::Check::kSource, "the policy has no input `",
                                      slot.input, "` any more");
      continue;
    }
    if (world.trust == nullptr) {
      MakeAbsent(&request->plain.inputs[input->index], Fact::State::kMissing);
      slot.refusal =
          evidence::Refuse(evidence::Check::kSource, "the engine takes no evidence any more");
    } else {
      const bool checked =
          same_trust && !slot.refusal && slot.checked && evidence.generation == generation;
      slot.refusal = world.trust->Bind(*slot.fact, *input, *world.facts, &request->plain,
                                       checked ? Checked::kAlready : Checked::kNo);
      slot.checked = true;
    }
    request->ChangeValue({Place::kInput, input->index});
  }
  evidence.generation = generation;
}

std::vector<EvidenceOutcome> OutcomesOf(const ztp_request& request) {
  std::vector<EvidenceOutcome> outcomes;
  for (const BoundEvidence::Slot& slot : request.evidence.slots) {
    EvidenceOutcome& outcome = outcomes.emplace_back(evidence::OutcomeOf(*slot.fact));
    outcome.input = slot.input;
    if (!slot.refusal) continue;
    outcome.check = evidence::NameOf(slot.refusal->check);
    outcome.message = slot.refusal->message;
  }
  return outcomes;
}

namespace {

Time At(int64_t micros) { return Time{micros}; }

// A configuration that could be read, or everything that is wrong with it.
ztp_error* Made(const absl::Status& status, std::shared_ptr<Trust> made,
                const std::vector<JsonError>& errors, std::string path, ztp_trust** trust) {
  if (!status.ok()) return FromStatus(status, ZTP_BAD_TRUST);
  if (!errors.empty()) return FromJson(ZTP_BAD_TRUST, errors);
  *trust = NewHandle<ztp_trust>(std::move(made), std::move(path));
  return nullptr;
}

RevocationEntry EntryOf(const ztp_revocation& revocation) {
  const auto time = [](int64_t micros) {
    return micros == ZTP_FOREVER ? std::nullopt : std::optional<Time>(Time{micros});
  };
  return {.digest = std::string(View(revocation.digest)),
          .id = std::string(View(revocation.id)),
          .session = std::string(View(revocation.session)),
          .subject = std::string(View(revocation.subject)),
          .issuer = std::string(View(revocation.issuer)),
          .issued_until = time(revocation.issued_until),
          .forget_at = time(revocation.forget_at),
          .reason = std::string(View(revocation.reason))};
}

}  // namespace
}  // namespace ztp::c

extern "C" {

ztp_error* ztp_trust_load(ztp_text path, ztp_trust** trust) {
  ZTP_CHECK_OUT(trust);
  *trust = nullptr;
  ZTP_CHECK_TEXT(path);
  return Guarded(__func__, [&] {
    std::shared_ptr<Trust> made;
    std::vector<ztp::JsonError> errors;
    std::string file(View(path));
    const absl::Status status = ztp::LoadTrust(file, {}, &made, &errors);
    return ztp::c::Made(status, std::move(made), errors, std::move(file), trust);
  });
}

ztp_error* ztp_trust_read(ztp_text json, ztp_trust** trust) {
  ZTP_CHECK_OUT(trust);
  *trust = nullptr;
  ZTP_CHECK_TEXT(json);
  return Guarded(__func__, [&] {
    std::vector<ztp::JsonError> errors;
    auto made = Trust::Read(View(json), {}, &errors);
    return ztp::c::Made(absl::OkStatus(), std::move(made), errors, "", trust);
  });
}

ztp_error* ztp_trust_reload(ztp_trust* trust) {
  ZTP_CHECK_ALIVE(trust);
  if (trust->path.empty()) {
    return Misuse(__func__, "it was not made by ztp_trust_load: there is no file to read");
  }
  return Guarded(__func__, [&]() -> ztp_error* {
    std::vector<ztp::JsonError> errors;
    const absl::Status status = ztp::ReloadTrust(trust->path, *trust->trust, &errors);
    if (!status.ok()) return FromStatus(status, ZTP_BAD_TRUST);
    return errors.empty() ? nullptr : FromJson(ZTP_BAD_TRUST, errors);
  });
}

ztp_error* ztp_trust_replace(ztp_trust* trust, ztp_text source, ztp_text member, ztp_text bytes) {
  ZTP_CHECK_ALIVE(trust);
  ZTP_CHECK_TEXT(source);
  ZTP_CHECK_TEXT(member);
  ZTP_CHECK_TEXT(bytes);
  return Guarded(__func__, [&]() -> ztp_error* {
    std::vector<ztp::JsonError> errors;
    if (trust->trust->Replace(View(source), View(member), View(bytes), &errors)) return nullptr;
    return FromJson(ZTP_BAD_TRUST, errors);
  });
}

void ztp_trust_free(ztp_trust* trust) { ztp::c::FreeHandle(trust); }

ztp_error* ztp_engine_use_trust(ztp_engine* engine, ztp_trust* trust) {
  ZTP_CHECK_ALIVE(engine);
  if (trust != nullptr) ZTP_CHECK_ALIVE(trust);
  return Guarded(__func__, [&]() -> ztp_error* {
    const absl::Status status =
        engine->state->engine.UseTrust(trust != nullptr ? trust->trust : nullptr);
    return status.ok() ? nullptr : FromStatus(status, ZTP_BAD_TRUST);
  });
}

ztp_error* ztp_trust_nonce(ztp_trust* trust, int64_t now, int64_t lifetime,
                           char nonce[ZTP_NONCE_SIZE]) {
  ZTP_CHECK_OUT(nonce);
  nonce[0] = '\0';
  ZTP_CHECK_ALIVE(trust);
  return Guarded(__func__, [&]() -> ztp_error* {
    const std::string made = trust->trust->nonces().Make(ztp::c::At(now), ztp::Duration{lifetime});
    static_assert(ZTP_NONCE_SIZE == (ztp::evidence::kNonceBytes * 4 + 2) / 3 + 1);
    made.copy(nonce, ZTP_NONCE_SIZE - 1);
    nonce[ZTP_NONCE_SIZE - 1] = '\0';
    return nullptr;
  });
}

ztp_error* ztp_trust_expect_nonce(ztp_trust* trust, ztp_text nonce, int64_t now, int64_t until) {
  ZTP_CHECK_ALIVE(trust);
  ZTP_CHECK_TEXT(nonce);
  return Guarded(__func__, [&]() -> ztp_error* {
    const absl::Status status =
        trust->trust->nonces().Expect(View(nonce), ztp::c::At(now), ztp::c::At(until));
    return status.ok() ? nullptr : FromStatus(status, ZTP_MISUSE);
  });
}

ztp_error* ztp_evidence_verify(ztp_trust* trust, ztp_text source, ztp_text evidence, int64_t now,
                               ztp_proof** proof) {
  ZTP_CHECK_OUT(proof);
  *proof = nullptr;
  ZTP_CHECK_ALIVE(trust);
  ZTP_CHECK_TEXT(source);
  ZTP_CHECK_TEXT(evidence);
  return Guarded(__func__, [&]() -> ztp_error* {
    auto fact = trust->trust->Verify(View(source), View(evidence), ztp::c::At(now));
    if (!fact.ok()) return ztp::c::FromRefusal(fact.refusal());
    *proof = NewHandle<ztp_proof>(trust->trust, *std::move(fact));
    return nullptr;
  });
}

ztp_error* ztp_proof_check(const ztp_proof* proof, int64_t now) {
  ZTP_CHECK_ALIVE(proof);
  return Guarded(__func__, [&]() -> ztp_error* {
    const auto refusal = proof->trust->Check(*proof->fact, ztp::c::At(now));
    return refusal ? ztp::c::FromRefusal(*refusal) : nullptr;
  });
}

ztp_error* ztp_proof_info_get(const ztp_proof* proof, ztp_proof_info* info) {
  ZTP_CHECK_OUT(info);
  if (info->struct_size < sizeof(ztp_proof_info)) {
    return Misuse(__func__, "`info->struct_size` is not set: begin with ZTP_PROOF_INFO_INIT");
  }
  const size_t size = info->struct_size;
  *info = ZTP_PROOF_INFO_INIT;
  info->struct_size = size;
  ZTP_CHECK_ALIVE(proof);
  const ProvenFact& fact = *proof->fact;
  info->source = Text(fact.source);
  info->kind = Text(fact.kind->name);
  info->subject = Text(fact.subjects.empty() ? std::string_view("") : fact.subjects.front());
  info->issuer = Text(fact.issuer);
  info->anchor = Text(fact.anchor);
  info->digest = Text(fact.digest);
  info->issued_at = fact.issued_at ? fact.issued_at->micros : INT64_MIN;
  info->expires_at = fact.expires_at.micros;
  return nullptr;
}

ztp_error* ztp_proof_json(const ztp_proof* proof, ztp_text* json) {
  ZTP_CHECK_OUT(json);
  *json = Text("");
  ZTP_CHECK_ALIVE(proof);
  return Guarded(__func__, [&]() -> ztp_error* {
    std::call_once(proof->written, [&] { proof->json = ztp::evidence::FactToJson(*proof->fact); });
    *json = Text(proof->json);
    return nullptr;
  });
}

void ztp_proof_free(ztp_proof* proof) { ztp::c::FreeHandle(proof); }

ztp_error* ztp_trust_revoke(ztp_trust* trust, const ztp_revocation* revocation, int64_t now) {
  ZTP_CHECK_ALIVE(trust);
  ZTP_CHECK_OUT(revocation);
  if (revocation->struct_size < sizeof(ztp_revocation)) {
    return Misuse(__func__, "`revocation->struct_size` is not set: begin with ZTP_REVOCATION_INIT");
  }
  for (const ztp_text text : {revocation->digest, revocation->id, revocation->session,
                              revocation->subject, revocation->issuer, revocation->reason}) {
    ZTP_CHECK_TEXT(text);
  }
  return Guarded(__func__, [&]() -> ztp_error* {
    const absl::Status status = trust->trust->Revoke(ztp::c::EntryOf(*revocation), ztp::c::At(now));
    return status.ok() ? nullptr : FromStatus(status, ZTP_MISUSE);
  });
}

ztp_error* ztp_trust_receive(ztp_trust* trust, ztp_text event, int64_t now, size_t* revocations) {
  if (revocations != nullptr) *revocations = 0;
  ZTP_CHECK_ALIVE(trust);
  ZTP_CHECK_TEXT(event);
  return Guarded(__func__, [&]() -> ztp_error* {
    const auto received = trust->trust->Receive(View(event), ztp::c::At(now));
    if (!received.ok()) return ztp::c::FromRefusal(received.refusal());
    if (revocations != nullptr) *revocations = *received;
    return nullptr;
  });
}

ztp_error* ztp_set_evidence(ztp_request* request, ztp_attr input, const ztp_proof* proof) {
  ZTP_CHECK_ALIVE(request);
  ZTP_CHECK_ALIVE(request->session);
  ZTP_CHECK_ALIVE(proof);
  return Guarded(__func__, [&]() -> ztp_error* {
    const ztp::World& world = request->session->Refresh();
    if (ztp_error* error = ztp::c::UsePolicyInForce(request, world)) return error;
    ztp_error* error = nullptr;
    const ztp::c::Place place = ztp::c::PlaceOf(*request, input, "ztp_set_evidence", &error);
    if (error != nullptr) return error;
    const ztp::Schema& schema = world.schema();
    if (place.kind != ztp::c::Place::kInput ||
        schema.inputs[place.index].rank != ztp::Rank::kProven) {
      return NewError(ZTP_BAD_REQUEST, "ztp_set_evidence: this is no proven input");
    }
    if (world.trust == nullptr) {
      return Misuse("ztp_set_evidence", "the engine takes no evidence: see ztp_engine_use_trust");
    }
    const auto refusal = world.trust->MayProve(*proof->fact, ztp::InputId{place.index});
    if (refusal) return ztp::c::FromRefusal(*refusal);
    request->evidence.Set(schema.inputs[place.index].name, proof->fact);
    request->ChangeValue(place);
    return nullptr;
  });
}

}  // extern "C"
