// What NVIDIA's claims say of one device: see nvidia_token.h.
//
// Boundary: claims to the normal form. Nothing here is verified.
#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/evidence/nvidia_token.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

// Whether all that must hold does; a claim that is missing or null does not hold.
class Findings {
 public:
  Findings(const JsonTree& tree, std::string_view prefix) : tree_(tree), prefix_(prefix) {}

  // `x-nvidia-gpu-` and the name.
  const JsonNode* Find(std::string_view name) const {
    return tree_.Find(tree_.root(), Cat(prefix_, name));
  }
  static bool IsTrue(const JsonNode* node) {
    return node != nullptr && node->kind == JsonKind::kBool && node->boolean;
  }
  void MustHold(std::string_view name) {
    if (!IsTrue(Find(name))) found_ = Worse(found_, Appraisal::kContraindicated);
  }
  // Not there in claims of version 2; false is false in either.
  void MustNotFail(std::string_view name) {
    if (const JsonNode* node = Find(name); node != nullptr && !IsTrue(node)) {
      found_ = Worse(found_, Appraisal::kContraindicated);
    }
  }
  // A certificate chain: the boolean of version 2, or the object of version 3. At least one is
  // there, and none says that it is bad.
  void MustBeValid(std::string_view boolean, std::string_view object) {
    const JsonNode* old_form = Find(boolean);
    const JsonNode* new_form = Find(object);
    if ((old_form == nullptr && new_form == nullptr) ||
        (old_form != nullptr && !IsTrue(old_form))) {
      found_ = Worse(found_, Appraisal::kContraindicated);
    }
    if (new_form == nullptr) return;
    if (new_form->kind != JsonKind::kObject || !Says(*new_form, "x-nvidia-cert-status", "valid")) {
      found_ = Worse(found_, Appraisal::kContraindicated);
    } else if (!Says(*new_form, "x-nvidia-cert-ocsp-status", "good")) {
      // Revoked is what the service itself would refuse; on hold or unknown is for the policy.
      found_ = Worse(found_, Says(*new_form, "x-nvidia-cert-ocsp-status", "revoked")
                                 ? Appraisal::kContraindicated
                                 : Appraisal::kWarning);
    }
  }
  void Add(Appraisal appraisal) { found_ = Worse(found_, appraisal); }
  Appraisal found() const { return found_; }

 private:
  bool Says(const JsonNode& object, std::string_view name, std::string_view text) const {
    const JsonNode* node = tree_.Find(object, name);
    return node != nullptr && node->kind == JsonKind::kString && node->text == text;
  }

  const JsonTree& tree_;
  std::string prefix_;
  Appraisal found_ = Appraisal::kAffirming;
};

// RFC 9711 section 4.2.9, and NVIDIA's null.
Verified<bool> ReadDebug(const JsonTree& tree) {
  const JsonNode* node = tree.Find(tree.root(), "dbgstat");
  if (node == nullptr || node->kind == JsonKind::kNull) return true;
  if (node->kind == JsonKind::kString) {
    if (node->text == "enabled") return true;
    for (const std::string_view off : {"disabled", "disabled-since-boot", "disabled-permanently",
                                       "disabled-fully-and-permanently"}) {
      if (node->text == off) return false;
    }
  }
  return Refuse(Check::kClaim, "the claim `dbgstat` is no debug status");
}

Verified<bool> ReadSecureBoot(const JsonTree& tree) {
  const JsonNode* node = tree.Find(tree.root(), "secboot");
  if (node == nullptr || node->kind == JsonKind::kNull) return false;
  if (node->kind == JsonKind::kBool) return node->boolean;
  return Refuse(Check::kClaim, "the claim `secboot` must be a boolean or null, not ",
                JsonKindName(node->kind));
}

