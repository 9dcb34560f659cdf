// The reference interpreter, the decision program and the bundle agree on random policies.
#include <gtest/gtest.h>

#include "engine/base/status.h"
#include "tests/differential/check_case.h"

namespace ztp::differential {
namespace {

TEST(DifferentialTest, AllWaysToDecideAgree) {
  Statistics statistics;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    const absl::Status status = CheckCase(seed, {}, &statistics);
    ASSERT_TRUE(status.ok()) << Message(status);
  }
  // A generator that only makes denials, or never leaves anything unknown, would show nothing.
  EXPECT_GE(statistics.allows * 5, statistics.decisions) << Describe(statistics);
  EXPECT_GE(statistics.with_unknowns * 5, statistics.decisions) << Describe(statistics);
  EXPECT_GE(statistics.leases_checked * 10, statistics.decisions) << Describe(statistics);
#define ZTP_OP(id, name, arity) \
  EXPECT_GT(statistics.operators[name], 0u) << "never generated: " << name;
#include "engine/sema/ops.def"
#undef ZTP_OP
#define ZTP_OPCODE(number, id, name) \
  EXPECT_GT(statistics.opcodes[name], 0u) << "never generated: " << name;
#include "engine/core/opcodes.def"
#undef ZTP_OPCODE
}

}  // namespace
}  // namespace ztp::differential
