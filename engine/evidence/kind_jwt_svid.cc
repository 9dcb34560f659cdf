// JWT-SVIDs (jwt_svid.h) as std.ai's Svid.
//
//   "trust_domain": "acme.org", "bundle": …   a SPIFFE bundle, or a JWK set of the Workload API
//   "audiences": ["spiffe://acme.org/gateway"]
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/evidence/jwt_svid.h"
#include "engine/evidence/kind.h"
#include "engine/evidence/kind_jwt.h"
#include "engine/evidence/kind_svid.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kSvidKind = "jwt";

const NormalForm& Form() {
  static const NormalForm* const form = MakeSvidForm(kSvidKind);
  return *form;
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) {
    policy_.trust_domain = reader.Text("trust_domain");
    policy_.audiences = reader.Texts("audiences");
    policy_.max_age = reader.common().max_age;
    policy_.leeway = reader.common().leeway;
    keys_ = ReadBundleKeys(reader, policy_.trust_domain, &SpiffeBundle::jwt_authorities);
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const JwtSvid svid, VerifyJwtSvid(evidence, keys_, policy_, now));
    ProvenFact fact = FactOf(svid.jwt, policy_.leeway);
    fact.issuer = policy_.trust_domain;  // `iss` is not read
    fact.value = MakeSvid(Form(), kSvidKind, svid.spiffe_id);
    return fact;
  }

 private:
  JwtSvidPolicy policy_;
  JwkSet keys_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kJwtSvidKind;
constinit const EvidenceKind kJwtSvidKind{.name = "jwt-svid", .form = Form, .read = Read};

}  // namespace ztp::evidence
