// See trust_document.h.
#include "engine/evidence/trust_document.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {
namespace {

std::atomic<uint64_t> next_serial = 1;

const std::map<std::string, std::string>& NothingReplaced() {
  static const auto* const nothing = new std::map<std::string, std::string>;
  return *nothing;
}

class Reader {
 public:
  Reader(std::string_view document, const JsonTree& tree, const ReadFileFunction& read_file,
         const Replacements& replaced, const TrustConfig& before, std::vector<JsonError>* errors)
      : document_(document),
        tree_(tree),
        read_file_(read_file),
        replaced_(replaced),
        before_(before),
        errors_(errors),
        json_(no_schema_, tree, document, errors) {}

  std::shared_ptr<const TrustConfig> Read() {
    if (!json_.Expect(tree_.root(), JsonKind::kObject, "a trust configuration, that is an object",
                      root_)) {
      return nullptr;
    }
    ReadVersion();
    for (const JsonNode& member : tree_.Children(tree_.root())) {
      const JsonPath path(&root_, member.key);
      if (member.key == "sources") {
        Each(member, path, "an object of sources",
             [&](const JsonNode& node, const JsonPath& at) { ReadSource(node, at); });
      } else if (member.key == "transmitters") {
        Each(member, path, "an object of transmitters of security events",
             [&](const JsonNode& node, const JsonPath& at) { ReadTransmitter(node, at); });
      } else if (member.key != "ztp_trust") {
        json_.Error(JsonErrorCode::kUnknownMember, member, path,
                    Cat("there is no member `", JsonExcerpt(member.key), "` here"),
                    DidYouMean(member.key, {"ztp_trust", "sources", "transmitters"}));
      }
    }
    if (tree_.Find(tree_.root(), "sources") == nullptr) {
      json_.Error(JsonErrorCode::kMissingMember, tree_.root(), root_, "`sources` is missing");
    }
    return errors_->empty() ? std::make_shared<const TrustConfig>(std::move(config_)) : nullptr;
  }

 private:
  void ReadVersion() {
    const JsonNode* version = tree_.Find(tree_.root(), "ztp_trust");
    if (version == nullptr) {
      json_.Error(JsonErrorCode::kMissingMember, tree_.root(), root_,
                  "`ztp_trust` is missing: a document of this form has \"ztp_trust\": 1");
    } else if (version->kind != JsonKind::kNumber || version->text != "1") {
      json_.Error(JsonErrorCode::kBadText, *version, JsonPath(&root_, "ztp_trust"),
                  "only version 1 is known");
    }
  }

  template <typename Read>
  void Each(const JsonNode& node, const JsonPath& path, std::string_view what, const Read& read) {
    if (!json_.Expect(node, JsonKind::kObject, what, path)) return;
    if (node.child_count > kMaxSources) {
      json_.Error(JsonErrorCode::kTooBig, node, path, Cat("at most ", kMaxSources, " are read"));
      return;
    }
    for (const JsonNode& child : tree_.Children(node)) {
      const JsonPath child_path(&path, child.key);
      if (json_.Expect(child, JsonKind::kObject, "an object", child_path)) read(child, child_path);
    }
  }

  void ReadSource(const JsonNode& node, const JsonPath& path) {
    const auto given = replaced_.find(std::string(node.key));
    SourceReader reader(json_, node, path, document_, read_file_,
                        given == replaced_.end() ? NothingReplaced() : given->second);
    const std::string kind_name = reader.Text("kind");
    const EvidenceKind* kind = FindKind(kind_name);
    if (kind == nullptr) {
      if (kind_name.empty()) return;
      std::vector<std::string_view> names;
      for (const EvidenceKind* known : AllKinds()) names.push_back(known->name);
      json_.Error(JsonErrorCode::kUnknownElement, *tree_.Find(node, "kind"),
                  JsonPath(&path, "kind"),
                  Cat(Quoted(JsonExcerpt(kind_name)), " is no kind of evidence: there are ",
                      Join(names, ", ")),
                  DidYouMean(kind_name, names));
      return;
    }
    auto source = std::make_shared<Source>();
    source->name = node.key;
    source->kind = kind;
    reader.ReadCommon();
    source->verifier = kind->read(reader);
    if (!reader.Finish() || source->verifier == nullptr) return;
    source->common = reader.common();
    source->fingerprint = Sha256Digest(Cat(JsonTextOf(document_, node), "\n", reader.materials()));
    const auto* same = before_.Find(source->name);
    if (same != nullptr && (*same)->fingerprint == source->fingerprint) {
      config_.sources.push_back(*same);
      return;
    }
    source->serial = next_serial.fetch_add(1);
    config_.sources.push_back(std::move(source));
  }

  void ReadTransmitter(const JsonNode& node, const JsonPath& path) {
    SourceReader reader(json_, node, path, document_, read_file_, NothingReplaced());
    Transmitter transmitter;
    transmitter.name = node.key;
    transmitter.keys = reader.Keys();
    transmitter.policy.algorithms = reader.Algorithms({});
    if (!reader.Has("algorithms")) reader.Report("", "`algorithms` is missing");
    transmitter.policy.issuers = reader.Texts("issuers");
    transmitter.policy.audiences = reader.Texts("audiences");
    if (const auto subjects = reader.OptionalText("subjects_issuer")) {
      transmitter.policy.subjects_issuer = *subjects;
    }
    if (reader.Finish()) config_.transmitters.push_back(std::move(transmitter));
  }

  const std::string_view document_;
  const JsonTree& tree_;
  const ReadFileFunction& read_file_;
  const Replacements& replaced_;
  const TrustConfig& before_;
  std::vector<JsonError>* errors_;
  const Schema no_schema_;  // the readers of values need one; none is of a policy's type here
  JsonReader json_;
  const JsonPath root_;
  TrustConfig config_;
};

}  // namespace

bool Source::MayProve(std::string_view input) const {
  return std::find(common.proves.begin(), common.proves.end(), input) != common.proves.end();
}

const std::shared_ptr<const Source>* TrustConfig::Find(std::string_view name) const {
  for (const auto& source : sources) {
    if (source->name == name) return &source;
  }
  return nullptr;
}

std::shared_ptr<const TrustConfig> ReadTrust(std::string_view document,
                                             const ReadFileFunction& read_file,
                                             const Replacements& replaced,
                                             const TrustConfig& before,
                                             std::vector<JsonError>* errors) {
  errors->clear();
  if (document.size() > kMaxTrustBytes) {
    errors->push_back({.code = JsonErrorCode::kTooBig,
                       .file = {},
                       .path = "$",
                       .message = Cat("at most ", kMaxTrustBytes, " bytes are read"),
                       .help = {}});
    return nullptr;
  }
  JsonTree tree;
  JsonError syntax;
  if (!tree.Parse(document, JsonPath(), &syntax)) {
    errors->push_back(std::move(syntax));
    return nullptr;
  }
  return Reader(document, tree, read_file, replaced, before, errors).Read();
}

}  // namespace ztp::evidence
