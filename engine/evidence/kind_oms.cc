// OpenSSF Model Signing (oms.h) as std.ai's Oms: who signed a model's files. That a folder holds
// those files is not said here (`ztp signed model`, lineage/model_files.h): the fact is about the
// digest over them, so declare the input `proven for resource.digest`.
//
//   "signers": …, "roots": …, "names": […], "trusted_root": …, "identities": […], "crls": …,
//   "revocation": …, "crl_max_age": …     who may sign (kind_signed.h)
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/evidence/kind_signed.h"
#include "engine/evidence/oms.h"

namespace ztp::evidence {
namespace {

const NormalForm& Form() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    const TypeId text = made->Scalar(TypeKind::kString);
    made->Record(
        {{"signer", text}, {"issuer", text, true}, {"logged", made->Scalar(TypeKind::kBool)}});
    return made;
  }();
  return *form;
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) { ReadSigners(reader, &policy_, &crls_); }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const Oms oms, VerifyOms(evidence, policy_, now));
    ProvenFact fact = FactOfSigned(oms.signer, oms.anchor, oms.signed_at, oms.valid_until);
    fact.value = Form().Make({{"signer", Value::String(oms.signer)},
                              {"issuer", oms.issuer ? Value::String(*oms.issuer) : Value()},
                              {"logged", Value::Bool(oms.logged)}});
    fact.subjects.push_back(oms.subject_digest);
    return fact;
  }

 private:
  SignerPolicy policy_;
  std::vector<Crl> crls_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kOmsKind;
constinit const EvidenceKind kOmsKind{.name = "oms", .form = Form, .read = Read};

}  // namespace ztp::evidence
