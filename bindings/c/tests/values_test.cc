// A ztp_value that is read in one go (value_fill.h) means what its JSON means: on random values of
// every kind against every shape of type, most of them wrong.
#include "bindings/c/values.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "bindings/c/value_fill.h"
#include "engine/facts/json_test_schema.h"

namespace ztp::c {
namespace {

constexpr std::string_view kTexts[] = {
    "a",
    "b",
    "c",
    "",
    "type",
    "id",
    "public",
    "restricted",
    "pii",
    "phi",
    "eu",
    "level",
    "tags",
    "Team",
    "Workload",
    "Team::\"vision\"",
    "Team::\"v\\\"\"",
    "0.5",
    "10m",
    "2026-11-23T12:00:00Z",
    "1.2-rc.1",
    "1.2",
    "96.00.5e",
    "10.1.2.3",
    "10.0.0.0/8",
    "spiffe://a.b/c",
    "/x/**",
    "\\",
    "true",
    "7",
    "\xff",
    "\xc3\xa9",
    "\n\"",
    "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "sha256:00112233445566778899AABBccddeeff00112233445566778899aabbccddeeff"};
constexpr int64_t kNumbers[] = {0, 1, -1, 5, 1'500'000'000, 9'300'000'000, INT64_MAX, INT64_MIN};
constexpr double kReals[] = {0, 0.1, -2.5, 1e30, 1e-30, 3};

class CInterfaceValues : public testing::Test {
 protected:
  template <typename T, size_t kSize>
  const T& Any(const T (&of)[kSize]) {
    return of[random_() % kSize];
  }

  ztp_value Text(std::string_view text) {
    ztp_value value = {ZTP_STRING, static_cast<uint32_t>(text.size()), {}};
    value.as.text = text.data();
    return value;
  }
  ztp_value Random(int depth) {
    ztp_value value = {static_cast<ztp_kind>(random_() % 13), 0, {}};
    switch (value.kind) {
      case ZTP_FLOAT:
        value.as.real = Any(kReals);
        return value;
      case ZTP_STRING:
        return Text(Any(kTexts));
      case ZTP_ENTITY: {
        std::vector<ztp_value>& parts = items_.emplace_back();
        parts = {Text(Any(kTexts)), Text(Any(kTexts))};
        value.as.items = parts.data();
        return value;
      }
      case ZTP_LIST:
      case ZTP_MAP: {
        if (depth == 0) return Text(Any(kTexts));
        std::vector<ztp_value>& items = items_.emplace_back();
        value.size = random_() % 4;
        for (uint32_t i = 0; i < value.size; ++i) {
          if (value.kind == ZTP_MAP)
            items.push_back(Text(random_() % 2 ? kTexts[random_() % 3] : Any(kTexts)));
          items.push_back(Random(depth - 1));
        }
        value.as.items = items.data();
        return value;
      }
      default:
        value.as.number = Any(kNumbers);
        return value;
    }
  }

  // The value by way of JSON; nothing: it is refused.
  std::optional<Value> ByJson(TypeId type, const ztp_value& from) {
    std::string json;
    if (ztp_error* error = AppendJson("test", from, &json)) {
      ztp_error_free(error);
      return std::nullopt;
    }
    Fact fact;
    if (!ReadFact(test_.schema, type, false, "x", json, &fact).empty()) return std::nullopt;
    return fact.value;
  }

  void ExpectQuick(TypeId type, const ztp_value& from) {
    const std::optional<Value> wanted = ByJson(type, from);
    ASSERT_TRUE(wanted);
    ASSERT_TRUE(FillValue(test_.schema, type, from, &filled_)) << test_.schema.TypeName(type);
    EXPECT_EQ(filled_, *wanted) << test_.schema.TypeName(type);
  }

  JsonTestSchema test_;
  TypeTable& types_ = test_.schema.types;
  std::mt19937 random_{7};
  std::deque<std::vector<ztp_value>> items_;
  Value filled_;  // over what the last one left behind
};

TEST_F(CInterfaceValues, MeanWhatTheirJsonMeans) {
  std::vector<TypeId> types = {test_.record, test_.team_type, test_.any_type,
                               types_.Lattice(test_.label)};
  for (TypeKind kind :
       {TypeKind::kBool, TypeKind::kInt, TypeKind::kDecimal, TypeKind::kString, TypeKind::kTime,
        TypeKind::kDuration, TypeKind::kVersion, TypeKind::kHexVersion, TypeKind::kIp,
        TypeKind::kCidr, TypeKind::kDigest, TypeKind::kSpiffeId, TypeKind::kGlob}) {
    types.push_back(types_.Scalar(kind));
  }
  for (uint32_t i = 0; i < test_.schema.lattices.size(); ++i)
    types.push_back(types_.Lattice(LatticeId{i}));
  for (uint32_t i = 0; i < test_.schema.enums.size(); ++i) types.push_back(types_.Enum(EnumId{i}));
  const size_t flat = types.size();
  for (size_t i = 0; i < flat; ++i) {
    types.push_back(types_.Set(types[i]));
    types.push_back(types_.List(types[i]));
    types.push_back(types_.Map(types_.Scalar(TypeKind::kString), types[i]));
  }
  types.push_back(types_.Map(types_.Scalar(TypeKind::kVersion), types[0]));
  std::vector<size_t> quick(types.size());
  for (int round = 0; round < 50'000; ++round) {
    items_.clear();
    const ztp_value from = Random(3);
    for (size_t t = 0; t < types.size(); ++t) {
      if (!FillValue(test_.schema, types[t], from, &filled_)) continue;
      ++quick[t];
      const std::optional<Value> wanted = ByJson(types[t], from);
      ASSERT_TRUE(wanted) << test_.schema.TypeName(types[t]);
      ASSERT_EQ(filled_, *wanted) << test_.schema.TypeName(types[t]);
    }
  }
  // Every type is read in one go but a product, which is left to JSON.
  for (size_t t = 0; t < flat; ++t) {
    if (types[t] == types_.Lattice(test_.label)) continue;
    EXPECT_GT(quick[t], 0u) << test_.schema.TypeName(types[t]);
  }
  // Texts by themselves, as ztp_set_text has them.
  for (const std::string_view text : kTexts) {
    for (const TypeId type : types) {
      if (text == "\xff" || !FillText(test_.schema, type, text, &filled_)) continue;
      const std::optional<Value> wanted = ByJson(type, Text(text));
      ASSERT_TRUE(wanted) << text << " as " << test_.schema.TypeName(type);
      EXPECT_EQ(filled_, *wanted) << text << " as " << test_.schema.TypeName(type);
    }
  }
}

TEST_F(CInterfaceValues, RecordsAreReadInOneGo) {
  const ztp_value one = {ZTP_INT, 0, {1}};
  const ztp_value missing = {ZTP_MISSING, 0, {0}};
  const std::vector<ztp_value> whole = {Text("b"), Text("x"), Text("a"),
                                        one,       Text("c"), {ZTP_BOOL, 0, {0}}};
  const std::vector<ztp_value> partly = {Text("nothing"), missing, Text("a"), one,
                                         Text("b"),       missing};
  for (const auto* items : {&whole, &partly}) {
    ztp_value record = {ZTP_MAP, 3, {}};
    record.as.items = items->data();
    ExpectQuick(test_.record, record);
  }
}

}  // namespace
}  // namespace ztp::c
