// The kinds of diagnostics as an enumeration, with what kinds.def says of each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ztp {

enum class Severity : uint8_t { kError, kWarning, kNote };

// The enumerators' values are the stable numbers.
enum class DiagKind : uint16_t {
#define ZTP_DIAG(number, name, severity, slug, summary) name = number,
#include "engine/diag/kinds.def"
#undef ZTP_DIAG
};

struct DiagKindInfo {
  DiagKind kind;
  Severity severity;
  std::string_view slug;
  std::string_view summary;
};

// All kinds, by number.
std::span<const DiagKindInfo> AllDiagKinds();

const DiagKindInfo& InfoOf(DiagKind kind);

// "ZTP1204"
std::string CodeOf(DiagKind kind);

// The kind of a code such as "ZTP1204" or "1204".
std::optional<DiagKind> DiagKindOfCode(std::string_view code);

// "error", "warning", "note"
std::string_view NameOf(Severity severity);

}  // namespace ztp
