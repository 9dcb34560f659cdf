// Requests from JSON: what binds what, what is ignored, and what is refused.
#include "engine/eval/json_request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/facts/json_test_schema.h"

namespace ztp {
namespace {

class JsonRequest : public testing::Test {
 protected:
  JsonRequest() { options_.now = *ParseTime("2030-01-01T00:00:00Z"); }

  ReadRequestResult Read(std::string_view text) { return ReadRequest(text, s_.schema, options_); }

  // `ZTP3012 $.context.x`, one a mistake; empty: none.
  std::string Errors(std::string_view text) {
    ReadRequestResult result = Read(text);
    EXPECT_EQ(result.request.has_value(), result.errors.empty());
    std::string out;
    for (const JsonError& e : result.errors) {
      Append(out, out.empty() ? "" : " | ", JsonErrorCodeName(e.code), " ", e.path);
    }
    return out;
  }

  // A good request with `members` added to it.
  static std::string With(std::string_view members) {
    return Cat(R"({"subject":{"type":"Workload","id":"w"},)",
               R"("action":{"name":"train","properties":{"purpose":"research"}},)",
               R"("resource":{"type":"Dataset","id":"d"})", members.empty() ? "" : ",", members,
               "}");
  }

  JsonTestSchema s_;
  RequestOptions options_;
};

TEST_F(JsonRequest, Plain) {
  ReadRequestResult result = Read(With(R"("context":{"source_ip":"10.1.2.3","other":[1]},"x":{})"));
  ASSERT_TRUE(result.request) << FormatJsonError(result.errors[0]);
  const Request& r = *result.request;
  EXPECT_EQ(r.principal, (EntityUid{s_.workload, "w"}));
  EXPECT_EQ(r.resource, (EntityUid{s_.dataset, "d"}));
  EXPECT_EQ(s_.schema[r.action].name, "train");
  ASSERT_EQ(r.params.size(), 3u);
  EXPECT_EQ(r.params[0], Fact::Of(Value::String("research")));
  EXPECT_EQ(r.params[1], Fact::Missing());
  EXPECT_EQ(r.params[2], Fact::Of(Value::Int(1)));
  ASSERT_EQ(r.inputs.size(), 3u);
  EXPECT_EQ(r.inputs[0], Fact::Of(Value::OfIp(Ip::V4(10, 1, 2, 3))));
  EXPECT_EQ(r.inputs[1], Fact::Missing());
  EXPECT_TRUE(r.carried.empty());
  EXPECT_FALSE(r.can);
  EXPECT_EQ(r.now, options_.now);
}

TEST_F(JsonRequest, WhatTheCallerCanDo) {
  EXPECT_EQ(Read(With(R"("can":["notify","unheard_of","notify"])")).request->can,
            std::vector<ObligationId>{ObligationId{1}});
  EXPECT_EQ(Read(With(R"("can":[])")).request->can, std::vector<ObligationId>{});
  EXPECT_EQ(Errors(With(R"("can":["audit",1])")), "ZTP3010 $.can[1]");
  EXPECT_EQ(Errors(With(R"("can":"audit")")), "ZTP3010 $.can");
}

TEST_F(JsonRequest, Carried) {
  const std::string text =
      R"({"subject":{"type":"Agent","id":"a","properties":{"purpose":"p","tenant":"Tenant::\"t\""}},)"
      R"("action":{"name":"chat.completions"},"resource":{"type":"Model","id":"m","properties":{}}})";
  ReadRequestResult result = Read(text);
  ASSERT_TRUE(result.request) << FormatJsonError(result.errors[0]);
  ASSERT_EQ(result.request->carried.size(), 1u);
  const EntityRecord& a = result.request->carried[0];
  EXPECT_EQ(a.uid, (EntityUid{s_.agent, "a"}));
  EXPECT_EQ(a.attributes[0], Fact::Of(Value::String("p")));
  EXPECT_EQ(a.parents, (std::vector<EntityUid>{{s_.tenant, "t"}}));

  auto both = [](std::string_view subject, std::string_view resource) {
    return Cat(
        R"({"subject":{"type":"Agent","id":"a","properties":{"purpose":")", subject,
        R"("}},"action":{"name":"chat.completions"},"resource":{"type":"Agent","id":"a","properties":{"purpose":")",
        resource, R"("}}})");
  };
  EXPECT_EQ(Read(both("p", "p")).request->carried.size(), 1u);
  EXPECT_EQ(Errors(both("p", "q")), "ZTP3035 $.resource");
}

