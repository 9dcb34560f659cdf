// See signed_inventory.h.
#include "engine/lineage/signed_inventory.h"

#include <algorithm>

#include "engine/base/str.h"
#include "engine/evidence/statement.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"
#include "engine/lineage/read_inventory.h"

namespace ztp::lineage {

using evidence::Check;
using evidence::Refuse;
using evidence::Verified;

Verified<Inventory> ReadSignedInventory(std::string_view payload) {
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(const evidence::Statement statement,
                       evidence::ReadStatement(payload, &tree));
  const std::string_view type = statement.predicate_type;
  if (!evidence::IsPredicateOf(evidence::kCycloneDxPredicateType, type) &&
      !evidence::IsPredicateOf(evidence::kSpdxPredicateType, type)) {
    return Refuse(Check::kMalformed, "a statement with the predicate ", Quoted(JsonExcerpt(type)),
                  ", which is no CycloneDX or SPDX document");
  }
  // The predicate as it stands in the payload.
  const size_t begin = statement.predicate->offset;
  const JsonScan scan = ScanJson(payload, begin);
  if (!scan.ok) return Refuse(Check::kMalformed, "a statement's predicate ends nowhere");
  ZTP_VERIFY_OR_RETURN(Inventory inventory,
                       ReadInventory(payload.substr(begin, scan.end - begin), ""));

  Artifact* subject = nullptr;
  for (uint32_t i = 0; i < inventory.artifacts.size(); ++i) {
    const bool is_source = std::any_of(inventory.links.begin(), inventory.links.end(),
                                       [&](const Link& link) { return link.source == i; });
    if (inventory.artifacts[i].kind != ArtifactKind::kModel || is_source) continue;
    if (subject != nullptr) return inventory;  // of which the digest is, nobody says
    subject = &inventory.artifacts[i];
  }
  const std::string_view digest = statement.subjects.front().Digest("sha256");
  if (subject == nullptr || digest.empty() || statement.subjects.size() != 1) return inventory;
  for (const ContentDigest& known : subject->digests) {
    if (known.algorithm == "sha256" && known.hex != digest) {
      return Refuse(Check::kContent, "a document about the model sha256:", known.hex,
                    " in a statement about sha256:", digest);
    }
  }
  const ContentDigest proven{"sha256", std::string(digest)};
  if (std::find(subject->digests.begin(), subject->digests.end(), proven) ==
      subject->digests.end()) {
    subject->digests.push_back(proven);
  }
  return inventory;
}

}  // namespace ztp::lineage
