// See tpm_quote.h.
#include "engine/evidence/tpm_quote.h"

#include <algorithm>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_key.h"
#include "engine/evidence/byte_reader.h"
#include "engine/evidence/der_reader.h"
#include "engine/evidence/jws_signature.h"

namespace ztp::evidence {
namespace {

constexpr uint64_t kMagic = 0xff544347;  // TPM_GENERATED_VALUE: the TPM made it itself
constexpr uint64_t kAttestQuote = 0x8018;
constexpr uint64_t kRsaSsa = 0x0014;
constexpr uint64_t kRsaPss = 0x0016;
constexpr uint64_t kEcdsa = 0x0018;
constexpr uint64_t kSha256 = 0x000b;
constexpr uint64_t kSha384 = 0x000c;
constexpr uint64_t kSha512 = 0x000d;
constexpr size_t kMaxNameBytes = 68;
constexpr uint64_t kMaxBanks = 16;
constexpr size_t kMaxSelectBytes = 4;
constexpr const char* kExtendedKeyUsage = "2.5.29.37";
constexpr std::string_view kAttestationPurpose = "\x67\x81\x05\x08\x03";  // 2.23.133.8.3

Refusal Malformed(std::string_view what) {
  return Refuse(Check::kMalformed, "not a quote of a TPM: ", what);
}

struct Parsed {
  std::string_view answer;
  std::vector<int> registers;  // in the order of the digest
  uint64_t bank = 0;
  std::string_view digest;
  TpmQuote quote;
  uint64_t firmware = 0;
};

// TPML_PCR_SELECTION: of one bank at least one register, of the others none.
std::optional<Refusal> ReadSelection(ByteReader* reader, Parsed* parsed) {
  const uint64_t banks = reader->Big(4);
  if (banks > kMaxBanks) return Malformed("it has too many banks");
  for (uint64_t i = 0; i < banks && reader->ok(); ++i) {
    const uint64_t bank = reader->Big(2);
    const uint64_t size = reader->Big(1);
    if (size > kMaxSelectBytes) return Malformed("it selects registers that are not there");
    const std::string_view bits = reader->Take(size);
    std::vector<int> registers;
    for (size_t at = 0; at < bits.size() * 8; ++at) {
      if ((static_cast<unsigned char>(bits[at / 8]) >> (at % 8) & 1) == 0) continue;
      if (at >= static_cast<size_t>(kTpmRegisters)) {
        return Malformed("it selects registers that are not there");
      }
      registers.push_back(static_cast<int>(at));
    }
    if (registers.empty()) continue;
    if (!parsed->registers.empty()) {
      return Refuse(Check::kMeasurement, "registers of several banks are quoted; one is read");
    }
    parsed->registers = std::move(registers);
    parsed->bank = bank;
  }
  return std::nullopt;
}

Verified<Parsed> Parse(std::string_view bytes) {
  if (bytes.size() > kMaxTpmQuoteBytes) {
    return Refuse(Check::kTooLarge, "a quote of ", bytes.size(), " bytes; at most ",
                  kMaxTpmQuoteBytes, " are read");
  }
  Parsed parsed;
  ByteReader reader(bytes);
  const uint64_t magic = reader.Big(4);
  const uint64_t type = reader.Big(2);
  if (!reader.ok() || magic != kMagic) return Malformed("no TPM says that it made it");
  if (type != kAttestQuote) return Malformed("it attests something else");
  const std::string_view signer = reader.Take(reader.Big(2));
  parsed.answer = reader.Take(reader.Big(2));
  parsed.quote.clock_ms = reader.Big(8);
  parsed.quote.reset_count = static_cast<uint32_t>(reader.Big(4));
  parsed.quote.restart_count = static_cast<uint32_t>(reader.Big(4));
  const uint64_t safe = reader.Big(1);
  parsed.firmware = reader.Big(8);
  if (!reader.ok() || signer.size() > kMaxNameBytes || parsed.answer.size() > kMaxNonceBytes ||
      safe > 1) {
    return Malformed("its head is malformed");
  }
  parsed.quote.clock_is_safe = safe == 1;
  if (auto refusal = ReadSelection(&reader, &parsed)) return *std::move(refusal);
  parsed.digest = reader.Take(reader.Big(2));
  if (!reader.ok() || reader.left() != 0) return Malformed("it is not as long as it says");
  return parsed;
}

struct Signature {
  JwsAlgorithm algorithm = JwsAlgorithm::kEs256;
  const EVP_MD* hash = nullptr;
  std::string bytes;  // as JOSE has them
};

// One of r and s, to its full length.
std::string Padded(std::string_view number, size_t size) {
  while (number.size() > size && number.front() == '\0') number.remove_prefix(1);
  return std::string(size - std::min(size, number.size()), '\0') + std::string(number);
}

Verified<Signature> ParseSignature(std::string_view bytes, KeyType type) {
  if (bytes.size() > kMaxTpmSignatureBytes) {
    return Refuse(Check::kTooLarge, "a signature of ", bytes.size(), " bytes; at most ",
                  kMaxTpmSignatureBytes, " are read");
  }
  ByteReader reader(bytes);
  const uint64_t scheme = reader.Big(2);
  const uint64_t hash = reader.Big(2);
  const int strength = hash == kSha256 ? 0 : hash == kSha384 ? 1 : hash == kSha512 ? 2 : -1;
  if (!reader.ok()) return Malformed("its signature was cut off");
  const bool rsa = scheme == kRsaSsa || scheme == kRsaPss;
  if (strength < 0 || (!rsa && scheme != kEcdsa)) {
    return Refuse(Check::kAlgorithm,
                  "a quote is signed with RSASSA, RSAPSS or ECDSA and SHA-256, SHA-384 or SHA-512");
  }
  Signature signature;
  static const EVP_MD* const kHashes[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
  constexpr JwsAlgorithm kAlgorithms[][3] = {
      {JwsAlgorithm::kRs256, JwsAlgorithm::kRs384, JwsAlgorithm::kRs512},
      {JwsAlgorithm::kPs256, JwsAlgorithm::kPs384, JwsAlgorithm::kPs512},
      {JwsAlgorithm::kEs256, JwsAlgorithm::kEs384, JwsAlgorithm::kEs512}};
  signature.hash = kHashes[strength];
  signature.algorithm = kAlgorithms[scheme == kRsaSsa ? 0 : scheme == kRsaPss ? 1 : 2][strength];
  if (KeyTypeOf(signature.algorithm) != type) {
    return Refuse(Check::kAlgorithm, "a quote signed with ", NameOf(signature.algorithm),
                  ", which is not for ", NameOf(type));
  }
  const std::string_view first = reader.Take(reader.Big(2));
  signature.bytes = std::string(first);
  if (!rsa) {
    const size_t field = FieldBytesOf(type);
    const std::string_view second = reader.Take(reader.Big(2));
    signature.bytes = Padded(first, field) + Padded(second, field);
  }
  if (!reader.ok() || reader.left() != 0) return Malformed("its signature is malformed");
  return signature;
}

std::string HashOf(const EVP_MD* hash, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out, &size, hash, nullptr) != 1) return {};
  return {reinterpret_cast<const char*>(out), size};
}

uint64_t AlgorithmOf(TpmBank bank) {
  return bank == TpmBank::kSha256 ? kSha256 : bank == TpmBank::kSha384 ? kSha384 : kSha512;
}
size_t BytesOf(TpmBank bank) {
  return bank == TpmBank::kSha256 ? 32 : bank == TpmBank::kSha384 ? 48 : 64;
}

// The values are those that were quoted, and those pinned.
std::optional<Refusal> RefuseRegisters(const TpmEvidence& evidence, const Parsed& parsed,
                                       const EVP_MD* hash, const TpmPolicy& policy) {
  if (parsed.registers.empty() || parsed.bank != AlgorithmOf(policy.bank)) {
    return Refuse(Check::kMeasurement, "no registers of the bank that is pinned are quoted");
  }
  if (evidence.registers.size() != parsed.registers.size()) {
    return Refuse(Check::kMeasurement, "the values of ", evidence.registers.size(),
                  " registers came with a quote of ", parsed.registers.size());
  }
  std::string values;
  for (const int number : parsed.registers) {
    const auto found = evidence.registers.find(number);
    if (found == evidence.registers.end() || found->second.size() != BytesOf(policy.bank)) {
      return Refuse(Check::kMeasurement, "the value of register ", number,
                    " did not come with the quote, or has another length");
    }
    values += found->second;
  }
  if (HashOf(hash, values) != parsed.digest) {
    return Refuse(Check::kMeasurement, "the values of the registers are not those that are quoted");
  }
  if (policy.registers.empty() && !policy.unpinned_allowed) {
    return Refuse(Check::kMeasurement, "no register is pinned");
  }
  for (const auto& [number, allowed] : policy.registers) {
    const auto found = evidence.registers.find(number);
    if (found == evidence.registers.end()) {
      return Refuse(Check::kMeasurement, "register ", number, " is pinned and not quoted");
    }
    if (std::find(allowed.begin(), allowed.end(), found->second) == allowed.end()) {
      return Refuse(Check::kMeasurement, "register ", number, " is ", DigestText(found->second),
                    ", which is not pinned");
    }
  }
  return std::nullopt;
}

// The vendor's number, by 16 bits.
std::string FirmwareOf(uint64_t version) {
  return Cat(version >> 48, ".", version >> 32 & 0xffff, ".", version >> 16 & 0xffff, ".",
             version & 0xffff);
}

Verified<TpmQuote> Verify(const TpmEvidence& evidence, const TpmKey& key, const TpmPolicy& policy,
                          Time now, Time latest) {
  ZTP_VERIFY_OR_RETURN(Parsed parsed, Parse(evidence.quote));
  ZTP_VERIFY_OR_RETURN(const Signature signature, ParseSignature(evidence.signature, key.type));
  if (!IsSignatureOf(signature.algorithm, key.key, evidence.quote, signature.bytes)) {
    return Refuse(Check::kSignature, "the quote's signature is not that of the key ",
                  key.thumbprint);
  }
  const Challenge& challenge = policy.challenge;
  if (auto refusal = RefuseAnswer(parsed.answer, challenge)) return *std::move(refusal);
  if (const auto answer = AnswerTo(challenge);
      challenge.nonce && answer && parsed.answer.size() != answer->size()) {
    return Refuse(Check::kNonce, "the quote answers another nonce");
  }
  if (auto refusal = RefuseRegisters(evidence, parsed, signature.hash, policy)) {
    return *std::move(refusal);
  }
  TpmQuote quote = std::move(parsed.quote);
  quote.answer = std::string(parsed.answer);
  quote.registers = evidence.registers;
  quote.register_digest = DigestText(parsed.digest);
  const bool measured = !policy.registers.empty();
  Attested& attested = quote.attested;
  attested.device.host =
      Host{.tee = Tee::kNone,
           .secure_boot = policy.register_7_means_secure_boot && policy.registers.count(7) != 0,
           .debug = !(measured && policy.pinned_means_no_debug),
           .tcb = TcbStatus::kNotJudged,
           .firmware = FirmwareOf(parsed.firmware),
           .kernel = std::nullopt,
           .measurement = quote.register_digest,
           .disk_encrypted = false};
  attested.device.verdict = measured ? Appraisal::kAffirming : Appraisal::kUnappraised;
  attested.device.verifier = "ztp";
  attested.issued_at = challenge.given_out_at;
  ZTP_VERIFY_OR_RETURN(attested.expires_at, ExpiryOf(challenge, now, latest));
  attested.anchor = key.thumbprint;
  attested.digest = Sha256Digest(Cat(evidence.quote, evidence.signature));
  attested.bound_key = challenge.channel_key;
  return quote;
}

bool IsForAttestation(const Certificate& certificate) {
  const std::optional<std::string> purposes = ExtensionOf(certificate, kExtendedKeyUsage);
  if (!purposes) return false;
  DerReader outer(*purposes);
  DerReader list(outer.Take(DerReader::kSequence));
  while (list.ok() && !list.at_end()) {
    if (list.Take(DerReader::kObjectId) == kAttestationPurpose) return true;
  }
  return false;
}

}  // namespace

