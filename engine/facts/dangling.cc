// See dangling.h. Where nothing is absent there is nothing to look for, which most facts are like.
#include "engine/facts/dangling.h"

#include <algorithm>
#include <span>

namespace ztp {
namespace {

// The entities that a value refers to; as deep as its type.
void AddEntities(const Val& val, std::vector<uint32_t>* to) {
  switch (val.kind) {
    case TypeKind::kEntity:
      to->push_back(val.entity());
      break;
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      for (const Val& item : val.items()) AddEntities(item, to);
      break;
    default:
      break;
  }
}

bool IsMissing(const Snapshot& s, uint32_t entity) {
  const EntityType& type = s.schema()[s.TypeOf(entity)];
  return !s.IsStored(entity) && !type.always_present() && type.carried == Carried::kNo;
}

}  // namespace

std::vector<DanglingReference> FindDanglingReferences(const Snapshot& s) {
  std::vector<DanglingReference> found;
  if (s.absent_count() == 0) return found;
  std::vector<uint32_t> entities;
  for (uint32_t from = 0; from < s.entity_count(); ++from) {
    if (!s.IsUsed(from) || !s.IsStored(from)) continue;
    auto check = [&](std::span<const uint32_t> to, std::string_view where) {
      for (uint32_t entity : to) {
        if (!IsMissing(s, entity)) continue;
        found.push_back({s.Uid(from), std::string(where), s.Uid(entity)});
      }
    };
    check(s.Parents(from), "parents");
    check(s.Derives(from), "derives");
    const EntityType& type = s.schema()[s.TypeOf(from)];
    for (uint32_t a = 0; a < type.attributes.size(); ++a) {
      // `in tenant: Tenant` has been reported as a parent.
      if (type.attributes[a].is_parent) continue;
      entities.clear();
      AddEntities(s.OwnPart(from, a), &entities);
      std::sort(entities.begin(), entities.end());
      entities.erase(std::unique(entities.begin(), entities.end()), entities.end());
      check(entities, type.attributes[a].name);
    }
  }
  return found;
}

}  // namespace ztp
