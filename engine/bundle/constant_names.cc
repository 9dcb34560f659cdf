// See constant_names.h.
#include "engine/bundle/constant_names.h"

#include "engine/base/str.h"

namespace ztp {

ConstantNames::ConstantNames(const DecisionProgram& program) {
  for (const Cell& cell : program.constants) Visit(program, cell);
}

void ConstantNames::Visit(const DecisionProgram& program, const Cell& cell) {
  const CellPool& pool = program.pool;
  auto text = [&] { return pool.Text({static_cast<uint32_t>(cell.bits), cell.size}); };
  switch (static_cast<TypeKind>(cell.kind)) {
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
      if (texts_.size() < kMaxTexts &&
          text_numbers_.emplace(ToAbsl(text()), static_cast<uint32_t>(texts_.size())).second) {
        texts_.push_back(text());
      }
      return;
    case TypeKind::kEntity:
      if (entity_numbers_
              .emplace(std::make_pair(uint32_t{cell.extra}, ToAbsl(text())),
                       static_cast<uint32_t>(entities_.size()))
              .second) {
        entities_.push_back({EntityTypeId{cell.extra}, text()});
      }
      return;
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      // As deep as the type of the constant, which the compiler and CheckProgram bound.
      for (uint32_t i = 0; i < cell.size; ++i) Visit(program, pool.cells[cell.bits + i]);
      return;
    default:
      return;
  }
}

std::optional<uint32_t> ConstantNames::Text(std::string_view text) const {
  const auto it = text_numbers_.find(ToAbsl(text));
  if (it == text_numbers_.end()) return std::nullopt;
  return it->second;
}

std::optional<uint32_t> ConstantNames::EntityNumber(EntityTypeId type, std::string_view id) const {
  const auto it = entity_numbers_.find(std::make_pair(type.index, ToAbsl(id)));
  if (it == entity_numbers_.end()) return std::nullopt;
  return it->second;
}

}  // namespace ztp
