// See source_reader.h.
#include "engine/evidence/source_reader.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/evidence/jwt.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {

SourceReader::SourceReader(JsonReader& json, const JsonNode& object, const JsonPath& path,
                           std::string_view document, const ReadFileFunction& read_file,
                           const std::map<std::string, std::string>& replaced)
    : json_(json),
      object_(object),
      path_(path),
      document_(document),
      read_file_(read_file),
      replaced_(replaced) {}

void SourceReader::ReportAt(const JsonNode& node, std::string_view name, std::string message) {
  ok_ = false;
  const JsonPath at(&path_, name);
  json_.Error(JsonErrorCode::kBadText, node, name.empty() ? path_ : at, std::move(message));
}

void SourceReader::Report(std::string_view name, std::string message) {
  const JsonNode* node = json_.tree().Find(object_, name);
  ReportAt(node != nullptr ? *node : object_, name, std::move(message));
}

const JsonNode* SourceReader::Find(std::string_view name) {
  if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) asked_.emplace_back(name);
  return json_.tree().Find(object_, name);
}

const JsonNode* SourceReader::Required(std::string_view name) {
  const JsonNode* node = Find(name);
  if (node == nullptr) {
    ok_ = false;
    json_.Error(JsonErrorCode::kMissingMember, object_, path_, Cat("`", name, "` is missing"));
  }
  return node;
}

std::optional<std::string> SourceReader::OptionalText(std::string_view name) {
  const JsonNode* node = Find(name);
  if (node == nullptr) return std::nullopt;
  if (!json_.Expect(*node, JsonKind::kString, "a string", JsonPath(&path_, name))) {
    ok_ = false;
    return std::nullopt;
  }
  if (node->text.empty()) ReportAt(*node, name, "an empty string says nothing");
  return std::string(node->text);
}

std::string SourceReader::Text(std::string_view name) {
  if (Required(name) == nullptr) return {};
  return OptionalText(name).value_or("");
}

std::optional<std::vector<std::string>> SourceReader::ReadTexts(const JsonNode& node,
                                                                std::string_view name) {
  const JsonPath path(&path_, name);
  std::vector<std::string> texts;
  if (node.kind == JsonKind::kString) {
    texts.emplace_back(node.text);
  } else if (json_.Expect(node, JsonKind::kArray, "a string or an array of strings", path)) {
    size_t index = 0;
    for (const JsonNode& item : json_.tree().Children(node)) {
      if (json_.Expect(item, JsonKind::kString, "a string", JsonPath(&path, index++))) {
        texts.emplace_back(item.text);
      } else {
        ok_ = false;
      }
    }
  } else {
    ok_ = false;
    return std::nullopt;
  }
  if (texts.empty()) ReportAt(node, name, "an empty array allows nothing");
  for (const std::string& text : texts) {
    if (text.empty()) ReportAt(node, name, "an empty string says nothing");
    if (std::count(texts.begin(), texts.end(), text) > 1) {
      ReportAt(node, name, Cat(Quoted(JsonExcerpt(text)), " is there twice"));
      break;
    }
  }
  return texts;
}

std::optional<std::vector<std::string>> SourceReader::OptionalTexts(std::string_view name) {
  const JsonNode* node = Find(name);
  return node == nullptr ? std::nullopt : ReadTexts(*node, name);
}

std::vector<std::string> SourceReader::Texts(std::string_view name) {
  const JsonNode* node = Required(name);
  if (node == nullptr) return {};
  return ReadTexts(*node, name).value_or(std::vector<std::string>());
}

std::optional<Duration> SourceReader::OptionalDuration(std::string_view name) {
  const std::optional<std::string> text = OptionalText(name);
  if (!text) return std::nullopt;
  const absl::StatusOr<Duration> duration = ParseDuration(*text);
  if (!duration.ok()) {
    Report(name, Cat("expected a duration such as \"10m\": ", Message(duration.status())));
    return std::nullopt;
  }
  if (*duration < Duration{}) {
    Report(name, "a duration below zero");
    return std::nullopt;
  }
  return *duration;
}

