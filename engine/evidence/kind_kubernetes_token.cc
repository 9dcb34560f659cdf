// Service account tokens of Kubernetes (kubernetes_token.h) as std.ai's ServiceAccount.
//
//   "issuer": …, "keys": …, "audiences": […], "pod_required": true
//   "algorithms": […]   without it: RS256, ES256, ES384, ES512
//
// Boundary: settings to a verifier, its result to the normal form.
#include "engine/evidence/kind.h"
#include "engine/evidence/kind_jwt.h"
#include "engine/evidence/kubernetes_token.h"

namespace ztp::evidence {
namespace {

const NormalForm& Form() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    const TypeId text = made->Scalar(TypeKind::kString);
    made->Record({{"issuer", text},
                  {"namespace", text},
                  {"name", text},
                  {"uid", text},
                  {"pod", text, true},
                  {"pod_uid", text, true},
                  {"node", text, true}});
    return made;
  }();
  return *form;
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) {
    policy_.issuer = reader.Text("issuer");
    policy_.audiences = reader.Texts("audiences");
    policy_.algorithms = reader.Algorithms(policy_.algorithms);
    policy_.pod_required = reader.Flag("pod_required", false);
    policy_.max_age = reader.common().max_age;
    policy_.leeway = reader.common().leeway;
    keys_ = reader.Keys();
    if (reader.common().nonce_required) reader.Report("nonce", "such a token carries no nonce");
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const KubernetesToken token,
                         VerifyKubernetesToken(evidence, keys_, policy_, now));
    const KubernetesObject none;
    const KubernetesObject& pod = token.pod ? *token.pod : none;
    ProvenFact fact = FactOf(token.jwt, policy_.leeway);
    fact.value = Form().Make({{"issuer", Value::String(token.jwt.issuer)},
                              {"namespace", Value::String(token.name_space)},
                              {"name", Value::String(token.service_account.name)},
                              {"uid", Value::String(token.service_account.uid)},
                              {"pod", TextOrMissing(pod.name)},
                              {"pod_uid", TextOrMissing(pod.uid)},
                              {"node", TextOrMissing(token.node ? token.node->name : "")}});
    return fact;
  }

 private:
  KubernetesTokenPolicy policy_;
  JwkSet keys_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kKubernetesTokenKind;
constinit const EvidenceKind kKubernetesTokenKind{
    .name = "kubernetes-token", .form = Form, .read = Read};

}  // namespace ztp::evidence
