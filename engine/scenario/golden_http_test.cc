// What authors write of HTTP requests is read as it stands, and their mistakes are named.
#include "engine/scenario/golden_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "engine/base/status.h"

namespace ztp::scenario {
namespace {

TEST(GoldenHttp, ReadsWhatCameAndWhatTheChannelShowed) {
  const auto all = ReadHttp(
      "### one\n# peer: spiffe://a/b\n# certificate: b.pem\n# source: 10.0.0.1\n# authority: "
      "h:1\n# body: partial\n"
      "# headers: joined\nPOST /a?b=c d\nX-A:  1: 2\nx-a:\n\n# peer: spiffe://evil\n\nlast\n"
      "### two\nGET /\n");
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 2u);
  const GoldenHttp& one = (*all)[0];
  EXPECT_EQ(one.title, "one");
  EXPECT_EQ(one.request.peer_spiffe, "spiffe://a/b");
  EXPECT_EQ(one.certificate_file, "b.pem");
  EXPECT_EQ(one.request.source_ip, "10.0.0.1");
  EXPECT_EQ(one.request.authority, "h:1");
  EXPECT_TRUE(one.request.body_partial && one.request.headers_joined);
  EXPECT_EQ(one.request.method, "POST");
  EXPECT_EQ(one.request.target, "/a?b=c d");
  ASSERT_EQ(one.headers.size(), 2u);
  EXPECT_EQ(one.headers[0].name, "X-A");
  EXPECT_EQ(one.headers[0].value, "1: 2");
  EXPECT_EQ(one.headers[1].value, "");
  EXPECT_EQ(one.request.body, "# peer: spiffe://evil\n\nlast");  // a body's lines are a body's
  EXPECT_EQ((*all)[1].title, "two");
  EXPECT_EQ((*all)[1].request.target, "/");
  EXPECT_TRUE((*all)[1].headers.empty() && (*all)[1].request.body.empty());
}

TEST(GoldenHttp, NamesAnAuthorsMistake) {
  for (const auto& [text, part] :
       {std::pair{"GET /\n", "begins with a line `### what it shows`"},
        std::pair{"### a\n# port: 1\nGET /\n", "the channel shows no 'port: 1'"},
        std::pair{"### a\n# body: whole\nGET /\n", "the channel shows no 'body: whole'"},
        std::pair{"### a\n/path\n", "http 'a': its first line is no `METHOD /path`"},
        std::pair{"### a\n### b\nGET /\n", "http 'a': its first line is no `METHOD /path`"},
        std::pair{"### a\nGET /\nno header\n", "'no header' is no `header: value`"}}) {
    const auto all = ReadHttp(text);
    ASSERT_FALSE(all.ok()) << text;
    EXPECT_THAT(std::string(Message(all.status())), ::testing::HasSubstr(part));
  }
}

}  // namespace
}  // namespace ztp::scenario
