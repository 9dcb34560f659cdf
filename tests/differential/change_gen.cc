#include "tests/differential/change_gen.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "tests/differential/world_gen.h"

namespace ztp::differential {
namespace {

// Takes some edges out of a record; those that an attribute gives stay.
void TakeEdges(Random& random, const Schema& schema, EntityRecord* record) {
  const EntityType& type = schema[record->uid.type];
  auto fixed = [&](const EntityUid& uid) {
    for (size_t a = 0; a < type.attributes.size(); ++a) {
      const Fact& fact = record->attributes[a];
      if (type.attributes[a].is_parent && fact.state == Fact::State::kPresent &&
          fact.value.uid() == uid) {
        return true;
      }
    }
    return false;
  };
  std::erase_if(record->parents,
                [&](const EntityUid& uid) { return !fixed(uid) && random.Percent(60); });
  std::erase_if(record->derives, [&](const EntityUid&) { return random.Percent(60); });
}

}  // namespace

History GenerateHistory(Random& random, const Schema& schema, const std::vector<EntityRecord>& now,
                        uint32_t ids) {
  History history;
  const uint32_t percent = std::max<uint32_t>(4, 100 / ids);  // of many, a few are changed
  for (const EntityRecord& record : now) {
    if (!random.Percent(2 * percent)) {
      history.before.push_back(record);
      continue;
    }
    switch (random.Below(3)) {
      case 0:  // is new
        history.changes.push_back({Change::Kind::kUpsert, record});
        break;
      case 1:  // was another
        history.before.push_back(GenerateRecord(random, schema, record.uid, ids));
        history.changes.push_back({Change::Kind::kUpsert, record});
        break;
      default: {  // had fewer edges
        EntityRecord fewer = record;
        TakeEdges(random, schema, &fewer);
        EntityRecord edges = record;
        TakeEdges(random, schema, &edges);  // some that are there already may be left out
        for (const auto& [all, had, given] :
             {std::tie(record.parents, fewer.parents, edges.parents),
              std::tie(record.derives, fewer.derives, edges.derives)}) {
          for (const EntityUid& uid : all) {
            const bool known = std::find(had.begin(), had.end(), uid) != had.end();
            const bool told = std::find(given.begin(), given.end(), uid) != given.end();
            if (!known && !told) given.push_back(uid);
          }
        }
        history.before.push_back(std::move(fewer));
        history.changes.push_back({Change::Kind::kAddEdges, std::move(edges)});
        break;
      }
    }
  }
  // Those that are gone, among them the last one, which is never stored.
  for (const EntityRecord& other : GenerateEntities(random, schema, ids + 1)) {
    const auto is_it = [&](const EntityRecord& r) { return r.uid == other.uid; };
    if (std::any_of(now.begin(), now.end(), is_it) || !random.Percent(70)) continue;
    history.before.push_back(other);
    history.changes.push_back({Change::Kind::kDelete, EntityRecord{.uid = other.uid}});
  }
  for (size_t i = history.changes.size(); i > 1; --i) {
    std::swap(history.changes[i - 1], history.changes[random.Below(static_cast<uint32_t>(i))]);
  }
  return history;
}

}  // namespace ztp::differential
