// CycloneDX and SPDX: see documents.h.
#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/evidence/dsse.h"
#include "engine/evidence/statement.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"
#include "engine/lineage/documents.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refusal;
using evidence::Refuse;
using evidence::Verified;

constexpr int kMaxComponentDepth = 16;
constexpr std::string_view kVersions[] = {"1.5", "1.6", "1.7"};

// A document's tree, read leniently: a member of another type is not there.
class Document {
 public:
  explicit Document(const JsonTree& tree) : tree_(tree) {}

  const JsonNode* Get(const JsonNode& object, std::string_view name, JsonKind kind) const {
    const JsonNode* node = object.kind == JsonKind::kObject ? tree_.Find(object, name) : nullptr;
    return node != nullptr && node->kind == kind ? node : nullptr;
  }
  std::string Text(const JsonNode& object, std::string_view name) const {
    const JsonNode* node = Get(object, name, JsonKind::kString);
    return node == nullptr ? std::string() : std::string(node->text);
  }
  JsonTree::Range Each(const JsonNode* array) const {
    static const JsonNode kNone;
    return tree_.Children(array == nullptr ? kNone : *array);
  }

 private:
  const JsonTree& tree_;
};

class CycloneDx {
 public:
  explicit CycloneDx(const JsonTree& tree) : root_(tree.root()), doc_(tree) {}

  Verified<Fragment> Read() {
    const std::string version = doc_.Text(root_, "specVersion");
    if (std::find(std::begin(kVersions), std::end(kVersions), version) == std::end(kVersions)) {
      return Refuse(Check::kMalformed, "CycloneDX of version ", Quoted(JsonExcerpt(version)),
                    "; it takes 1.5 to 1.7");
    }
    const JsonNode* metadata = doc_.Get(root_, "metadata", JsonKind::kObject);
    const JsonNode* main =
        metadata == nullptr ? nullptr : doc_.Get(*metadata, "component", JsonKind::kObject);
    const JsonNode* components = doc_.Get(root_, "components", JsonKind::kArray);
    // References go forward as well: names first.
    for (const bool edges : {false, true}) {
      if (main != nullptr) Component(*main, edges, 0);
      for (const JsonNode& component : doc_.Each(components)) Component(component, edges, 0);
      if (refusal_) return *refusal_;
    }
    return std::move(fragment_);
  }

 private:
  // Adds the component's node, and returns its id; empty: it has no name.
  std::string Describe(const JsonNode& component, NodeKind kind) {
    std::string id;
    for (const JsonNode& hash : doc_.Each(doc_.Get(component, "hashes", JsonKind::kArray))) {
      const std::string digest = doc_.Text(hash, "content");
      if (doc_.Text(hash, "alg") == "SHA-256" && evidence::IsSha256Hex(digest)) {
        id = Cat("sha256:", digest);
      }
    }
    std::string name = doc_.Text(component, "name");
    if (const std::string group = doc_.Text(component, "group"); !group.empty()) {
      name = Cat(group, "/", name);
    }
    const std::string version = doc_.Text(component, "version");
    if (!version.empty() && !name.empty()) Append(name, "@", version);
    if (id.empty()) id = doc_.Text(component, "purl");
    if (id.empty()) {
      if (const JsonNode* contents = doc_.Get(component, "contents", JsonKind::kObject)) {
        id = doc_.Text(*contents, "url");
      }
    }
    if (id.empty()) id = name;
    if (id.empty()) return id;
    if (fragment_.nodes.size() == kMaxDocumentNodes) {
      refusal_ =
          Refuse(Check::kTooLarge, "a document with more than ", kMaxDocumentNodes, " components");
      return {};
    }
    fragment_.nodes.push_back({.id = id, .kind = kind, .name = std::move(name)});
    return id;
  }

  static NodeKind KindOf(std::string_view type) {
    return type == "machine-learning-model"      ? NodeKind::kModel
           : type == "data" || type == "dataset" ? NodeKind::kDataset
                                                 : NodeKind::kOther;
  }

