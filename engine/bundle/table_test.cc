#include "engine/bundle/table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace ztp {
namespace {

TEST(Table, OfItsOwnMemoryIsAsAVector) {
  Table<uint32_t> table = {1, 2};
  table.push_back(3);
  const std::vector<uint32_t> more = {4, 5};
  table.insert(table.end(), more.begin(), more.end());
  EXPECT_EQ(table, (Table<uint32_t>{1, 2, 3, 4, 5}));
  table.insert(table.begin(), more.begin(), more.begin() + 1);
  EXPECT_EQ(table.front(), 4u);
  table.erase(table.begin(), table.begin() + 2);
  table[0] = 9;
  EXPECT_EQ(table, (Table<uint32_t>{9, 3, 4, 5}));
  EXPECT_EQ(table.back(), 5u);
  table.resize(2);
  EXPECT_EQ(std::span<const uint32_t>(table).size(), 2u);
  table.clear();
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table, Table<uint32_t>());
}

TEST(Table, AViewReadsWhatLiesElsewhere) {
  const std::vector<uint32_t> bytes = {1, 2, 3};
  const Table<uint32_t> view = Table<uint32_t>::View(bytes.data(), bytes.size());
  EXPECT_EQ(view.data(), bytes.data());
  EXPECT_EQ(view, (Table<uint32_t>{1, 2, 3}));
  EXPECT_TRUE(Table<uint32_t>::View(bytes.data(), 0).empty());
}

TEST(Table, AViewIsCopiedBeforeItIsChanged) {
  const std::vector<uint32_t> bytes = {1, 2, 3};
  auto view = [&] { return Table<uint32_t>::View(bytes.data(), bytes.size()); };
  auto changed = [&](auto change) {
    Table<uint32_t> table = view();
    change(table);
    EXPECT_NE(std::as_const(table).data(), bytes.data());
    EXPECT_EQ(bytes, (std::vector<uint32_t>{1, 2, 3}));
    return table;
  };
  using T = Table<uint32_t>;
  EXPECT_EQ(changed([](T& t) { t[1] = 7; }), (T{1, 7, 3}));
  EXPECT_EQ(changed([](T& t) { t.push_back(4); }), (T{1, 2, 3, 4}));
  EXPECT_EQ(changed([](T& t) { t.back() = 4; }), (T{1, 2, 4}));
  EXPECT_EQ(changed([](T& t) { t.front() = 4; }), (T{4, 2, 3}));
  EXPECT_EQ(changed([](T& t) { t.resize(1); }), (T{1}));
  EXPECT_EQ(changed([](T& t) { *t.begin() = 5; }), (T{5, 2, 3}));
  EXPECT_EQ(changed([](T& t) { t.clear(); }), T());
  EXPECT_EQ(changed([&](T& t) { t.insert(t.end(), bytes.begin(), bytes.end()); }),
            (T{1, 2, 3, 1, 2, 3}));
  EXPECT_EQ(changed([&](T& t) { t.erase(t.begin(), t.end()); }), T());
}

TEST(Table, ACopyHasItsOwnMemoryAndAMoveTakesIt) {
  const std::vector<uint32_t> bytes = {1, 2, 3};
  Table<uint32_t> view = Table<uint32_t>::View(bytes.data(), bytes.size());
  const Table<uint32_t> copy = view;
  EXPECT_EQ(copy, view);
  EXPECT_NE(copy.data(), bytes.data());
  Table<uint32_t> moved = std::move(view);
  EXPECT_EQ(std::as_const(moved).data(), bytes.data());
  EXPECT_TRUE(view.empty());  // NOLINT: moved from, and empty
  Table<uint32_t> own = copy;
  const uint32_t* where = own.data();
  moved = std::move(own);
  EXPECT_EQ(std::as_const(moved).data(), where);
  EXPECT_TRUE(own.empty());  // NOLINT
  own.push_back(1);
  EXPECT_EQ(own, (Table<uint32_t>{1}));
  moved = moved;  // NOLINT
  EXPECT_EQ(moved, copy);
}

}  // namespace
}  // namespace ztp
