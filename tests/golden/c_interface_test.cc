// Every request of the golden files and of the examples is answered through the C interface, by a
// serialised bundle, with the very text that the engine writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/c/ztp.h"
#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/write.h"
#include "engine/driver/compiler.h"
#include "engine/driver/files.h"
#include "engine/eval/decide.h"
#include "engine/eval/json_decision.h"
#include "engine/eval/json_request.h"
#include "engine/facts/json_facts.h"
#include "engine/facts/json_items.h"
#include "engine/runtime/world.h"
#include "engine/scenario/golden.h"
#include "engine/scenario/golden_file.h"
#include "engine/scenario/golden_http.h"

namespace ztp {
namespace {

constexpr int64_t kNow = 1893456000'000'000;  // 2030-01-01T00:00:00Z

std::string Read(const std::string& path) {
  const auto text = driver::ReadFile(path, kMaxSourceFileBytes);
  EXPECT_TRUE(text.ok()) << Message(text.status());
  return text.ok() ? *text : std::string();
}

ztp_text Text(std::string_view text) { return {text.data(), text.size()}; }

// What the engine says to a request's text.
std::string ByEngine(const World& world, std::string_view text, Scratch& scratch) {
  RequestOptions options;
  options.now = Time{kNow};
  options.accept_now = options.assume_proven = true;
  const ReadRequestResult read = ReadRequest(text, world.schema(), options);
  if (!read.request) return WriteRefusal(read.errors);
  const Explanation explanation = Explain(world.policy(), *world.facts, *read.request, scratch);
  return WriteDecision(world.policy().program(), explanation.decision,
                       {world.named->digest, world.facts->version()}, &explanation);
}

// Both, of all requests; how many there were. Facts that cannot be loaded are refused by both.
size_t Compare(driver::Compiler& compiler, std::string_view facts, std::string_view requests,
               const std::string& where) {
  const std::string bundle = WriteBundle(compiler.Lower());
  auto named = NamedPolicy::Make(compiler.Lower());
  EXPECT_TRUE(named.ok()) << where;
  FactsOptions facts_options;
  facts_options.assume_proven = true;
  FactsResult loaded = LoadFacts(facts, (*named)->policy->schema(), facts_options);
  std::shared_ptr<const World> world;
  if (loaded.ok()) {
    auto snapshot = MakeSnapshot(*(*named)->policy, loaded.entities);
    if (snapshot.ok()) world = *MakeWorld(*named, *std::move(snapshot));
  }

  ztp_policy* policy = nullptr;
  ztp_facts* c_facts = nullptr;
  ztp_engine* engine = nullptr;
  ztp_session* session = nullptr;
  EXPECT_EQ(ztp_policy_read(bundle.data(), bundle.size(), &policy), nullptr) << where;
  ztp_error* error = ztp_facts_read_json(policy, Text(facts), ZTP_ASSUME_PROVEN, &c_facts);
  EXPECT_EQ(error == nullptr, world != nullptr) << where;
  ztp_error_free(error);
  size_t count = 0;
  if (world != nullptr) {
    ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
    options.flags = ZTP_ASSUME_PROVEN | ZTP_ACCEPT_NOW;
    EXPECT_EQ(ztp_engine_new(policy, c_facts, &options, &engine), nullptr);
    EXPECT_EQ(ztp_session_new(engine, &session), nullptr);
    Scratch scratch;
    JsonItems items(requests);
    for (JsonItems::Item item; items.Next(&item); ++count) {
      ztp_text answer = {};
      EXPECT_EQ(ztp_decide_json(session, Text(item.text), kNow, true, nullptr, &answer), nullptr);
      EXPECT_EQ(std::string(answer.data, answer.size), ByEngine(*world, item.text, scratch))
          << where << ": " << item.text;
    }
  }
  ztp_session_free(session);
  ztp_engine_free(engine);
  ztp_facts_free(c_facts);
  ztp_policy_free(policy);
  return count;
}

TEST(CInterface, AnswersTheRequestsOfGoldenFiles) {
  const auto paths = driver::FindFiles({"tests/golden"}, {".golden"});
  ASSERT_TRUE(paths.ok()) << Message(paths.status());
  size_t count = 0;
  for (const std::string& path : *paths) {
    const auto file = scenario::ParseGolden(Read(path));
    ASSERT_TRUE(file.ok()) << path << ": " << Message(file.status());
    const scenario::GoldenSection* requests = file->Find("requests");
    if (requests == nullptr) continue;
    driver::Compiler compiler;
    for (const scenario::GoldenSection& section : file->sections) {
      if (section.kind == "policy") compiler.AddText(section.argument, section.content);
    }
    if (!compiler.Check()) continue;
    const scenario::GoldenSection* facts = file->Find("facts");
    count += Compare(compiler, facts != nullptr ? std::string_view(facts->content) : "[]",
                     requests->content, path);
  }
  EXPECT_GT(count, 40u);
}

// The section of outcomes as the C interface would write it, but that of a decision it has only
// whether it allows; the rest of the answer is the engine's to the letter.
std::string Outcomes(driver::Compiler& compiler, std::string_view facts, std::string_view http,
                     const std::string& where, size_t* count) {
  const std::string bundle = WriteBundle(compiler.Lower());
  auto named = NamedPolicy::Make(compiler.Lower());
  EXPECT_TRUE(named.ok()) << where;
  FactsOptions facts_options;
  facts_options.assume_proven = true;
  FactsResult loaded = LoadFacts(facts, (*named)->policy->schema(), facts_options);
  EXPECT_TRUE(loaded.ok()) << where;
  auto snapshot = MakeSnapshot(*(*named)->policy, loaded.entities);
  EXPECT_TRUE(snapshot.ok()) << where;
  const auto world = *MakeWorld(*named, *std::move(snapshot));

  ztp_policy* policy = nullptr;
  ztp_facts* c_facts = nullptr;
  ztp_engine* engine = nullptr;
  ztp_session* session = nullptr;
  EXPECT_EQ(ztp_policy_read(bundle.data(), bundle.size(), &policy), nullptr) << where;
  EXPECT_EQ(ztp_facts_read_json(policy, Text(facts), ZTP_ASSUME_PROVEN, &c_facts), nullptr);
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  options.flags = ZTP_ASSUME_PROVEN | ZTP_ACCEPT_NOW;
  EXPECT_EQ(ztp_engine_new(policy, c_facts, &options, &engine), nullptr);
  EXPECT_EQ(ztp_session_new(engine, &session), nullptr);
  Scratch scratch;
  std::string out;
  const auto all = scenario::ReadHttp(http);
  EXPECT_TRUE(all.ok()) << where << ": " << Message(all.status());
  if (!all.ok()) return out;
  for (const scenario::GoldenHttp& one : *all) {
    ++*count;
    Append(out, "### ", one.title, "\n");
    std::vector<ztp_http_header> headers;
    for (const route::HttpHeader& h : one.headers) headers.push_back({Text(h.name), Text(h.value)});
    ztp_http_request request = ZTP_HTTP_REQUEST_INIT;
    request.method = Text(one.request.method);
    request.authority = Text(one.request.authority);
    request.path = Text(one.request.target);
    request.headers = headers.data();
    request.header_count = headers.size();
    request.body = Text(one.request.body);
    request.peer_spiffe = Text(one.request.peer_spiffe);
    request.source_ip = Text(one.request.source_ip);
    if (one.request.body_partial) request.flags |= ZTP_HTTP_BODY_PARTIAL;
    if (one.request.headers_joined) request.flags |= ZTP_HTTP_HEADERS_JOINED;
    ztp_text name = {}, json = {};
    if (ztp_error* error = ztp_route(session, &request, kNow, &name, &json); error != nullptr) {
      const ztp_text message = ztp_error_message(error);
      Append(out, "denied: ", std::string_view(message.data, message.size), "\n");
      ztp_error_free(error);
      continue;
    }
    const std::string text(json.data, json.size);
    Append(out, "route ", std::string_view(name.data, name.size), "\n", text, "\n");
    ztp_text answer = {};
    EXPECT_EQ(ztp_decide_json(session, Text(text), kNow, true, nullptr, &answer), nullptr);
    const std::string said(answer.data, answer.size);
    EXPECT_EQ(said, ByEngine(*world, text, scratch)) << where << ": " << one.title;
    Append(out, said.find("\"decision\":true") != std::string::npos ? "allow" : "deny", "\n");
  }
  ztp_session_free(session);
  ztp_engine_free(engine);
  ztp_facts_free(c_facts);
  ztp_policy_free(policy);
  return out;
}

// The section as it stands, with no more of each decision than whether it allows; a request that
// cannot be read is denied.
std::string WithoutReasons(std::string_view outcomes) {
  std::string out;
  bool decided = false;
  while (!outcomes.empty()) {
    const size_t end = std::min(outcomes.find('\n'), outcomes.size());
    const std::string_view line = outcomes.substr(0, end);
    outcomes.remove_prefix(std::min(end + 1, outcomes.size()));
    const bool kept = line.starts_with("### ") || line.starts_with("denied: ") ||
                      line.starts_with("route ") || line.starts_with("{");
    if (kept) {
      Append(out, line, "\n");
      decided = false;
    } else if (!decided) {
      Append(out, line.starts_with("allow") ? "allow" : "deny", "\n");
      decided = true;
    }
  }
  return out;
}

TEST(CInterface, RoutesTheHttpRequestsOfGoldenFiles) {
  const auto paths = driver::FindFiles({"tests/golden", "policies/examples"}, {".golden"});
  ASSERT_TRUE(paths.ok()) << Message(paths.status());
  size_t count = 0;
  for (const std::string& path : *paths) {
    auto file = scenario::ParseGolden(Read(path));
    ASSERT_TRUE(file.ok()) << path << ": " << Message(file.status());
    file = scenario::WithFilesBeside(*std::move(file), path.substr(0, path.rfind('/')));
    ASSERT_TRUE(file.ok()) << path << ": " << Message(file.status());
    const scenario::GoldenSection* http = file->Find("http");
    if (http == nullptr) continue;
    driver::Compiler compiler;
    for (const scenario::GoldenSection& section : file->sections) {
      if (section.kind == "policy") compiler.AddText(section.argument, section.content);
    }
    ASSERT_TRUE(compiler.Check()) << path;
    const scenario::GoldenSection* facts = file->Find("facts");
    const scenario::GoldenSection* outcomes = file->Find("outcomes");
    ASSERT_NE(outcomes, nullptr) << path;
    EXPECT_EQ(Outcomes(compiler, facts != nullptr ? std::string_view(facts->content) : "[]",
                       http->content, path, &count),
              WithoutReasons(outcomes->content))
        << path;
  }
  EXPECT_GT(count, 30u);
}

TEST(CInterface, AnswersTheRequestsOfExamples) {
  const auto paths = driver::FindFiles({"policies/examples"}, {".jsonl"});
  ASSERT_TRUE(paths.ok()) << Message(paths.status());
  size_t count = 0;
  for (const std::string& path : *paths) {
    if (!path.ends_with("/requests.jsonl")) continue;
    const std::string folder = path.substr(0, path.rfind('/'));
    driver::Compiler compiler;
    ASSERT_TRUE(compiler.AddPaths({folder}).ok());
    ASSERT_TRUE(compiler.Check()) << path;
    count += Compare(compiler, Read(folder + "/facts.json"), Read(path), path);
  }
  EXPECT_GT(count, 20u);
}

}  // namespace
}  // namespace ztp
