// What the reference works out in its own way, against the engine's value types on random values:
// schedules, globs, Decimal products, labels, networks. Two ways that agree everywhere are rarely
// both wrong.
#include <gtest/gtest.h>

#include <random>

#include "absl/time/time.h"
#include "engine/base/schedule.h"
#include "engine/core/glob.h"
#include "engine/reference/test_program.h"

namespace ztp::reference {
namespace {

// A fixed seed: a failure can be repeated.
class Agreement : public testing::Test, public TestProgram {
 protected:
  int64_t Random(int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random_);
  }
  template <typename T>
  const T& OneOf(const std::vector<T>& items) {
    return items[static_cast<size_t>(Random(0, static_cast<int64_t>(items.size()) - 1))];
  }
  std::mt19937_64 random_{20300101};
};

TEST_F(Agreement, Schedules) {
  const std::vector<std::string> days = {"",     "Mon-Fri ", "Sat,Sun ",    "Fri-Mon ",
                                         "Sun ", "Mon-Sun ", "Tue,Thu-Fri "};
  const std::vector<std::string> hours = {"00:00-24:00", "08:00-18:00", "22:00-06:00",
                                          "02:10-02:50", "01:30-03:30", "23:59-00:00",
                                          "00:00-00:01", "12:00-11:59"};
  const std::vector<std::string> zones = {"UTC",          "Europe/Berlin",  "America/New_York",
                                          "Asia/Kolkata", "Pacific/Apia",   "Australia/Lord_Howe",
                                          "Africa/Cairo", "America/Havana", "Antarctica/Troll"};
  const int64_t second = 1'000'000;
  // Pacific/Apia left out 2011-12-30; Berlin's clock jumped at the other one.
  const std::vector<int64_t> jumps = {1325239200 * second, 1901235600 * second};
  for (int i = 0; i < 4000; ++i) {
    const std::string text = OneOf(days) + OneOf(hours) + " " + OneOf(zones);
    const int64_t near = OneOf(jumps) + Random(-3 * 86400, 3 * 86400) * second;
    const Time now{i % 2 == 0 ? near : Random(0, 4102444800) * second + Random(0, 1)};
    const absl::StatusOr<ztp::Schedule> engine = ztp::Schedule::Parse(text);
    ASSERT_TRUE(engine.ok()) << engine.status() << " " << text;
    const Within within = NowWithin(text, now);
    EXPECT_EQ(within.inside, engine->Contains(now)) << text << " " << now.micros;
    EXPECT_EQ(within.flip, engine->NextFlip(now)) << text << " " << now.micros;
    if (!within.flip) continue;
    EXPECT_EQ(NowWithin(text, Time{within.flip->micros - 1}).inside, within.inside);
    EXPECT_NE(NowWithin(text, *within.flip).inside, within.inside);
  }
}

TEST_F(Agreement, Globs) {
  const std::string pattern_bytes = R"(ab/**\*)";
  const std::string text_bytes = R"(ab/*\)";
  int matches = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string pattern;
    std::string text;
    for (int64_t n = Random(0, 6); n > 0; --n) {
      pattern += pattern_bytes[static_cast<size_t>(
          Random(0, static_cast<int64_t>(pattern_bytes.size()) - 1))];
    }
    for (int64_t n = Random(0, 6); n > 0; --n) {
      text +=
          text_bytes[static_cast<size_t>(Random(0, static_cast<int64_t>(text_bytes.size()) - 1))];
    }
    if (CheckGlob(pattern) != GlobError::kNone) continue;
    const bool matched = GlobMatches(pattern, text);
    EXPECT_EQ(matched, ztp::GlobMatches(pattern, text)) << pattern << " " << text;
    matches += matched ? 1 : 0;
  }
  EXPECT_GT(matches, 500);
}

TEST_F(Agreement, DecimalProducts) {
  const sema::Expr product = p[Make(Op::kMul, decimal)];
  for (int i = 0; i < 20000; ++i) {
    const int64_t bound = int64_t{1} << Random(1, 62);
    // Multiples of a half unit are what rounding is about.
    const int64_t a = Random(-bound, bound);
    const int64_t b = i % 2 == 0 ? Random(-bound, bound) : Random(-9, 9) * 500'000'000;
    const Value operands[] = {Value::OfDecimal(Decimal{a}), Value::OfDecimal(Decimal{b})};
    const std::optional<Value> ours = Apply(p, product, operands);
    const Checked<Decimal> theirs = CheckedMul(Decimal{a}, Decimal{b});
    ASSERT_EQ(ours.has_value(), static_cast<bool>(theirs)) << a << " " << b;
    if (ours) {
      EXPECT_EQ(ours->decimal().units, (*theirs).units) << a << " " << b;
    }
  }
}

TEST_F(Agreement, Labels) {
  using Kind = LatticeType::Kind;
  const LatticeId chain = Lattice("Chain", Kind::kChain, {"a", "b", "c", "d"});
  const LatticeId power = Lattice("Power", Kind::kPowerSet, {"a", "b", "c"});
  const LatticeId dual = Lattice("Dual", Kind::kDual, {"a", "b", "c"});
  const LatticeId label = Product("Label", {{"x", chain}, {"y", power}, {"z", dual}});
  const TypeId type = p.schema.types.Lattice(label);
  auto random_label = [&] {
    auto members = [&] {
      std::vector<uint32_t> ordinals;
      for (uint32_t i = 0; i < 3; ++i) {
        if (Random(0, 1) == 1) ordinals.push_back(i);
      }
      return ordinals;
    };
    return p.schema.ProductLabel(
        label, {p.schema.ChainLabel(chain, static_cast<uint32_t>(Random(0, 3))),
                p.schema.SetLabel(power, members()), p.schema.SetLabel(dual, members())});
  };
  for (int i = 0; i < 500; ++i) {
    const Label a = random_label();
    const Label b = random_label();
    const ExprId x = Const(type, Value::OfLabel(a));
    const ExprId y = Const(type, Value::OfLabel(b));
    EXPECT_EQ(Eval(Make(Op::kJoin, type, {x, y})).value, Value::OfLabel(Join(a, b)));
    EXPECT_EQ(Eval(Make(Op::kMeet, type, {x, y})).value, Value::OfLabel(Meet(a, b)));
    EXPECT_EQ(Eval(Make(Op::kFlowsTo, boolean, {x, y})).value, Value::Bool(FlowsTo(a, b)));
  }
}

TEST_F(Agreement, Networks) {
  const sema::Expr in = p[Make(Op::kIpIn, boolean)];
  for (int i = 0; i < 5000; ++i) {
    Ip ip;
    for (uint8_t& byte : ip.bytes) byte = static_cast<uint8_t>(Random(0, 255));
    Cidr cidr{{}, static_cast<uint8_t>(Random(0, 128))};
    for (int bit = 0; bit < cidr.prefix; ++bit) {
      cidr.base.bytes[bit / 8] |= static_cast<uint8_t>(ip.bytes[bit / 8] & (0x80 >> (bit % 8)));
    }
    if (i % 2 == 0) ip.bytes[Random(0, 15)] ^= static_cast<uint8_t>(1 << Random(0, 7));
    const Value operands[] = {Value::OfIp(ip), Value::OfCidr(cidr)};
    EXPECT_EQ(Apply(p, in, operands), Value::Bool(Contains(cidr, ip)));
  }
}

}  // namespace
}  // namespace ztp::reference
