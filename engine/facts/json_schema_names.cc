// See json_schema_names.h and json_name.h.
#include "engine/facts/json_schema_names.h"

#include <string>

namespace ztp {
namespace {

template <typename List, typename Name>
JsonNames NamesOf(const List& list, Name name) {
  std::vector<std::string_view> names;
  names.reserve(list.size());
  for (const auto& item : list) names.push_back(name(item));
  return JsonNames(names);
}

}  // namespace

JsonNames::JsonNames(const std::vector<std::string_view>& names) {
  if (names.empty()) return;
  const size_t slots = std::bit_ceil(2 * names.size());
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots));
  slots_.assign(slots, Slot{.name = JsonName::Of({})});
  for (uint32_t index = 0; index < names.size(); ++index) {
    const JsonName name = JsonName::Of(names[index]);
    if (Find(name) != kNone) continue;
    size_t i = FirstSlot(name);
    while (slots_[i].index != kNone) i = (i + 1) & (slots - 1);
    slots_[i] = Slot{name, index};
  }
}

JsonSchemaNames::JsonSchemaNames(const Schema& schema) {
  using View = std::string_view;
  const auto own_name = [](const auto& item) -> View { return item.name; };
  const auto json_name = [](const auto& item) -> View { return item.json_name; };
  entities = NamesOf(schema.entities, json_name);
  actions = NamesOf(schema.actions, json_name);
  inputs = NamesOf(schema.inputs, own_name);
  obligations = NamesOf(schema.obligations, json_name);
  for (uint32_t i = 0; i < schema.types.size(); ++i) {
    fields.push_back(NamesOf(schema.types[TypeId{i}].fields, own_name));
  }
  for (const Action& action : schema.actions) params.push_back(NamesOf(action.params, own_name));
  for (const EntityType& type : schema.entities) {
    attributes.push_back(NamesOf(type.attributes, own_name));
  }
  for (const EnumType& type : schema.enums) {
    enums.push_back(NamesOf(type.values, [](const std::string& value) -> View { return value; }));
  }
  for (const LatticeType& lattice : schema.lattices) {
    parts.push_back(NamesOf(lattice.parts, own_name));
  }
}

}  // namespace ztp
