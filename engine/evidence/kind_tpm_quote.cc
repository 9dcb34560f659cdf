// Quotes of a TPM 2.0 (tpm_quote.h) as std.ai's Device: a host.
//
//   "roots": …                              of the attestation keys' certificates, as PEM; and, or
//   "keys": …                               attestation keys that are known, as a JWK set
//   "bank": "sha256", "registers": {"7": ["sha256:…"]}      values that are right
//   "register_7_means_secure_boot", "pinned_means_no_debug"
//   "attestation_purpose_required": true    of the certificates
//   "crls", "revocation", "crl_max_age"
//
// Evidence: {"quote": base64 of TPMS_ATTEST, "signature": base64 of TPMT_SIGNATURE, "registers":
// {"0": hexadecimal, …}, "certificates": PEM}, the attestation key's certificate first; without
// certificates, by one of the keys.
//
// Boundary: settings to a verifier, its result to the normal form.
#include <span>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/evidence_parts.h"
#include "engine/evidence/kind_device.h"
#include "engine/evidence/tpm_quote.h"

namespace ztp::evidence {
namespace {

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) {
    roots_ = reader.Certificates("roots", false);
    if (reader.Has("keys")) keys_ = reader.Keys();
    if (!reader.Has("roots") && !reader.Has("keys")) {
      reader.Report("", "`roots` or `keys` is missing: whose quotes count?");
    }
    settings_ = ReadHardwareSettings(reader);
    constexpr TpmBank kBanks[] = {TpmBank::kSha256, TpmBank::kSha384, TpmBank::kSha512};
    constexpr size_t kBytes[] = {32, 48, 64};
    const size_t bank = reader.Choice("bank", {"sha256", "sha384", "sha512"}, 0);
    policy_.bank = kBanks[bank];
    reader.Object("registers", [&](SourceReader& registers) {
      for (int number = 0; number < kTpmRegisters; ++number) {
        auto values = ReadDigests(registers, Cat(number), kBytes[bank]);
        if (values) policy_.registers.emplace(number, *std::move(values));
      }
    });
    if (policy_.registers.empty()) {
      reader.Report("registers", "a source that pins no register proves nothing good");
    }
    policy_.register_7_means_secure_boot = reader.Flag("register_7_means_secure_boot", false);
    if (policy_.register_7_means_secure_boot && !policy_.registers.contains(7)) {
      reader.Report("register_7_means_secure_boot", "register 7 is not pinned");
    }
    policy_.pinned_means_no_debug = reader.Flag("pinned_means_no_debug", false);
    policy_.attestation_purpose_required = reader.Flag("attestation_purpose_required", true);
  }

  Verified<ProvenFact> Verify(std::string_view text, Time now) const override {
    EvidenceParts parts;
    if (auto refusal = parts.Parse(text, {"quote", "signature", "registers", "certificates"})) {
      return *std::move(refusal);
    }
    ZTP_VERIFY_OR_RETURN(const std::string quote, parts.Bytes("quote"));
    ZTP_VERIFY_OR_RETURN(const std::string signature, parts.Bytes("signature"));
    TpmEvidence evidence{.quote = quote, .signature = signature, .registers = {}};
    ZTP_VERIFY_OR_RETURN(evidence.registers, parts.ByNumber("registers", kTpmRegisters - 1));
    TpmPolicy policy = policy_;
    policy.revocation = settings_.revocation();
    policy.challenge = settings_.ChallengeAt(now);
    if (!parts.Has("certificates")) return ByKey(evidence, policy, now);
    ZTP_VERIFY_OR_RETURN(const std::vector<Certificate> certificates,
                         parts.Certificates("certificates"));
    if (roots_.empty()) return Refuse(Check::kChain, "the source takes no certificates");
    const std::span<const Certificate> chain = certificates;
    ZTP_VERIFY_OR_RETURN(const TpmQuote proven,
                         VerifyTpmQuote(evidence, chain[0], chain.subspan(1), roots_, policy, now));
    ProvenFact fact = FactOfQuote(proven, chain[0].spki_sha256(), now);
    fact.id = chain[0].serial();
    return fact;
  }

 private:
  // By whichever key signed it.
  Verified<ProvenFact> ByKey(const TpmEvidence& evidence, const TpmPolicy& policy, Time now) const {
    for (const Jwk& key : keys_.keys) {
      auto proven = VerifyTpmQuote(
          evidence, {.type = key.type, .key = key.key, .thumbprint = key.thumbprint}, policy, now);
      if (proven.ok()) return FactOfQuote(*proven, key.thumbprint, now);
      const Check check = proven.refusal().check;
      if (check != Check::kSignature && check != Check::kAlgorithm) {
        return std::move(proven).refusal();
      }
    }
    return Refuse(Check::kKeyUnknown, "no key of the source has signed the quote");
  }

  ProvenFact FactOfQuote(const TpmQuote& quote, std::string key, Time now) const {
    ProvenFact fact = FactOf(quote.attested, settings_, now);
    fact.subjects = {std::move(key), quote.register_digest};
    fact.nonce = quote.answer;
    return fact;
  }

  std::vector<Certificate> roots_;
  JwkSet keys_;
  HardwareSettings settings_;
  TpmPolicy policy_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kTpmQuoteKind;
constinit const EvidenceKind kTpmQuoteKind{.name = "tpm-quote", .form = DeviceForm, .read = Read};

}  // namespace ztp::evidence
