// A bundle with any one byte changed is refused, or decides without harm: what CheckProgram passes
// can be run. Run under the sanitizers, this is the test of every check in
// engine/bundle/verify*.cc.
#include <algorithm>
#include <string>

#include "engine/bundle/read.h"
#include "engine/bundle/write.h"
#include "engine/eval/eval_testing.h"

namespace ztp {
namespace {

constexpr char kPolicy[] = R"(ztp 1
package p
enum Stage { draft, live }
lattice Level { public < internal < secret }
lattice Tags of { pii, phi }
lattice Regions dual of { eu, us, ap }
lattice Label { level: Level, tags: Tags, regions: Regions }
type Gpu = { driver: Version, confidential: Bool, name?: String }
entity Tenant
entity Group in Group { size: Int }
entity User in Tenant, Group { name: String, age: Int, label: Label, stage: Stage, spiffe: SpiffeId }
entity Bot { name: Int, age: String, gpu: Int }
entity Dataset { hold: Bool, owner: User, names: Set<String>, nets: Set<Cidr>, label: Label,
                 quotas: Map<String, Int>, gpu: Gpu, sizes: List<Int> }
entity Model derives Model, Dataset { hold: Bool = false, label: Label inherited, quality: Decimal, gpu: Gpu }
input device: { gpu: Gpu, scores: List<Decimal> } proven
input source_ip?: Ip
const limits: Map<String, Int> = { "a": 1, "b": 2 }
obligation audit(level: String, size: Int)
action read, write on Dataset, Model by User, Bot with { purpose: String, n?: Int }

permit texts {
  principal u: User
  action    read
  resource  d: Dataset
  when      any(n in d.names: n like "a*" and n != u.name)
  when      d.gpu.driver >= "1.2" and d.gpu has name and d.gpu.name == "x"
  when      has source_ip and source_ip in d.nets
  oblige    audit(u.name, count(s in d.sizes: s > 1))
}
permit labels {
  principal u: User
  action    read, write
  resource  m: Model
  when      m.label flows to u.label and pii not in m.label.tags
  when      (m.label join { level: secret, tags: { phi }, regions: { eu } }).level == secret
  when      sum(s in device.scores: s * 2.0) < m.quality + 1.0
  unless    any(a in m.ancestors(Dataset): a.hold)
}
forbid narrowed {
  principal x: User, Bot
  action    read, write
  resource  any
  when      x is User and x.name like "z*" and x.age > 3
}
forbid fleeting {
  principal u: User
  action    write
  resource  d: Dataset
  when      not device.fresh(10m) or d.owner in Group::"g"
  when      (d.quotas["a"] ?? 3) + (limits["b"] ?? 0) > 4 or u.spiffe.path like "/x/**"
}
duty always_audit {
  action    read
  when      trust(action.purpose) matches "a.c"
  oblige    audit("low", 1)
}

fixture f {
  entity t = Tenant::"t"
  entity g = Group::"g" { size: 1 }
  entity u = User::"u" in Tenant::"t", Group::"g" { name: "ann", age: 3, stage: live, spiffe: "spiffe://a/x/y",
      label: { level: secret, tags: { pii, phi }, regions: {} } }
  entity b = Bot::"b" { name: 1, age: "old", gpu: 7 }
  entity d = Dataset::"d" { hold: false, owner: u, names: { "ab", "c" }, nets: { "10.0.0.0/8" },
      label: { level: internal, tags: { phi }, regions: { eu } }, quotas: { "a": 7 },
      gpu: { driver: "1.2", confidential: true, name: "x" }, sizes: [1, 2, 3] }
  entity m = Model::"m" derives Dataset::"d" { quality: 4.5, gpu: { driver: "2", confidential: false } }
  input device = { gpu: { driver: "3", confidential: true }, scores: [0.5, 0.25],
                   issued_at: now - 1m, expires_at: now + 1h }
  input source_ip = "10.1.2.3"
}
test "decisions" {
  using f
  expect allow u read d with { purpose: "abc" } by texts
  expect allow u read m with { purpose: "x", n: 3 } by labels
  expect deny u write d with { purpose: "abc" }
  expect deny b read d with { purpose: "abc" }
}
)";

// Are facts and requests that were read by the one schema right for the other too? (They come as
// JSON, and are checked against the schema that is there; those of the test are not.)
bool SameShapes(const Schema& a, const Schema& b) {
  auto same = [](const auto& x, const auto& y, auto equal) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), equal);
  };
  auto same_param = [](const Param& x, const Param& y) { return x.type == y.type; };
  if (a.types.size() != b.types.size()) return false;
  for (uint32_t t = 0; t < a.types.size(); ++t) {
    if (!(a.types[TypeId{t}] == b.types[TypeId{t}])) return false;
  }
  return same(a.entities, b.entities,
              [&](const EntityType& x, const EntityType& y) {
                return x.carried == y.carried &&
                       same(x.attributes, y.attributes, [](const Attribute& p, const Attribute& q) {
                         return p.type == q.type;
                       });
              }) &&
         same(a.lattices, b.lattices,
              [](const LatticeType& x, const LatticeType& y) {
                return x.kind == y.kind && x.bits == y.bits;
              }) &&
         same(a.inputs, b.inputs,
              [](const Input& x, const Input& y) { return x.type == y.type; }) &&
         same(a.actions, b.actions, [&](const Action& x, const Action& y) {
           return same(x.params, y.params, same_param);
         });
}

TEST(BundleDamage, EveryByteChanged) {
  PolicyUnderTest test(kPolicy);
  ASSERT_TRUE(test.ok());
  test.CheckExpects();
  const std::string bytes = WriteBundle(test.policy()->program());
  int refused = 0, decided = 0;
  Scratch scratch;
  for (size_t i = 0; i < bytes.size(); ++i) {
    // One change a byte, which differs from place to place; all of them would take minutes under
    // the sanitizers.
    static constexpr uint8_t kMasks[] = {0x01, 0x02, 0x04, 0x80, 0xff, 0x03, 0x10};
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ kMasks[i % std::size(kMasks)]);
    absl::StatusOr<DecisionProgram> program = ReadBundle(changed);
    if (!program.ok()) {
      ++refused;
      continue;
    }
    if (!SameShapes(test.policy()->schema(), program->schema)) continue;
    absl::StatusOr<std::shared_ptr<const Policy>> policy = Policy::Make(*std::move(program));
    if (!policy.ok()) {
      ++refused;
      continue;
    }
    for (size_t e = 0; e < test.expect_count(); ++e) {
      auto snapshot = MakeSnapshot(**policy, test.RecordsOf(e));
      if (!snapshot.ok()) continue;
      const Explanation explanation = Explain(**policy, **snapshot, test.RequestOf(e), scratch);
      decided += explanation.decision.allow ? 1 : 0;
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(decided, 1000);
}

}  // namespace
}  // namespace ztp
