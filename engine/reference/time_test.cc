// `now`: comparisons at their edges, the windows of evidence, schedules.
#include <gtest/gtest.h>

#include <limits>

#include "absl/time/time.h"
#include "engine/reference/test_program.h"

namespace ztp::reference {
namespace {

using sema::NowCmp;

class Times : public testing::Test, public TestProgram {
 protected:
  std::string Of(ExprId id) const { return Show(*this, id); }
  std::string Compare(NowCmp cmp, int64_t after) { return Of(Now(cmp, At(kNow + after))); }
  ExprId Span(int64_t micros) { return Const(duration, Value::OfDuration(Duration{micros})); }
};

TEST_F(Times, ComparisonsFlipAtTheirEdges) {
  EXPECT_EQ(Compare(NowCmp::kLt, 1), "true +1");
  EXPECT_EQ(Compare(NowCmp::kLt, 0), "false for ever");
  EXPECT_EQ(Compare(NowCmp::kGe, 1), "false +1");
  EXPECT_EQ(Compare(NowCmp::kGe, 0), "true for ever");
  // `now <= t` flips one later than `now < t`.
  EXPECT_EQ(Compare(NowCmp::kLe, 1), "true +2");
  EXPECT_EQ(Compare(NowCmp::kLe, 0), "true +1");
  EXPECT_EQ(Compare(NowCmp::kLe, -1), "false for ever");
  EXPECT_EQ(Compare(NowCmp::kGt, 0), "false +1");
  EXPECT_EQ(Compare(NowCmp::kGt, -1), "true for ever");
  EXPECT_EQ(Compare(NowCmp::kEq, 3), "false +3");
  EXPECT_EQ(Compare(NowCmp::kEq, 0), "true +1");
  EXPECT_EQ(Compare(NowCmp::kEq, -1), "false for ever");
}

TEST_F(Times, TermsAreExact) {
  const int64_t max = std::numeric_limits<int64_t>::max();
  auto compare = [&](NowCmp cmp, std::vector<ExprId> terms, uint32_t subtracted) {
    return Of(Make(Op::kNowCompare, boolean, std::move(terms),
                   static_cast<uint32_t>(cmp) | subtracted << 3));
  };
  EXPECT_EQ(compare(NowCmp::kLt, {At(kNow), Span(9), Span(4)}, 0b100), "true +5");
  // Beyond all times, and back.
  EXPECT_EQ(compare(NowCmp::kLt, {At(max), Span(max)}, 0), "true for ever");
  EXPECT_EQ(compare(NowCmp::kLt, {At(max), Span(max), Span(max), Span(max - kNow - 2)}, 0b1100),
            "true +2");
  EXPECT_EQ(compare(NowCmp::kLe, {At(max)}, 0), "true for ever");
  EXPECT_EQ(compare(NowCmp::kEq, {At(max)}, 0), "false +" + std::to_string(max - kNow));
  EXPECT_EQ(compare(NowCmp::kLt, {At(-max), Span(max)}, 0b10), "false for ever");
  const ExprId t = Input("t", time, Fact::Missing());
  EXPECT_EQ(compare(NowCmp::kLt, {At(0), t}, 0), "unknown {t} for ever");
}

TEST_F(Times, EvidenceCountsInItsWindow) {
  auto read = [&](std::optional<int64_t> issued, std::optional<int64_t> expires, bool optional) {
    Fact fact = Fact::Of(Value::Bool(true));
    if (issued) fact.issued_at = Time{kNow + *issued};
    if (expires) fact.expires_at = Time{kNow + *expires};
    const ExprId input = Input("x", boolean, fact, optional);
    const ExprId bound = Make(Op::kBoundInput, boolean, {}, p[input].payload);
    return Of(input) + ", bound " + Of(bound);
  };
  EXPECT_EQ(read({}, {}, false), "true for ever, bound true for ever");
  EXPECT_EQ(read(0, 5, false), "true +5, bound true +5");
  EXPECT_EQ(read(1, 5, false), "unknown {x} +1, bound false +1");
  EXPECT_EQ(read(1, 5, true), "missing +1, bound false +1");
  EXPECT_EQ(read(-5, 0, false), "unknown {x} for ever, bound false for ever");
  EXPECT_EQ(read(-5, 0, true), "missing for ever, bound false for ever");
  const ExprId unknown = Input("u", boolean, Fact::Unknown());
  EXPECT_EQ(Of(unknown), "unknown {u} for ever");
  EXPECT_EQ(Of(Make(Op::kBoundInput, boolean, {}, p[unknown].payload)), "false for ever");
}

TEST_F(Times, AttributesHaveWindowsToo) {
  const EntityTypeId model =
      Entity("Model", {Declare("slsa", integer, true), Declare("seal", integer)});
  Fact fact = Fact::Of(Value::Int(3));
  fact.issued_at = Time{kNow + 2};
  Store(model, "m", {fact, fact});
  fact.issued_at = Time{kNow};
  fact.expires_at = Time{kNow + 4};
  Store(model, "n", {fact, fact});
  EXPECT_EQ(Of(Attr(Ref(model, "m"), integer, "slsa")), "missing +2");
  EXPECT_EQ(Of(Attr(Ref(model, "m"), integer, "seal")), "unknown {Model::\"m\"} +2");
  EXPECT_EQ(Of(Make(Op::kHasAttr, boolean, {Ref(model, "m")}, Name("slsa"))), "false +2");
  EXPECT_EQ(Of(Make(Op::kHasAttr, boolean, {Ref(model, "n")}, Name("slsa"))), "true +4");
  EXPECT_EQ(Of(Attr(Ref(model, "n"), integer, "slsa")), "3 +4");
}

TEST_F(Times, EvidenceTellsItsTimes) {
  const TypeId record = p.schema.types.Record({{.name = "a", .type = integer}});
  Fact fact = Fact::Of(Value::Record({Value::Int(1)}));
  fact.issued_at = Time{kNow - 3};
  const ExprId x = Input("x", record, fact);
  const ExprId field = Make(Op::kField, integer, {x}, 0);
  EXPECT_EQ(Eval(Make(Op::kIssuedAt, time, {x})).value.time().micros, kNow - 3);
  EXPECT_EQ(Eval(Make(Op::kIssuedAt, time, {field})).value.time().micros, kNow - 3);
  EXPECT_EQ(Of(Make(Op::kExpiresAt, time, {x})), "unknown {x} for ever");
  const EntityTypeId model = Entity("Model", {Declare("slsa", record)});
  fact.expires_at = Time{kNow + 9};
  Store(model, "m", {fact});
  const ExprId attr = Attr(Ref(model, "m"), record, "slsa");
  const Result expires = Eval(Make(Op::kExpiresAt, time, {attr}));
  EXPECT_EQ(expires.value.time().micros, kNow + 9);
  EXPECT_EQ(expires.valid_until, Time{kNow + 9});
  EXPECT_EQ(Of(Make(Op::kExpiresAt, time, {Attr(Ref(model, "gone"), record, "slsa")})),
            "unknown {Model::\"gone\"} for ever");
  EXPECT_EQ(Of(Make(Op::kIssuedAt, time, {Input("y", record, Fact::Missing(), true)})),
            "unknown {} for ever");
}

// Whether and until when, as text: "in until 2030-01-01T17:00:00".
std::string Schedule(const std::string& text, const std::string& now) {
  absl::Time t;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, now, &t, &error)) return error;
  const Within within = NowWithin(text, Time{absl::ToUnixMicros(t)});
  std::string answer = within.inside ? "in" : "out";
  if (!within.flip) return answer + " for ever";
  return answer + " until " +
         absl::FormatTime("%Y-%m-%dT%H:%M:%E*S", absl::FromUnixMicros(within.flip->micros),
                          absl::UTCTimeZone());
}

