// The facts that facts_bench makes: any number of assets with ten attributes each, in a hierarchy
// five deep, and a lineage of models and datasets. Everything follows from an entity's number, so
// that nothing needs to be kept to know what a decision should be.
//
// Boundary: text and expectations; knows nothing of the engine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ztp::bench {

inline constexpr int64_t kWorldNow = 1'900'000'000;  // seconds

struct WorldSize {
  uint64_t assets = 1'000'000;
  uint64_t lineage = 100'000;  // half of them datasets, half models
  uint64_t persons = 10'000;
  // Every asset has sets of its own; otherwise they come from a small vocabulary, as labels of
  // people's do.
  bool distinct_sets = false;

  uint64_t models() const { return lineage / 2; }
  uint64_t datasets() const { return lineage - lineage / 2; }
};

// Units u1.0, u2.0 … u2.9, … u5.0 … u5.9999: unit i of a level is in unit i / 10 of the one above.
inline constexpr uint64_t kLevels = 5;
inline constexpr uint64_t kLeafUnits = 10'000;

class FactsWorld {
 public:
  explicit FactsWorld(WorldSize size) : size_(size) {}
  const WorldSize& size() const { return size_; }
  uint64_t entity_count() const;

  // Adds entity `i` of entity_count() as a line of JSON.
  void AppendLine(uint64_t i, std::string* out) const;
  // An asset as it is in its `version`-th form; 0 is the one that the lines have.
  void AppendAsset(uint64_t asset, uint64_t version, std::string* out) const;

  std::string AssetId(uint64_t asset) const;
  std::string PersonId(uint64_t person) const;
  std::string ModelId(uint64_t model) const;

  // May the person read it?
  bool MayReadAsset(uint64_t person, uint64_t asset, uint64_t version) const;
  bool MayReadModel(uint64_t person, uint64_t model) const;

 private:
  struct Label {
    uint32_t level = 0, topics = 0;  // topics: a bit each
  };
  struct Asset {
    uint64_t units[2];
    uint32_t tags[3], regions;  // regions: a bit each
    int64_t created, reviewed;
    Label label;
    uint64_t size;
    bool live;
  };
  static bool Flows(const Label& a, const Label& b) {
    return a.level <= b.level && (a.topics & ~b.topics) == 0;
  }
  Asset AssetOf(uint64_t asset, uint64_t version) const;
  Label ClearanceOf(uint64_t person) const;
  uint64_t UnitOf(uint64_t person) const;
  Label LabelOf(uint64_t node) const;  // of the lineage: datasets, then models; their own
  bool HoldOf(uint64_t node) const;
  static void AppendLabel(const Label& label, std::string* out);

  WorldSize size_;
};

}  // namespace ztp::bench
