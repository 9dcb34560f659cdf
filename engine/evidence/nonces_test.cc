// A nonce is good once, until its end, and only if it was given out.
#include "engine/evidence/nonces.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/evidence/base64.h"

namespace ztp::evidence {
namespace {

constexpr Time kNow{int64_t{1'000'000} * kMicrosPerSecond};
constexpr Duration kMinute{60 * kMicrosPerSecond};

Time After(int64_t seconds) { return Time{kNow.micros + seconds * kMicrosPerSecond}; }

std::string Use(Nonces& nonces, std::string_view nonce, Time now = kNow) {
  const auto refusal = nonces.Use(nonce, now);
  return refusal ? std::string(NameOf(refusal->check)) : "good";
}

TEST(Nonces, AreGoodOnce) {
  Nonces nonces;
  const std::string nonce = nonces.Make(kNow, kMinute);
  EXPECT_EQ(DecodeBase64url(nonce)->size(), kNonceBytes);
  EXPECT_EQ(Use(nonces, nonce), "good");
  EXPECT_EQ(Use(nonces, nonce), "replay");
  EXPECT_EQ(Use(nonces, nonces.Make(kNow, kMinute)), "good") << "another one";
}

TEST(Nonces, AreTheSameInEachSpelling) {
  Nonces nonces;
  const std::string nonce = nonces.Make(kNow, kMinute);
  const std::string bytes = *DecodeBase64url(nonce);
  std::string hex;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 15];
  }
  EXPECT_EQ(Use(nonces, hex), "good");
  EXPECT_EQ(Use(nonces, bytes), "replay");
  EXPECT_EQ(Use(nonces, nonce), "replay");
}

TEST(Nonces, EndWhenTheySay) {
  Nonces nonces;
  const std::string nonce = nonces.Make(kNow, kMinute);
  EXPECT_EQ(Use(nonces, nonce, After(60)), "nonce");
  EXPECT_EQ(Use(nonces, nonce, After(59)), "good");
  const std::string lasting = nonces.Make(kNow, Duration{int64_t{1} << 60});
  EXPECT_EQ(Use(nonces, lasting, After(3600)), "nonce") << "an hour is the most";
}

TEST(Nonces, ThatNobodyGaveOutAreNone) {
  Nonces nonces, others;
  EXPECT_EQ(Use(nonces, others.Make(kNow, kMinute)), "nonce");
  EXPECT_EQ(Use(nonces, "guess"), "nonce");
  EXPECT_EQ(Use(nonces, ""), "nonce");
  std::string bytes = *DecodeBase64url(nonces.Make(kNow, kMinute));
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_EQ(Use(nonces, bytes), "nonce") << "bit " << bit;
    bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
  }
  EXPECT_EQ(Use(nonces, bytes), "good");
}

TEST(Nonces, OfOthersCanBeExpected) {
  Nonces nonces;
  ASSERT_TRUE(nonces.Expect("n-0S6_WzA2Mj", kNow, After(60)).ok());
  EXPECT_EQ(Use(nonces, "n-0S6_WzA2Mj", After(60)), "nonce");
  EXPECT_EQ(Use(nonces, "n-0S6_WzA2Mj"), "good");
  ASSERT_TRUE(nonces.Expect("n-0S6_WzA2Mj", kNow, After(60)).ok());
  EXPECT_EQ(Use(nonces, "n-0S6_WzA2Mj"), "replay") << "expecting it again does not renew it";
  EXPECT_FALSE(nonces.Expect("", kNow, After(60)).ok());
  EXPECT_FALSE(nonces.Expect(std::string(257, 'x'), kNow, After(60)).ok());
}

TEST(Nonces, TooManyAreNotTaken) {
  Nonces nonces(2);
  EXPECT_EQ(Use(nonces, nonces.Make(kNow, kMinute)), "good");
  EXPECT_EQ(Use(nonces, nonces.Make(kNow, kMinute)), "good");
  const std::string third = nonces.Make(kNow, Duration{2 * kMinute.micros});
  EXPECT_EQ(Use(nonces, third), "replay") << "nobody could tell whether it is new";
  EXPECT_EQ(Use(nonces, third, After(60)), "good") << "the first two are past their end";
}

// An id that its maker chose: no nonce, and good once until its end.
TEST(Nonces, WhatCountsOnce) {
  Nonces nonces(2);
  const auto once = [&](char id, Time now) {
    const auto refusal = nonces.UseOnce(std::string(32, id), now, After(60));
    return refusal ? std::string(NameOf(refusal->check)) : "good";
  };
  EXPECT_EQ(once('a', kNow), "good");
  EXPECT_EQ(once('a', After(59)), "replay");
  EXPECT_NE(Use(nonces, std::string(32, 'a')), "good") << "nobody gave it out";
  EXPECT_EQ(once('b', kNow), "good");
  EXPECT_EQ(once('c', kNow), "replay") << "nobody could tell whether it is new";
  EXPECT_EQ(once('c', After(60)), "good") << "the first two are past their end";
}

}  // namespace
}  // namespace ztp::evidence