Verified<TpmQuote> VerifyTpmQuote(const TpmEvidence& evidence, const TpmKey& key,
                                  const TpmPolicy& policy, Time now) {
  constexpr Time kForever{INT64_MAX};
  return Verify(evidence, key, policy, now, kForever);
}

Verified<TpmQuote> VerifyTpmQuote(const TpmEvidence& evidence, const Certificate& certificate,
                                  std::span<const Certificate> intermediates,
                                  std::span<const Certificate> anchors, const TpmPolicy& policy,
                                  Time now) {
  ZTP_VERIFY_OR_RETURN(const VerifiedPath path,
                       VerifyPath(certificate, intermediates, anchors,
                                  {.now = now, .purposes = {}, .revocation = policy.revocation}));
  if (policy.attestation_purpose_required && !IsForAttestation(certificate)) {
    return Refuse(Check::kUsage, certificate.Describe(), " has a key that is not for attestation");
  }
  for (const KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kP521, KeyType::kRsa}) {
    Verified<SharedKey> key = KeyOf(certificate, type);
    if (!key.ok()) continue;
    ZTP_VERIFY_OR_RETURN(TpmQuote quote, Verify(evidence, {type, *key, certificate.sha256()},
                                                policy, now, path.valid_until()));
    quote.attested.anchor = path.anchor_sha256;
    return quote;
  }
  return Refuse(Check::kAlgorithm, certificate.Describe(), " has a key that no TPM quotes with");
}

}  // namespace ztp::evidence