TEST_F(JsonRequest, Mistakes) {
  struct Case {
    const char* json;
    const char* expected;
  };
  const Case kCases[] = {
      {"", "ZTP3005 $"},
      {"7", "ZTP3010 $"},
      {"{}", "ZTP3013 $ | ZTP3013 $ | ZTP3013 $"},
      {R"({"subject":"w","action":"train","resource":[]})",
       "ZTP3010 $.subject | ZTP3010 $.action | ZTP3010 $.resource"},
      {R"({"subject":{"type":"Workload"},"action":{},"resource":{"id":"d"}})",
       "ZTP3013 $.subject | ZTP3013 $.action | ZTP3013 $.resource"},
      {R"({"subject":{"type":"Wrkload","id":"w"},"action":{"name":"trane"},"resource":{"type":"Dataset","id":"d"}})",
       "ZTP3014 $.subject.type | ZTP3030 $.action.name"},
      {R"({"subject":{"type":"Team","id":"w"},"action":{"name":"train","properties":{"purpose":"p"}},"resource":{"type":"Team","id":"d"}})",
       "ZTP3031 $.subject | ZTP3031 $.resource"},
      {R"({"subject":{"type":"Workload","id":"w"},"action":{"name":"train","properties":{"purpos":"p"}},"resource":{"type":"Dataset","id":"d"}})",
       "ZTP3013 $.action.properties"},
      {R"({"subject":{"type":"Workload","id":"w"},"action":{"name":"train","properties":{"purpose":1,"size":"x"}},"resource":{"type":"Dataset","id":"d"}})",
       "ZTP3010 $.action.properties.purpose | ZTP3010 $.action.properties.size"},
      {R"({"subject":{"type":"Workload","id":"w","properties":{"spiffe":"spiffe://a/b"}},"action":{"name":"train","properties":{"purpose":"p"}},"resource":{"type":"Dataset","id":"d"}})",
       "ZTP3032 $.subject.properties"},
      {R"({"subject":{"type":"Agent","id":"a"},"action":{"name":"chat.completions"},"resource":{"type":"Model","id":"m"}})",
       "ZTP3013 $.subject.properties"},
      {R"({"subject":{"type":"Agent","id":"a","properties":{"purpose":"p","roles":[]}},"action":{"name":"chat.completions"},"resource":{"type":"Model","id":"m"}})",
       "ZTP3012 $.subject.properties.roles"},
      {R"({"subject":{"type":"Agent","id":"a","properties":{"purpose":"p"}},"action":{"name":"chat"},"resource":{"type":"Model","id":"m"}})",
       "ZTP3030 $.action.name"},
  };
  for (const Case& c : kCases) EXPECT_EQ(Errors(c.json), c.expected) << c.json;
  EXPECT_EQ(Errors(With(R"("context":[])")), "ZTP3010 $.context");
  EXPECT_EQ(Errors(With(R"("context":{"source_ip":"300.0.0.1"})")), "ZTP3011 $.context.source_ip");
  EXPECT_EQ(Errors(With(R"("context":{"source_ip":null})")), "ZTP3010 $.context.source_ip");
  EXPECT_EQ(Errors(With(R"("context":{},"context":{})")), "ZTP3006 $.context");
}

TEST_F(JsonRequest, OnlyEvidenceProves) {
  const std::string now = With(R"("context":{"now":"2031-01-01T00:00:00Z"})");
  const std::string proven =
      With(R"("context":{"device":{"a":1,"issued_at":"2029-01-01T00:00:00Z"},"nonce":7})");
  const std::string evidence = With(R"("evidence":[{"input":"device","kind":"eat","value":"x"}])");
  EXPECT_EQ(Errors(now), "ZTP3033 $.context.now");
  EXPECT_EQ(Errors(proven), "ZTP3024 $.context.device | ZTP3024 $.context.nonce");
  EXPECT_EQ(Errors(evidence), "ZTP3034 $.evidence");
  EXPECT_EQ(Errors(With(R"("evidence":[])")), "");
  EXPECT_EQ(Errors(With(R"("evidence":{})")), "ZTP3010 $.evidence");
  options_.accept_now = true;
  options_.assume_proven = true;
  EXPECT_EQ(Read(now).request->now, *ParseTime("2031-01-01T00:00:00Z"));
  EXPECT_EQ(Errors(With(R"("context":{"now":"yesterday"})")), "ZTP3011 $.context.now");
  const Request r = *Read(proven).request;
  EXPECT_EQ(r.inputs[1].issued_at, *ParseTime("2029-01-01T00:00:00Z"));
  EXPECT_FALSE(r.inputs[1].expires_at);
  EXPECT_EQ(r.inputs[2], Fact::Of(Value::Int(7)));
  EXPECT_EQ(Errors(evidence), "ZTP3034 $.evidence") << "assuming is not verifying";
}

