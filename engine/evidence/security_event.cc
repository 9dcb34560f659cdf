// See security_event.h.
#include "engine/evidence/security_event.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/evidence/jwt.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kCaep = "https://schemas.openid.net/secevent/caep/event-type/";

bool Contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// RFC 9493: one identifier into what it names. Formats that name nothing here are left out.
std::optional<Refusal> ReadSubject(const Claims& subject, const SecurityEventPolicy& policy,
                                   bool is_session, RevocationEntry* entry) {
  ZTP_VERIFY_OR_RETURN(const std::string format, subject.RequiredText("format"));
  std::string& name = is_session ? entry->session : entry->subject;
  if (entry->issuer.empty()) entry->issuer = policy.subjects_issuer;
  if (format == "iss_sub") {
    ZTP_VERIFY_OR_RETURN(entry->issuer, subject.RequiredText("iss"));
    ZTP_VERIFY_OR_RETURN(name, subject.RequiredText("sub"));
  } else if (format == "opaque") {
    ZTP_VERIFY_OR_RETURN(name, subject.RequiredText("id"));
  } else if (format == "email") {
    ZTP_VERIFY_OR_RETURN(name, subject.RequiredText("email"));
  } else if (format == "uri") {
    ZTP_VERIFY_OR_RETURN(name, subject.RequiredText("uri"));
  } else if (format == "jwt_id") {
    ZTP_VERIFY_OR_RETURN(entry->issuer, subject.RequiredText("iss"));
    ZTP_VERIFY_OR_RETURN(entry->id, subject.RequiredText("jti"));
  } else {
    return Refuse(Check::kClaim, "the subject's format ", Quoted(JsonExcerpt(format)),
                  " is not known, so nobody knows whom it concerns");
  }
  return std::nullopt;
}

// Of a complex subject the narrowest part counts: a session, else a device, else a user.
std::optional<Refusal> ReadSubjects(const Claims& subject, const SecurityEventPolicy& policy,
                                    RevocationEntry* entry) {
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> format, subject.Text("format"));
  if (format && format != "complex") return ReadSubject(subject, policy, false, entry);
  for (const char* part : {"session", "device", "user"}) {
    ZTP_VERIFY_OR_RETURN(const std::optional<Claims> named, subject.Object(part));
    if (!named) continue;
    return ReadSubject(*named, policy, std::string_view(part) == "session", entry);
  }
  return Refuse(Check::kClaim, "the event's subject is neither a session, a device nor a user");
}

struct Envelope {
  SecurityEvent event;
  Time issued_at;
};

std::optional<Refusal> ReadEnvelope(const Claims& claims, const SecurityEventPolicy& policy,
                                    Time now, Envelope* envelope) {
  ZTP_VERIFY_OR_RETURN(envelope->event.issuer, claims.RequiredText("iss"));
  if (!Contains(policy.issuers, envelope->event.issuer)) {
    return Refuse(Check::kIssuer, "an event by ", Quoted(JsonExcerpt(envelope->event.issuer)),
                  ", who is not the transmitter");
  }
  ZTP_VERIFY_OR_RETURN(const auto audiences, claims.Texts("aud", kMaxAudiences));
  const bool ours =
      audiences && std::any_of(audiences->begin(), audiences->end(),
                               [&](const auto& a) { return Contains(policy.audiences, a); });
  if (!ours) return Refuse(Check::kAudience, "the event is not for this service");
  ZTP_VERIFY_OR_RETURN(envelope->event.id, claims.RequiredText("jti"));
  ZTP_VERIFY_OR_RETURN(const std::optional<Time> issued_at, claims.Date("iat"));
  if (!issued_at) return Refuse(Check::kClaim, "the event does not say when it was issued");
  if (now.micros + kMaxLeeway.micros < issued_at->micros) {
    return Refuse(Check::kIssuedInFuture, "the event was issued at ", FormatTime(*issued_at),
                  ", which is yet to come");
  }
  envelope->issued_at = *issued_at;
  return std::nullopt;
}

}  // namespace

Verified<SecurityEvent> VerifySecurityEvent(std::string_view token, const JwkSet& keys,
                                            const SecurityEventPolicy& policy, Time now) {
  ZTP_VERIFY_OR_RETURN(const Jws jws, VerifyJws(token, keys, {.algorithms = policy.algorithms}));
  // Section 2.3: the type keeps events from being taken for other tokens, and the other way round.
  if (jws.type != "secevent+jwt" && jws.type != "application/secevent+jwt") {
    return Refuse(Check::kMalformed, "the token is no security event: its `typ` must say so");
  }
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(jws.payload, JsonPath(), &error) || tree.root().kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "the claims of an event are no JSON object");
  }
  const Claims claims(tree, tree.root());
  Envelope envelope;
  if (auto refusal = ReadEnvelope(claims, policy, now, &envelope)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(const Claims events, claims.RequiredObject("events"));
  ZTP_VERIFY_OR_RETURN(const std::optional<Claims> subject, claims.Object("sub_id"));
  for (const char* type : {"session-revoked", "device-compliance-change", "credential-change"}) {
    ZTP_VERIFY_OR_RETURN(const std::optional<Claims> event, events.Object(Cat(kCaep, type)));
    if (!event) continue;
    if (std::string_view(type) == "device-compliance-change") {
      ZTP_VERIFY_OR_RETURN(const std::string status, event->RequiredText("current_status"));
      if (status == "compliant") continue;
    }
    RevocationEntry entry;
    entry.reason = Cat(type, " by ", JsonExcerpt(envelope.event.issuer));
    ZTP_VERIFY_OR_RETURN(const std::optional<Time> at, event->Date("event_timestamp"));
    entry.issued_until = at ? *at : envelope.issued_at;
    // Drafts of CAEP have the subject within the event.
    ZTP_VERIFY_OR_RETURN(const std::optional<Claims> own, event->Object("subject"));
    const Claims* about = own ? &*own : subject ? &*subject : nullptr;
    if (about == nullptr) return Refuse(Check::kClaim, "the event does not say whom it is about");
    if (auto refusal = ReadSubjects(*about, policy, &entry)) return *std::move(refusal);
    envelope.event.revocations.push_back(std::move(entry));
  }
  return std::move(envelope.event);
}

}  // namespace ztp::evidence