  void Component(const JsonNode& component, bool edges, int depth) {
    if (depth > kMaxComponentDepth || component.kind != JsonKind::kObject || refusal_) return;
    const std::string type = doc_.Text(component, "type");
    for (const JsonNode& part : doc_.Each(doc_.Get(component, "components", JsonKind::kArray))) {
      Component(part, edges, depth + 1);
    }
    if (!edges) {
      const std::string ref = doc_.Text(component, "bom-ref");
      std::string id = Describe(component, KindOf(type));
      if (!ref.empty() && !id.empty()) by_ref_.emplace(ref, std::move(id));
      return;
    }
    const std::string id = Describe(component, KindOf(type));
    if (id.empty()) return;
    if (const JsonNode* pedigree = doc_.Get(component, "pedigree", JsonKind::kObject)) {
      for (const JsonNode& ancestor :
           doc_.Each(doc_.Get(*pedigree, "ancestors", JsonKind::kArray))) {
        Link(id, Describe(ancestor, KindOf(doc_.Text(ancestor, "type"))), Relation::kDerivedFrom);
      }
    }
    const JsonNode* card = doc_.Get(component, "modelCard", JsonKind::kObject);
    const JsonNode* parameters =
        card == nullptr ? nullptr : doc_.Get(*card, "modelParameters", JsonKind::kObject);
    if (parameters == nullptr) return;
    for (const JsonNode& data : doc_.Each(doc_.Get(*parameters, "datasets", JsonKind::kArray))) {
      const std::string ref = doc_.Text(data, "ref");
      const auto known = by_ref_.find(ref);
      if (!ref.empty() && known == by_ref_.end()) {
        // In another document, perhaps: the reference is what it is called by.
        fragment_.nodes.push_back({.id = ref, .kind = NodeKind::kDataset, .name = ""});
      }
      Link(id,
           ref.empty() ? Describe(data, NodeKind::kDataset)
                       : (known == by_ref_.end() ? ref : known->second),
           Relation::kTrainedOn);
    }
  }

  void Link(const std::string& from, const std::string& to, Relation relation) {
    if (to.empty()) return;
    fragment_.edges.push_back({.from = from, .to = to, .relation = relation});
  }

  const JsonNode& root_;
  const Document doc_;
  std::map<std::string, std::string> by_ref_;
  Fragment fragment_;
  std::optional<Refusal> refusal_;
};

Verified<Fragment> ReadSpdx(const JsonTree& tree, const JsonNode& graph) {
  const Document doc(tree);
  Fragment fragment;
  std::map<std::string, Node> elements;
  for (const JsonNode& element : tree.Children(graph)) {
    const std::string spdx_id = doc.Text(element, "spdxId");
    if (spdx_id.empty()) continue;
    const std::string type = doc.Text(element, "type");
    Node node{.id = spdx_id,
              .kind = type == "ai_AIPackage"             ? NodeKind::kModel
                      : type == "dataset_DatasetPackage" ? NodeKind::kDataset
                                                         : NodeKind::kOther,
              .name = doc.Text(element, "name")};
    for (const JsonNode& hash : doc.Each(doc.Get(element, "verifiedUsing", JsonKind::kArray))) {
      const std::string digest = doc.Text(hash, "hashValue");
      if (doc.Text(hash, "algorithm") == "sha256" && evidence::IsSha256Hex(digest)) {
        node.id = Cat("sha256:", digest);
      }
    }
    if (elements.size() == kMaxDocumentNodes) {
      return Refuse(Check::kTooLarge, "a document with more than ", kMaxDocumentNodes, " elements");
    }
    elements.emplace(spdx_id, std::move(node));
  }
  const auto id_of = [&](const std::string& spdx_id, NodeKind kind) {
    const auto it = elements.find(spdx_id);
    Node node = it == elements.end() ? Node{.id = spdx_id, .kind = kind} : it->second;
    if (node.kind == NodeKind::kOther) node.kind = kind;
    fragment.nodes.push_back(node);
    return node.id;
  };
  for (const JsonNode& element : tree.Children(graph)) {
    const std::string type = doc.Text(element, "relationshipType");
    const bool trained = type == "trainedOn";
    const bool reversed = type == "ancestorOf";
    if (!trained && !reversed && type != "descendantOf") continue;
    const std::string from = doc.Text(element, "from");
    std::vector<std::string> targets;
    if (std::string one = doc.Text(element, "to"); !one.empty()) targets.push_back(std::move(one));
    for (const JsonNode& to : doc.Each(doc.Get(element, "to", JsonKind::kArray))) {
      if (to.kind == JsonKind::kString) targets.emplace_back(to.text);
    }
    if (from.empty() || fragment.edges.size() + targets.size() > kMaxDocumentNodes) {
      return Refuse(Check::kMalformed, "a relationship from nothing, or too many of them");
    }
    for (const std::string& target : targets) {
      std::string younger = id_of(from, trained ? NodeKind::kModel : NodeKind::kOther);
      std::string older = id_of(target, trained ? NodeKind::kDataset : NodeKind::kOther);
      if (reversed) std::swap(younger, older);
      fragment.edges.push_back(
          {.from = std::move(younger),
           .to = std::move(older),
           .relation = trained ? Relation::kTrainedOn : Relation::kDerivedFrom});
    }
  }
  return fragment;
}

}  // namespace

