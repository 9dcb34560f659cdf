// See layout.h.
#include "engine/facts/layout.h"

#include <algorithm>
#include <map>

namespace ztp {
namespace {

FactsForm FormOf(const Schema& schema, const Type& type) {
  switch (type.kind) {
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
      return FactsForm::kText;
    case TypeKind::kIp:
      return FactsForm::kAddress;
    case TypeKind::kCidr:
      return FactsForm::kNetwork;
    case TypeKind::kEntity:
      return FactsForm::kEntity;
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      return FactsForm::kItems;
    case TypeKind::kLattice:
      return schema[LatticeId{type.decl}].bits > 64 ? FactsForm::kWide : FactsForm::kNumber;
    default:
      return FactsForm::kNumber;
  }
}

}  // namespace

FactsLayout::FactsLayout(const DecisionProgram& program) {
  MakeTypes(program.schema);
  MakeClasses(program);
}

void FactsLayout::MakeTypes(const Schema& schema) {
  std::vector<size_t> first_cell;
  size_t inherited = 0;
  for (const EntityType& entity : schema.entities) {
    first_attribute_.push_back(static_cast<uint32_t>(attribute_classes_.size()));
    attribute_classes_.resize(attribute_classes_.size() + entity.attributes.size());
    first_cell.push_back(cells_.size());
    first_inherited_.push_back(inherited);
    FactsType type;
    // Entities that requests carry have no cells: nothing of them is ever stored.
    if (entity.carried == Carried::kNo) {
      type.attributes = static_cast<uint32_t>(entity.attributes.size());
    }
    type.cell_count = type.attributes;
    uint32_t windows = 0;
    for (uint32_t a = 0; a < type.attributes; ++a) {
      const Attribute& attribute = entity.attributes[a];
      const Type& t = schema.types[attribute.type];
      FactsCell cell{.kind = static_cast<uint8_t>(t.kind), .form = FormOf(schema, t), .own = a};
      if (attribute.inherit != Inherit::kNo) cell.own = type.cell_count++;
      if (attribute.rank == Rank::kProven) cell.window = windows++;
      cells_.push_back(cell);
    }
    for (uint32_t a = 0; a < type.attributes; ++a) {
      FactsCell own = cells_[first_cell.back() + a];
      if (own.own == a) continue;
      cells_.push_back(own);
      ++inherited;
    }
    uint32_t words = FactsRow::kCells + type.cell_count;
    if (windows != 0) {
      type.first_window = words;
      words += (windows + 1) / 2;
    }
    if (type.cell_count > FactsRow::kHeadStates) {
      type.more_states = words;
      words += (type.cell_count - FactsRow::kHeadStates + 31) / 32;
    }
    type.stride = words;
    types_.push_back(type);
  }
  for (size_t t = 0; t < types_.size(); ++t) types_[t].cells = cells_.data() + first_cell[t];

  any_inherits_ = inherited != 0;
  for (size_t t = 0; t < types_.size(); ++t) {
    for (uint32_t a = 0; a < types_[t].attributes; ++a) {
      if (types_[t].cells[a].own == a) continue;
      const Attribute& declared = schema.entities[t].attributes[a];
      for (const EntityType& source : schema.entities) {
        const auto index = source.carried == Carried::kNo ? source.FindAttribute(declared.name)
                                                          : std::optional<uint32_t>();
        // One of that name and of another type is another attribute.
        const bool same = index && source.attributes[*index].type == declared.type;
        sources_.push_back(same ? *index : kNone32);
      }
    }
  }
}

void FactsLayout::MakeClasses(const DecisionProgram& program) {
  using Patterns = std::vector<uint32_t>;
  std::map<std::pair<uint32_t, uint32_t>, Patterns> tried;  // type or kNone32, index
  for (const StoredMatch& match : program.stored_matches) {
    tried[{match.entity_type, match.index}].push_back(match.pattern);
  }
  std::map<Patterns, uint16_t> classes;
  class_patterns_.push_back({});
  constant_classes_.resize(program.constants.size(), 0);
  for (auto& [where, patterns] : tried) {
    std::sort(patterns.begin(), patterns.end());
    patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
    // Whoever had so many classes or patterns would have them tried when deciding.
    if (class_patterns_.size() == UINT16_MAX || patterns.size() >= UINT16_MAX) continue;
    const auto [it, fresh] =
        classes.emplace(patterns, static_cast<uint16_t>(class_patterns_.size()));
    if (fresh) class_patterns_.push_back(patterns);
    if (where.first == kNone32) {
      constant_classes_[where.second] = it->second;
    } else {
      attribute_classes_[first_attribute_[where.first] + where.second] = it->second;
    }
  }
  match_places_.assign(class_patterns_.size() * program.patterns.size(), UINT16_MAX);
  for (size_t c = 0; c < class_patterns_.size(); ++c) {
    for (size_t i = 0; i < class_patterns_[c].size(); ++i) {
      match_places_[c * program.patterns.size() + class_patterns_[c][i]] = static_cast<uint16_t>(i);
    }
  }
}

}  // namespace ztp
