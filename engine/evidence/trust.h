// Whom a host believes about what, and what was verified under that: the evidence API.
//
// Boundary: bytes and a clock in, proven facts out. The configuration is the host's JSON document
// (README.md has its form); policies meet it in policy_trust.h. Every function may be called by any
// thread at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/evidence/fact_cache.h"
#include "engine/evidence/nonces.h"
#include "engine/evidence/revocations.h"
#include "engine/evidence/trust_document.h"
#include "engine/facts/json_error.h"

namespace ztp::evidence {

// "sha256:…" of evidence as facts have it: of text, what is left without white space around it.
std::string DigestOf(const EvidenceKind& kind, std::string_view evidence);

class Trust {
 public:
  struct Options {
    ReadFileFunction read_file;  // null: the document may name no files
    size_t max_cached_facts = size_t{1} << 14;
    size_t max_kept_nonces = size_t{1} << 16;
    size_t max_revocations = size_t{1} << 20;
  };
  // Null: *errors says what is wrong, each with its JSON path.
  static std::shared_ptr<Trust> Read(std::string_view document, Options options,
                                     std::vector<JsonError>* errors);

  // Puts another document in the place of the first; sources that are as they were keep what was
  // verified, all other facts are void. False: *errors says why, and all is as before.
  bool Reload(std::string_view document, std::vector<JsonError>* errors);
  // Puts other bytes in the place of a member of a source (`keys`, `bundle`, `crls`; of what stands
  // within a source, `host.crls`, `federated[0].bundle`), as a host that fetches them does; facts
  // of that source are void. Reload goes back to what the document says. False: as before, *errors
  // says why.
  bool Replace(std::string_view source, std::string_view member, std::string_view bytes,
               std::vector<JsonError>* errors);

  std::shared_ptr<const TrustConfig> config() const;

  // What evidence proves as evidence of one source. kSource: there is no such source; else what its
  // verifier or Check refuses it for, and kNonce, kReplay where the source demands a nonce, which
  // this uses up; kReplay, too, of evidence that counts once, which this does for good.
  Verified<SharedFact> Verify(std::string_view source, std::string_view evidence, Time now);
  // The same of whichever source of the kind may prove the input, in the document's order.
  Verified<SharedFact> VerifyFor(std::string_view input, std::string_view kind,
                                 std::string_view evidence, Time now);

  // Does a fact that was proven earlier still count? kKeyUnknown: its source's keys or settings are
  // no longer those that verified it; kNotYetValid, kIssuedInFuture, kTooOld, kExpired; kRevoked.
  // Allocates only to refuse.
  std::optional<Refusal> Check(const ProvenFact& fact, Time now) const;
  // The same apart from time: kKeyUnknown, kRevoked.
  std::optional<Refusal> CheckStanding(const ProvenFact& fact) const;

  // InvalidArgument, ResourceExhausted: Revocations::Add. Ends every lease of those that listen.
  absl::Status Revoke(RevocationEntry entry, Time now);
  // A security event (a SET, RFC 8417, as it was pushed by RFC 8935) of one of the transmitters:
  // revokes what it says is over. How many revocations it came to; kSource: there are no
  // transmitters; else VerifySecurityEvent's refusals. ResourceExhausted makes kRevoked: the host
  // must withdraw keys.
  Verified<size_t> Receive(std::string_view event, Time now);

  Nonces& nonces() { return nonces_; }

  // Counts whatever may void facts. Who holds facts checks them again when it has moved.
  const std::atomic<uint64_t>& generation() const { return generation_; }

  // Calls `on_change` whenever the generation has moved, until the subscription ends; not after.
  class Subscription {
   public:
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    friend class Trust;
    Subscription(std::shared_ptr<Trust> trust, uint64_t id) : trust_(std::move(trust)), id_(id) {}
    std::shared_ptr<Trust> trust_;
    uint64_t id_;
  };
  static std::unique_ptr<Subscription> Listen(std::shared_ptr<Trust> trust,
                                              std::function<void()> on_change);

 private:
  explicit Trust(Options options);

  bool Put(std::string document, Replacements replaced, std::vector<JsonError>* errors);
  void Changed();
  std::optional<Refusal> CheckSource(const ProvenFact& fact) const;
  Verified<SharedFact> VerifyAs(const Source& source, std::string_view evidence, Time now);

  const Options options_;
  Nonces nonces_;
  Revocations revocations_;
  FactCache cache_;
  std::atomic<uint64_t> generation_ = 1;

  mutable std::mutex mutex_;
  std::shared_ptr<const TrustConfig> config_;

  std::mutex writers_;  // one after the other; of what follows
  std::string document_;
  Replacements replaced_;

  std::mutex listeners_mutex_;
  uint64_t next_listener_ = 0;
  std::map<uint64_t, std::function<void()>> listeners_;
};

}  // namespace ztp::evidence
