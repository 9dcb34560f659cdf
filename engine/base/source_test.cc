// Lines, columns and spans.
#include "engine/base/source.h"

#include <string>

#include "gtest/gtest.h"

namespace ztp {
namespace {

TEST(CodePoints, InvalidBytesCountOneEach) {
  EXPECT_EQ(CountCodePoints(""), 0u);
  EXPECT_EQ(CountCodePoints("abc"), 3u);
  EXPECT_EQ(CountCodePoints("\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80"), 3u);
  EXPECT_EQ(CountCodePoints("\xff\xfe"), 2u);
  EXPECT_EQ(CountCodePoints("\xC3"), 1u);              // cut off
  EXPECT_EQ(CountCodePoints("\xC0\x80"), 2u);          // overlong
  EXPECT_EQ(CountCodePoints("\xE0\x80\x80"), 3u);      // overlong
  EXPECT_EQ(CountCodePoints("\xED\xA0\x80"), 3u);      // a surrogate
  EXPECT_EQ(CountCodePoints("\xF4\x90\x80\x80"), 4u);  // beyond U+10FFFF
}

TEST(SourceFile, LocatesLinesAndColumns) {
  const SourceFile file("f", "ab\n\xC3\xA9x\r\n\nlast");
  EXPECT_EQ(file.line_count(), 4u);
  EXPECT_EQ(file.Locate(0), (LineColumn{1, 1}));
  EXPECT_EQ(file.Locate(2), (LineColumn{1, 3}));  // the newline belongs to its line
  EXPECT_EQ(file.Locate(3), (LineColumn{2, 1}));
  EXPECT_EQ(file.Locate(5), (LineColumn{2, 2}));  // behind a letter of two bytes
  EXPECT_EQ(file.Locate(8), (LineColumn{3, 1}));
  EXPECT_EQ(file.Locate(9), (LineColumn{4, 1}));
  EXPECT_EQ(file.Locate(1000), (LineColumn{4, 5}));
  EXPECT_EQ(file.Line(1), "ab");
  EXPECT_EQ(file.Line(2), "\xC3\xA9x");
  EXPECT_EQ(file.Line(3), "");
  EXPECT_EQ(file.Line(4), "last");
  EXPECT_EQ(file.Line(0), "");
  EXPECT_EQ(file.Line(5), "");
  EXPECT_EQ(file.LineStart(2), 3u);
  EXPECT_EQ(file.LineStart(9), 13u);
}

TEST(SourceFile, EmptyHasOneLine) {
  const SourceFile file("f", "");
  EXPECT_EQ(file.line_count(), 1u);
  EXPECT_EQ(file.Locate(0), (LineColumn{1, 1}));
  EXPECT_EQ(file.Line(1), "");
}

TEST(SourceManager, DescribesSpans) {
  SourceManager sources;
  const FileId a = sources.Add("a.ztp", "one\ntwo");
  const FileId b = sources.Add("b.ztp", "three");
  EXPECT_EQ(sources.Text(Span{a, 4, 7}), "two");
  EXPECT_EQ(sources.Text(Span{b, 0, 100}), "three");
  EXPECT_EQ(sources.Text(Span{}), "");
  EXPECT_EQ(sources.Describe(Span{a, 4, 7}), "a.ztp:2:1");
  EXPECT_EQ(sources.Describe(Span{}), "");
  EXPECT_EQ(sources.Locate(Span{}), (LineColumn{0, 0}));
  EXPECT_EQ(sources.Find("b.ztp"), b);
  EXPECT_EQ(sources.Find("c.ztp"), std::nullopt);
}

TEST(SourceManager, ReferencesStay) {
  SourceManager sources;
  const SourceFile& first = sources.file(sources.Add("first", "text"));
  for (int i = 0; i < 1000; ++i) sources.Add("more", "");
  EXPECT_EQ(first.name(), "first");
}

TEST(Span, CoverSpansBoth) {
  const FileId file{0};
  EXPECT_EQ(Cover(Span{file, 3, 5}, Span{file, 8, 9}), (Span{file, 3, 9}));
  EXPECT_EQ(Cover(Span{file, 8, 9}, Span{file, 3, 5}), (Span{file, 3, 9}));
  EXPECT_EQ(Cover(Span{}, Span{file, 3, 5}), (Span{file, 3, 5}));
  EXPECT_EQ(Cover(Span{file, 3, 5}, Span{}), (Span{file, 3, 5}));
  EXPECT_EQ(Cover(Span{file, 3, 5}, Span{FileId{1}, 0, 9}), (Span{file, 3, 5}));
}

}  // namespace
}  // namespace ztp
