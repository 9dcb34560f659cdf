// A GPU's evidence and that of the machine that it is in, as one Device of std.ai.
//
//   "gpu": {"kind": "nvidia-report", …}     a source of either kind of GPU evidence, without
//   `proves`, "host": {"kind": "sev-snp", …}          `max_age`, `leeway` and `nonce`, which are
//   this source's;
//                                           and one of sev-snp, tdx, tpm-quote
//
// Evidence: {"gpu": …, "host": …}, each as its kind has it; what is bytes there is base64 here.
// Both must answer one nonce: that is what makes them one machine, as far as what was measured asks
// its own GPU.
//
// Boundary: two sources to one; what each of them proves, its kind says.
#include <algorithm>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/evidence_parts.h"
#include "engine/evidence/kind_device.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

struct Part {
  const EvidenceKind* kind = nullptr;
  std::unique_ptr<const SourceVerifier> verifier;
};

Part ReadPart(SourceReader& reader, std::string_view name,
              std::initializer_list<std::string_view> kinds) {
  Part part;
  const bool is_there = reader.Object(name, [&](SourceReader& source) {
    source.ReadCommonOf(reader);
    const std::string kind = source.Text("kind");
    if (kind.empty()) return;
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
      source.Report("kind", Cat(Quoted(JsonExcerpt(kind)), " is no kind of evidence of a ", name));
      return;
    }
    part.kind = FindKind(kind);
    part.verifier = part.kind->read(source);
  });
  if (!is_there) reader.Report("", Cat("`", name, "` is missing"));
  return part;
}

Value FieldOf(const Value& device, std::string_view name) {
  const std::vector<ztp::Field>& fields = DeviceForm().schema().types[DeviceForm().type()].fields;
  const auto at = std::find_if(fields.begin(), fields.end(),
                               [&](const ztp::Field& field) { return field.name == name; });
  return device.items()[static_cast<size_t>(at - fields.begin())];
}

// The form's verdicts have the numbers of Appraisal.
Appraisal VerdictOf(const Value& device) {
  return static_cast<Appraisal>(FieldOf(device, "verdict").ordinal());
}

Value VerifierOf(const Value& gpu, const Value& host) {
  const Value a = FieldOf(gpu, "verifier"), b = FieldOf(host, "verifier");
  if (a.is_none() || b.is_none() || a == b) return a.is_none() ? b : a;
  return Value::String(Cat(a.text(), "+", b.text()));
}

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader)
      : gpu_(ReadPart(reader, "gpu", {"nvidia-token", "nvidia-report"})),
        host_(ReadPart(reader, "host", {"sev-snp", "tdx", "tpm-quote"})) {}

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    EvidenceParts parts;
    if (auto refusal = parts.Parse(evidence, {"gpu", "host"})) return *std::move(refusal);
    ZTP_VERIFY_OR_RETURN(const ProvenFact gpu, VerifyPart(parts, "gpu", gpu_, now));
    ZTP_VERIFY_OR_RETURN(const ProvenFact host, VerifyPart(parts, "host", host_, now));
    if (!gpu.nonce || gpu.nonce != host.nonce) {
      return Refuse(Check::kNonce, "GPU and host do not answer one nonce");
    }
    const NormalForm& form = DeviceForm();
    const Appraisal verdict = Worse(VerdictOf(gpu.value), VerdictOf(host.value));
    ProvenFact fact;
    fact.value = form.Make(
        {{"gpu", FieldOf(gpu.value, "gpu")},
         {"host", FieldOf(host.value, "host")},
         {"verdict", form.EnumValue(form.FieldType(form.type(), "verdict"), NameOf(verdict))},
         {"verifier", VerifierOf(gpu.value, host.value)}});
    fact.subjects = host.subjects;
    fact.subjects.insert(fact.subjects.end(), gpu.subjects.begin(), gpu.subjects.end());
    fact.issuer = gpu.issuer;
    fact.nonce = gpu.nonce;
    if (gpu.issued_at && host.issued_at) fact.issued_at = std::min(*gpu.issued_at, *host.issued_at);
    fact.expires_at = std::min(gpu.expires_at, host.expires_at);
    fact.ends_by_age = gpu.expires_at < host.expires_at ? gpu.ends_by_age : host.ends_by_age;
    fact.anchor = gpu.anchor == host.anchor ? gpu.anchor : Cat(gpu.anchor, "+", host.anchor);
    return fact;
  }

 private:
  static Verified<ProvenFact> VerifyPart(const EvidenceParts& parts, std::string_view name,
                                         const Part& part, Time now) {
    if (part.kind->binary) {
      ZTP_VERIFY_OR_RETURN(const std::string bytes, parts.Bytes(name));
      return part.verifier->Verify(bytes, now);
    }
    ZTP_VERIFY_OR_RETURN(const std::string_view text, parts.Text(name));
    return part.verifier->Verify(text, now);
  }

  const Part gpu_, host_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kGpuAndHostKind;
constinit const EvidenceKind kGpuAndHostKind{
    .name = "gpu-and-host", .form = DeviceForm, .read = Read};

}  // namespace ztp::evidence
