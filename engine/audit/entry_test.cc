#include "engine/audit/entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/audit/render.h"
#include "engine/audit/tile.h"
#include "engine/base/sha256.h"
#include "engine/base/str.h"

namespace ztp::audit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kRequest[] =
    R"({"subject": {"type": "Workload", "id": "trainer-7"},
        "action": {"name": "train", "properties": {"purpose": "research"}},
        "resource": {"type": "Dataset", "id": "faces"},
        "context": {"source_ip": "10.1.2.3", "who/how": {"a~b": 1.50}},
        "evidence": [{"input": "device", "kind": "eat", "value": "eyJhbGciOi"}]})";
constexpr char kAnswer[] =
    R"({"decision":true,"context":{"rules":["acme.train"],"reason":"the team owns the data","policy":"sha256:aa","facts":"v1"}})";

DecisionRecord Record() {
  DecisionRecord record;
  record.id = "d-1";
  record.asked_by = "spiffe://acme/gateway";
  record.request = kRequest;
  record.answer = kAnswer;
  record.time = Time{1'795'866'539'000'000};
  record.latency_nanos = 1234;
  return record;
}

std::unique_ptr<EntryWriter> Writer(std::string_view mask = {}, std::string key = {},
                                    bool with_request = false) {
  EntryOptions options{.mask = {}, .key = std::move(key), .with_request = with_request};
  if (!mask.empty()) {
    auto read = MaskPolicy::FromJson(mask);
    EXPECT_TRUE(read.ok()) << read.status();
    if (read.ok()) options.mask = *std::move(read);
  }
  auto writer = EntryWriter::Make(std::move(options));
  EXPECT_TRUE(writer.ok()) << writer.status();
  return *std::move(writer);
}

TEST(Entry, SaysWhatWasDecidedAndInputsByDigest) {
  const std::string digest = Sha256Digest(kRequest);
  EXPECT_EQ(
      Writer()->Decision(Record()),
      Cat(R"({"v":1,"type":"decision","id":"d-1","time":"2026-11-28T11:48:59Z","latency_ns":1234,)",
          R"("asked_by":"spiffe://acme/gateway","request":{"digest":")", digest,
          R"(","subject":{"type":"Workload","id":"trainer-7"},"action":"train",)",
          R"("resource":{"type":"Dataset","id":"faces"},"inputs":{"source_ip":")",
          Sha256Digest("\"10.1.2.3\""), R"(","who/how":")", Sha256Digest("{\"a~b\":1.50}"),
          R"("},"parameters":{"purpose":")", Sha256Digest("\"research\""), R"("},"evidence":[")",
          Sha256Digest("eyJhbGciOi"), R"("]},"answer":)", kAnswer, "}"));
}

