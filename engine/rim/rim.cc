// See rim.h.
#include "engine/rim/rim.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/evidence/device.h"
#include "engine/facts/json_sink.h"
#include "engine/rim/xml_signature.h"

namespace ztp::rim {
namespace {

using evidence::Check;
using evidence::NvidiaReference;
using evidence::Refusal;
using evidence::Refuse;
using evidence::Verified;

static_assert(kMaxRimBytes == kMaxXmlBytes);

constexpr std::string_view kSwid = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
// The namespace of a resource's digests, as the manifests have it.
constexpr std::string_view kSha384 = "http://www.w3.org/2001/04/xmlenc#sha384";
constexpr size_t kDigestBytes = 48;
constexpr int64_t kHighestIndex = 254;
constexpr int64_t kMaxAlternatives = 64;
constexpr size_t kMaxNameBytes = 200;

template <typename... Pieces>
Refusal Malformed(const Pieces&... pieces) {
  return Refuse(Check::kMalformed, "not a manifest of NVIDIA's: ", pieces...);
}

Verified<std::string> Named(const XmlElement& element, std::string_view name) {
  std::optional<std::string> text = element.Attribute(name);
  if (!text || text->empty() || text->size() > kMaxNameBytes) {
    return Malformed("`", element.name(), "` has no `", name, "`, or one that is too long");
  }
  return *std::move(text);
}

// A number as it is written, without zeros before it.
Verified<int64_t> Number(const XmlElement& element, std::string_view name, int64_t lowest,
                         int64_t highest) {
  ZTP_VERIFY_OR_RETURN(const std::string text, Named(element, name));
  const auto number = ParseInt(text);
  if (!number.ok() || Cat(*number) != text || *number < lowest || *number > highest) {
    return Malformed("`", name, "` is no number from ", lowest, " to ", highest);
  }
  return *number;
}

// xs:boolean and the spelling that NVIDIA has.
Verified<bool> Flag(const XmlElement& element, std::string_view name) {
  ZTP_VERIFY_OR_RETURN(const std::string text, Named(element, name));
  if (text == "True" || text == "true") return true;
  if (text == "False" || text == "false") return false;
  return Malformed("`", name, "` is neither true nor false");
}

// One index of the manifest, and whether there is a digest to compare with at all.
std::optional<Refusal> ReadResource(const XmlElement& resource, std::vector<bool>* seen,
                                    NvidiaReference* reference) {
  if (!resource.Is(kSwid, "Resource") || resource.Attribute("type") != "Measurement") {
    return Malformed("its payload has more than measurements");
  }
  ZTP_VERIFY_OR_RETURN(const int64_t index, Number(resource, "index", 0, kHighestIndex));
  if ((*seen)[static_cast<size_t>(index)]) return Malformed("index ", index, " is there twice");
  (*seen)[static_cast<size_t>(index)] = true;
  ZTP_VERIFY_OR_RETURN(const bool active, Flag(resource, "active"));
  if (!active) return std::nullopt;
  ZTP_VERIFY_OR_RETURN(const int64_t count, Number(resource, "alternatives", 1, kMaxAlternatives));
  if (resource.Attribute("size") != Cat(kDigestBytes) ||
      resource.AttributesIn(kSha384) != static_cast<size_t>(count)) {
    return Malformed("index ", index, " has not the digests that it says");
  }
  std::vector<std::string>& digests = reference->measurements[static_cast<int>(index)];
  for (int64_t i = 0; i < count; ++i) {
    const std::optional<std::string> text = resource.Attribute(kSha384, Cat("Hash", i));
    const auto digest = text ? evidence::FromHex(*text) : std::nullopt;
    if (!digest || digest->size() != kDigestBytes) {
      return Malformed("digest ", i, " of index ", index, " is none");
    }
    if (std::find(digests.begin(), digests.end(), *digest) == digests.end()) {
      digests.push_back(*digest);
    }
  }
  return std::nullopt;
}

std::optional<Refusal> ReadPayload(const XmlElement& payload, NvidiaReference* reference) {
  std::vector<bool> seen(kHighestIndex + 1);
  for (const XmlElement& resource : payload.Children()) {
    if (auto refusal = ReadResource(resource, &seen, reference)) return refusal;
  }
  if (!reference->measurements.empty()) return std::nullopt;
  return Refuse(Check::kMeasurement, "the manifest has no active measurement");
}

// Five pairs of hexadecimal digits are a VBIOS's; two to four decimal numbers a driver's.
std::optional<RimOf> KindOf(std::string_view version) {
  size_t parts = 1;
  bool pairs = true, decimal = true;
  size_t digits = 0;
  for (const char c : version) {
    if (c == '.') {
      pairs = pairs && digits == 2;
      if (digits == 0) return std::nullopt;
      digits = 0;
      ++parts;
      continue;
    }
    const bool is_decimal = c >= '0' && c <= '9';
    decimal = decimal && is_decimal;
    if (!is_decimal && !(c >= 'A' && c <= 'F')) return std::nullopt;
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  pairs = pairs && digits == 2;
  if (parts == 5 && pairs && evidence::IsHexVersion(version)) return RimOf::kVbios;
  if (parts >= 2 && parts <= 4 && decimal && evidence::IsVersion(version)) return RimOf::kDriver;
  return std::nullopt;
}

std::optional<Refusal> ReadMeta(const XmlElement& meta, Rim* rim) {
  if (meta.Attribute("PayloadType") != "direct") {
    return Malformed("its measurements are not in it");
  }
  ZTP_VERIFY_OR_RETURN(rim->product, Named(meta, "product"));
  ZTP_VERIFY_OR_RETURN(rim->reference.version, Named(meta, "colloquialVersion"));
  const std::optional<RimOf> of = KindOf(rim->reference.version);
  if (!of) {
    return Malformed(Quoted(rim->reference.version), " is no version of a driver or a VBIOS");
  }
  rim->of = *of;
  return std::nullopt;
}

// The tag, without its signature.
std::optional<Refusal> ReadTag(const XmlElement& root, Rim* rim) {
  if (!root.Is(kSwid, "SoftwareIdentity")) return Malformed("it is no `SoftwareIdentity`");
  for (const std::string_view name : {"corpus", "patch", "supplemental"}) {
    if (root.Attribute(name).value_or("false") != "false") {
      return Malformed("it is not whole: `", name, "` says so");
    }
  }
  ZTP_VERIFY_OR_RETURN(rim->tag_id, Named(root, "tagId"));
  int metas = 0, payloads = 0;
  for (const XmlElement& child : root.Children()) {
    std::optional<Refusal> refusal;
    if (child.Is(kSwid, "Meta")) {
      refusal = ReadMeta(child, rim);
      ++metas;
    } else if (child.Is(kSwid, "Payload")) {
      refusal = ReadPayload(child, &rim->reference);
      ++payloads;
    } else if (!child.Is(kSwid, "Entity") && !child.Is(kSwid, "Link")) {
      refusal = Malformed("`", child.name(), "` has no place in it");
    }
    if (refusal) return refusal;
  }
  if (metas == 1 && payloads == 1) return std::nullopt;
  return Malformed("it must have one `Meta` and one `Payload`");
}

void PutDigest(std::string_view digest, JsonSink* sink) {
  sink->PutText(evidence::DigestText(digest));
}

// Index to digest, or to several.
void PutMeasurements(const NvidiaReference& reference, JsonSink* sink) {
  bool first = true;
  for (const auto& [index, digests] : reference.measurements) {
    sink->PutPlain(first ? "\n      \"" : ",\n      \"");
    sink->PutPlain(Cat(index, "\": "));
    first = false;
    if (digests.size() == 1) {
      PutDigest(digests[0], sink);
      continue;
    }
    sink->Put('[');
    for (const std::string& digest : digests) {
      if (&digest != &digests[0]) sink->Put(", ");
      PutDigest(digest, sink);
    }
    sink->Put(']');
  }
}

void PutReferences(std::string_view name, const std::vector<const NvidiaReference*>& references,
                   JsonSink* sink) {
  sink->PutPlain(Cat("\"", name, "\": ["));
  for (const NvidiaReference* reference : references) {
    if (reference != references[0]) sink->Put(',');
    sink->Put("\n    {\"version\": ");
    sink->PutText(reference->version);
    sink->Put(", \"measurements\": {");
    PutMeasurements(*reference, sink);
    sink->Put("}}");
  }
  sink->Put(']');
}

}  // namespace

Verified<Rim> ReadRim(std::string_view xml) {
  ZTP_VERIFY_OR_RETURN(const XmlDocument tag, XmlDocument::Parse(xml));
  Rim rim;
  if (auto refusal = ReadTag(tag.root(), &rim)) return *std::move(refusal);
  return rim;
}

Verified<Rim> VerifyRim(std::string_view xml, std::span<const evidence::Certificate> anchors,
                        const evidence::PathOptions& options) {
  ZTP_VERIFY_OR_RETURN(const XmlDocument document, XmlDocument::Parse(xml));
  ZTP_VERIFY_OR_RETURN(SignedXml signed_xml, VerifyXmlSignature(document, anchors, options));
  ZTP_VERIFY_OR_RETURN(Rim rim, ReadRim(signed_xml.bytes));
  rim.signer = std::move(signed_xml.signer);
  rim.anchor = signed_xml.path.anchor_sha256;
  rim.valid_until = signed_xml.path.valid_until();
  return rim;
}

Verified<std::string> ReferencesAsJson(std::span<const Rim> rims) {
  std::vector<const NvidiaReference*> by_kind[2];
  for (const Rim& rim : rims) {
    auto& references = by_kind[static_cast<size_t>(rim.of)];
    const auto at = std::find_if(references.begin(), references.end(), [&](const auto* other) {
      return other->version >= rim.reference.version;
    });
    if (at == references.end() || (*at)->version != rim.reference.version) {
      references.insert(at, &rim.reference);
    } else if ((*at)->measurements != rim.reference.measurements) {
      return Refuse(Check::kMeasurement, "two manifests of the version ", rim.reference.version,
                    " say different things: a source takes one of them");
    }
  }
  std::string out;
  JsonSink sink(&out);
  sink.Put('{');
  const std::string_view names[] = {"drivers", "vbioses"};
  bool first = true;
  for (size_t i = 0; i < 2; ++i) {
    if (by_kind[i].empty()) continue;
    sink.PutPlain(first ? "\n  " : ",\n  ");
    PutReferences(names[i], by_kind[i], &sink);
    first = false;
  }
  sink.Put("\n}\n");
  sink.Flush();
  return out;
}

}  // namespace ztp::rim