Verified<Fragment> ReadBom(std::string_view json) {
  if (json.size() > evidence::kMaxDsseBytes) {
    return Refuse(Check::kTooLarge, "a document of ", json.size(), " bytes; at most ",
                  evidence::kMaxDsseBytes, " are read");
  }
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(json, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "a document is no JSON at ", JsonExcerpt(error.path), ": ",
                  error.message);
  }
  const Document doc(tree);
  Verified<Fragment> fragment =
      Refuse(Check::kMalformed, "a document that is neither CycloneDX nor SPDX 3");
  if (doc.Text(tree.root(), "bomFormat") == "CycloneDX") {
    fragment = CycloneDx(tree).Read();
  } else if (const JsonNode* graph = doc.Get(tree.root(), "@graph", JsonKind::kArray);
             graph != nullptr &&
             doc.Text(tree.root(), "@context").starts_with("https://spdx.org/")) {
    fragment = ReadSpdx(tree, *graph);
  }
  if (!fragment.ok()) return fragment;
  for (Edge& edge : fragment->edges) edge.evidence = Sha256Digest(json);
  return fragment;
}

Verified<Fragment> ReadSignedBom(const evidence::SignedStatement& signed_by) {
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(const evidence::Statement statement,
                       evidence::ReadStatement(signed_by.payload, &tree));
  const std::string_view type = statement.predicate_type;
  if (!type.starts_with("https://cyclonedx.org/bom") &&
      !type.starts_with("https://spdx.dev/Document")) {
    return Refuse(Check::kMalformed, "a statement with the predicate ", Quoted(JsonExcerpt(type)),
                  ", which is no CycloneDX or SPDX document");
  }
  // The predicate as it stands in the payload.
  const size_t begin = statement.predicate->offset;
  const JsonScan scan = ScanJson(signed_by.payload, begin);
  if (!scan.ok) return Refuse(Check::kMalformed, "a statement's predicate ends nowhere");
  ZTP_VERIFY_OR_RETURN(
      Fragment fragment,
      ReadBom(std::string_view(signed_by.payload).substr(begin, scan.end - begin)));
  std::map<std::string, Node> models;
  for (const Node& node : fragment.nodes) {
    const bool is_root = std::none_of(fragment.edges.begin(), fragment.edges.end(),
                                      [&](const Edge& edge) { return edge.to == node.id; });
    if (node.kind == NodeKind::kModel && is_root) models.emplace(node.id, node);
  }
  const std::string_view digest = statement.subjects.front().Digest("sha256");
  if (statement.subjects.size() == 1 && !digest.empty() && models.size() == 1) {
    const std::string old = models.begin()->first;
    const std::string now = Cat("sha256:", digest);
    if (old.starts_with("sha256:") && old != now) {
      return Refuse(Check::kMalformed, "a document about another model than its statement");
    }
    for (Node& node : fragment.nodes) {
      if (node.id == old) node.id = now;
    }
    for (Edge& edge : fragment.edges) {
      if (edge.from == old) edge.from = now;
    }
  }
  for (Edge& edge : fragment.edges) {
    edge.proven = true;
    edge.by = signed_by.signer.name;
    edge.evidence = signed_by.digest;
  }
  return fragment;
}

}  // namespace ztp::lineage
