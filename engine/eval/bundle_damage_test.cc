// A bundle with any one byte changed is refused, or decides without harm: what CheckProgram passes
// can be run. Run under the sanitizers, this is the test of every check in
// engine/bundle/verify*.cc.
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

TEST(BundleDamage, EveryByteChanged) {
  PolicyUnderTest test(kPolicy);
  ASSERT_TRUE(test.ok());
  test.CheckExpects();
  const std::string bytes = WriteBundle(test.policy()->program());
  int refused = 0, decided = 0;
  Scratch scratch;
  for (size_t j = 0; j < bytes.size() * 7; ++j) {
    const size_t i = j / 7;
    // One change a byte, which differs from place to place; all of them would take minutes under
    // the sanitizers.
    static constexpr uint8_t kMasks[] = {0x01, 0x02, 0x04, 0x80, 0xff, 0x03, 0x10};
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ kMasks[j % std::size(kMasks)]);
    absl::StatusOr<DecisionProgram> program = ReadBundle(changed);
    if (!program.ok()) {
      ++refused;
      continue;
    }
    // The type of a stored attribute may be another now; facts are checked against the schema when
    // they come as JSON, so only programs with the same schema get these.
    const Schema& was = test.policy()->schema();
    bool same = was.entities.size() == program->schema.entities.size();
    for (size_t e = 0; same && e < was.entities.size(); ++e) {
      const auto &a = was.entities[e].attributes, &b = program->schema.entities[e].attributes;
      same = a.size() == b.size() && was.entities[e].carried == program->schema.entities[e].carried;
      for (size_t k = 0; same && k < a.size(); ++k) {
        same = a[k].type == b[k].type && a[k].optional == b[k].optional &&
               a[k].inherit == b[k].inherit;
      }
    }
    same = same && was.types.size() == program->schema.types.size();
    for (uint32_t t = 0; same && t < was.types.size(); ++t) {
      same = was.types[TypeId{t}] == program->schema.types[TypeId{t}];
    }
    for (size_t k = 0; same && k < was.lattices.size(); ++k) {
      same = was.lattices[k].kind == program->schema.lattices[k].kind &&
             was.lattices[k].bits == program->schema.lattices[k].bits;
    }
    for (size_t k = 0; same && k < was.inputs.size(); ++k) {
      same = was.inputs[k].type == program->schema.inputs[k].type;
    }
    for (size_t k = 0; same && k < was.actions.size(); ++k) {
      for (size_t q = 0; same && q < was.actions[k].params.size(); ++q) {
        same = was.actions[k].params[q].type == program->schema.actions[k].params[q].type;
      }
    }
    if (!same) continue;
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
