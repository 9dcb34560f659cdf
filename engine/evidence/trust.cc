// See trust.h.
#include "engine/evidence/trust.h"

#include <algorithm>
#include <utility>

#include "engine/base/hex.h"
#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// How far a verifier came: whose evidence it is not at all says less than what is wrong with it.
bool IsAnothers(Check check) {
  return check == Check::kKeyUnknown || check == Check::kAlgorithm || check == Check::kIssuer ||
         check == Check::kChain;
}

std::optional<Refusal> CheckTimes(const ProvenFact& fact, Time now) {
  if (fact.not_before && now < *fact.not_before) {
    return Refuse(Check::kNotYetValid, "it is valid from ", FormatTime(*fact.not_before), " on");
  }
  if (fact.issued_at && now < *fact.issued_at) {
    return Refuse(Check::kIssuedInFuture, "it was issued at ", FormatTime(*fact.issued_at),
                  ", which is yet to come");
  }
  if (now < fact.expires_at) return std::nullopt;
  return Refuse(fact.ends_by_age ? Check::kTooOld : Check::kExpired,
                fact.ends_by_age ? "it is too old for its source since " : "it expired at ",
                FormatTime(fact.expires_at));
}

// The source's maximum age ends a fact as its own expiry does.
std::optional<Refusal> LimitAge(const SourceReader::Common& common, ProvenFact* fact) {
  if (!common.max_age) return std::nullopt;
  if (!fact->issued_at) {
    return Refuse(Check::kClaim, "its age is not known: it does not say when it was issued");
  }
  // Beyond the end of time is no limit.
  int64_t end;
  if (__builtin_add_overflow(fact->issued_at->micros, common.max_age->micros, &end) ||
      __builtin_add_overflow(end, common.leeway.micros, &end) ||
      __builtin_add_overflow(end, common.leeway.micros, &end)) {
    return std::nullopt;
  }
  if (end < fact->expires_at.micros) {
    fact->expires_at = Time{end};
    fact->ends_by_age = true;
  }
  return std::nullopt;
}

}  // namespace

std::string DigestOf(const EvidenceKind& kind, std::string_view evidence) {
  return Sha256Digest(kind.binary ? evidence : Trimmed(evidence));
}

Trust::Trust(Options options)
    : options_(std::move(options)),
      nonces_(options_.max_kept_nonces),
      revocations_(options_.max_revocations),
      cache_(options_.max_cached_facts) {}

std::shared_ptr<Trust> Trust::Read(std::string_view document, Options options,
                                   std::vector<JsonError>* errors) {
  std::shared_ptr<Trust> trust(new Trust(std::move(options)));
  trust->config_ = std::make_shared<const TrustConfig>();
  return trust->Reload(document, errors) ? trust : nullptr;
}

std::shared_ptr<const TrustConfig> Trust::config() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return config_;
}

bool Trust::Put(std::string document, Replacements replaced, std::vector<JsonError>* errors) {
  auto next = ReadTrust(document, options_.read_file, replaced, *config(), errors);
  if (next == nullptr) return false;
  document_ = std::move(document);
  replaced_ = std::move(replaced);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    config_ = std::move(next);
  }
  Changed();
  return true;
}

bool Trust::Reload(std::string_view document, std::vector<JsonError>* errors) {
  const std::lock_guard<std::mutex> lock(writers_);
  return Put(std::string(document), {}, errors);
}

bool Trust::Replace(std::string_view source, std::string_view member, std::string_view bytes,
                    std::vector<JsonError>* errors) {
  const std::lock_guard<std::mutex> lock(writers_);
  if (config()->Find(source) == nullptr) {
    errors->assign(1, {.code = JsonErrorCode::kUnknownMember,
                       .file = {},
                       .path = "$.sources",
                       .message = Cat("there is no source ", Quoted(JsonExcerpt(source))),
                       .help = {}});
    return false;
  }
  Replacements replaced = replaced_;
  replaced[std::string(source)][std::string(member)] = bytes;
  return Put(document_, std::move(replaced), errors);
}

Verified<SharedFact> Trust::Verify(std::string_view source, std::string_view evidence, Time now) {
  const std::shared_ptr<const TrustConfig> config = this->config();
  const auto* found = config->Find(source);
  if (found == nullptr) {
    return Refuse(ztp::evidence::Check::kSource, "there is no source ",
                  Quoted(JsonExcerpt(source)));
  }
  return VerifyAs(**found, evidence, now);
}

Verified<SharedFact> Trust::VerifyFor(std::string_view input, std::string_view kind,
                                      std::string_view evidence, Time now) {
  const std::shared_ptr<const TrustConfig> config = this->config();
  std::optional<Refusal> refusal;
  for (const auto& source : config->sources) {
    if (source->kind->name != kind || !source->MayProve(input)) continue;
    Verified<SharedFact> fact = VerifyAs(*source, evidence, now);
    if (fact.ok()) return fact;
    if (!refusal || (IsAnothers(refusal->check) && !IsAnothers(fact.refusal().check))) {
      refusal = std::move(fact).refusal();
    }
  }
  if (refusal) return *std::move(refusal);
  return Refuse(ztp::evidence::Check::kSource, "no source of the kind ", Quoted(JsonExcerpt(kind)),
                " may prove ", Quoted(JsonExcerpt(input)));
}

