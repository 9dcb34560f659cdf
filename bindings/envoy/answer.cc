// See answer.h.
#include "bindings/envoy/answer.h"

#include "engine/base/str.h"
#include "engine/facts/json_sink.h"

namespace ztp::envoy {
namespace {

constexpr std::string_view kDenied = "{\"decision\":false}";

void AppendEscape(std::string& out, uint32_t unit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 15];
}

}  // namespace

std::string DenialBody(std::string_view answer, Tell tell, JsonTree& tree) {
  if (tell == Tell::kAll) return std::string(answer);
  JsonError error;
  if (tell == Tell::kDecision || !tree.Parse(answer, JsonPath(), &error)) {
    return std::string(kDenied);
  }
  const JsonNode* context = tree.Find(tree.root(), "context");
  const JsonNode* reason = context == nullptr ? nullptr : tree.Find(*context, "reason");
  if (reason == nullptr || reason->kind != JsonKind::kString) return std::string(kDenied);
  return Cat("{\"decision\":false,\"context\":{\"reason\":", JsonTextOf(answer, *reason), "}}");
}

std::string RefusalBody(unsigned status, std::string_view message, Tell tell) {
  if (tell == Tell::kDecision) return std::string(kDenied);
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"decision\":false,\"context\":{\"error\":{\"status\":");
  sink.PutPlain(Cat(status));
  sink.Put(",\"message\":");
  sink.PutText(message);
  sink.Put("}}}");
  sink.Flush();
  return out;
}

bool Obligations(std::string_view answer, JsonTree& tree, std::vector<std::string>& out) {
  JsonError error;
  if (!tree.Parse(answer, JsonPath(), &error)) return false;
  const JsonNode* context = tree.Find(tree.root(), "context");
  const JsonNode* all = context == nullptr ? nullptr : tree.Find(*context, "obligations");
  if (all == nullptr || all->kind != JsonKind::kArray) return false;
  for (const JsonNode& each : tree.Children(*all)) {
    out.push_back(AsciiJson(JsonTextOf(answer, each)));
  }
  return true;
}

std::string AsciiJson(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (size_t i = 0; i < json.size();) {
    const auto byte = static_cast<unsigned char>(json[i]);
    if (byte < 0x80) {
      if (byte < 0x20 || byte == 0x7f) {
        AppendEscape(out, byte);
      } else {
        out += json[i];
      }
      ++i;
      continue;
    }
    const size_t size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    uint32_t point = byte & (0xffU >> (size + 1));
    for (size_t k = 1; k < size && i + k < json.size(); ++k) {
      point = (point << 6) | (static_cast<unsigned char>(json[i + k]) & 0x3fU);
    }
    i += size;
    if (point >= 0x10000) {
      point -= 0x10000;
      AppendEscape(out, 0xd800 + (point >> 10));
      AppendEscape(out, 0xdc00 + (point & 0x3ff));
    } else {
      AppendEscape(out, point);
    }
  }
  return out;
}

}  // namespace ztp::envoy