std::optional<int64_t> SourceReader::OptionalInteger(std::string_view name, int64_t lowest,
                                                     int64_t highest) {
  const JsonNode* node = Find(name);
  if (node == nullptr) return std::nullopt;
  if (!json_.Expect(*node, JsonKind::kNumber, "a whole number", JsonPath(&path_, name))) {
    ok_ = false;
    return std::nullopt;
  }
  const absl::StatusOr<int64_t> number = ParseInt(node->text);
  if (number.ok() && *number >= lowest && *number <= highest) return *number;
  ReportAt(*node, name, Cat("expected a whole number from ", lowest, " to ", highest));
  return std::nullopt;
}

bool SourceReader::Flag(std::string_view name, bool otherwise) {
  const JsonNode* node = Find(name);
  if (node == nullptr) return otherwise;
  if (!json_.Expect(*node, JsonKind::kBool, "`true` or `false`", JsonPath(&path_, name))) {
    ok_ = false;
    return otherwise;
  }
  return node->boolean;
}

size_t SourceReader::Choice(std::string_view name, const std::vector<std::string_view>& words,
                            size_t otherwise) {
  const std::optional<std::string> text = OptionalText(name);
  if (!text) return otherwise;
  const auto at = std::find(words.begin(), words.end(), *text);
  if (at != words.end()) return static_cast<size_t>(at - words.begin());
  Report(name, Cat(Quoted(JsonExcerpt(*text)), " is none of ", Join(words, ", ")));
  return otherwise;
}

std::optional<std::string> SourceReader::Bytes(std::string_view name, bool required) {
  const std::string full_name = Cat(prefix_, name);
  replaceable_.push_back(full_name);
  const JsonNode* node = required ? Required(name) : Find(name);
  if (const auto given = replaced_.find(full_name); given != replaced_.end()) {
    Append(materials_, full_name, "=", Sha256Digest(given->second), "\n");
    return given->second;
  }
  if (node == nullptr) return std::nullopt;
  if (node->kind == JsonKind::kString) return std::string(node->text);
  if (!json_.Expect(*node, JsonKind::kObject, "a string, an object, or {\"file\": …}",
                    JsonPath(&path_, name))) {
    ok_ = false;
    return std::nullopt;
  }
  const JsonNode* file = node->child_count == 1 ? json_.tree().Find(*node, "file") : nullptr;
  if (file == nullptr || file->kind != JsonKind::kString) {
    return std::string(JsonTextOf(document_, *node));
  }
  if (read_file_ == nullptr) {
    ReportAt(*node, name, "this configuration may name no files: it was not read from one");
    return std::nullopt;
  }
  absl::StatusOr<std::string> content = read_file_(std::string(file->text));
  if (!content.ok()) {
    ReportAt(*node, name, std::string(Message(content.status())));
    return std::nullopt;
  }
  Append(materials_, full_name, "=", Sha256Digest(*content), "\n");
  return *std::move(content);
}

JwsAlgorithms SourceReader::Algorithms(JwsAlgorithms otherwise) {
  const auto names = OptionalTexts("algorithms");
  if (!names) return otherwise;
  JwsAlgorithms algorithms;
  for (const std::string& name : *names) {
    if (const auto algorithm = JwsAlgorithmOf(name)) {
      algorithms = algorithms.Or({*algorithm});
    } else {
      Report("algorithms", Cat(Quoted(JsonExcerpt(name)),
                               " is no algorithm that is ever accepted: ES256, ES384, ES512, "
                               "RS256, RS384, RS512, PS256, PS384, PS512, EdDSA"));
    }
  }
  return algorithms;
}

JwkSet SourceReader::Keys() {
  const std::optional<std::string> text = Bytes("keys", true);
  if (!text) return {};
  Verified<JwkSet> keys = ParseJwkSet(*text);
  if (keys.ok()) return *std::move(keys);
  Report("keys", keys.refusal().message);
  return {};
}