// For whoever verifies it; nothing of it is bound.
TEST_F(JsonRequest, EvidenceIsHandedOver) {
  options_.accept_evidence = true;
  const ReadRequestResult read = Read(With(
      R"("evidence":[{"input":"device","kind":"eat","value":"x","note":1},{"input":"nonce","source":"s","critical":true,"value":""}])"));
  ASSERT_TRUE(read.request);
  EXPECT_EQ(read.request->inputs[1], Fact::Missing());
  ASSERT_EQ(read.evidence.size(), 2u);
  EXPECT_EQ(read.evidence[0].input, "device");
  EXPECT_EQ(read.evidence[0].kind, "eat");
  EXPECT_EQ(read.evidence[0].value, "x");
  EXPECT_EQ(read.evidence[1].source, "s");
  EXPECT_FALSE(read.evidence[0].critical);
  EXPECT_TRUE(read.evidence[1].critical);
  EXPECT_TRUE(Read(With("")).evidence.empty());
  const std::pair<const char*, const char*> kWrong[] = {
      {R"([7])", "ZTP3010 $.evidence[0]"},
      {R"([{"kind":"eat","value":"x"}])", "ZTP3013 $.evidence[0]"},
      {R"([{"input":"device","value":"x"}])", "ZTP3013 $.evidence[0]"},
      {R"([{"input":"device","kind":"eat"}])", "ZTP3013 $.evidence[0]"},
      {R"([{"input":"device","kind":7,"value":"x"}])", "ZTP3010 $.evidence[0].kind"},
      {R"([{"input":"device","kind":"eat","critical":"yes","value":"x"}])",
       "ZTP3010 $.evidence[0].critical"},
      {R"([{"input":"a","kind":"k","value":"x"},{"input":"a","kind":"k","value":"y"}])",
       "ZTP3006 $.evidence[1]"},
  };
  for (const auto& [evidence, expected] : kWrong) {
    EXPECT_EQ(Errors(With(Cat(R"("evidence":)", evidence))), expected) << evidence;
  }
  std::string many = R"({"input":"a","kind":"k","value":"x"})";
  for (size_t i = 0; i < kMaxEvidenceItems; ++i) Append(many, ",7");
  EXPECT_EQ(Errors(With(Cat(R"("evidence":[)", many, "]"))), "ZTP3001 $.evidence");
}

TEST_F(JsonRequest, ManyAndOneWrongAmongThem) {
  const std::string good = With("");
  auto outcomes = [&](std::string_view text) {
    std::string out;
    RequestReader reader(s_.schema, text, options_);
    ReadRequestResult result;
    while (reader.Next(&result)) {
      Append(out, result.index, ":",
             result.request ? "ok"
                            : Cat(JsonErrorCodeName(result.errors[0].code), "@",
                                  result.errors[0].path, "@", result.errors[0].line),
             " ");
    }
    return out;
  };
  EXPECT_EQ(outcomes(good + "\n{}\n" + good), "0:ok 1:ZTP3013@$[1]@2 2:ok ");
  EXPECT_EQ(outcomes(good + "\n{\"subject\": [\n" + good), "0:ok 1:ZTP3005@$[1]@2 2:ok ");
  EXPECT_EQ(outcomes("[" + good + ",\n7,\n" + good + "]"), "0:ok 1:ZTP3010@$[1]@2 2:ok ");
  EXPECT_EQ(outcomes("[" + good + "," + good), "0:ok 1:ok 2:ZTP3005@$[2]@1 ");
  EXPECT_EQ(outcomes("[]"), "");
  EXPECT_EQ(outcomes(""), "");
  EXPECT_TRUE(RequestReader(s_.schema, "[]", options_).is_array());
  EXPECT_FALSE(RequestReader(s_.schema, good, options_).is_array());
}

TEST_F(JsonRequest, HostileTextIsRefused) {
  EXPECT_EQ(Errors(std::string(100'000, '[')), "ZTP3004 $[0]");
  EXPECT_EQ(Errors(With("\"a\":\"\xff\"")), "ZTP3002 $");
  EXPECT_EQ(Errors(With(std::string("\"a\":\"\0\"", 7))), "ZTP3003 $");
  const std::string good = With(R"("context":{"source_ip":"10.1.2.3"})");
  for (size_t size = 1; size < good.size(); ++size) {
    EXPECT_NE(Errors(good.substr(0, size)), "") << size;
  }
}

}  // namespace
}  // namespace ztp
