// OAuth access tokens (access_token.h) as std.ai's AccessToken.
//
//   "keys": …, "algorithms": […], "issuers": […], "audiences": ["https://mcp.acme.org/tools"]
//   "host_checks_binding": true   whoever presents a token has checked `cnf` against the channel
//
// The audience is the service itself, as the Model Context Protocol demands: a token for another
// server is refused. Without "host_checks_binding" no token counts as bound: that it names a key is
// not yet that its presenter has the key.
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/evidence/access_token.h"
#include "engine/evidence/kind.h"
#include "engine/evidence/kind_jwt.h"

namespace ztp::evidence {
namespace {

const NormalForm& Form() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    const TypeId text = made->Scalar(TypeKind::kString);
    const TypeId texts = made->Set(text);
    const TypeId actors = made->List(made->Record({{"issuer", text}, {"subject", text}}));
    made->Record({{"issuer", text},
                  {"subject", text},
                  {"client", text},
                  {"audience", texts},
                  {"scopes", texts},
                  {"actors", actors},
                  {"bound", made->Scalar(TypeKind::kBool)},
                  {"mfa", made->Scalar(TypeKind::kBool)},
                  {"phishing_resistant", made->Scalar(TypeKind::kBool)},
                  {"authenticated_at", made->Scalar(TypeKind::kTime), true}});
    return made;
  }();
  return *form;
}

Value ActorsOf(const AccessToken& token) {
  const Schema& schema = Form().schema();
  const TypeId actor = schema.types[Form().FieldType(Form().type(), "actors")].element;
  std::vector<Value> actors;
  for (const Actor& a : token.actors) {
    const std::string& issuer = a.issuer.empty() ? token.jwt.issuer : a.issuer;
    actors.push_back(Form().Make(
        actor, {{"issuer", Value::String(issuer)}, {"subject", Value::String(a.subject)}}));
  }
  return Value::List(std::move(actors));
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) {
    JwtSettings settings = ReadJwtSettings(reader);
    keys_ = std::move(settings.keys);
    policy_.issuers = std::move(settings.issuers);
    policy_.audiences = std::move(settings.audiences);
    policy_.algorithms = settings.algorithms;
    policy_.max_age = settings.max_age;
    policy_.leeway = settings.leeway;
    host_checks_binding_ = reader.Flag("host_checks_binding", false);
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const AccessToken token, VerifyAccessToken(evidence, keys_, policy_, now));
    const bool names_a_key = token.certificate_thumbprint || token.proof_key_thumbprint;
    ProvenFact fact = FactOf(token.jwt, policy_.leeway);
    const Authentication& signed_in = token.authentication;
    fact.value =
        Form().Make({{"issuer", Value::String(token.jwt.issuer)},
                     {"subject", Value::String(token.jwt.subject)},
                     {"client", Value::String(token.client_id)},
                     {"audience", SetOfTexts(token.jwt.audiences)},
                     {"scopes", SetOfTexts(token.scopes)},
                     {"actors", ActorsOf(token)},
                     {"bound", Value::Bool(host_checks_binding_ && names_a_key)},
                     {"mfa", Value::Bool(signed_in.mfa)},
                     {"phishing_resistant", Value::Bool(signed_in.phishing_resistant)},
                     {"authenticated_at", signed_in.at ? Value::OfTime(*signed_in.at) : Value()}});
    return fact;
  }

 private:
  AccessTokenPolicy policy_;
  JwkSet keys_;
  bool host_checks_binding_ = false;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kAccessTokenKind;
constinit const EvidenceKind kAccessTokenKind{.name = "access-token", .form = Form, .read = Read};

}  // namespace ztp::evidence
