// What was revoked: evidence by its digest, by whom it is about, by session or token, or all that
// an issuer said before some time.
//
// Boundary: a list that facts are held against. Where revocations come from (an operator, a signed
// event: security_event.h) and whose leases end with one, the callers know.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "engine/core/time.h"
#include "engine/evidence/proven_fact.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

// Every member that is set must fit for a fact to be revoked; one of the texts is set.
struct RevocationEntry {
  std::string digest;   // "sha256:…" of evidence
  std::string id;       // `jti`, or a certificate's serial number
  std::string session;  // `sid`
  std::string subject;  // any of ProvenFact::subjects
  std::string issuer;
  std::optional<Time>
      issued_until;               // what was issued later counts; evidence without a time does not
  std::optional<Time> forget_at;  // by then all that it concerns has expired; absent: never
  std::string reason;             // for people
};

// Any thread at any time.
class Revocations {
 public:
  explicit Revocations(size_t max_entries = size_t{1} << 20) : max_entries_(max_entries) {}

  // InvalidArgument: it names nothing. ResourceExhausted: there are too many; withdraw the keys.
  absl::Status Add(RevocationEntry entry, Time now);

  // kRevoked, or nothing. Costs a load where nothing was ever revoked.
  std::optional<Refusal> Find(const ProvenFact& fact) const;

  size_t size() const { return count_.load(std::memory_order_acquire); }

 private:
  using Entries = absl::flat_hash_map<std::string, std::vector<RevocationEntry>>;
  enum Key { kDigest, kId, kSession, kSubject, kIssuer, kKeys };

  const RevocationEntry* Look(Key key, std::string_view text, const ProvenFact& fact) const;
  void Forget(Time now);

  const size_t max_entries_;
  mutable std::shared_mutex mutex_;
  Entries entries_[kKeys];  // each entry under the first of its texts, in this order
  std::atomic<size_t> count_ = 0;
};

}  // namespace ztp::evidence
