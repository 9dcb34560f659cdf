// Names of operators and of kinds of rules.
#include <cstddef>

#include "engine/sema/program.h"

namespace ztp::sema {

const char* OpName(Op op) {
  static constexpr const char* kNames[] = {
#define ZTP_OP(id, name, arity) name,
#include "engine/sema/ops.def"
#undef ZTP_OP
  };
  return kNames[static_cast<size_t>(op)];
}

const char* RuleKindName(RuleKind kind) {
  switch (kind) {
    case RuleKind::kPermit:
      return "permit";
    case RuleKind::kForbid:
      return "forbid";
    case RuleKind::kDuty:
      return "duty";
    case RuleKind::kNever:
      return "never";
    case RuleKind::kAlways:
      return "always";
  }
  return "rule";
}

}  // namespace ztp::sema