// RFC 9711 section 4.2.16; NRAS writes "success", the SDK's schema "Success".
Verified<Appraisal> ReadMeasurements(const Claims& claims) {
  if (!claims.Has("measres")) return Appraisal::kUnappraised;
  ZTP_VERIFY_OR_RETURN(const std::string result, claims.RequiredText("measres"));
  if (EqualIgnoringCase(result, "success")) return Appraisal::kAffirming;
  if (EqualIgnoringCase(result, "fail") || EqualIgnoringCase(result, "failure")) {
    return Appraisal::kContraindicated;
  }
  if (EqualIgnoringCase(result, "not-run") || EqualIgnoringCase(result, "absent")) {
    return Appraisal::kUnappraised;
  }
  return Refuse(Check::kClaim, "the claim `measres` is no result: ", Quoted(JsonExcerpt(result)));
}

void ReadManifest(std::string_view which, Findings* findings) {
  for (const std::string_view name :
       {"-fetched", "-schema-validated", "-signature-verified", "-measurements-available"}) {
    findings->MustHold(Cat(which, name));
  }
  findings->MustNotFail(Cat(which, "-version-match"));
  findings->MustBeValid(Cat(which, "-cert-validated"), Cat(which, "-cert-chain"));
}

}  // namespace

Verified<NvidiaDevice> ReadNvidiaDevice(std::string_view name, const JsonTree& tree) {
  NvidiaDevice device;
  device.name = std::string(name);
  device.is_switch = name.starts_with("SWITCH-");
  if (!device.is_switch && !name.starts_with("GPU-")) {
    return Refuse(Check::kSubject,
                  "a device that is neither a GPU nor a switch: ", Quoted(JsonExcerpt(name)));
  }
  if (tree.root().kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "the claims of a device must be an object");
  }
  const Claims claims(tree, tree.root());
  const std::string prefix = device.is_switch ? "x-nvidia-switch-" : "x-nvidia-gpu-";
  const std::string_view bios = device.is_switch ? "bios" : "vbios";
  Gpu& gpu = device.gpu;
  ZTP_VERIFY_OR_RETURN(gpu.model, claims.RequiredText("hwmodel"));
  ZTP_VERIFY_OR_RETURN(device.ueid, claims.RequiredText("ueid"));
  ZTP_VERIFY_OR_RETURN(gpu.vbios, claims.RequiredText(Cat(prefix, bios, "-version")));
  if (!IsHexVersion(gpu.vbios)) {
    return Refuse(Check::kClaim,
                  "the version of the BIOS is none: ", Quoted(JsonExcerpt(gpu.vbios)));
  }
  if (!device.is_switch) {
    ZTP_VERIFY_OR_RETURN(gpu.driver, claims.RequiredText(Cat(prefix, "driver-version")));
    if (!IsVersion(gpu.driver)) {
      return Refuse(Check::kClaim,
                    "the version of the driver is none: ", Quoted(JsonExcerpt(gpu.driver)));
    }
  }
  ZTP_VERIFY_OR_RETURN(gpu.secure_boot, ReadSecureBoot(tree));
  ZTP_VERIFY_OR_RETURN(gpu.debug, ReadDebug(tree));
  ZTP_VERIFY_OR_RETURN(const Appraisal measured, ReadMeasurements(claims));
  if (claims.Has("x-nvidia-attestation-warning")) {
    ZTP_VERIFY_OR_RETURN(device.warning, claims.RequiredText("x-nvidia-attestation-warning"));
  }

  Findings findings(tree, prefix);
  findings.MustHold("arch-check");
  for (const std::string_view one : {"-parsed", "-nonce-match", "-signature-verified"}) {
    findings.MustHold(Cat("attestation-report", one));
  }
  findings.MustNotFail("attestation-report-cert-chain-fwid-match");
  findings.MustBeValid("attestation-report-cert-chain-validated", "attestation-report-cert-chain");
  ReadManifest(Cat(bios, "-rim"), &findings);
  if (!device.is_switch) {
    ReadManifest("driver-rim", &findings);
    findings.MustHold("vbios-index-no-conflict");
  }
  if (!device.warning.empty()) findings.Add(Appraisal::kWarning);
  findings.Add(measured);
  gpu.measurements = findings.found();
  device.appraisal = gpu.debug ? Appraisal::kContraindicated : gpu.measurements;
  return device;
}

}  // namespace ztp::evidence
