// OpenID Connect sign-ins (sign_in.h) as std.ai's SignIn.
//
//   "keys": …, "algorithms": […], "issuers": […], "audiences": ["our client id"]
//   "groups_claim": "roles"   without it `groups`
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/evidence/kind.h"
#include "engine/evidence/kind_jwt.h"
#include "engine/evidence/sign_in.h"

namespace ztp::evidence {
namespace {

const NormalForm& Form() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    const TypeId text = made->Scalar(TypeKind::kString);
    const TypeId flag = made->Scalar(TypeKind::kBool);
    made->Record({{"issuer", text},
                  {"subject", text},
                  {"email", text, true},
                  {"groups", made->Set(text)},
                  {"mfa", flag},
                  {"phishing_resistant", flag},
                  {"authenticated_at", made->Scalar(TypeKind::kTime)}});
    return made;
  }();
  return *form;
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
    policy_.groups_claim = reader.OptionalText("groups_claim").value_or(policy_.groups_claim);
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const SignIn sign_in, VerifySignIn(evidence, keys_, policy_, now));
    ProvenFact fact = FactOf(sign_in.jwt, policy_.leeway);
    // A provider's users are known by either.
    if (sign_in.email) fact.subjects.push_back(*sign_in.email);
    fact.value =
        Form().Make({{"issuer", Value::String(sign_in.jwt.issuer)},
                     {"subject", Value::String(sign_in.jwt.subject)},
                     {"email", TextOrMissing(sign_in.email.value_or(""))},
                     {"groups", SetOfTexts(sign_in.groups)},
                     {"mfa", Value::Bool(sign_in.authentication.mfa)},
                     {"phishing_resistant", Value::Bool(sign_in.authentication.phishing_resistant)},
                     {"authenticated_at", Value::OfTime(*sign_in.authentication.at)}});
    return fact;
  }

 private:
  SignInPolicy policy_;
  JwkSet keys_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kSignInKind;
constinit const EvidenceKind kSignInKind{.name = "sign-in", .form = Form, .read = Read};

}  // namespace ztp::evidence
