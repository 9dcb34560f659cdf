// See revocations.h.
#include "engine/evidence/revocations.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::evidence {
namespace {

bool Fits(const RevocationEntry& entry, const ProvenFact& fact) {
  const auto is = [](const std::string& wanted, const std::string& found) {
    return wanted.empty() || wanted == found;
  };
  const auto& subjects = fact.subjects;
  return is(entry.digest, fact.digest) && is(entry.id, fact.id) &&
         is(entry.session, fact.session) && is(entry.issuer, fact.issuer) &&
         (entry.subject.empty() ||
          std::find(subjects.begin(), subjects.end(), entry.subject) != subjects.end()) &&
         (!entry.issued_until || !fact.issued_at || *fact.issued_at <= *entry.issued_until);
}

}  // namespace

absl::Status Revocations::Add(RevocationEntry entry, Time now) {
  const std::string* const texts[kKeys] = {&entry.digest, &entry.id, &entry.session, &entry.subject,
                                           &entry.issuer};
  const auto key = std::find_if(std::begin(texts), std::end(texts),
                                [](const std::string* text) { return !text->empty(); });
  if (key == std::end(texts)) {
    return InvalidArgument(
        "a revocation must name a digest, an id, a session, a subject or an "
        "issuer");
  }
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  if (count_ >= max_entries_) Forget(now);
  if (count_ >= max_entries_) {
    return ResourceExhausted("there are ", max_entries_, " revocations already");
  }
  std::vector<RevocationEntry>& same = entries_[key - std::begin(texts)][**key];
  same.push_back(std::move(entry));
  count_.fetch_add(1, std::memory_order_acq_rel);
  return absl::OkStatus();
}

void Revocations::Forget(Time now) {
  size_t left = 0;
  for (Entries& entries : entries_) {
    for (auto at = entries.begin(); at != entries.end();) {
      const auto next = std::next(at);
      std::erase_if(at->second, [&](const RevocationEntry& entry) {
        return entry.forget_at && *entry.forget_at <= now;
      });
      left += at->second.size();
      if (at->second.empty()) entries.erase(at);
      at = next;
    }
  }
  count_ = left;
}

const RevocationEntry* Revocations::Look(Key key, std::string_view text,
                                         const ProvenFact& fact) const {
  if (text.empty()) return nullptr;
  const auto at = entries_[key].find(ToAbsl(text));
  if (at == entries_[key].end()) return nullptr;
  for (const RevocationEntry& entry : at->second) {
    if (Fits(entry, fact)) return &entry;
  }
  return nullptr;
}

std::optional<Refusal> Revocations::Find(const ProvenFact& fact) const {
  if (size() == 0) return std::nullopt;
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const RevocationEntry* found = Look(kDigest, fact.digest, fact);
  if (found == nullptr) found = Look(kId, fact.id, fact);
  if (found == nullptr) found = Look(kSession, fact.session, fact);
  for (size_t i = 0; found == nullptr && i < fact.subjects.size(); ++i) {
    found = Look(kSubject, fact.subjects[i], fact);
  }
  if (found == nullptr) found = Look(kIssuer, fact.issuer, fact);
  if (found == nullptr) return std::nullopt;
  return Refuse(Check::kRevoked, "it was revoked", found->reason.empty() ? "" : ": ",
                found->reason);
}

}  // namespace ztp::evidence
