// The normal form: its names are std.ai's, and the worse of two wins. And challenges: what answers
// them, and for how long.
#include "engine/evidence/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_testing.h"
#include "engine/evidence/challenge.h"

namespace ztp::evidence {
namespace {

using ::testing::HasSubstr;

template <typename E>
std::string EnumText(std::string_view name, std::initializer_list<E> all) {
  std::vector<std::string_view> names;
  for (const E one : all) names.push_back(NameOf(one));
  return Cat("enum ", name, " { ", Join(names, ", "), " }");
}

TEST(Device, ItsNamesAreThoseOfThePolicies) {
  std::ifstream in("policies/std/ai.ztp");
  const std::string ai{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  using enum Appraisal;
  EXPECT_THAT(
      ai, HasSubstr(EnumText("Verdict", {kUnappraised, kAffirming, kWarning, kContraindicated})));
  EXPECT_THAT(ai, HasSubstr(EnumText("Tee", {Tee::kNone, Tee::kSevSnp, Tee::kTdx, Tee::kSgx,
                                             Tee::kCca, Tee::kNitro})));
  EXPECT_THAT(
      ai, HasSubstr(EnumText("TcbStatus",
                             {TcbStatus::kUpToDate, TcbStatus::kConfigurationNeeded,
                              TcbStatus::kOutOfDate, TcbStatus::kRevoked, TcbStatus::kNotJudged})));
}

TEST(Device, NothingIsGoodThatNobodyJudged) {
  EXPECT_EQ(AppraisalOf(true, false, TcbStatus::kUpToDate), Appraisal::kAffirming);
  EXPECT_EQ(AppraisalOf(false, false, TcbStatus::kUpToDate), Appraisal::kUnappraised);
  EXPECT_EQ(AppraisalOf(true, false, TcbStatus::kNotJudged), Appraisal::kUnappraised);
  EXPECT_EQ(AppraisalOf(true, false, TcbStatus::kConfigurationNeeded), Appraisal::kWarning);
  EXPECT_EQ(AppraisalOf(true, false, TcbStatus::kRevoked), Appraisal::kContraindicated);
  EXPECT_EQ(AppraisalOf(true, true, TcbStatus::kUpToDate), Appraisal::kContraindicated);
  EXPECT_EQ(Worse(Appraisal::kUnappraised, Appraisal::kAffirming), Appraisal::kUnappraised);
  EXPECT_EQ(Worse(Appraisal::kWarning, Appraisal::kUnappraised), Appraisal::kWarning);
  EXPECT_EQ(Worse(TcbStatus::kNotJudged, TcbStatus::kUpToDate), TcbStatus::kNotJudged);
  EXPECT_EQ(Worse(TcbStatus::kOutOfDate, TcbStatus::kNotJudged), TcbStatus::kOutOfDate);
}

TEST(Device, Hexadecimal) {
  EXPECT_EQ(FromHex("00fFa0"), std::string("\0\xff\xa0", 3));
  EXPECT_EQ(FromHex(""), "");
  for (const char* text : {"0", "0g", " 0", "0x00"}) EXPECT_FALSE(FromHex(text)) << text;
  EXPECT_EQ(DigestText(std::string(48, '\1')).substr(0, 11), "sha384:0101");
}

TEST(Challenge, WhatAnswersIt) {
  const std::string nonce = "the nonce";
  const std::string key = Sha256Bytes("key");
  struct Case {
    const char* what;
    Challenge challenge;
    std::string field;
    const char* check;
  };
  const Challenge plain{.nonce = nonce};
  const Challenge hashed{.nonce = nonce, .channel_key = Sha256Digest("key")};
  const Challenge both{
      .nonce = nonce, .channel_key = Sha256Digest("key"), .binding = KeyBinding::kKeyThenNonce};
  const Challenge key_only{.without_nonce_allowed = true, .channel_key = Sha256Digest("key")};
  const std::string hash = Sha256Bytes(nonce + key);
  for (const Case& one : {
           Case{"the nonce", plain, nonce, "accepted"},
           Case{"and zeros", plain, nonce + std::string(55, '\0'), "accepted"},
           Case{"and more", plain, nonce + "!", "nonce"},
           Case{"less", plain, "the nonc", "nonce"},
           Case{"nothing", plain, "", "nonce"},
           Case{"no challenge", {}, nonce, "nonce"},
           Case{"none needed", {.without_nonce_allowed = true}, "anything", "accepted"},
           Case{"a short nonce", {.nonce = "1234567"}, "1234567", "nonce"},
           Case{"a long nonce", {.nonce = std::string(65, 'n')}, std::string(65, 'n'), "nonce"},
           Case{"a hash of both", hashed, hash + std::string(32, '\0'), "accepted"},
           Case{"the nonce alone", hashed, nonce, "binding"},
           Case{"another key", hashed, Sha256Bytes(nonce + Sha256Bytes("Key")), "binding"},
           Case{"both", both, key + nonce, "accepted"},
           Case{"both, another nonce", both, key + "the Nonce", "nonce"},
           Case{"both, another key", both, Sha256Bytes("Key") + nonce, "binding"},
           Case{"the key alone", key_only, Sha256Bytes(key), "accepted"},
           Case{"no digest", {.nonce = nonce, .channel_key = "sha1:00"}, nonce, "binding"},
       }) {
    SCOPED_TRACE(one.what);
    const auto refusal = RefuseAnswer(one.field, one.challenge);
    EXPECT_EQ(refusal ? NameOf(refusal->check) : "accepted", one.check);
    if (std::string_view(one.check) == "accepted" && one.challenge.nonce) {
      EXPECT_TRUE(one.field.starts_with(*AnswerTo(one.challenge)));
    }
  }
}

TEST(Challenge, HowLongAnAnswerCounts) {
  const auto at = [](int64_t seconds) { return Time{seconds * kMicrosPerSecond}; };
  const auto expiry = [&](const Challenge& challenge, Time latest) -> std::string {
    const auto time = ExpiryOf(challenge, at(1000), latest);
    return time.ok() ? Cat(time->micros / kMicrosPerSecond) : CheckOfResult(time);
  };
  Challenge challenge;
  challenge.valid_for = Duration{100 * kMicrosPerSecond};
  EXPECT_EQ(expiry(challenge, at(9999)), "1100");
  EXPECT_EQ(expiry(challenge, at(1050)), "1050");
  EXPECT_EQ(expiry(challenge, at(1000)), "age");
  challenge.max_age = Duration{50 * kMicrosPerSecond};
  EXPECT_EQ(expiry(challenge, at(9999)), "age");  // nobody knows
  challenge.given_out_at = at(950);
  EXPECT_EQ(expiry(challenge, at(9999)), "1050");
  challenge.given_out_at = at(949);
  EXPECT_EQ(expiry(challenge, at(9999)), "age");
  challenge.given_out_at = at(1001);
  EXPECT_EQ(expiry(challenge, at(9999)), "issued in the future");
  challenge.given_out_at.reset();
  challenge.max_age.reset();
  challenge.valid_for = Duration{INT64_MAX};
  EXPECT_EQ(expiry(challenge, at(9999)), "9999");
  challenge.valid_for = Duration{};
  EXPECT_EQ(expiry(challenge, at(9999)), "age");
}

}  // namespace
}  // namespace ztp::evidence
