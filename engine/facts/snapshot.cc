// Look-ups; see snapshot.h.
#include "engine/facts/snapshot.h"

#include "engine/base/str.h"

namespace ztp {

std::optional<uint32_t> Snapshot::Find(EntityTypeId type, std::string_view id) const {
  auto it = by_uid_.find(std::make_pair(type.index, ToAbsl(id)));
  if (it == by_uid_.end()) return std::nullopt;
  return it->second;
}

size_t Snapshot::memory_bytes() const {
  size_t bytes = arena_.reserved_bytes() + entities_.capacity() * sizeof(EntityEntry) +
                 by_uid_.capacity() * 33 + lists_.capacity() * sizeof(ListRange) +
                 list_items_.capacity() * 4 + closures_.capacity() * sizeof(Closure) +
                 (member_closure_.capacity() + lineage_closure_.capacity()) * 4;
  for (const auto& type : columns_) {
    for (const Column& column : type) {
      bytes += (column.values.capacity() + column.own.capacity()) * sizeof(Val) +
               column.windows.capacity() * sizeof(EvidenceWindow);
    }
  }
  for (const auto& results : quantified_) bytes += results.capacity() * sizeof(Quantified);
  for (const auto& texts : matched_) bytes += texts.capacity() * 9;
  return bytes;
}

}  // namespace ztp
