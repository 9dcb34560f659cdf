// DSSE: a payload of a stated type that one or several keys have signed.
// github.com/secure-systems-lab/dsse, protocol and envelope 1.0.
//
// Boundary: an envelope and keys in, a payload that enough of them have signed out. What a payload
// says: statement.h and what reads predicates. Where it is stricter: standard base64 only, the
// padding as it must be; a member twice is refused.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/document_signer.h"
#include "engine/evidence/signature_key.h"
#include "engine/evidence/verified.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {

inline constexpr size_t kMaxDsseBytes = size_t{16} << 20;  // the envelope's text
inline constexpr size_t kMaxDsseSignatures = 16;
inline constexpr size_t kMaxPayloadTypeBytes = 256;

struct DsseSignature {
  std::string key_id;  // a hint that nobody has signed; empty: none
  std::string signature;
};

// What an envelope says; nothing is proven.
struct DsseEnvelope {
  std::string payload_type;
  std::string payload;
  std::vector<DsseSignature> signatures;
};

// "DSSEv1", the lengths and the texts: what is signed.
std::string DssePae(std::string_view payload_type, std::string_view payload);

//   kTooLarge, kMalformed
Verified<DsseEnvelope> ReadDsse(std::string_view json);
// The same for an object within a document.
Verified<DsseEnvelope> ReadDsse(const JsonTree& tree, const JsonNode& object);

// The indices of those `keys`, at least `threshold`, that have signed; each counts once, however
// often it signed. Signatures of others are no harm. Thread-safe.
//   kUsage        a threshold of 0, or above the number of keys; a key twice
//   kTooLarge     more than kMaxSignatureKeys keys
//   kSignature    no key has signed, and one key was given, or a signature names one
//   kKeyUnknown   no key has signed
//   kThreshold    some have, but not enough
Verified<std::vector<size_t>> CheckDsse(const DsseEnvelope& envelope,
                                        std::span<const SignatureKey> keys, size_t threshold = 1);

// Adds the key's signature, with its id. False: the key cannot sign, there is one by it already, or
// no more may be added.
bool SignDsse(const DocumentSigner& key, DsseEnvelope* envelope);

// JSON on one line.
std::string WriteDsse(const DsseEnvelope& envelope);

}  // namespace ztp::evidence
