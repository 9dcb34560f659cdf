#include "engine/audit/ring.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace ztp::audit {
namespace {

// Records of a writer: its number, a count, and as many bytes as that says.
struct Head {
  uint32_t writer;
  uint32_t count;
};
size_t SizeOf(uint32_t count) { return count % 97 == 0 ? 5000 + count % 3000 : count % 61; }

TEST(RecordRing, ThreadsHandOverInTheirOrderAndNothingIsLostOrTorn) {
  constexpr uint32_t kWriters = 4;
  constexpr uint32_t kRecords = 5000;
  RecordRing ring(16 << 10);  // so small that it goes round often and is full often
  std::vector<std::thread> threads;
  for (uint32_t w = 0; w < kWriters; ++w) {
    threads.emplace_back([&ring, w] {
      for (uint32_t i = 0; i < kRecords; ++i) {
        const Head head{w, i};
        const std::string text(SizeOf(i), static_cast<char>('a' + w));
        const std::array<std::string_view, 2> pieces = {
            std::string_view(reinterpret_cast<const char*>(&head), sizeof(head)), text};
        while (ring.Put(pieces) == 0) std::this_thread::yield();
      }
    });
  }
  std::array<uint32_t, kWriters> next{};
  uint64_t last = 0;
  for (uint32_t left = kWriters * kRecords; left > 0;) {
    const auto record = ring.Next();
    if (!record) {
      ring.Release();
      std::this_thread::yield();
      continue;
    }
    Head head;
    std::memcpy(&head, record->bytes.data(), sizeof(head));
    ASSERT_LT(head.writer, kWriters);
    ASSERT_EQ(head.count, next[head.writer]++);
    ASSERT_GT(record->place, last);
    last = record->place;
    const std::string_view text = record->bytes.substr(sizeof(head));
    ASSERT_EQ(text, std::string(SizeOf(head.count), static_cast<char>('a' + head.writer)));
    if (--left % 7 == 0) ring.Release();
  }
  for (std::thread& thread : threads) thread.join();
  ring.Release();
  EXPECT_EQ(ring.waiting(), 0u);
  EXPECT_EQ(ring.taken(), ring.end());
}

TEST(RecordRing, SaysWhenThereIsNoRoomAndTakesOneThatIsLargerThanItself) {
  RecordRing ring(4096);
  const std::string text(100, 'x');
  const std::array<std::string_view, 1> small = {text};
  size_t taken = 0;
  while (ring.Put(small) != 0) ++taken;
  EXPECT_EQ(taken, 4096 / 112u);
  const std::string large(1 << 20, 'y');
  const std::array<std::string_view, 1> pieces = {large};
  while (ring.Next()) {
  }
  ring.Release();
  EXPECT_EQ(ring.waiting(), 0u);
  EXPECT_NE(ring.Put(pieces), 0u);
  EXPECT_EQ(ring.Put(pieces), 0u);  // two of them are too much
  EXPECT_NE(ring.Put(small), 0u);
  const auto record = ring.Next();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->bytes, large);
  // What is left in it goes with it.
}

}  // namespace
}  // namespace ztp::audit
