// Interned names, and the helpers for text and status beside them.
#include "engine/base/symbol.h"

#include <string>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "gtest/gtest.h"

namespace ztp {
namespace {

TEST(Interner, EqualTextEqualSymbol) {
  Interner interner;
  const Symbol a = interner.Intern("alpha");
  const Symbol b = interner.Intern("beta");
  EXPECT_NE(a, b);
  EXPECT_EQ(interner.Intern(std::string("al") + "pha"), a);
  EXPECT_EQ(interner.Text(a), "alpha");
  EXPECT_EQ(interner.Text(b), "beta");
  EXPECT_EQ(interner.size(), 2u);
  EXPECT_EQ(interner.Find("beta"), b);
  EXPECT_EQ(interner.Find("gamma"), kInvalidSymbol);
  EXPECT_FALSE(kInvalidSymbol.valid());
  EXPECT_EQ(interner.Text(kInvalidSymbol), "");
}

TEST(Interner, KeepsTextsInPlace) {
  Interner interner;
  const Symbol first = interner.Intern("a");  // short enough to live inside a string object
  const std::string_view text = interner.Text(first);
  for (int i = 0; i < 10'000; ++i) interner.Intern(Cat("name", i));
  EXPECT_EQ(interner.Text(first).data(), text.data());
  EXPECT_EQ(interner.Find("name9999"), (Symbol{10'000}));
  Interner moved = std::move(interner);
  EXPECT_EQ(moved.Find("a"), first);
  EXPECT_EQ(moved.Text(first), "a");
}

TEST(Str, CatAndJoin) {
  EXPECT_EQ(Cat(), "");
  EXPECT_EQ(Cat("a", std::string("b"), std::string_view("c"), 'd', 5, size_t{6}, int64_t{-7}),
            "abcd56-7");
  std::string out = "x";
  Append(out, ":", 1);
  EXPECT_EQ(out, "x:1");
  EXPECT_EQ(Join(std::vector<std::string>{"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(Join(std::vector<std::string>{}, ", "), "");
  EXPECT_EQ(FromAbsl(ToAbsl("text")), "text");
  EXPECT_EQ(Quoted("hold"), "'hold'");
}

absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgument(number, " is odd");
  return number / 2;
}

absl::StatusOr<int> Quarter(int number) {
  ZTP_ASSIGN_OR_RETURN(const int half, Half(number));
  ZTP_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

absl::Status Check(int number) {
  ZTP_RETURN_IF_ERROR(Half(number).status());
  return absl::OkStatus();
}

TEST(Status, MacrosPassErrorsOn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Message(Quarter(6).status()), "3 is odd");
  EXPECT_EQ(Quarter(5).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Check(2).ok());
  EXPECT_FALSE(Check(3).ok());
}

}  // namespace
}  // namespace ztp
