// EAT attestation results (ear.h) as std.ai's Device: a verifier's verdict about one.
//
//   "keys": …, "algorithms": […]          of the verifier
//   "verifiers": "Veraison Project"       whose builds they are: the developer in the verifier's id
//   "submodules": ["CPU"]                 what must have been appraised
//   "issuers": […]                        where its tokens have an `iss`
//   "profiles": ["veraison", "ietf"]      the spellings that are taken; without it, both
//   "worst_verdict": "affirming"
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/ear.h"
#include "engine/evidence/kind_device.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) : common_(reader.common()) {
    keys_ = reader.Keys();
    policy_.eat.jws.algorithms = reader.Algorithms({});
    if (!reader.Has("algorithms")) reader.Report("", "`algorithms` is missing");
    policy_.eat.issuers = reader.OptionalTexts("issuers");
    policy_.eat.max_age = common_.max_age;
    policy_.eat.leeway = common_.leeway;
    policy_.verifiers = reader.Texts("verifiers");
    policy_.required_submodules = reader.Texts("submodules");
    policy_.worst_accepted = ReadWorstVerdict(reader);
    ReadProfiles(reader);
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(const Ear ear, VerifyEar(evidence, keys_, policy_, now));
    ProvenFact fact = FactOfToken(ear.attested, common_);
    for (const EarSubmodule& submodule : ear.submodules) {
      if (submodule.key_sha256) fact.subjects.push_back(*submodule.key_sha256);
    }
    fact.issuer = ear.issuer.empty() ? ear.developer : ear.issuer;
    // Which of several nonces would be ours, nobody says.
    if (ear.nonces.size() == 1) fact.nonce = ear.nonces.front();
    return fact;
  }

 private:
  void ReadProfiles(SourceReader& reader) {
    const auto names = reader.OptionalTexts("profiles");
    if (!names) return;
    policy_.profiles.clear();
    for (const std::string& name : *names) {
      if (name == "veraison") {
        policy_.profiles.emplace_back(kEarVeraisonProfile);
      } else if (name == "ietf") {
        policy_.profiles.emplace_back(kEarIetfProfile);
      } else {
        reader.Report("profiles", Cat(Quoted(JsonExcerpt(name)), " is none of veraison, ietf"));
      }
    }
  }

  const SourceReader::Common common_;
  JwkSet keys_;
  EarPolicy policy_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kEarKind;
constinit const EvidenceKind kEarKind{.name = "ear", .form = DeviceForm, .read = Read};

}  // namespace ztp::evidence
