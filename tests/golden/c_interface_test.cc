// Every request of the golden files and of the examples is answered through the C interface, by a
// serialised bundle, with the very text that the engine writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
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
#include "engine/scenario/golden_settings.h"

namespace ztp {
namespace {

constexpr int64_t kNow = 1893456000'000'000;  // 2030-01-01T00:00:00Z

std::string Read(const std::string& path) {
  const auto text = driver::ReadFile(path, kMaxSourceFileBytes);
  EXPECT_TRUE(text.ok()) << Message(text.status());
  return text.ok() ? *text : std::string();
}

ztp_text Text(std::string_view text) { return {text.data(), text.size()}; }

// A policy with its facts, and whose evidence is taken, in the engine and through the C interface.
// Each has a trust of its own: what counts once counts once in each.
class Both {
 public:
  // `golden`: a file with all its sections, of which facts, trust and the nonces of the options
  // count; null: there are only facts. Facts that cannot be loaded are refused by both.
  Both(driver::Compiler& compiler, std::string_view facts, const std::string& where,
       const scenario::GoldenFile* golden = nullptr)
      : where_(where) {
    const std::string bundle = WriteBundle(compiler.Lower());
    auto named = NamedPolicy::Make(compiler.Lower());
    EXPECT_TRUE(named.ok()) << where;
    EXPECT_EQ(ztp_policy_read(bundle.data(), bundle.size(), &policy_), nullptr) << where;
    std::shared_ptr<evidence::Trust> trust;
    if (golden != nullptr && golden->Find("trust") != nullptr) trust = Trust(*golden);

    FactsOptions facts_options;
    facts_options.assume_proven = true;
    FactsResult loaded = LoadFacts(facts, (*named)->policy->schema(), facts_options);
    if (loaded.ok()) {
      auto snapshot = MakeSnapshot(*(*named)->policy, loaded.entities);
      if (snapshot.ok()) world_ = *MakeWorld(*named, *std::move(snapshot), trust);
    }
    ztp_error* error = ztp_facts_read_json(policy_, Text(facts), ZTP_ASSUME_PROVEN, &facts_);
    EXPECT_EQ(error == nullptr, world_ != nullptr) << where;
    ztp_error_free(error);
    if (world_ == nullptr) return;
    ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
    options.flags = ZTP_ASSUME_PROVEN | ZTP_ACCEPT_NOW;
    options.trust = trust_;
    EXPECT_EQ(ztp_engine_new(policy_, facts_, &options, &engine_), nullptr) << where;
    EXPECT_EQ(ztp_session_new(engine_, &session_), nullptr) << where;
  }
  ~Both() {
    ztp_session_free(session_);
    ztp_engine_free(engine_);
    ztp_trust_free(trust_);
    ztp_facts_free(facts_);
    ztp_policy_free(policy_);
  }
  Both(const Both&) = delete;
  Both& operator=(const Both&) = delete;

  bool loaded() const { return world_ != nullptr; }
  ztp_session* session() { return session_; }

  // The answer to a request's text, which must be the same of both.
  std::string Answer(std::string_view text) {
    ztp_text answer = {};
    EXPECT_EQ(ztp_decide_json(session_, Text(text), kNow, true, nullptr, &answer), nullptr);
    std::string said(answer.data, answer.size);
    EXPECT_EQ(said, ByEngine(text)) << where_ << ": " << text;
    return said;
  }

 private:
  // The engine's, which it returns, and the C interface's.
  std::shared_ptr<evidence::Trust> Trust(const scenario::GoldenFile& golden) {
    const auto settings = scenario::ReadSettings(golden);
    EXPECT_TRUE(settings.ok()) << where_ << ": " << Message(settings.status());
    auto trust = scenario::ReadTrustOf(golden, where_, *settings);
    EXPECT_TRUE(trust.ok()) << where_ << ": " << Message(trust.status());
    const scenario::GoldenSection& section = *golden.Find("trust");
    const auto file = scenario::TrustFileOf(section, where_.substr(0, where_.rfind('/')));
    EXPECT_EQ(*file ? ztp_trust_load(Text(**file), &trust_)
                    : ztp_trust_read(Text(section.content), &trust_),
              nullptr)
        << where_;
    for (const std::string& nonce : settings->nonces) {
      const int64_t until = kNow + evidence::kMaxNonceLifetime.micros;
      EXPECT_EQ(ztp_trust_expect_nonce(trust_, Text(nonce), kNow, until), nullptr) << where_;
    }
    return *trust;
  }

  std::string ByEngine(std::string_view text) {
    RequestOptions options;
    options.now = Time{kNow};
    options.accept_now = options.assume_proven = true;
    options.accept_evidence = world_->trust != nullptr;
    ReadRequestResult read = ReadRequest(text, world_->schema(), options);
    if (!read.request) return WriteRefusal(read.errors);
    std::vector<EvidenceOutcome> outcomes;
    if (!read.evidence.empty()) {
      outcomes = world_->trust->Prove(read.evidence, *world_->facts, &*read.request);
    }
    const Explanation explanation =
        Explain(world_->policy(), *world_->facts, *read.request, scratch_);
    return WriteDecision(world_->policy().program(), explanation.decision,
                         {world_->named->digest, world_->facts->version()}, &explanation, outcomes);
  }

