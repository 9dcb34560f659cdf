// Names of opcodes and rules; see decision_program.h.
#include "engine/bundle/decision_program.h"

#include "engine/base/str.h"

namespace ztp {
namespace {

constexpr Opcode kAllOpcodes[] = {
#define ZTP_OPCODE(number, id, name) Opcode::id,
#include "engine/core/opcodes.def"
#undef ZTP_OPCODE
};

}  // namespace

const char* OpcodeName(Opcode op) {
  switch (op) {
#define ZTP_OPCODE(number, id, name) \
  case Opcode::id:                   \
    return name;
#include "engine/core/opcodes.def"
#undef ZTP_OPCODE
  }
  return nullptr;
}

std::span<const Opcode> AllOpcodes() { return kAllOpcodes; }

std::string DecisionProgram::RuleName(uint32_t rule) const {
  const RuleRecord& r = rules[rule];
  if (r.package.size == 0) return std::string(Text(r.name));
  return Cat(Text(r.package), ".", Text(r.name));
}

}  // namespace ztp