std::vector<Certificate> SourceReader::Certificates(std::string_view name, bool required) {
  const std::optional<std::string> bytes = Bytes(name, required);
  if (!bytes) return {};
  auto certificates = ReadCertificates(*bytes, {.max_certificates = 256});
  if (certificates.ok()) return *std::move(certificates);
  Report(name, certificates.refusal().message);
  return {};
}

std::vector<Crl> SourceReader::Crls() {
  const std::optional<std::string> bytes = Bytes("crls", false);
  if (!bytes) return {};
  auto crls = ReadCrls(*bytes);
  if (crls.ok()) return *std::move(crls);
  Report("crls", crls.refusal().message);
  return {};
}

void SourceReader::ReadWithin(const JsonNode& node, const JsonPath& path, std::string prefix,
                              const std::function<void(SourceReader&)>& read) {
  SourceReader reader(json_, node, path, document_, read_file_, replaced_);
  reader.prefix_ = std::move(prefix);
  read(reader);
  ok_ = reader.Finish() && ok_;
  materials_ += reader.materials_;
  replaceable_.insert(replaceable_.end(), reader.replaceable_.begin(), reader.replaceable_.end());
}

bool SourceReader::Object(std::string_view name, const std::function<void(SourceReader&)>& read) {
  const JsonNode* node = Find(name);
  if (node == nullptr) return false;
  const JsonPath path(&path_, name);
  if (!json_.Expect(*node, JsonKind::kObject, "an object", path)) {
    ok_ = false;
    return true;
  }
  ReadWithin(*node, path, Cat(prefix_, name, "."), read);
  return true;
}

void SourceReader::Objects(std::string_view name, const std::function<void(SourceReader&)>& read) {
  const JsonNode* node = Find(name);
  if (node == nullptr) return;
  const JsonPath path(&path_, name);
  if (!json_.Expect(*node, JsonKind::kArray, "an array of objects", path)) {
    ok_ = false;
    return;
  }
  size_t index = 0;
  for (const JsonNode& item : json_.tree().Children(*node)) {
    const JsonPath item_path(&path, index);
    std::string prefix = Cat(prefix_, name, "[", index++, "].");
    if (!json_.Expect(item, JsonKind::kObject, "an object", item_path)) {
      ok_ = false;
      continue;
    }
    ReadWithin(item, item_path, std::move(prefix), read);
  }
}

void SourceReader::ReadCommon() {
  common_.max_age = OptionalDuration("max_age");
  common_.leeway = OptionalDuration("leeway").value_or(Duration{});
  if (common_.leeway > kMaxLeeway) {
    Report("leeway", Cat("at most ", FormatDuration(kMaxLeeway), " are forgiven"));
  }
  common_.says_nonce = Has("nonce");
  common_.nonce_required = Choice("nonce", {"none", "required"}, 0) == 1;
  common_.proves = Texts("proves");
}

bool SourceReader::Finish() {
  for (const auto& [name, bytes] : replaced_) {
    if (!prefix_.empty()) break;  // the source's own reader knows what is within it
    if (std::find(replaceable_.begin(), replaceable_.end(), name) == replaceable_.end()) {
      Report("", Cat("it has no `", JsonExcerpt(name), "` that could be replaced"));
    }
  }
  for (const JsonNode& member : json_.tree().Children(object_)) {
    if (std::find(asked_.begin(), asked_.end(), member.key) != asked_.end()) continue;
    ok_ = false;
    std::vector<std::string_view> known(asked_.begin(), asked_.end());
    json_.Error(JsonErrorCode::kUnknownMember, member, JsonPath(&path_, member.key),
                Cat("there is no member `", JsonExcerpt(member.key), "` here"),
                DidYouMean(member.key, known));
  }
  return ok_;
}

}  // namespace ztp::evidence
