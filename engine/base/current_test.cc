// Readers get what was published last, and keep it while they look; nothing is kept for longer.
#include "engine/base/current.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace ztp {
namespace {

struct Counted {
  Counted(int n, std::atomic<int>* counter) : number(n), check(~n), alive(counter) { ++*alive; }
  ~Counted() {
    check = number;  // who reads it now sees that it is gone
    --*alive;
  }
  int number;
  int check;
  std::atomic<int>* alive;
};

TEST(Current, ReadersGetTheNewest) {
  std::atomic<int> alive = 0;
  Current<Counted> current(std::make_shared<Counted>(1, &alive));
  Current<Counted>::Reader reader(current);
  EXPECT_EQ(reader.Get().number, 1);
  current.Publish(std::make_shared<Counted>(2, &alive));
  EXPECT_EQ(reader.Get().number, 2);
  EXPECT_EQ(current.Newest()->number, 2);
}

TEST(Current, WhatIsReadStays) {
  std::atomic<int> alive = 0;
  Current<Counted> current(std::make_shared<Counted>(1, &alive));
  Current<Counted>::Reader slow(current);
  const Counted& first = slow.Get();
  for (int i = 2; i <= 5; ++i) current.Publish(std::make_shared<Counted>(i, &alive));
  EXPECT_EQ(first.check, ~1);
  EXPECT_EQ(alive, 2);  // the first, and the newest
  EXPECT_EQ(slow.Get().number, 5);
  current.Publish(std::make_shared<Counted>(6, &alive));
  EXPECT_EQ(alive, 2);  // the fifth, which is read, and the newest
}

TEST(Current, WithoutReadersNothingOldIsKept) {
  std::atomic<int> alive = 0;
  Current<Counted> current(std::make_shared<Counted>(1, &alive));
  { Current<Counted>::Reader gone(current); }
  current.Publish(std::make_shared<Counted>(2, &alive));
  EXPECT_EQ(alive, 1);
  const std::shared_ptr<const Counted> held = current.Newest();
  current.Publish(std::make_shared<Counted>(3, &alive));
  EXPECT_EQ(held->check, ~2);
}

TEST(Current, NumbersNeverGoBackForAReader) {
  std::atomic<int> alive = 0;
  std::atomic<int> published = 1;
  std::atomic<bool> stop = false;
  std::atomic<int> faults = 0;
  {
    Current<Counted> current(std::make_shared<Counted>(1, &alive));
    std::vector<std::thread> readers;
    for (int t = 0; t < 4; ++t) {
      readers.emplace_back([&] {
        Current<Counted>::Reader reader(current);
        int last = 0;
        while (!stop) {
          const int at_least = published;
          const Counted& now = reader.Get();
          faults += now.check != ~now.number || now.number < at_least || now.number < last;
          last = now.number;
        }
      });
    }
    for (int i = 2; i <= 20'000; ++i) {
      current.Publish(std::make_shared<Counted>(i, &alive));
      published = i;
    }
    stop = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_LE(alive, 6);
  }
  EXPECT_EQ(faults, 0);
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace ztp
