// A facts file with any one byte changed is refused, or decided by without harm. Run under the
// sanitizers, this is the test that what engine/facts/facts_checker*.cc passes can be evaluated.
#include <iterator>
#include <string>

#include "engine/eval/eval_testing.h"
#include "engine/facts/facts_file.h"
#include "engine/facts/snapshot_file.h"

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
entity User in Tenant, Group { name: String, age: Int, label: Label, stage: Stage, spiffe: SpiffeId,
                               proof?: Int proven }
entity Dataset { hold: Bool, owner: User, names: Set<String>, nets: Set<Cidr>, label: Label,
                 quotas: Map<String, Int>, gpu: Gpu, sizes: List<Int>, globs: List<Glob>, groups: Set<Group> }
entity Model derives Model, Dataset { hold: Bool = false inherited any, label: Label inherited, names: Set<String> inherited,
                                      quality: Decimal }
input source_ip?: Ip
obligation audit(level: String, size: Int, names: Set<String>, at: Version)
action read, write on Dataset, Model by User with { purpose: String }

permit texts {
  principal u: User in Group::"all"
  action    read
  resource  d: Dataset
  when      any(n in d.names: n like "a*" and n != u.name)
  when      d.gpu.driver >= "1.2" and d.gpu has name and d.gpu.name matches "x.*"
  when      has source_ip and source_ip in d.nets
  when      any(g in d.globs: trust(action.purpose) like g)
  oblige    audit(u.name, count(s in d.sizes: s > 1), d.names, d.gpu.driver)
}
permit labels {
  principal u: User
  action    read, write
  resource  m: Model
  when      m.label flows to u.label and pii not in m.label.tags
  when      m.quality > 1.0 and "ab" in m.names and not m.hold
  unless    any(a in m.ancestors(Dataset): a.hold)
}
forbid fleeting {
  principal u: User
  action    write
  resource  d: Dataset
  when      d.owner in Group::"g" or u in d.groups
  when      (d.quotas["a"] ?? 3) > 4 or u.spiffe.path like "/x/**"
  when      u has proof and u.proof > 1 and u.stage == live
}

fixture f {
  entity t = Tenant::"t"
  entity whole = Group::"all" { size: 3 }
  entity g = Group::"g" in Group::"all" { size: 1 }
  entity u = User::"u" in Tenant::"t", Group::"g" { name: "ann", age: 3, stage: live, spiffe: "spiffe://a/x/y",
      label: { level: secret, tags: { pii, phi }, regions: {} } }
  entity d = Dataset::"d" { hold: false, owner: u, names: { "ab", "c" }, nets: { "10.0.0.0/8" },
      label: { level: internal, tags: { phi }, regions: { eu } }, quotas: { "a": 7 },
      gpu: { driver: "1.2", confidential: true, name: "x" }, sizes: [1, 2, 3], globs: ["ab*"], groups: { g, whole } }
  entity m = Model::"m" derives Dataset::"d" { quality: 4.5, label: { level: public, tags: {}, regions: { eu } },
      names: { "own" } }
  entity n = Model::"n" derives Model::"m" { quality: 2.0 }
  input source_ip = "10.1.2.3"
}
test "decisions" {
  using f
  expect allow u read d with { purpose: "abc" } by texts
  expect allow u read m with { purpose: "x" } by labels
  expect allow u read n with { purpose: "x" } by labels
  expect deny u write d with { purpose: "abc" }
}
)";

TEST(FactsDamage, EveryByteChanged) {
  PolicyUnderTest test(kPolicy);
  ASSERT_TRUE(test.ok());
  test.CheckExpects();
  const std::shared_ptr<const DecisionProgram>& program = test.policy()->shared_program();
  ASSERT_FALSE(program->quantifiers.empty());
  Scratch scratch;
  std::vector<Decision> decisions;
  auto decide = [&](const Snapshot& facts) {
    decisions.clear();
    for (size_t e = 0; e < test.expect_count(); ++e) {
      decisions.push_back(Explain(*test.policy(), facts, test.RequestOf(e), scratch).decision);
    }
  };
  const auto whole = test.FactsOf(0);
  const std::string bytes = SnapshotFile::Bytes(*whole);
  // Undamaged it decides as the facts that it was made of do.
  decide(*whole);
  const std::vector<Decision> expected = decisions;
  const auto read = SnapshotFile::Read(program, bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  decide(**read);
  EXPECT_EQ(decisions, expected);

  int refused = 0, decided = 0, otherwise = 0;
  const size_t set_hash_end = sizeof(FactsFileHeader) + 2 * SetHash::kLanes;
  for (size_t i = kFactsSealedFrom; i < bytes.size(); ++i) {
    if (i == sizeof(FactsFileHeader)) i = set_hash_end;
    for (const uint8_t mask : {0x01, 0x10, 0xff}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ mask);
      SealFactsFile(&changed);
      const auto damaged = SnapshotFile::Read(program, changed);
      if (!damaged.ok()) {
        ++refused;
        continue;
      }
      decide(**damaged);
      ++decided;
      otherwise += decisions != expected;
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(decided, 1000);
  EXPECT_GT(otherwise, 50) << "what is changed is what is decided by";
}

}  // namespace
}  // namespace ztp
