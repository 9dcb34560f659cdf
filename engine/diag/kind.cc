// See kind.h.
#include "engine/diag/kind.h"

#include <algorithm>
#include <charconv>

#include "engine/base/str.h"

namespace ztp {
namespace {

constexpr DiagKindInfo kKinds[] = {
#define ZTP_DIAG(number, name, severity, slug, summary) \
  {DiagKind::name, Severity::severity, slug, summary},
#include "engine/diag/kinds.def"
#undef ZTP_DIAG
};

static_assert(std::is_sorted(std::begin(kKinds), std::end(kKinds),
                             [](const DiagKindInfo& a, const DiagKindInfo& b) {
                               return a.kind < b.kind;
                             }),
              "kinds.def is to be ordered by number");

const DiagKindInfo* Find(DiagKind kind) {
  const auto* found = std::lower_bound(
      std::begin(kKinds), std::end(kKinds), kind,
      [](const DiagKindInfo& info, DiagKind wanted) { return info.kind < wanted; });
  return found != std::end(kKinds) && found->kind == kind ? found : nullptr;
}

}  // namespace

std::span<const DiagKindInfo> AllDiagKinds() { return kKinds; }

const DiagKindInfo& InfoOf(DiagKind kind) {
  const DiagKindInfo* info = Find(kind);
  return info != nullptr ? *info : kKinds[0];
}

std::string CodeOf(DiagKind kind) { return Cat("ZTP", static_cast<int>(kind)); }

std::optional<DiagKind> DiagKindOfCode(std::string_view code) {
  if (code.starts_with("ZTP")) code.remove_prefix(3);
  uint16_t number = 0;
  auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), number);
  if (error != std::errc() || end != code.data() + code.size()) return std::nullopt;
  const DiagKindInfo* info = Find(static_cast<DiagKind>(number));
  if (info == nullptr) return std::nullopt;
  return info->kind;
}

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "error";
}

}  // namespace ztp
