// What becomes of Envoy's messages on their way to the routes, and of obligations on theirs to a
// header. Answers as a whole are tested from outside (tests/server).
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/server/check_request.h"
#include "bindings/server/ext_authz.pb.h"
#include "bindings/server/handles.h"
#include "bindings/server/obligation_header.h"

namespace ztp::server {
namespace {

namespace envoy = ::envoy::service::auth::v3;
using Pairs = std::vector<std::pair<std::string, std::string>>;

envoy::CheckRequest Post(std::string body) {
  envoy::CheckRequest request;
  auto* http = request.mutable_attributes()->mutable_request()->mutable_http();
  http->set_method("POST");
  http->set_path("/v1/chat?x=%2f");
  http->set_host("models.acme.org");
  http->set_scheme("https");
  http->set_protocol("HTTP/1.1");
  http->set_size(static_cast<int64_t>(body.size()));
  http->set_raw_body(std::move(body));
  return request;
}

void AddHeader(envoy::CheckRequest* request, std::string name, std::string value, bool raw = true) {
  auto* http = request->mutable_attributes()->mutable_request()->mutable_http();
  envoy::Header* header = raw ? http->mutable_header_map()->add_headers() : http->add_headers();
  header->set_key(std::move(name));
  (raw ? header->mutable_raw_value() : header->mutable_value())->assign(value);
}

Pairs HeadersOf(const ztp_http_request& http) {
  Pairs headers;
  for (size_t i = 0; i < http.header_count; ++i) {
    headers.emplace_back(ToView(http.headers[i].name), ToView(http.headers[i].value));
  }
  return headers;
}

TEST(CheckRequest, IsReadAsItCame) {
  envoy::CheckRequest request = Post("{}");
  auto* source = request.mutable_attributes()->mutable_source();
  source->set_principal("spiffe://acme.org/ns/prod/sa/chat");
  source->set_certificate("-----BEGIN%20CERTIFICATE-----%0aAb%2B%2F%3d");
  source->mutable_address()->mutable_socket_address()->set_address("2001:db8::1");
  AddHeader(&request, ":path", "/other");
  AddHeader(&request, "accept", "a, b");
  AddHeader(&request, "accept", "c");
  AddHeader(&request, "x-ztp-valid-until", "never");
  AddHeader(&request, "X-ZTP-Else", "1");
  AddHeader(&request, "x-request-id", "r-1");
  AddHeader(&request, "traceparent", "00-1-2-01");
  AddHeader(&request, "x-envoy-auth-partial-body", "false");
  CheckRequestReader reader;
  for (int turn = 0; turn < 2; ++turn) {  // nothing of one is left for the next
    ASSERT_TRUE(reader.Read(request.SerializeAsString())) << reader.problem();
    const ztp_http_request& http = reader.http();
    EXPECT_EQ(ToView(http.method), "POST");
    EXPECT_EQ(ToView(http.path), "/v1/chat?x=%2f");
    EXPECT_EQ(ToView(http.authority), "models.acme.org");
    EXPECT_EQ(ToView(http.scheme), "https");
    EXPECT_EQ(ToView(http.body), "{}");
    EXPECT_EQ(ToView(http.peer_spiffe), "spiffe://acme.org/ns/prod/sa/chat");
    EXPECT_EQ(ToView(http.peer_certificates), "-----BEGIN CERTIFICATE-----\nAb+/=");
    EXPECT_EQ(ToView(http.source_ip), "2001:db8::1");
    EXPECT_EQ(http.flags, 0U);
    EXPECT_EQ(HeadersOf(http), (Pairs{{"accept", "a, b"},
                                      {"accept", "c"},
                                      {"x-ztp-valid-until", "never"},
                                      {"X-ZTP-Else", "1"},
                                      {"x-request-id", "r-1"},
                                      {"traceparent", "00-1-2-01"}}));
    EXPECT_EQ(reader.reserved(),
              (std::vector<std::string_view>{"x-ztp-valid-until", "X-ZTP-Else"}));
    EXPECT_EQ(reader.request_id(), "r-1");
    EXPECT_EQ(reader.traceparent(), "00-1-2-01");
  }
  ASSERT_TRUE(reader.Read(Post("").SerializeAsString()));
  EXPECT_EQ(reader.http().header_count, 0U);
  EXPECT_EQ(reader.http().peer_certificates.size, 0U);
  EXPECT_TRUE(reader.reserved().empty());
  EXPECT_EQ(reader.request_id(), "");
}

TEST(CheckRequest, AMapsEntriesMayBeJoinedAndCannotHideOneAnother) {
  envoy::CheckRequest request = Post("");
  AddHeader(&request, "x-user", "ann", false);
  AddHeader(&request, "x-user", "bob", false);
  CheckRequestReader reader;
  ASSERT_TRUE(reader.Read(request.SerializeAsString()));
  EXPECT_EQ(reader.http().flags & ZTP_HTTP_HEADERS_JOINED, ZTP_HTTP_HEADERS_JOINED + 0U);
  EXPECT_EQ(HeadersOf(reader.http()), (Pairs{{"x-user", "ann"}, {"x-user", "bob"}}));
}

TEST(CheckRequest, ABodyIsWholeOnlyWhereThatIsSaid) {
  struct Case {
    std::string body;
    Pairs headers;
    std::string protocol;
    int64_t size;
    bool partial;
  };
  const std::string kSaid = "x-envoy-auth-partial-body";
  const Case cases[] = {
      {"{}", {{kSaid, "false"}}, "HTTP/1.1", 2, false},
      {"{}", {{kSaid, "false"}, {"content-length", "2"}}, "HTTP/2", 2, false},
      {"{}", {{kSaid, "true"}}, "HTTP/1.1", 2, true},
      {"{}", {{kSaid, "no"}}, "HTTP/1.1", 2, true},
      {"{}", {{kSaid, "false"}, {kSaid, "false"}}, "HTTP/1.1", 2, true},
      {"{}", {{kSaid, "true"}, {kSaid, "false"}}, "HTTP/1.1", 2, true},
      {"{}", {{kSaid, "false"}}, "HTTP/1.1", 3, true},
      {"{}", {{kSaid, "false"}, {"content-length", "3"}}, "HTTP/1.1", 2, true},
      {"{}", {{kSaid, "false"}, {"content-length", "+2"}}, "HTTP/1.1", 2, true},
      {"{}", {{"content-length", "2"}}, "HTTP/2", 2, false},
      {"{}", {}, "HTTP/2", 2, true},
      {"{}", {{kSaid, "false"}}, "HTTP/1.1", -1, false},
      {"", {}, "HTTP/1.1", 0, false},
      {"", {{"content-length", "0"}}, "HTTP/1.1", 0, false},
      {"", {{"content-length", "0"}}, "HTTP/2", 0, false},
      {"", {{"content-length", "0"}, {"content-length", "7"}}, "HTTP/2", 0, true},
      {"", {{"content-length", "7"}, {"content-length", "0"}}, "HTTP/2", 0, true},
      {"", {{"content-length", "7"}}, "HTTP/1.1", 0, true},
      {"", {{"Transfer-Encoding", "chunked"}}, "HTTP/1.1", 0, true},
      {"", {}, "HTTP/2", 0, true},
      {"", {}, "", 0, true},
  };
  CheckRequestReader reader;
  for (const Case& each : cases) {
    envoy::CheckRequest request = Post(each.body);
    auto* http = request.mutable_attributes()->mutable_request()->mutable_http();
    http->set_protocol(each.protocol);
    http->set_size(each.size);
    for (const auto& [name, value] : each.headers) AddHeader(&request, name, value);
    ASSERT_TRUE(reader.Read(request.SerializeAsString()));
    EXPECT_EQ((reader.http().flags & ZTP_HTTP_BODY_PARTIAL) != 0, each.partial)
        << each.body << ' ' << each.protocol << ' ' << each.size << ' ' << each.headers.size();
  }
}

TEST(CheckRequest, WhatIsAmbiguousIsSaid) {
  CheckRequestReader reader;
  const auto problem = [&](const envoy::CheckRequest& request) {
    return reader.Read(request.SerializeAsString()) ? "" : reader.problem();
  };
  EXPECT_FALSE(reader.Read("\xff"));
  EXPECT_FALSE(reader.Read(""));
  envoy::CheckRequest both = Post("a");
  both.mutable_attributes()->mutable_request()->mutable_http()->set_body("b");
  EXPECT_EQ(problem(both), "its body comes in two ways");
  envoy::CheckRequest headers = Post("");
  AddHeader(&headers, "a", "b");
  AddHeader(&headers, "a", "b", false);
  EXPECT_EQ(problem(headers), "its headers come in two ways");
  for (const char* certificate : {"%", "%4", "a%4", "%zz", "%%41"}) {
    envoy::CheckRequest request = Post("");
    request.mutable_attributes()->mutable_source()->set_certificate(certificate);
    EXPECT_EQ(problem(request), "the peer's certificate is not URL-encoded") << certificate;
  }
  // Neither is a SPIFFE ID.
  for (const char* principal : {"CN=chat", "https://acme.org", "SPIFFE://acme.org/x"}) {
    envoy::CheckRequest request = Post("");
    request.mutable_attributes()->mutable_source()->set_principal(principal);
    EXPECT_EQ(problem(request), "");
    EXPECT_EQ(reader.http().peer_spiffe.size, 0U);
  }
  for (const Pairs& ids :
       {Pairs{{"x-request-id", "a"}, {"x-request-id", "b"}}, Pairs{{"x-request-id", "a b"}},
        Pairs{{"x-request-id", "a\n"}}, Pairs{{"x-request-id", std::string(257, 'a')}}}) {
    envoy::CheckRequest request = Post("");
    for (const auto& [name, value] : ids) AddHeader(&request, name, value);
    EXPECT_EQ(problem(request), "");
    EXPECT_EQ(reader.request_id(), "");
  }
}

TEST(ObligationHeader, IsAStructuredField) {
  const auto header = [](const std::string& json) {
    JsonTree tree;
    JsonError error;
    EXPECT_TRUE(tree.Parse(json, JsonPath(), &error)) << json;
    return ObligationHeader(json, tree, tree.root());
  };
  EXPECT_EQ(header("[]"), "");
  EXPECT_EQ(header(R"([{"id":"audit","args":{}},{"id":"_n.x"}])"), "audit, *_n.x");
  EXPECT_EQ(header(R"([{"id":"a","args":{"Level":"f\"u\\ll","_n":-12,"b":true,"c":false}}])"),
            R"(a;level="f\"u\\ll";*_n=-12;b=?1;c=?0)");
  EXPECT_EQ(header(R"([{"id":"a","args":{"d":0.125,"e":0.1234,"f":1234567890123456,"g":1e5}}])"),
            R"(a;d=0.125;e="0.1234";f="1234567890123456";g="1e5")");
  EXPECT_EQ(header(R"([{"id":"a","args":{"t":"é%\"\n","l":["x",1],"n":null,"o":{"k":1}}}])"),
            R"(a;t=%"%c3%a9%25%22%0a";l="[\"x\",1]";n="null";o="{\"k\":1}")");
}

}  // namespace
}  // namespace ztp::server
