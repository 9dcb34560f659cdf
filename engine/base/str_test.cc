#include "engine/base/str.h"

#include <gtest/gtest.h>

namespace ztp {
namespace {

TEST(StrTest, NounsHaveTheirArticle) {
  EXPECT_EQ(WithArticle("Team"), "a Team");
  EXPECT_EQ(WithArticle("Int"), "an Int");
  EXPECT_EQ(WithArticle("always"), "an always");
  EXPECT_EQ(WithArticle("Agent"), "an Agent");
  EXPECT_EQ(WithArticle("User"), "a User");
  EXPECT_EQ(WithArticle("Unit"), "a Unit");
  EXPECT_EQ(WithArticle("Upload"), "an Upload");
  EXPECT_EQ(WithArticle("Unknown"), "an Unknown");
  EXPECT_EQ(WithArticle("U"), "a U");
  EXPECT_EQ(WithArticle(""), "a ");
}

}  // namespace
}  // namespace ztp
