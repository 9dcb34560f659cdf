#include "engine/audit/tile.h"

#include <gtest/gtest.h>

namespace ztp::audit {
namespace {

TEST(Tile, PathsAreThoseOfTheSpecification) {
  const struct {
    TileName name;
    const char* path;
  } cases[] = {
      {{.level = 0, .index = 0}, "tile/0/000"},
      {{.level = 4, .index = 1'234'067, .width = 1}, "tile/4/x001/x234/067.p/1"},
      {{.level = TileName::kEntries, .index = 1000, .width = 255}, "tile/entries/x001/000.p/255"},
      {{.level = 7, .index = 999}, "tile/7/999"},
  };
  for (const auto& [name, path] : cases) {
    EXPECT_EQ(name.Path(), path);
    EXPECT_EQ(TileName::OfPath(path), name) << path;
  }
  for (const char* path : {"",
                           "tile",
                           "tile/0",
                           "tile/0/",
                           "tile/0/0",
                           "tile/0/0000",
                           "tile/00/000",
                           "tile/8/000",
                           "tile/0/x000/000",
                           "tile/0/001/000",
                           "tile/0/000.p/0",
                           "tile/0/000.p/256",
                           "tile/0/000.p/01",
                           "tile/0/000.p/1/",
                           "tile/0/000.p",
                           "tile/entry/000",
                           "tile/-1/000",
                           "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
                           "x/tile/0/000",
                           "tile/0/00a"}) {
    EXPECT_FALSE(TileName::OfPath(path)) << path;
  }
}

TEST(Tile, BundlesAreReadAsTheyWereWritten) {
  const std::string large(kMaxEntryBytes, 'x');
  std::string bundle;
  for (const std::string& entry : {std::string("a"), std::string(), large}) {
    AppendEntry(entry, &bundle);
  }
  const auto read = ReadBundle(bundle, 3, true);
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)[0], "a");
  EXPECT_EQ((*read)[1], "");
  EXPECT_EQ((*read)[2], large);
  EXPECT_TRUE(ReadBundle(bundle, 2, false));
  EXPECT_FALSE(ReadBundle(bundle, 2, true));
  EXPECT_FALSE(ReadBundle(bundle, 4, true));
  EXPECT_FALSE(ReadBundle(bundle.substr(0, bundle.size() - 1), 3, true));
}

TEST(Tile, ATreeAtASizeHasJustItsHashes) {
  TileTree tree;
  for (int i = 0; i < 700; ++i) tree.Append("x", HashLeaf("x"));
  const auto again = TileTree::At(700, tree.levels(), tree.bundle());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->frontier().Root(), tree.frontier().Root());
  EXPECT_FALSE(TileTree::At(699, tree.levels(), tree.bundle()));
  EXPECT_FALSE(TileTree::At(700, {tree.levels()[0]}, tree.bundle()));
  EXPECT_FALSE(TileTree::At(700, tree.levels(), ""));
  EXPECT_FALSE(TileTree::At(kMaxTreeSize, {}, ""));
}

}  // namespace
}  // namespace ztp::audit
