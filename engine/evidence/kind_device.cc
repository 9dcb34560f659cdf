// See kind_device.h.
#include "engine/evidence/kind_device.h"

#include <cstdlib>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/evidence/nonces.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

Value VersionOf(std::string_view text) {
  absl::StatusOr<std::string> key = ParseVersion(text);
  if (!key.ok()) std::abort();  // the verifiers take no other text
  return Value::Version(*std::move(key));
}

Value HexVersionOf(std::string_view text) {
  absl::StatusOr<std::string> key = ParseHexVersion(text);
  if (!key.ok()) std::abort();
  return Value::HexVersion(*std::move(key));
}

Value EnumOf(TypeId record, std::string_view field, std::string_view name) {
  return DeviceForm().EnumValue(DeviceForm().FieldType(record, field), name);
}

Value GpuValue(const Gpu& gpu, TypeId type) {
  return DeviceForm().Make(
      type, {{"model", Value::String(gpu.model)},
             {"driver", VersionOf(gpu.driver.empty() ? "0" : gpu.driver)},
             {"vbios", HexVersionOf(gpu.vbios.empty() ? "0" : gpu.vbios)},
             {"confidential", Value::Bool(gpu.confidential)},
             {"secure_boot", Value::Bool(gpu.secure_boot)},
             {"debug", Value::Bool(gpu.debug)},
             {"measurements", EnumOf(type, "measurements", NameOf(gpu.measurements))},
             {"nonce_matched", Value::Bool(gpu.nonce_matched)}});
}

Value HostValue(const Host& host, TypeId type) {
  return DeviceForm().Make(
      type, {{"tee", EnumOf(type, "tee", NameOf(host.tee))},
             {"secure_boot", Value::Bool(host.secure_boot)},
             {"debug", Value::Bool(host.debug)},
             {"tcb", EnumOf(type, "tcb", NameOf(host.tcb))},
             {"firmware", VersionOf(host.firmware)},
             {"kernel", host.kernel ? VersionOf(*host.kernel) : Value()},
             {"measurement", host.measurement ? Value::Digest(*host.measurement) : Value()},
             {"disk_encrypted", Value::Bool(host.disk_encrypted)}});
}

}  // namespace

const NormalForm& DeviceForm() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    const TypeId text = made->Scalar(TypeKind::kString);
    const TypeId flag = made->Scalar(TypeKind::kBool);
    const TypeId version = made->Scalar(TypeKind::kVersion);
    const TypeId verdict =
        made->Enum("Verdict", {"unappraised", "affirming", "warning", "contraindicated"});
    const TypeId tee = made->Enum("Tee", {"no_tee", "sev_snp", "tdx", "sgx", "cca", "nitro"});
    const TypeId tcb = made->Enum("TcbStatus", {"up_to_date", "configuration_needed", "out_of_date",
                                                "revoked", "not_judged"});
    const TypeId gpu = made->Record({{"model", text},
                                     {"driver", version},
                                     {"vbios", made->Scalar(TypeKind::kHexVersion)},
                                     {"confidential", flag},
                                     {"secure_boot", flag},
                                     {"debug", flag},
                                     {"measurements", verdict},
                                     {"nonce_matched", flag}});
    const TypeId host = made->Record({{"tee", tee},
                                      {"secure_boot", flag},
                                      {"debug", flag},
                                      {"tcb", tcb},
                                      {"firmware", version},
                                      {"kernel", version, true},
                                      {"measurement", made->Scalar(TypeKind::kDigest), true},
                                      {"disk_encrypted", flag}});
    made->Record({{"gpu", gpu}, {"host", host}, {"verdict", verdict}, {"verifier", text, true}});
    return made;
  }();
  return *form;
}

Value DeviceValue(const Device& device) {
  const NormalForm& form = DeviceForm();
  const TypeId type = form.type();
  return form.Make({{"gpu", GpuValue(device.gpu.value_or(Gpu()), form.FieldType(type, "gpu"))},
                    {"host", HostValue(device.host, form.FieldType(type, "host"))},
                    {"verdict", EnumOf(type, "verdict", NameOf(device.verdict))},
                    {"verifier", device.verifier ? Value::String(*device.verifier) : Value()}});
}

Revocation HardwareSettings::revocation() const {
  return {.crls = crls, .required = revocation_required, .max_age = crl_max_age};
}

Challenge HardwareSettings::ChallengeAt(Time now) const {
  Challenge challenge;
  challenge.without_nonce_allowed = true;
  challenge.given_out_at = now;
  challenge.valid_for = max_age;
  return challenge;
}

