// A bill of materials that somebody signed, as std.ai's Bom: an in-toto statement whose predicate
// is a CycloneDX or SPDX document. The fact is about each digest that the statement is about:
// declare the input `proven for resource.digest`. What the document says of its parts is not here
// (lineage/signed_inventory.h makes a graph of it); a bill that nobody signed is a claim.
//
//   "signers": …, "roots": …, "names": […], "trusted_root": …, "identities": […], "crls": …,
//   "revocation": …, "crl_max_age": …     who may sign (kind_signed.h)
//
// in-toto attestation framework: predicates CycloneDX and SPDX.
//
// Boundary: settings and a signed statement to the normal form.
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/evidence/kind_signed.h"
#include "engine/evidence/statement.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

const NormalForm& Form() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    const TypeId text = made->Scalar(TypeKind::kString);
    made->Record({{"format", text},
                  {"version", text, true},
                  {"signer", text},
                  {"issuer", text, true},
                  {"logged", made->Scalar(TypeKind::kBool)}});
    return made;
  }();
  return *form;
}

struct Document {
  std::string_view format;
  std::optional<std::string> version;
};

Verified<Document> ReadDocument(const JsonTree& tree, const Statement& statement) {
  const Claims claims(tree, *statement.predicate);
  Document document;
  if (IsPredicateOf(kCycloneDxPredicateType, statement.predicate_type)) {
    document.format = "cyclonedx";
    ZTP_VERIFY_OR_RETURN(const std::string format, claims.RequiredText("bomFormat"));
    if (format != "CycloneDX") return Refuse(Check::kMalformed, "`bomFormat` is not CycloneDX");
    ZTP_VERIFY_OR_RETURN(document.version, claims.RequiredText("specVersion"));
    return document;
  }
  if (IsPredicateOf(kSpdxPredicateType, statement.predicate_type)) {
    document.format = "spdx";
    // SPDX 3 says its version in `@context`, of several forms.
    ZTP_VERIFY_OR_RETURN(document.version, claims.Text("spdxVersion"));
    if (!document.version && tree.Find(*statement.predicate, "@context") == nullptr) {
      return Refuse(Check::kMalformed, "no SPDX document: neither `spdxVersion` nor `@context`");
    }
    return document;
  }
  return Refuse(Check::kMalformed, "a statement with the predicate ",
                Quoted(JsonExcerpt(statement.predicate_type)), "; it takes ",
                kCycloneDxPredicateType, " and ", kSpdxPredicateType);
}

Value TextOr(const std::optional<std::string>& text) {
  return text ? Value::String(*text) : Value();
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) { ReadSigners(reader, &policy_, &crls_); }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const SignedStatement by, VerifyStatementText(evidence, policy_, now));
    JsonTree tree;
    ZTP_VERIFY_OR_RETURN(const Statement statement, ReadStatement(by.payload, &tree));
    ZTP_VERIFY_OR_RETURN(const Document document, ReadDocument(tree, statement));
    ProvenFact fact = FactOfSigned(by.signer.name, by.signer.anchor, by.signed_at, by.valid_until);
    for (const StatementSubject& subject : statement.subjects) {
      const std::string_view digest = subject.Digest("sha256");
      if (!digest.empty()) fact.subjects.push_back(Cat("sha256:", digest));
    }
    if (fact.subjects.empty()) {
      return Refuse(Check::kMalformed, "a statement about nothing that has a SHA-256");
    }
    fact.value = Form().Make({{"format", Value::String(std::string(document.format))},
                              {"version", TextOr(document.version)},
                              {"signer", Value::String(by.signer.name)},
                              {"issuer", TextOr(by.signer.issuer)},
                              {"logged", Value::Bool(by.signer.logged)}});
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

extern const EvidenceKind kBomKind;
constinit const EvidenceKind kBomKind{.name = "bom", .form = Form, .read = Read};

}  // namespace ztp::evidence
