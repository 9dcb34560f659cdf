// Tokens of pipelines (pipeline_token.h) as std.ai's PipelineRun.
//
//   "keys": …, "algorithms": ["RS256"], "audiences": […]
//   "issuers": ["https://token.actions.githubusercontent.com"]
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/evidence/kind.h"
#include "engine/evidence/kind_jwt.h"
#include "engine/evidence/pipeline_token.h"

namespace ztp::evidence {
namespace {

const NormalForm& Form() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    const TypeId text = made->Scalar(TypeKind::kString);
    made->Record(
        {{"issuer", text},
         {"repository", text},
         {"ref", text},
         {"workflow", text},
         {"commit", text},
         {"environment", text, true},
         {"runner", made->Enum("RunnerKind", {"hosted", "self_hosted", "unknown_runner"})}});
    return made;
  }();
  return *form;
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) {
    JwtSettings settings = ReadJwtSettings(reader);
    keys_ = std::move(settings.keys);
    policy_ = {.issuers = std::move(settings.issuers),
               .audiences = std::move(settings.audiences),
               .algorithms = settings.algorithms,
               .max_age = settings.max_age,
               .leeway = settings.leeway};
    if (reader.common().nonce_required) reader.Report("nonce", "such a token carries no nonce");
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const PipelineToken token,
                         VerifyPipelineToken(evidence, keys_, policy_, now));
    ProvenFact fact = FactOf(token.jwt, policy_.leeway);
    // A run is of its repository and of its commit, too.
    fact.subjects.push_back(token.repository);
    fact.subjects.push_back(token.commit);
    fact.value = Form().Make({{"issuer", Value::String(token.jwt.issuer)},
                              {"repository", Value::String(token.repository)},
                              {"ref", Value::String(token.ref)},
                              {"workflow", Value::String(token.workflow)},
                              {"commit", Value::String(token.commit)},
                              {"environment", TextOrMissing(token.environment.value_or(""))},
                              {"runner", Value::Enum(static_cast<uint32_t>(token.runner))}});
    return fact;
  }

 private:
  PipelineTokenPolicy policy_;
  JwkSet keys_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kPipelineTokenKind;
constinit const EvidenceKind kPipelineTokenKind{
    .name = "pipeline-token", .form = Form, .read = Read};

}  // namespace ztp::evidence
