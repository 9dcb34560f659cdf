// WIT-SVIDs (wit_svid.h) as std.ai's Svid.
//
//   "trust_domain": "acme.org", "bundle": …   a SPIFFE bundle with keys of `use` "wit-svid"
//   "audiences": ["https://gate.acme.org/"]   whom a proof of possession is for
//   "proof_lifetime": "5m"                    at most so long from now may a proof be good
//   "proof_reuse_allowed": true               the same proof counts until it expires, not once
//   "host_checks_binding": true               a token alone is taken: whoever presents it has
//                                             checked in another way that its sender has the key
//
// Evidence: {"wit": …, "wpt": …}, and, where the request has them, "access_token" and
// "transaction_token", to which the proof must be bound; or the token alone. A nonce is the
// proof's.
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/evidence_parts.h"
#include "engine/evidence/kind.h"
#include "engine/evidence/kind_jwt.h"
#include "engine/evidence/kind_svid.h"
#include "engine/evidence/wit_svid.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kSvidKind = "wit";

const NormalForm& Form() {
  static const NormalForm* const form = MakeSvidForm(kSvidKind);
  return *form;
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) {
    policy_.trust_domain = reader.Text("trust_domain");
    keys_ = ReadBundleKeys(reader, policy_.trust_domain, &SpiffeBundle::wit_authorities);
    policy_.host_checks_binding = reader.Flag("host_checks_binding", false);
    // Without proofs there is nothing that would be for anybody.
    if (!policy_.host_checks_binding || reader.Has("audiences")) {
      policy_.audiences = reader.Texts("audiences");
    }
    if (const auto lifetime = reader.OptionalDuration("proof_lifetime")) {
      policy_.max_proof_lifetime = *lifetime;
    }
    reuse_allowed_ = reader.Flag("proof_reuse_allowed", false);
    policy_.max_age = reader.common().max_age;
    policy_.leeway = reader.common().leeway;
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    EvidenceParts parts;
    PresentedWit presented;
    if (!evidence.starts_with('{')) {
      presented.wit = evidence;
    } else if (auto refusal = ReadParts(evidence, &parts, &presented)) {
      return *std::move(refusal);
    }
    ZTP_VERIFY_OR_RETURN(WitSvid svid, VerifyWitSvid(presented, keys_, policy_, now));
    ProvenFact fact = FactOf(svid.jwt, policy_.leeway);
    if (!svid.key_sha256.empty()) fact.subjects.push_back(svid.key_sha256);
    fact.issuer = policy_.trust_domain;  // `iss` is not read
    fact.expires_at = Time{svid.expires_at.micros + policy_.leeway.micros};
    fact.nonce.reset();
    if (svid.proof) {
      fact.audiences = svid.proof->audiences;
      fact.nonce = svid.proof->nonce;
      if (!reuse_allowed_) fact.once = std::move(svid.once);
    }
    fact.value = MakeSvid(Form(), kSvidKind, svid.spiffe_id);
    return fact;
  }

 private:
  // The views are of `parts`.
  static std::optional<Refusal> ReadParts(std::string_view evidence, EvidenceParts* parts,
                                          PresentedWit* presented) {
    if (auto refusal =
            parts->Parse(evidence, {"wit", "wpt", "access_token", "transaction_token"})) {
      return refusal;
    }
    ZTP_VERIFY_OR_RETURN(presented->wit, parts->Text("wit"));
    struct Part {
      std::string_view name;
      std::optional<std::string_view>* to;
    };
    for (const Part& part :
         {Part{"wpt", &presented->proof}, Part{"access_token", &presented->access_token},
          Part{"transaction_token", &presented->transaction_token}}) {
      if (!parts->Has(part.name)) continue;
      ZTP_VERIFY_OR_RETURN(*part.to, parts->Text(part.name));
    }
    return std::nullopt;
  }

  WitSvidPolicy policy_;
  JwkSet keys_;
  bool reuse_allowed_ = false;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kWitSvidKind;
constinit const EvidenceKind kWitSvidKind{.name = "wit-svid", .form = Form, .read = Read};

}  // namespace ztp::evidence