HardwareSettings ReadHardwareSettings(SourceReader& reader) {
  HardwareSettings settings;
  settings.crls = reader.Crls();
  settings.revocation_required = reader.Choice("revocation", {"known", "required"}, 0) == 1;
  settings.crl_max_age = reader.OptionalDuration("crl_max_age");
  settings.max_age = reader.common().max_age.value_or(Duration{});
  settings.leeway = reader.common().leeway;
  settings.nonce_required = reader.common().nonce_required;
  if (!reader.common().max_age) {
    reader.Report("", "`max_age` is missing: such evidence does not say how long it is good");
  }
  if (!reader.common().says_nonce) {
    reader.Report(
        "",
        "`nonce` is missing: such evidence has no time of its own, so that without a nonce "
        "it can be shown again at any time; say \"required\", or \"none\" to allow that");
  }
  return settings;
}

std::vector<Certificate> ReadRoots(SourceReader& reader) {
  return reader.Certificates("roots", true);
}

ProvenFact FactOf(const Attested& attested, const HardwareSettings& settings, Time now) {
  ProvenFact fact;
  fact.value = DeviceValue(attested.device);
  fact.issued_at = Time{now.micros - settings.leeway.micros};
  fact.expires_at = attested.expires_at;
  fact.ends_by_age = attested.expires_at.micros - now.micros == settings.max_age.micros;
  fact.anchor = attested.anchor;
  fact.digest = attested.digest;
  return fact;
}

ProvenFact FactOfToken(const Attested& attested, const SourceReader::Common& common) {
  ProvenFact fact;
  fact.value = DeviceValue(attested.device);
  if (attested.issued_at) {
    fact.issued_at = Time{attested.issued_at->micros - common.leeway.micros};
    fact.ends_by_age = common.max_age && attested.expires_at.micros - attested.issued_at->micros ==
                                             common.max_age->micros;
  }
  fact.expires_at = Time{attested.expires_at.micros + common.leeway.micros};
  fact.anchor = attested.anchor;
  fact.digest = attested.digest;
  return fact;
}

ReportData ReadReportData(SourceReader& reader) {
  constexpr ReportData kForms[] = {ReportData::kNonce, ReportData::kKeyThenNonce};
  return kForms[reader.Choice("report_data", {"nonce", "key_then_nonce"}, 0)];
}

void AddReportData(std::string_view field, ReportData form, ProvenFact* fact) {
  constexpr size_t kKeyBytes = 32;
  if (form == ReportData::kKeyThenNonce) {
    fact->subjects.insert(fact->subjects.begin(), DigestText(field.substr(0, kKeyBytes)));
    fact->nonce = std::string(field.substr(kKeyBytes));
    return;
  }
  const bool zeros_behind = field.find_first_not_of('\0', kNonceBytes) == std::string_view::npos;
  fact->nonce = std::string(zeros_behind ? field.substr(0, kNonceBytes) : field);
}

std::optional<std::vector<std::string>> ReadDigests(SourceReader& reader, std::string_view name,
                                                    size_t bytes) {
  const std::optional<std::vector<std::string>> texts = reader.OptionalTexts(name);
  if (!texts) return std::nullopt;
  const std::string prefix = Cat("sha", bytes * 8, ":");
  std::vector<std::string> digests;
  for (std::string_view text : *texts) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    std::optional<std::string> digest = FromHex(text);
    if (!digest || digest->size() != bytes) {
      reader.Report(name, Cat("expected \"", prefix, "…\" with ", 2 * bytes,
                              " hexadecimal digits, found ", Quoted(JsonExcerpt(text))));
      return std::nullopt;
    }
    digests.push_back(*std::move(digest));
  }
  return digests;
}

std::vector<std::string> ReadPinned(SourceReader& reader, std::string_view name, size_t bytes) {
  if (!reader.Has(name)) {
    reader.Report("",
                  Cat("`", name, "` is missing: a source that pins nothing proves nothing good"));
  }
  return ReadDigests(reader, name, bytes).value_or(std::vector<std::string>());
}

Appraisal ReadWorstVerdict(SourceReader& reader) {
  constexpr Appraisal kAll[] = {Appraisal::kAffirming, Appraisal::kUnappraised, Appraisal::kWarning,
                                Appraisal::kContraindicated};
  std::vector<std::string_view> names;
  for (const Appraisal one : kAll) names.push_back(NameOf(one));
  return kAll[reader.Choice("worst_verdict", names, 0)];
}

}  // namespace ztp::evidence
