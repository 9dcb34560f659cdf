// See oms.h.
#include "engine/evidence/oms.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/evidence/statement.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxIgnoredPaths = 4096;

std::string Unhex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  }
  return bytes;
}

class Reader {
 public:
  explicit Reader(const JsonTree& tree) : tree_(tree) {}

  Verified<std::string_view> Text(const JsonNode& object, std::string_view name) const {
    const JsonNode* node = tree_.Find(object, name);
    if (node == nullptr || node->kind != JsonKind::kString) {
      return Refuse(Check::kMalformed, "a model's predicate has no text `", name, "`");
    }
    return node->text;
  }
  Verified<const JsonNode*> Need(const JsonNode& object, std::string_view name, JsonKind kind,
                                 size_t max_children) const {
    const JsonNode* node = tree_.Find(object, name);
    if (node == nullptr || node->kind != kind) {
      return Refuse(Check::kMalformed, "a model's predicate has no `", name,
                    "`, or it is of another type");
    }
    if (node->child_count > max_children) {
      return Refuse(Check::kTooLarge, "`", name, "` has ", node->child_count, " elements; at most ",
                    max_children, " are read");
    }
    return node;
  }

  // How the files were hashed.
  std::optional<Refusal> ReadMethod(const JsonNode& predicate, ModelManifest* manifest) const {
    ZTP_VERIFY_OR_RETURN(const JsonNode* method,
                         Need(predicate, "serialization", JsonKind::kObject, 64));
    ZTP_VERIFY_OR_RETURN(const std::string_view name, Text(*method, "method"));
    ZTP_VERIFY_OR_RETURN(const std::string_view hash, Text(*method, "hash_type"));
    if (name != "files" || hash != "sha256") {
      return Refuse(Check::kAlgorithm, "a model hashed by ", Quoted(JsonExcerpt(name)), " with ",
                    Quoted(JsonExcerpt(hash)), "; it takes 'files' with 'sha256'");
    }
    if (tree_.Find(*method, "ignore_paths") == nullptr) return std::nullopt;
    ZTP_VERIFY_OR_RETURN(const JsonNode* ignored,
                         Need(*method, "ignore_paths", JsonKind::kArray, kMaxIgnoredPaths));
    for (const JsonNode& path : tree_.Children(*ignored)) {
      if (path.kind != JsonKind::kString || !IsModelPath(path.text)) {
        return Refuse(Check::kMalformed, "what is ignored must be paths below the model's folder");
      }
      manifest->ignored.emplace_back(path.text);
    }
    return std::nullopt;
  }

  std::optional<Refusal> ReadFiles(const JsonNode& predicate, ModelManifest* manifest) const {
    ZTP_VERIFY_OR_RETURN(const JsonNode* resources,
                         Need(predicate, "resources", JsonKind::kArray, kMaxModelFiles));
    std::set<std::string_view> names;
    for (const JsonNode& resource : tree_.Children(*resources)) {
      if (resource.kind != JsonKind::kObject) {
        return Refuse(Check::kMalformed, "a model's file must be an object");
      }
      ZTP_VERIFY_OR_RETURN(const std::string_view name, Text(resource, "name"));
      ZTP_VERIFY_OR_RETURN(const std::string_view algorithm, Text(resource, "algorithm"));
      ZTP_VERIFY_OR_RETURN(const std::string_view digest, Text(resource, "digest"));
      const bool single = name == "." && resources->child_count == 1;
      if (!single && !IsModelPath(name)) {
        return Refuse(Check::kMalformed, "a model's file has the name ", Quoted(JsonExcerpt(name)),
                      ", which is no path below a folder");
      }
      if (algorithm != "sha256") {
        return Refuse(Check::kAlgorithm, "a model's file is hashed with ",
                      Quoted(JsonExcerpt(algorithm)));
      }
      if (!IsSha256Hex(digest)) {
        return Refuse(Check::kMalformed, "a model's file has a digest that is none");
      }
      if (!names.insert(name).second) {
        return Refuse(Check::kMalformed, "a model's file ", Quoted(JsonExcerpt(name)),
                      " is there twice");
      }
      manifest->files.push_back({.name = std::string(name), .sha256 = std::string(digest)});
    }
    if (manifest->files.empty()) return Refuse(Check::kMalformed, "a model without files");
    return std::nullopt;
  }

 private:
  const JsonTree& tree_;
};

}  // namespace

bool IsModelPath(std::string_view name) {
  if (name.empty() || name.size() > kMaxModelPathBytes || name.find('\0') != name.npos) {
    return false;
  }
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

bool ModelPathLess(std::string_view a, std::string_view b) {
  // A slash is before every other character: parts are compared, and a shorter list is first.
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const int left = x == '/' ? -1 : static_cast<unsigned char>(x);
    const int right = y == '/' ? -1 : static_cast<unsigned char>(y);
    return left < right;
  });
}

std::string ModelDigest(const std::vector<ModelFile>& files) {
  std::string digests;
  for (const ModelFile& file : files) digests += Unhex(file.sha256);
  return Sha256Digest(digests).substr(std::string_view("sha256:").size());
}

Verified<ModelStatement> ReadModelStatement(std::string_view payload) {
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(const Statement statement, ReadStatement(payload, &tree));
  if (statement.predicate_type != kOmsPredicateType) {
    return Refuse(Check::kMalformed, "a statement with the predicate ",
                  Quoted(JsonExcerpt(statement.predicate_type)), "; it takes ", kOmsPredicateType);
  }
  if (statement.subjects.size() != 1) {
    return Refuse(Check::kMalformed, "a model's statement must be about one subject");
  }
  const StatementSubject& subject = statement.subjects.front();
  ModelStatement model;
  const Reader reader(tree);
  if (auto refusal = reader.ReadMethod(*statement.predicate, &model.manifest)) {
    return *std::move(refusal);
  }
  if (auto refusal = reader.ReadFiles(*statement.predicate, &model.manifest)) {
    return *std::move(refusal);
  }
  if (subject.Digest("sha256") != ModelDigest(model.manifest.files)) {
    return Refuse(Check::kMalformed, "the digests of a model's files do not come to its subject's");
  }
  model.manifest.name = subject.name;
  model.subject_digest = Cat("sha256:", subject.Digest("sha256"));
  return model;
}

Verified<Oms> VerifyOms(std::string_view bundle, const SignerPolicy& policy, Time now) {
  ZTP_VERIFY_OR_RETURN(SignedStatement statement, VerifySignedStatement(bundle, policy, now));
  ZTP_VERIFY_OR_RETURN(ModelStatement model, ReadModelStatement(statement.payload));
  return Oms{.signer = std::move(statement.signer.name),
             .issuer = std::move(statement.signer.issuer),
             .logged = statement.signer.logged,
             .subject_digest = std::move(model.subject_digest),
             .signed_at = statement.signed_at,
             .not_before = statement.not_before,
             .valid_until = statement.valid_until,
             .anchor = std::move(statement.signer.anchor),
             .digest = std::move(statement.digest),
             .manifest = std::move(model.manifest)};
}

}  // namespace ztp::evidence
