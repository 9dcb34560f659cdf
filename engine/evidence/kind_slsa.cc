// SLSA provenance and verification summaries (slsa.h) as std.ai's Slsa: how an artefact was built.
// The fact is about each digest that the statement is about: declare the input `proven for
// resource.digest`.
//
//   "signers": …, "roots": …, "names": […], "trusted_root": …, "identities": […], "crls": …,
//   "revocation": …, "crl_max_age": …     who may sign (kind_signed.h)
//   "builders": [{"id": "https://…", "level": 3}]   whose provenance they may sign, and its worth
//   "verifiers": ["https://…"]                      whose summaries they may sign
//   "resources": ["https://registry.acme.org/**"]   and of what: patterns, as of `like`, for a
//                                                   summary's resourceUri. Without it: of anything
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/base/str.h"
#include "engine/core/glob.h"
#include "engine/evidence/kind_signed.h"
#include "engine/evidence/slsa.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr int64_t kHighestLevel = 3;

const NormalForm& Form() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    const TypeId text = made->Scalar(TypeKind::kString);
    made->Record({{"level", made->Scalar(TypeKind::kInt)},
                  {"builder", text},
                  {"source", text, true},
                  {"commit", text, true},
                  {"build_type", text, true}});
    return made;
  }();
  return *form;
}

// Nothing is a value that is missing.
Value TextOr(const std::optional<std::string>& text) {
  return text ? Value::String(*text) : Value();
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) {
    ReadSigners(reader, &policy_.signers, &crls_);
    reader.Objects("builders", [&](SourceReader& builder) {
      SlsaBuilder& one = policy_.builders.emplace_back();
      one.id = builder.Text("id");
      const auto level = builder.OptionalInteger("level", 0, kHighestLevel);
      if (!builder.Has("level")) builder.Report("", "`level` is missing");
      one.level = static_cast<int>(level.value_or(0));
    });
    policy_.verifiers = reader.OptionalTexts("verifiers").value_or(std::vector<std::string>());
    policy_.resources = reader.OptionalTexts("resources");
    for (const std::string& pattern : policy_.resources.value_or(std::vector<std::string>())) {
      if (CheckGlob(pattern) != GlobError::kNone) {
        reader.Report("resources", Cat(Quoted(JsonExcerpt(pattern)), " is no pattern"));
      }
    }
    if (policy_.resources && policy_.verifiers.empty()) {
      reader.Report("resources", "whose summaries? `verifiers` is missing");
    }
    if (policy_.builders.empty() && policy_.verifiers.empty()) {
      reader.Report("", "nobody is believed: `builders` or `verifiers` is missing");
    }
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const Slsa slsa, VerifySlsa(evidence, policy_, now));
    ProvenFact fact =
        FactOfSigned(slsa.signer.name, slsa.signer.anchor, slsa.issued_at, slsa.valid_until);
    fact.value = Form().Make({{"level", Value::Int(slsa.level)},
                              {"builder", Value::String(slsa.builder)},
                              {"source", TextOr(slsa.source)},
                              {"commit", TextOr(slsa.commit)},
                              {"build_type", TextOr(slsa.build_type)}});
    fact.subjects = slsa.subject_digests;
    return fact;
  }

 private:
  SlsaPolicy policy_;
  std::vector<Crl> crls_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kSlsaKind;
constinit const EvidenceKind kSlsaKind{.name = "slsa", .form = Form, .read = Read};

}  // namespace ztp::evidence