TEST(Schedules, DaysAndHours) {
  const std::string work = "Mon-Fri 08:00-18:00 UTC";  // 2030-01-01 is a Tuesday
  EXPECT_EQ(Schedule(work, "2030-01-01T07:59:59.999999Z"), "out until 2030-01-01T08:00:00");
  EXPECT_EQ(Schedule(work, "2030-01-01T08:00:00Z"), "in until 2030-01-01T18:00:00");
  EXPECT_EQ(Schedule(work, "2030-01-01T18:00:00Z"), "out until 2030-01-02T08:00:00");
  EXPECT_EQ(Schedule(work, "2030-01-04T20:00:00Z"), "out until 2030-01-07T08:00:00");
  EXPECT_EQ(Schedule("Sat,Sun 00:00-24:00 UTC", "2030-01-05T12:00:00Z"),
            "in until 2030-01-07T00:00:00");
  EXPECT_EQ(Schedule("Sat-Mon 10:00-11:00 UTC", "2030-01-01T00:00:00Z"),
            "out until 2030-01-05T10:00:00");
  EXPECT_EQ(Schedule("10:00-11:00 UTC", "2030-01-05T12:00:00Z"), "out until 2030-01-06T10:00:00");
  EXPECT_EQ(Schedule("Mon-Sun 00:00-24:00 UTC", "2030-01-01T00:00:00Z"), "in for ever");
  EXPECT_EQ(Schedule("Mon-Sun 00:00-24:00 Europe/Berlin", "2030-03-30T00:00:00Z"), "in for ever");
}

TEST(Schedules, ANightBelongsToTheDayItBeginsOn) {
  const std::string night = "Fri 22:00-06:00 UTC";
  EXPECT_EQ(Schedule(night, "2030-01-04T05:00:00Z"), "out until 2030-01-04T22:00:00");
  EXPECT_EQ(Schedule(night, "2030-01-05T05:00:00Z"), "in until 2030-01-05T06:00:00");
  EXPECT_EQ(Schedule("Fri,Sat 12:00-06:00 UTC", "2030-01-05T05:00:00Z"),
            "in until 2030-01-05T06:00:00");
}

TEST(Schedules, ZonesAndTheirChanges) {
  const std::string berlin = "Mon-Sun 08:00-18:00 Europe/Berlin";
  EXPECT_EQ(Schedule(berlin, "2030-01-01T07:30:00Z"), "in until 2030-01-01T17:00:00");
  EXPECT_EQ(Schedule(berlin, "2030-07-01T06:30:00Z"), "in until 2030-07-01T16:00:00");
  // 2030-03-31: 02:00 becomes 03:00 at 01:00Z; 2030-10-27: 03:00 becomes 02:00 at 01:00Z.
  EXPECT_EQ(Schedule("Sun 01:00-02:30 Europe/Berlin", "2030-03-31T00:30:00Z"),
            "in until 2030-03-31T01:00:00");
  EXPECT_EQ(Schedule("Sun 02:10-02:20 Europe/Berlin", "2030-03-30T00:00:00Z"),
            "out until 2030-04-07T00:10:00");
  EXPECT_EQ(Schedule("Sun 02:00-03:00 Europe/Berlin", "2030-10-27T00:30:00Z"),
            "in until 2030-10-27T02:00:00");
}

TEST_F(Times, ASchedulesFlipIsAnAtomsValidity) {
  // kNow is one second after 1970-01-01T00:00:00Z, a Thursday.
  const ExprId within = Make(Op::kNowWithin, boolean, {}, Name("Thu 00:00-00:01 UTC"));
  EXPECT_EQ(Of(within), "true +59000000");
}

}  // namespace
}  // namespace ztp::reference
