// Columns of a batch by name, however they come in: as C arrays or as Arrow's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bindings/c/objects.h"
#include "engine/base/world.h"

namespace ztp::c {

struct NamedColumn {
  std::string name;
  TypeId type;
  bool proven = false;
};

// As Guarded, of what sets a column: for want of memory the batch is broken afterwards.
template <typename Body>
ztp_error* GuardedColumn(ztp_batch* batch, std::string_view function, const Body& body) noexcept {
  ztp_error* const error = Guarded(function, body);
  batch->broken |= ztp_error_code(error) == ZTP_NO_MEMORY;
  return error;
}

// Misuse: not an entry a row.
ztp_error* CheckRows(const ztp_batch& batch, size_t count, std::string_view function);

// What an attribute is in the batch's action, to be set: what evidence gave it is no longer.
// Misuse: of another engine; ZTP_BAD_REQUEST: nothing; ZTP_NOT_PROVEN.
ztp_error* FindColumn(ztp_batch& batch, ztp_attr attr, std::string_view function,
                      NamedColumn* column);
// The same of what evidence fills. ZTP_BAD_REQUEST: it is no proven input.
ztp_error* FindProvenInput(const ztp_batch& batch, ztp_attr attr, std::string_view function,
                           NamedColumn* column);

// Each sets a column. With codes (data() is not null), row i has the codes[i]-th of what is given;
// else the i-th. A text without data (nullptr) is missing.
ztp_error* SetEntityColumn(ztp_batch& batch, bool is_principal, std::string_view type,
                           std::span<const std::string_view> ids, std::span<const uint32_t> codes);
ztp_error* SetTextColumn(ztp_batch& batch, const NamedColumn& column,
                         std::span<const std::string_view> texts, std::span<const uint32_t> codes);
ztp_error* SetNumberColumn(ztp_batch& batch, const NamedColumn& column,
                           std::span<const int64_t> numbers);
ztp_error* SetFactColumn(ztp_batch& batch, const NamedColumn& column, std::span<const Fact> facts,
                         std::span<const uint32_t> codes);

}  // namespace ztp::c
