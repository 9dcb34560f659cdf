// See signed_file_states.h.
#include "engine/evidence/signed_file_states.h"

#include <optional>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kFormat = "1";

// Exactly these members, in any order.
const JsonNode* Member(const JsonTree& tree, const JsonNode& object, std::string_view name,
                       JsonKind kind) {
  const JsonNode* node = tree.Find(object, name);
  return node != nullptr && node->kind == kind ? node : nullptr;
}

std::optional<SignedFileState> ReadState(const JsonTree& tree, const JsonNode& object) {
  if (object.kind != JsonKind::kObject || object.child_count != 3) return std::nullopt;
  const JsonNode* version = Member(tree, object, "version", JsonKind::kNumber);
  const JsonNode* digest = Member(tree, object, "digest", JsonKind::kString);
  const JsonNode* latest = Member(tree, object, "latest", JsonKind::kString);
  if (version == nullptr || digest == nullptr || latest == nullptr) return std::nullopt;
  const auto number = ParseInt(version->text);
  const auto time = ParseTime(latest->text);
  if (!number.ok() || *number <= 0 || !time.ok() || digest->text.empty()) return std::nullopt;
  return SignedFileState{.name = std::string(object.key),
                         .version = static_cast<uint64_t>(*number),
                         .digest = std::string(digest->text),
                         .latest = *time};
}

}  // namespace

std::string WriteSignedFileStates(const SignedFileStates& states) {
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"ztp_signed_files\":");
  sink.PutPlain(kFormat);
  sink.Put(",\"files\":{");
  bool first = true;
  for (const auto& [name, state] : states) {
    if (!std::exchange(first, false)) sink.Put(',');
    sink.PutText(name);
    sink.Put(":{\"version\":");
    sink.PutPlain(Cat(state.version));
    sink.Put(",\"digest\":");
    sink.PutText(state.digest);
    sink.Put(",\"latest\":");
    sink.PutTime(state.latest);
    sink.Put('}');
  }
  sink.Put("}}\n");
  sink.Flush();
  return out;
}

Verified<SignedFileStates> ReadSignedFileStates(std::string_view json) {
  if (json.size() > kMaxSignedFileStatesBytes) {
    return Refuse(Check::kTooLarge, "more than ", kMaxSignedFileStatesBytes, " bytes");
  }
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(json, JsonPath(), &error) || tree.root().kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "this is no state of signed files: no JSON object");
  }
  const JsonNode* format = Member(tree, tree.root(), "ztp_signed_files", JsonKind::kNumber);
  const JsonNode* files = Member(tree, tree.root(), "files", JsonKind::kObject);
  if (format == nullptr || format->text != kFormat || files == nullptr ||
      tree.root().child_count != 2) {
    return Refuse(Check::kMalformed,
                  "this is no state of signed files: it has no `ztp_signed_files`: 1 and `files`");
  }
  SignedFileStates states;
  for (const JsonNode& file : tree.Children(*files)) {
    std::optional<SignedFileState> state = ReadState(tree, file);
    if (!state) {
      return Refuse(Check::kMalformed, "the state of ", Quoted(JsonExcerpt(file.key)),
                    " has no version, digest and latest time");
    }
    states.emplace(file.key, *std::move(state));
  }
  return states;
}

}  // namespace ztp::evidence
