// X.509-SVIDs (x509_svid.h) as std.ai's Svid.
//
//   "trust_domain": "acme.org", "bundle": …   our own workloads: a JWK set, PEM, or DER in a file
//   "federated": [{"trust_domain": …, "bundle": …}]   those of others that are taken besides
//   "crls": …, "revocation": "required", "crl_max_age": "1h"
//   "host_checks_binding": true   required: a certificate is no secret, so whoever presents one
//   must
//                                 have seen in the channel (TLS) that its peer has the key
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/kind.h"
#include "engine/evidence/kind_svid.h"
#include "engine/evidence/spiffe_bundle.h"
#include "engine/evidence/x509_svid.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kSvidKind = "x509";

const NormalForm& Form() {
  static const NormalForm* const form = MakeSvidForm(kSvidKind);
  return *form;
}

// A bundle's form shows: a JWK set is an object.
Verified<SpiffeBundle> ReadBundle(std::string_view trust_domain, std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string_view::npos && bytes[first] == '{';
  return is_json ? ReadSpiffeBundle(trust_domain, bytes) : ReadX509Bundle(trust_domain, bytes);
}

void ReadDomain(SourceReader& reader, std::vector<SpiffeBundle>* bundles, std::string* name) {
  *name = reader.Text("trust_domain");
  const std::optional<std::string> bytes = reader.Bytes("bundle", true);
  if (name->empty() || !bytes) return;
  auto bundle = ReadBundle(*name, *bytes);
  if (!bundle.ok()) {
    reader.Report("bundle", bundle.refusal().message);
  } else if (bundle->x509_authorities.empty()) {
    reader.Report("bundle", "it has no certificate of an X.509 authority");
  } else {
    bundles->push_back(*std::move(bundle));
  }
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) {
    ReadDomain(reader, &bundles_, &options_.trust_domain);
    reader.Objects("federated", [&](SourceReader& other) {
      ReadDomain(other, &bundles_, &options_.federated.emplace_back());
    });
    crls_ = reader.Crls();
    options_.revocation.required = reader.Choice("revocation", {"known", "required"}, 0) == 1;
    options_.revocation.max_age = reader.OptionalDuration("crl_max_age");
    if (!reader.Flag("host_checks_binding", false)) {
      reader.Report("",
                    "`host_checks_binding` must be true: a certificate is no secret, so the host "
                    "must check in the channel (TLS) that its peer has the key");
    }
    if (reader.common().nonce_required) reader.Report("nonce", "an X.509-SVID carries no nonce");
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const std::vector<Certificate> chain, ReadCertificates(evidence));
    SvidOptions options = options_;
    options.now = now;
    options.revocation.crls = crls_;
    ZTP_VERIFY_OR_RETURN(X509Svid svid, VerifyX509Svid(chain, bundles_, options));
    ProvenFact fact;
    fact.value = MakeSvid(Form(), kSvidKind, svid.spiffe_id);
    fact.subjects.push_back(svid.spiffe_id);
    fact.issuer = svid.trust_domain();
    fact.id = std::move(svid.path.leaf_serial);
    fact.issued_at = svid.path.not_before;
    fact.expires_at = svid.path.valid_until();
    fact.anchor = std::move(svid.path.anchor_sha256);
    return fact;
  }

 private:
  SvidOptions options_;
  std::vector<SpiffeBundle> bundles_;
  std::vector<Crl> crls_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kX509SvidKind;
constinit const EvidenceKind kX509SvidKind{
    .name = "x509-svid", .binary = true, .form = Form, .read = Read};

}  // namespace ztp::evidence
