// What the tests of attestations share: evidence with one bit changed or its end cut off, and the
// files of others that are read where they are.
//
// Boundary: tests only.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "engine/evidence/signing_testing.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

// Every byte; where a sanitizer makes each try many times slower, every seventh.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr size_t kFlipStep = 7;
#else
inline constexpr size_t kFlipStep = 1;
#endif

// How often each check refused, and where nothing did.
struct Tally {
  size_t tried = 0;
  std::map<std::string, size_t> refused;
  std::string accepted_at;  // "12.3 " for bit 3 of byte 12
  size_t accepted = 0;
};

// `verify(bytes)` is asked for `good` with each single bit changed. What is accepted must be equal
// to `expected`, the answer to `good` itself, as `same(a, b)` sees it.
template <typename Verify, typename T, typename Same>
Tally FlipEveryBit(const std::string& good, const Verify& verify, const T& expected,
                   const Same& same) {
  Tally tally;
  std::string bytes = good;
  for (size_t i = 0; i < bytes.size(); i += kFlipStep) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = static_cast<char>(static_cast<unsigned char>(good[i]) ^ (1u << bit));
      ++tally.tried;
      const Verified<T> result = verify(bytes);
      if (!result.ok()) {
        ++tally.refused[std::string(NameOf(result.refusal().check))];
        continue;
      }
      ++tally.accepted;
      tally.accepted_at += std::to_string(i) + "." + std::to_string(bit) + " ";
      EXPECT_TRUE(same(*result, expected)) << "byte " << i << ", bit " << bit;
    }
    bytes[i] = good[i];
  }
  return tally;
}

// No beginning of `good` but the whole of it is accepted.
template <typename Verify>
void ExpectNoPrefixIsTaken(const std::string& good, const Verify& verify) {
  for (size_t size = 0; size < good.size(); size += kFlipStep) {
    if (verify(good.substr(0, size)).ok()) ADD_FAILURE() << "cut off after " << size << " bytes";
  }
  EXPECT_TRUE(verify(good).ok());
}

// "accepted", or the name of the check that refused.
template <typename T>
std::string CheckOfResult(const Verified<T>& result) {
  return result.ok() ? "accepted" : std::string(NameOf(result.refusal().check));
}

// The files of a folder that is no part of the repository: of $`variable`, or `otherwise`. A test
// that finds none says so and is skipped; with ZTP_REQUIRE_FIXTURES=1 it fails.
class OtherPeoplesFiles : public ::testing::Test {
 protected:
  void Find(const char* variable, const std::string& otherwise, const std::string& below = "") {
    const char* configured = std::getenv(variable);
    folder_ = std::filesystem::path(configured != nullptr ? configured : otherwise) / below;
    if (std::filesystem::is_directory(folder_)) return;
    const char* required = std::getenv("ZTP_REQUIRE_FIXTURES");
    if (required != nullptr && std::string_view(required) == "1") {
      FAIL() << "no folder " << folder_;
    }
    GTEST_SKIP() << "no folder " << folder_ << ": set " << variable;
  }
  void FindFixtures(const std::string& below) { Find("ZTP_FIXTURES", "../shared/fixtures", below); }
  std::string Read(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    EXPECT_TRUE(in.good()) << name;
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  std::filesystem::path folder_;
};

}  // namespace ztp::evidence
