// JWT-SVIDs (jwt_svid.h) as std.ai's Svid.
//
//   "trust_domain": "acme.org", "bundle": …   a SPIFFE bundle, or a JWK set of the Workload API
//   "audiences": ["spiffe://acme.org/gateway"]
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/jwt_svid.h"
#include "engine/evidence/kind.h"
#include "engine/evidence/kind_jwt.h"
#include "engine/evidence/spiffe_bundle.h"

namespace ztp::evidence {
namespace {

const NormalForm& Form() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    made->Record({{"id", made->Scalar(TypeKind::kSpiffeId)},
                  {"kind", made->Enum("SvidKind", {"jwt"})},
                  {"hint", made->Scalar(TypeKind::kString), true}});
    return made;
  }();
  return *form;
}

// The keys of a bundle that are for tokens, as jwk.h has them.
Verified<JwkSet> TokenKeys(const SpiffeBundle& bundle) {
  std::string text = R"({"keys":[)";
  for (const JwtAuthority& authority : bundle.jwt_authorities) {
    Append(text, text.back() == '[' ? "" : ",", authority.jwk);
  }
  return ParseJwkSet(text + "]}");
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) {
    policy_.trust_domain = reader.Text("trust_domain");
    policy_.audiences = reader.Texts("audiences");
    policy_.max_age = reader.common().max_age;
    policy_.leeway = reader.common().leeway;
    ReadKeys(reader);
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const JwtSvid svid, VerifyJwtSvid(evidence, keys_, policy_, now));
    ProvenFact fact = FactOf(svid.jwt, policy_.leeway);
    fact.issuer = policy_.trust_domain;  // `iss` is not read
    fact.value =
        Form().Make({{"id", Value::SpiffeId(svid.spiffe_id)},
                     {"kind", Form().EnumValue(Form().FieldType(Form().type(), "kind"), "jwt")}});
    return fact;
  }

 private:
  void ReadKeys(SourceReader& reader) {
    const std::optional<std::string> bytes = reader.Bytes("bundle", true);
    if (policy_.trust_domain.empty() || !bytes) return;
    const auto bundle = ReadSpiffeBundle(policy_.trust_domain, *bytes);
    if (!bundle.ok()) return reader.Report("bundle", bundle.refusal().message);
    auto keys = TokenKeys(*bundle);
    if (!keys.ok()) return reader.Report("bundle", keys.refusal().message);
    if (keys->keys.empty()) return reader.Report("bundle", "it has no key of a JWT authority");
    keys_ = *std::move(keys);
  }

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