Verified<SharedFact> Trust::VerifyAs(const Source& source, std::string_view evidence, Time now) {
  if (evidence.size() > kMaxEvidenceBytes) {
    return Refuse(ztp::evidence::Check::kTooLarge, "evidence of ", evidence.size(),
                  " bytes; at most ", kMaxEvidenceBytes, " are read");
  }
  if (!source.kind->binary) evidence = Trimmed(evidence);
  const std::string sha256 = Sha256Bytes(evidence);
  SharedFact fact = cache_.Find(sha256, source.serial);
  if (fact == nullptr) {
    ZTP_VERIFY_OR_RETURN(ProvenFact verified, source.verifier->Verify(evidence, now));
    if (auto refusal = LimitAge(source.common, &verified)) return *std::move(refusal);
    verified.kind = source.kind;
    verified.source = source.name;
    verified.source_serial = source.serial;
    verified.digest = Cat("sha256:", Hex(sha256));
    fact = std::make_shared<const ProvenFact>(std::move(verified));
    cache_.Add(sha256, fact);
  }
  if (auto refusal = CheckTimes(*fact, now)) return *std::move(refusal);
  if (auto refusal = revocations_.Find(*fact)) return *std::move(refusal);
  if (source.common.nonce_required) {
    if (!fact->nonce) return Refuse(ztp::evidence::Check::kNonce, "the evidence has no nonce");
    if (auto refusal = nonces_.Use(*fact->nonce, now)) return *std::move(refusal);
  }
  if (!fact->once.empty()) {
    if (auto refusal = nonces_.UseOnce(fact->once, now, fact->expires_at))
      return *std::move(refusal);
  }
  return fact;
}

std::optional<Refusal> Trust::CheckSource(const ProvenFact& fact) const {
  const std::shared_ptr<const TrustConfig> config = this->config();
  const auto* source = config->Find(fact.source);
  if (source == nullptr || (*source)->serial != fact.source_serial) {
    return Refuse(ztp::evidence::Check::kKeyUnknown,
                  "the keys or settings of its source are others by now: verify it again");
  }
  return std::nullopt;
}

std::optional<Refusal> Trust::Check(const ProvenFact& fact, Time now) const {
  if (auto refusal = CheckSource(fact)) return refusal;
  if (auto refusal = CheckTimes(fact, now)) return refusal;
  return revocations_.Find(fact);
}

std::optional<Refusal> Trust::CheckStanding(const ProvenFact& fact) const {
  if (auto refusal = CheckSource(fact)) return refusal;
  return revocations_.Find(fact);
}

absl::Status Trust::Revoke(RevocationEntry entry, Time now) {
  ZTP_RETURN_IF_ERROR(revocations_.Add(std::move(entry), now));
  Changed();
  return absl::OkStatus();
}

Verified<size_t> Trust::Receive(std::string_view event, Time now) {
  const std::shared_ptr<const TrustConfig> config = this->config();
  std::optional<Refusal> refusal;
  for (const Transmitter& transmitter : config->transmitters) {
    auto verified = VerifySecurityEvent(Trimmed(event), transmitter.keys, transmitter.policy, now);
    if (!verified.ok()) {
      if (!refusal || IsAnothers(refusal->check)) refusal = std::move(verified).refusal();
      continue;
    }
    for (RevocationEntry& entry : verified->revocations) {
      const absl::Status added = revocations_.Add(std::move(entry), now);
      if (!added.ok()) {
        Changed();
        return Refuse(ztp::evidence::Check::kRevoked, Message(added));
      }
    }
    if (!verified->revocations.empty()) Changed();
    return verified->revocations.size();
  }
  if (refusal) return *std::move(refusal);
  return Refuse(ztp::evidence::Check::kSource, "nobody may send security events");
}

void Trust::Changed() {
  generation_.fetch_add(1, std::memory_order_acq_rel);
  const std::lock_guard<std::mutex> lock(listeners_mutex_);
  // Those behind one that runs out of memory hear of it too; where that fails as well, the process
  // ends rather than going on by what was voided.
  struct Rest {
    decltype(listeners_)::const_iterator next, end;
    ~Rest() {
      while (next != end) (next++)->second();
    }
  } rest{listeners_.begin(), listeners_.end()};
  while (rest.next != rest.end) (rest.next++)->second();
}

std::unique_ptr<Trust::Subscription> Trust::Listen(std::shared_ptr<Trust> trust,
                                                   std::function<void()> on_change) {
  const std::lock_guard<std::mutex> lock(trust->listeners_mutex_);
  const uint64_t id = trust->next_listener_++;
  trust->listeners_.emplace(id, std::move(on_change));
  return std::unique_ptr<Subscription>(new Subscription(trust, id));
}

Trust::Subscription::~Subscription() {
  const std::lock_guard<std::mutex> lock(trust_->listeners_mutex_);
  trust_->listeners_.erase(id_);
}

}  // namespace ztp::evidence
