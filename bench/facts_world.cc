// See facts_world.h.
#include "bench/facts_world.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <vector>

namespace ztp::bench {
namespace {

constexpr uint32_t kTags = 40;
constexpr const char* kRegions[] = {"eu", "us", "ap", "af", "sa", "oc"};
constexpr const char* kLevelNames[] = {"public", "internal", "restricted", "secret"};
constexpr const char* kTopics[] = {"pii", "phi", "trade", "legal"};
constexpr int64_t kDay = 86'400;

// The n-th number that belongs to entity `i` of a kind (splitmix64's finish).
uint64_t Draw(uint64_t kind, uint64_t i, uint64_t n) {
  uint64_t z = (kind << 58) + i * 0x9e3779b97f4a7c15u + n * 0xd1342543de82ef95u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}
enum Kind : uint64_t { kPerson = 1, kAsset, kNode };

template <typename... Args>
void AppendF(std::string* out, const char* format, Args... args) {
  char buffer[512];
  const int size = std::snprintf(buffer, sizeof(buffer), format, args...);
  out->append(buffer, static_cast<size_t>(size));
}
void AppendTime(int64_t seconds, std::string* out) {
  const std::time_t time = seconds;
  std::tm parts;
  gmtime_r(&time, &parts);
  char buffer[32];
  out->append(buffer, std::strftime(buffer, sizeof(buffer), "\"%Y-%m-%dT%H:%M:%SZ\"", &parts));
}
using Number = unsigned long long;

uint64_t UnitCount() {
  uint64_t count = 0, level = kLeafUnits;
  for (uint64_t i = 0; i < kLevels; ++i, level /= 10) count += level;
  return count;
}
// Is unit `above` of that level the leaf, or above it?
bool IsIn(uint64_t leaf, uint64_t level, uint64_t above) {
  for (uint64_t l = kLevels; l > level; --l) leaf /= 10;
  return leaf == above;
}

}  // namespace

uint64_t FactsWorld::entity_count() const {
  return UnitCount() + size_.persons + size_.assets + size_.lineage;
}

std::string FactsWorld::AssetId(uint64_t asset) const {
  std::string id;
  AppendF(&id, "asset-%08llu", static_cast<Number>(asset));
  return id;
}
std::string FactsWorld::PersonId(uint64_t person) const {
  std::string id;
  AppendF(&id, "person%llu@example.com", static_cast<Number>(person));
  return id;
}
std::string FactsWorld::ModelId(uint64_t model) const {
  std::string id;
  AppendF(&id, "model-%llu", static_cast<Number>(model));
  return id;
}

FactsWorld::Asset FactsWorld::AssetOf(uint64_t i, uint64_t version) const {
  auto draw = [&](uint64_t n) { return Draw(kAsset, i, n + 100 * version); };
  Asset a;
  // Where it is does not change.
  for (uint64_t k : {0, 1}) a.units[k] = Draw(kAsset, i, k) % kLeafUnits;
  for (uint64_t k : {0, 1, 2}) a.tags[k] = draw(2 + k) % kTags;
  a.regions = 1 + static_cast<uint32_t>(draw(5) % 63);
  a.created = kWorldNow - kDay * 1000 + static_cast<int64_t>(draw(6) % (kDay * 300));
  a.reviewed = kWorldNow - static_cast<int64_t>(draw(7) % (kDay * 700));
  a.label = {static_cast<uint32_t>(draw(8) % 4), static_cast<uint32_t>(draw(9) & draw(10) & 15)};
  a.size = draw(11) % 1'000'000;
  a.live = draw(12) % 8 != 0;
  return a;
}

FactsWorld::Label FactsWorld::ClearanceOf(uint64_t person) const {
  return {static_cast<uint32_t>(Draw(kPerson, person, 0) % 4),
          static_cast<uint32_t>((Draw(kPerson, person, 1) | Draw(kPerson, person, 2)) & 15)};
}
uint64_t FactsWorld::UnitOf(uint64_t person) const { return Draw(kPerson, person, 3) % kLeafUnits; }
FactsWorld::Label FactsWorld::LabelOf(uint64_t node) const {
  return {static_cast<uint32_t>(Draw(kNode, node, 0) % 16 == 0 ? Draw(kNode, node, 1) % 4 : 0),
          static_cast<uint32_t>(Draw(kNode, node, 2) & Draw(kNode, node, 3) & Draw(kNode, node, 4) &
                                Draw(kNode, node, 5) & 15)};
}
bool FactsWorld::HoldOf(uint64_t node) const { return Draw(kNode, node, 6) % 50 == 0; }

void FactsWorld::AppendLabel(const Label& label, std::string* out) {
  AppendF(out, "{\"level\":\"%s\",\"topics\":[", kLevelNames[label.level]);
  bool first = true;
  for (uint32_t t = 0; t < std::size(kTopics); ++t) {
    if ((label.topics >> t & 1) == 0) continue;
    AppendF(out, first ? "\"%s\"" : ",\"%s\"", kTopics[t]);
    first = false;
  }
  out->append("]}");
}

void FactsWorld::AppendAsset(uint64_t i, uint64_t version, std::string* out) const {
  const Asset a = AssetOf(i, version);
  AppendF(
      out,
      "{\"uid\":{\"type\":\"Asset\",\"id\":\"%s\"},\"attrs\":{\"name\":\"Quarterly export %llu of "
      "%llu\",\"digest\":\"%016llx%016llx\",\"location\":\"s3://bucket-%llu/%llx/data.parquet\","
      "\"tags\":[",
      AssetId(i).c_str(), static_cast<Number>(i), static_cast<Number>(version),
      static_cast<Number>(Draw(kAsset, i, 50 + version)),
      static_cast<Number>(Draw(kAsset, i, 51 + version)), static_cast<Number>(i % 977),
      static_cast<Number>(Draw(kAsset, i, 52 + version)));
  for (size_t k = 0; k < std::size(a.tags); ++k)
    AppendF(out, k ? ",\"t%u\"" : "\"t%u\"", a.tags[k]);
  if (size_.distinct_sets) AppendF(out, ",\"own-%llu\"", static_cast<Number>(i));
  out->append("],\"regions\":[");
  bool first = true;
  for (uint32_t r = 0; r < std::size(kRegions); ++r) {
    if ((a.regions >> r & 1) == 0) continue;
    AppendF(out, first ? "\"%s\"" : ",\"%s\"", kRegions[r]);
    first = false;
  }
  if (size_.distinct_sets) AppendF(out, ",\"zone-%llu\"", static_cast<Number>(i));
  out->append("],\"created\":");
  AppendTime(a.created, out);
  out->append(",\"reviewed\":");
  AppendTime(a.reviewed, out);
  out->append(",\"label\":");
  AppendLabel(a.label, out);
  AppendF(out,
          ",\"size\":%llu,\"live\":%s},\"parents\":[{\"type\":\"Unit\",\"id\":\"u5.%llu\"},"
          "{\"type\":\"Unit\",\"id\":\"u5.%llu\"}]}\n",
          static_cast<Number>(a.size), a.live ? "true" : "false", static_cast<Number>(a.units[0]),
          static_cast<Number>(a.units[1]));
}

void FactsWorld::AppendLine(uint64_t i, std::string* out) const {
  uint64_t level_count = 1;
  for (uint64_t level = 1; level <= kLevels; ++level, level_count *= 10) {
    if (i >= level_count) {
      i -= level_count;
      continue;
    }
    AppendF(out, "{\"uid\":{\"type\":\"Unit\",\"id\":\"u%llu.%llu\"}", static_cast<Number>(level),
            static_cast<Number>(i));
    if (level > 1) {
      AppendF(out, ",\"parents\":[{\"type\":\"Unit\",\"id\":\"u%llu.%llu\"}]",
              static_cast<Number>(level - 1), static_cast<Number>(i / 10));
    }
    out->append("}\n");
    return;
  }
  if (i < size_.persons) {
    AppendF(out,
            "{\"uid\":{\"type\":\"Person\",\"id\":\"%s\"},\"attrs\":{\"name\":\"Person %llu\","
            "\"clearance\":",
            PersonId(i).c_str(), static_cast<Number>(i));
    AppendLabel(ClearanceOf(i), out);
    AppendF(out, "},\"parents\":[{\"type\":\"Unit\",\"id\":\"u5.%llu\"}]}\n",
            static_cast<Number>(UnitOf(i)));
    return;
  }
  i -= size_.persons;
  if (i < size_.assets) return AppendAsset(i, 0, out);
  i -= size_.assets;
  const bool is_model = i >= size_.datasets();
  AppendF(out, "{\"uid\":{\"type\":\"%s\",\"id\":\"%s-%llu\"},\"attrs\":{\"hold\":%s,\"label\":",
          is_model ? "Model" : "Dataset", is_model ? "model" : "dataset",
          static_cast<Number>(is_model ? i - size_.datasets() : i), HoldOf(i) ? "true" : "false");
  AppendLabel(LabelOf(i), out);
  if (!is_model) {
    out->append("}}\n");
    return;
  }
  const uint64_t model = i - size_.datasets();
  AppendF(out, ",\"quality\":%llu},\"derives\":[{\"type\":\"Dataset\",\"id\":\"dataset-%llu\"}",
          static_cast<Number>(model % 100), static_cast<Number>(model));
  if (model > 0) {
    AppendF(out, ",{\"type\":\"Model\",\"id\":\"model-%llu\"}", static_cast<Number>(model / 2));
  }
  out->append("]}\n");
}

bool FactsWorld::MayReadAsset(uint64_t person, uint64_t asset, uint64_t version) const {
  const Asset a = AssetOf(asset, version);
  if (std::find(std::begin(a.tags), std::end(a.tags), 7u) != std::end(a.tags)) return false;
  const bool reviewed = a.reviewed + 600 * kDay > kWorldNow;
  if (!reviewed && !IsIn(a.units[0], 3, 42) && !IsIn(a.units[1], 3, 42)) return false;
  return a.live && a.size < 900'000 && Flows(a.label, ClearanceOf(person)) &&
         ((a.regions & 1) != 0 || IsIn(UnitOf(person), 2, 3));
}

bool FactsWorld::MayReadModel(uint64_t person, uint64_t model) const {
  Label all;
  bool hold = false;
  auto add = [&](uint64_t node) {
    const Label label = LabelOf(node);
    all = {std::max(all.level, label.level), all.topics | label.topics};
    hold = hold || HoldOf(node);
  };
  for (uint64_t m = model;; m /= 2) {
    add(size_.datasets() + m);
    add(m);
    if (m == 0) break;
  }
  return !hold && Flows(all, ClearanceOf(person));
}

}  // namespace ztp::bench