  const std::string where_;
  std::shared_ptr<const World> world_;
  Scratch scratch_;
  ztp_policy* policy_ = nullptr;
  ztp_facts* facts_ = nullptr;
  ztp_trust* trust_ = nullptr;
  ztp_engine* engine_ = nullptr;
  ztp_session* session_ = nullptr;
};

// Asks both for all requests; how many there were.
size_t Compare(Both& both, std::string_view requests) {
  size_t count = 0;
  if (!both.loaded()) return count;
  JsonItems items(requests);
  for (JsonItems::Item item; items.Next(&item); ++count) both.Answer(item.text);
  return count;
}

// A golden file with the files beside it, and its policy.
struct Golden {
  scenario::GoldenFile file;
  driver::Compiler compiler;
  bool compiles = false;

  std::string_view Content(std::string_view kind, std::string_view otherwise = "") const {
    const scenario::GoldenSection* section = file.Find(kind);
    return section == nullptr ? otherwise : section->content;
  }
};
std::unique_ptr<Golden> ReadGolden(const std::string& path) {
  auto golden = std::make_unique<Golden>();
  auto file = scenario::ParseGolden(Read(path));
  if (file.ok()) {
    file = scenario::WithFilesBeside(*std::move(file), path.substr(0, path.rfind('/')));
  }
  EXPECT_TRUE(file.ok()) << path << ": " << Message(file.status());
  if (!file.ok()) return golden;
  golden->file = *std::move(file);
  for (const scenario::GoldenSection& section : golden->file.sections) {
    if (section.kind == "policy") golden->compiler.AddText(section.argument, section.content);
  }
  golden->compiles = golden->compiler.Check();
  return golden;
}

TEST(CInterface, AnswersTheRequestsOfGoldenFiles) {
  const auto paths = driver::FindFiles({"tests/golden"}, {".golden"});
  ASSERT_TRUE(paths.ok()) << Message(paths.status());
  size_t count = 0;
  for (const std::string& path : *paths) {
    const auto golden = ReadGolden(path);
    if (!golden->compiles || golden->file.Find("requests") == nullptr) continue;
    Both both(golden->compiler, golden->Content("facts", "[]"), path, &golden->file);
    count += Compare(both, golden->Content("requests"));
  }
  EXPECT_GT(count, 40u);
}

// The section of outcomes as the C interface would write it, but that of a decision it has only
// whether it allows; the rest of the answer is the engine's to the letter.
std::string Outcomes(Both& both, std::string_view http, const std::string& where, size_t* count) {
  std::string out;
  const auto all = scenario::ReadHttp(http);
  EXPECT_TRUE(all.ok()) << where << ": " << Message(all.status());
  if (!all.ok() || !both.loaded()) return out;
  for (const scenario::GoldenHttp& one : *all) {
    ++*count;
    Append(out, "### ", one.title, "\n");
    std::vector<ztp_http_header> headers;
    for (const route::HttpHeader& h : one.headers) headers.push_back({Text(h.name), Text(h.value)});
    std::string certificate;
    if (!one.certificate_file.empty()) {
      certificate = Read(Cat(where.substr(0, where.rfind('/') + 1), one.certificate_file));
    }
    ztp_http_request request = ZTP_HTTP_REQUEST_INIT;
    request.method = Text(one.request.method);
    request.authority = Text(one.request.authority);
    request.path = Text(one.request.target);
    request.headers = headers.data();
    request.header_count = headers.size();
    request.body = Text(one.request.body);
    request.peer_spiffe = Text(one.request.peer_spiffe);
    request.peer_certificates = Text(certificate);
    request.source_ip = Text(one.request.source_ip);
    if (one.request.body_partial) request.flags |= ZTP_HTTP_BODY_PARTIAL;
    if (one.request.headers_joined) request.flags |= ZTP_HTTP_HEADERS_JOINED;
    ztp_text name = {}, json = {};
    if (ztp_error* error = ztp_route(both.session(), &request, kNow, &name, &json);
        error != nullptr) {
      const ztp_text message = ztp_error_message(error);
      Append(out, "denied: ", std::string_view(message.data, message.size), "\n");
      ztp_error_free(error);
      continue;
    }
    const std::string text(json.data, json.size);
    Append(out, "route ", std::string_view(name.data, name.size), "\n", text, "\n");
    const std::string said = both.Answer(text);
    Append(out, said.find("\"decision\":true") != std::string::npos ? "allow" : "deny", "\n");
  }
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
    const auto golden = ReadGolden(path);
    if (golden->file.Find("http") == nullptr) continue;
    ASSERT_TRUE(golden->compiles) << path;
    Both both(golden->compiler, golden->Content("facts", "[]"), path, &golden->file);
    EXPECT_EQ(Outcomes(both, golden->Content("http"), path, &count),
              WithoutReasons(golden->Content("outcomes")))
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
    Both both(compiler, Read(folder + "/facts.json"), path);
    count += Compare(both, Read(path));
  }
  EXPECT_GT(count, 20u);
}

}  // namespace
}  // namespace ztp
