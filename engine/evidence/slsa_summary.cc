// See slsa_summary.h.
#include "engine/evidence/slsa_summary.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/slsa.h"
#include "engine/evidence/statement.h"
#include "engine/facts/json_sink.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kDigestPrefix = "sha256:";

bool IsDigest(std::string_view text) {
  return text.starts_with(kDigestPrefix) && IsSha256Hex(text.substr(kDigestPrefix.size()));
}

// RFC 3986, 4.3, as far as it matters: a scheme, a colon, something behind it, and no byte that a
// URI never has.
bool IsAbsoluteUri(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == 0 || colon == text.npos || colon + 1 == text.size()) return false;
  if (text.size() > kMaxStatementTextBytes) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!is_letter(text[0])) return false;
  for (const char c : text.substr(0, colon)) {
    const bool digit = c >= '0' && c <= '9';
    if (!is_letter(c) && !digit && std::string_view("+-.").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
  });
}

std::optional<Refusal> RefuseForm(const SlsaSummary& summary) {
  if (summary.subject_name.empty() || summary.subject_name.size() > kMaxStatementTextBytes) {
    return Refuse(Check::kUsage, "a summary's subject must have a name of 1 to ",
                  kMaxStatementTextBytes, " bytes");
  }
  if (!IsDigest(summary.subject_digest) || !IsDigest(summary.policy_digest)) {
    return Refuse(Check::kUsage, "a summary wants the digests of an artefact and a policy");
  }
  for (const auto& [name, uri] :
       {std::pair("verifier", &summary.verifier), std::pair("resource", &summary.resource_uri),
        std::pair("policy", &summary.policy_uri)}) {
    if (!IsAbsoluteUri(*uri)) {
      return Refuse(Check::kUsage, "the ", name, " of a summary must be an absolute URI, as ",
                    "https://acme.org/", name);
    }
  }
  if (summary.passed_level &&
      (*summary.passed_level < 0 || *summary.passed_level > kHighestBuildLevel)) {
    return Refuse(Check::kUsage, "a build level is from 0 to ", kHighestBuildLevel);
  }
  for (const SlsaAttestation& input : summary.input_attestations) {
    if (!IsDigest(input.digest)) return Refuse(Check::kUsage, "an attestation has no digest");
  }
  return std::nullopt;
}

void PutDigest(std::string_view digest, JsonSink& sink) {
  sink.Put("\"digest\":{\"sha256\":");
  sink.PutText(digest.substr(kDigestPrefix.size()));
  sink.Put('}');
}

}  // namespace

Verified<DsseEnvelope> MakeSlsaSummary(const SlsaSummary& summary) {
  if (auto refusal = RefuseForm(summary)) return *std::move(refusal);
  std::string payload;
  JsonSink sink(&payload);
  sink.Put("{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":");
  sink.PutText(summary.subject_name);
  sink.Put(',');
  PutDigest(summary.subject_digest, sink);
  sink.Put("}],\"predicateType\":");
  sink.PutText(kSummaryPredicateType);
  sink.Put(",\"predicate\":{\"verifier\":{\"id\":");
  sink.PutText(summary.verifier);
  if (!summary.verifier_version.empty()) {
    sink.Put(",\"version\":{\"ztp\":");
    sink.PutText(summary.verifier_version);
    sink.Put('}');
  }
  sink.Put("},\"timeVerified\":");
  sink.PutTime(summary.verified_at);
  sink.Put(",\"resourceUri\":");
  sink.PutText(summary.resource_uri);
  sink.Put(",\"policy\":{\"uri\":");
  sink.PutText(summary.policy_uri);
  sink.Put(',');
  PutDigest(summary.policy_digest, sink);
  sink.Put("},\"inputAttestations\":[");
  bool first = true;
  for (const SlsaAttestation& input : summary.input_attestations) {
    if (!std::exchange(first, false)) sink.Put(',');
    sink.Put("{\"uri\":");
    sink.PutText(input.uri);
    sink.Put(',');
    PutDigest(input.digest, sink);
    sink.Put('}');
  }
  if (summary.passed_level) {
    sink.Put("],\"verificationResult\":\"PASSED\",\"verifiedLevels\":[\"SLSA_BUILD_LEVEL_");
    sink.PutPlain(Cat(*summary.passed_level));
    sink.Put("\"],\"slsaVersion\":\"1.0\"}}");
  } else {
    sink.Put(
        "],\"verificationResult\":\"FAILED\",\"verifiedLevels\":[\"FAILED\"],"
        "\"slsaVersion\":\"1.0\"}}");
  }
  sink.Flush();
  return DsseEnvelope{.payload_type = std::string(kStatementPayloadType),
                      .payload = std::move(payload),
                      .signatures = {}};
}

}  // namespace ztp::evidence
