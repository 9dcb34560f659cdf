// See nonces.h. A nonce is 8 bytes of its end (microseconds, big-endian), 8 of chance, and the
// first 16 of HMAC-SHA-256 over both.
#include "engine/evidence/nonces.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

#include "engine/base/hex.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/evidence/base64.h"

namespace ztp::evidence {
namespace {

constexpr size_t kEndBytes = 8;
constexpr size_t kChanceBytes = 8;
constexpr size_t kSignedBytes = kEndBytes + kChanceBytes;
constexpr size_t kMaxForeignBytes = 256;

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Without chance there is no nonce that could be given out.
void FillWithChance(std::string& text, size_t from) {
  if (RAND_bytes(Bytes(text) + from, static_cast<int>(text.size() - from)) != 1) std::abort();
}

std::string Signature(const std::string& key, std::string_view text) {
  std::string mac(32, '\0');
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), Bytes(mac),
           &size) == nullptr) {
    std::abort();
  }
  mac.resize(kNonceBytes - kSignedBytes);
  return mac;
}

// The 32 bytes in whichever of its forms; empty: it has none of them.
std::string OwnForm(std::string_view nonce) {
  if (nonce.size() == kNonceBytes) return std::string(nonce);
  std::string bytes;
  if (nonce.size() == 2 * kNonceBytes) {
    for (size_t i = 0; i < nonce.size(); i += 2) {
      const int high = HexDigit(nonce[i]), low = HexDigit(nonce[i + 1]);
      if (high < 0 || low < 0) return {};
      bytes += static_cast<char>(high << 4 | low);
    }
  } else if (const auto decoded = DecodeBase64url(nonce)) {
    bytes = *decoded;
  }
  return bytes.size() == kNonceBytes ? bytes : std::string();
}

// When a nonce of ours ends; nothing: it is not ours.
std::optional<Time> EndOf(const std::string& key, std::string_view nonce) {
  const std::string mac = Signature(key, nonce.substr(0, kSignedBytes));
  if (CRYPTO_memcmp(mac.data(), nonce.data() + kSignedBytes, mac.size()) != 0) return std::nullopt;
  uint64_t micros = 0;
  for (size_t i = 0; i < kEndBytes; ++i) micros = micros << 8 | static_cast<uint8_t>(nonce[i]);
  return Time{static_cast<int64_t>(micros)};
}

}  // namespace

Nonces::Nonces(size_t max_kept) : max_kept_(max_kept), key_(32, '\0') { FillWithChance(key_, 0); }

std::string Nonces::Make(Time now, Duration lifetime) {
  lifetime = std::clamp(lifetime, Duration{}, kMaxNonceLifetime);
  const auto end = static_cast<uint64_t>(now.micros + lifetime.micros);
  std::string nonce(kSignedBytes, '\0');
  for (size_t i = 0; i < kEndBytes; ++i) nonce[i] = static_cast<char>(end >> (56 - 8 * i));
  FillWithChance(nonce, kEndBytes);
  nonce += Signature(key_, nonce);
  return EncodeBase64url(nonce);
}

bool Nonces::MakeRoom(Time now) {
  if (kept_.size() < max_kept_) return true;
  for (auto at = kept_.begin(); at != kept_.end();) {
    const auto next = std::next(at);
    if (at->second.until <= now) kept_.erase(at);
    at = next;
  }
  return kept_.size() < max_kept_;
}

absl::Status Nonces::Expect(std::string_view nonce, Time now, Time until) {
  if (nonce.empty() || nonce.size() > kMaxForeignBytes) {
    return InvalidArgument("a nonce has 1 to ", kMaxForeignBytes, " bytes");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!MakeRoom(now)) return ResourceExhausted("there are ", kept_.size(), " nonces already");
  kept_.emplace(std::string(nonce), Kept{until, false});  // one that was used stays used
  return absl::OkStatus();
}

std::optional<Refusal> Nonces::Use(std::string_view nonce, Time now) {
  const Refusal late = Refuse(Check::kNonce, "the nonce is past its end");
  const Refusal again = Refuse(Check::kReplay, "the nonce was used before");
  const std::string own = OwnForm(nonce);
  const std::optional<Time> end = own.empty() ? std::nullopt : EndOf(key_, own);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!end) {
    const auto at = kept_.find(ToAbsl(nonce));
    if (at == kept_.end()) return Refuse(Check::kNonce, "the nonce was not given out here");
    if (at->second.until <= now) return late;
    if (at->second.used) return again;
    at->second.used = true;
    return std::nullopt;
  }
  if (*end <= now) return late;
  if (kept_.contains(own)) return again;
  if (!MakeRoom(now)) {
    return Refuse(Check::kReplay, "too many nonces are in use to know that this one is new");
  }
  kept_.emplace(own, Kept{*end, true});
  return std::nullopt;
}

std::optional<Refusal> Nonces::UseOnce(std::string_view id, Time now, Time until) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (kept_.contains(ToAbsl(id))) {
    return Refuse(Check::kReplay, "the same was shown before, and counts once");
  }
  if (!MakeRoom(now)) {
    return Refuse(Check::kReplay, "too much was shown to know that this is new");
  }
  kept_.emplace(std::string(id), Kept{until, true});
  return std::nullopt;
}

}  // namespace ztp::evidence