TEST(Entry, MasksByPolicy) {
  const std::string key(16, 'k');
  constexpr char kMask[] = R"({"rules": [
      {"path": "/request/subject/id", "do": "digest"},
      {"path": "/answer/context/reason", "do": "erase"},
      {"path": "/request/body/context/*", "do": "erase", "actions": ["train", "serve"]},
      {"path": "/request/resource/id", "do": "erase", "actions": ["serve"]},
      {"path": "/request/inputs/who~1how", "do": "erase"},
      {"path": "/request/inputs/who~1how", "do": "digest"},
      {"path": "/answer/context/rules/*", "do": "erase"}]})";
  const auto writer = Writer(kMask, key, true);
  const std::string entry = writer->Decision(Record());
  // The subject's name stands in the body, too, which a rule of its own would have to mask.
  for (const char* gone : {"the team owns", "10.1.2.3", "a~b", "eyJhbGciOi", "acme.train"}) {
    EXPECT_THAT(entry, Not(HasSubstr(gone)));
  }
  EXPECT_THAT(entry, HasSubstr(R"("subject":{"type":"Workload","id":"hmac-sha256:)"));
  EXPECT_THAT(entry, HasSubstr(R"("resource":{"type":"Dataset","id":"faces"})"));
  EXPECT_THAT(entry, HasSubstr(R"("rules":[null])"));
  EXPECT_THAT(
      entry,
      HasSubstr(
          R"("context":{},"evidence":[{"input":"device","kind":"eat","value":"hmac-sha256:)"));
  EXPECT_THAT(
      entry,
      HasSubstr(
          R"("erased":["/request/inputs/who~1how","/request/body/context/source_ip",)"
          R"("/request/body/context/who~1how","/answer/context/rules/0","/answer/context/reason"])"));
  EXPECT_THAT(entry,
              HasSubstr(R"("masked":["/request/subject/id","/request/body/evidence/0/value"])"));
  // Equal values have equal digests, under one key.
  EXPECT_EQ(entry, writer->Decision(Record()));
  EXPECT_NE(entry, Writer(kMask, std::string(16, 'l'), true)->Decision(Record()));
  // For another action, other rules.
  DecisionRecord other = Record();
  other.request = R"({"action":{"name":"serve"},"resource":{"type":"Model","id":"m"}})";
  EXPECT_THAT(writer->Decision(other), HasSubstr(R"("resource":{"type":"Model"})"));
}

TEST(Entry, SaysByWhichNamesOthersKnowTheRequestAndWhatAnotherPolicySays) {
  DecisionRecord record = Record();
  record.request_id = "r-1";
  record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  record.span_id = "00f067aa0ba902b7";
  record.shadow = R"({"decision":"deny","rules":[]})";
  const std::string entry = Writer()->Decision(record);
  EXPECT_THAT(entry, HasSubstr(R"("asked_by":"spiffe://acme/gateway","request_id":"r-1",)"
                               R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"
                               R"("span_id":"00f067aa0ba902b7","request":{)"));
  EXPECT_TRUE(entry.ends_with(Cat(R"("answer":)", kAnswer, R"(,"shadow":)", record.shadow, "}")));
  const EntryPlace place{.origin = "log.example", .index = 7};
  EXPECT_THAT(RenderOpa(entry, place).value_or(""),
              HasSubstr(R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa)"));
  EXPECT_THAT(RenderOcsf(entry, place).value_or(""),
              HasSubstr(R"("correlation_uid":"4bf92f3577b34da6a3ce929d0e0e4736")"));
  // What a caller has named itself may be anything; a trace's id says nothing.
  EXPECT_THAT(Writer(R"({"rules": [{"path": "/request_id", "do": "erase"}]})")->Decision(record),
              HasSubstr(R"("erased":["/request_id"])"));
  EXPECT_FALSE(MaskPolicy::FromJson(R"({"rules": [{"path": "/trace_id", "do": "erase"}]})").ok());
}

TEST(Entry, AMaskThatCannotHoldIsRefused) {
  for (const char* mask :
       {"", "[]", "{}", R"({"rules": {}})", R"({"rules": [], "more": 1})",
        R"({"rules": [{"path": "/request/subject/id"}]})", R"({"rules": [{"do": "erase"}]})",
        R"({"rules": [{"path": "request", "do": "erase"}]})",
        R"({"rules": [{"path": "/request", "do": "erase"}]})",
        R"({"rules": [{"path": "/answer/decision", "do": "erase"}]})",
        R"({"rules": [{"path": "/answer/context", "do": "erase"}]})",
        R"({"rules": [{"path": "/*/x", "do": "erase"}]})",
        R"({"rules": [{"path": "/time", "do": "erase"}]})",
        R"({"rules": [{"path": "/request/a~2", "do": "erase"}]})",
        R"({"rules": [{"path": "/request/x", "do": "hide"}]})",
        R"({"rules": [{"path": "/request/x", "do": "erase", "actions": []}]})",
        R"({"rules": [{"path": "/request/x", "do": "erase", "action": ["x"]}]})"}) {
    EXPECT_FALSE(MaskPolicy::FromJson(mask).ok()) << mask;
  }
  const auto digest = MaskPolicy::FromJson(R"({"rules": [{"path": "/asked_by", "do": "digest"}]})");
  ASSERT_TRUE(digest.ok());
  EXPECT_FALSE(EntryWriter::Make({.mask = *digest, .key = {}, .with_request = false}).ok());
  EXPECT_FALSE(EntryWriter::Make({.mask = {}, .key = "short", .with_request = false}).ok());
}

TEST(Entry, AnyRequestHasAnEntryThatFits) {
  const std::string large(70'000, 'x');
  const std::string escaped(70'000, '\1');
  std::string many = R"({"context":{)";
  for (int i = 0; i < 2000; ++i) Append(many, i > 0 ? "," : "", "\"k", i, "\":", i);
  many += R"(},"subject":{"type":"T","id":"s"},"action":{"name":"a"}})";
  const struct {
    std::string request, answer, has;
  } cases[] = {
      {"", kAnswer, R"("malformed":true)"},
      {"{\"a\":1,\"a\":2}", kAnswer, R"("malformed":true)"},
      {"\xff", kAnswer, R"("malformed":true)"},
      {"[]", kAnswer, R"("subject":{"type":null,"id":null},"action":null)"},
      {R"({"subject":7,"action":{"name":[]}})", kAnswer, R"("action":null)"},
      {Cat(R"({"subject":{"id":")", large, R"("}})"), kAnswer,
       R"("omitted":["/request/subject/id","/request/body"])"},
      {many, kAnswer, R"("omitted":["/request/inputs"])"},
      {"{}", Cat(R"({"decision":true,"context":{"reason":")", large, R"("}})"),
       R"("answer":{"decision":true,"digest":"sha256:)"},
      {"{}", "no JSON", R"("answer":{"decision":false,"digest":"sha256:)"},
  };
  for (const auto& [request, answer, has] : cases) {
    DecisionRecord record = Record();
    record.request = request;
    record.answer = answer;
    const std::string entry = Writer({}, {}, true)->Decision(record);
    EXPECT_LE(entry.size(), kMaxEntryBytes);
    EXPECT_THAT(entry.substr(0, 3000), HasSubstr(has));
    JsonTree tree;
    JsonError error;
    EXPECT_TRUE(tree.Parse(entry, JsonPath(), &error)) << error.message;
  }
  DecisionRecord record = Record();
  record.id = record.asked_by = escaped;
  const std::string request = Cat(R"({"subject":{"type":")", large, R"(","id":")", large, R"("}})");
  record.request = request;
  EXPECT_LE(Writer()->Decision(record).size(), kMaxEntryBytes);
}

TEST(Entry, IsRenderedInOthersFields) {
  const auto writer = Writer(R"({"rules": [{"path": "/request/subject/type", "do": "erase"}]})");
  const std::string entry = writer->Decision(Record());
  const EntryPlace place{.origin = "log.example", .index = 7};
  const auto opa = RenderOpa(entry, place);
  ASSERT_TRUE(opa);
  for (
      const char* part :
      {R"("labels":{"id":"log.example","engine":"ztp"},"decision_id":"d-1",)",
       R"("bundles":{"policy":{"revision":"sha256:aa"},"facts":{"revision":"v1"}},"path":"train",)",
       R"("input":{"digest":"sha256:)", R"("result":{"decision":true,"context":{)",
       R"("erased":["/input/subject/type"],"requested_by":"spiffe://acme/gateway",)",
       R"("timestamp":"2026-11-28T11:48:59Z","metrics":{"timer_server_handler_ns":1234})"}) {
    EXPECT_THAT(*opa, HasSubstr(part));
  }
  const auto ocsf = RenderOcsf(entry, place);
  ASSERT_TRUE(ocsf);
  for (
      const char* part :
      {R"("category_uid":6,)", R"("class_uid":6003,)",
       R"("activity_id":99,"activity_name":"train","type_uid":600399,)",
       R"("time":1795866539000,"status_id":1,)",
       R"("metadata":{"version":"1.2.0","product":{"name":"ztp","vendor_name":"ztp"},)",
       R"("action_id":1,"action":"Allowed","disposition_id":1,)",
       R"("actor":{"user":{"uid":"trainer-7","type_id":99},"authorizations":[{"decision":"allow","policy":{"name":"acme.train",)",
       R"("api":{"operation":"train","request":{"uid":"d-1"}},"src_endpoint":{"uid":"spiffe://acme/gateway"},)",
       R"("resources":[{"uid":"faces","type":"Dataset"}],)",
       R"("unmapped":{"log_origin":"log.example","log_index":7,)"}) {
    EXPECT_THAT(*ocsf, HasSubstr(part));
  }
  for (const std::string& text : {*opa, *ocsf}) {
    JsonTree tree;
    JsonError error;
    EXPECT_TRUE(tree.Parse(text, JsonPath(), &error)) << error.message;
  }
  const std::string dropped = EntryWriter::Dropped(3, Time{0});
  EXPECT_EQ(dropped, R"({"v":1,"type":"dropped","time":"1970-01-01T00:00:00Z","count":3})");
  EXPECT_FALSE(RenderOpa(dropped, place));
  EXPECT_THAT(RenderOcsf(dropped, place).value_or(""), HasSubstr(R"("activity_name":"dropped")"));
  EXPECT_FALSE(RenderOcsf("{}", place));
}

}  // namespace
}  // namespace ztp::audit
