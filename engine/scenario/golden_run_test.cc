// What a golden file shows is what really comes, evidence included: under the trust that it names,
// at its own time, and what counts once counts once.
#include "engine/scenario/golden_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/evidence/jose_testing.h"

namespace ztp::scenario {
namespace {

namespace fs = std::filesystem;
using evidence::JwsAlgorithm;
using evidence::testing::KeyFor;
using evidence::testing::KeySetText;
using evidence::testing::SigningKey;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1893456000;  // 2030-01-01T00:00:00Z, at which golden files decide

constexpr char kPolicy[] = R"(A test.

== policy gate.ztp ==
ztp 1
package gate
import std.ai
entity User { email: String = "", login?: SignIn proven for email }
entity Model
input user?: SignIn proven
input word?: SignIn proven
action view, purge, enrol on Model by User
permit reading { principal any action view resource any when has user }
permit purging { principal any action purge resource any when has word and word.subject == "u-ann" }
permit enrolled { principal u: User action enrol resource any when u has login }
route view {
  on        GET "/models/{m}"
  proven    user from bearer
  let       u = proven.user.subject
  principal User::"{u}"
  action    view
  resource  Model::"{m}"
}
)";

const SigningKey& Key() { return KeyFor(JwsAlgorithm::kEs256); }

// A sign-in's claims; `more` comes first, and the dates are seconds from kNow.
std::string Claims(std::string_view more = "", std::string_view audience = "gate",
                   int64_t issued = -60) {
  return Cat("{", more, R"("iss":"https://login.acme.org","sub":"u-ann","aud":")", audience,
             R"(","iat":)", kNow + issued, R"(,"auth_time":)", kNow + issued, R"(,"exp":)",
             kNow + issued + 600, "}");
}

std::string Source(std::string_view proves, std::string_view more = "") {
  return Cat(R"({"kind":"sign-in","issuers":"https://login.acme.org","audiences":"gate",)",
             R"("algorithms":["ES256"],"proves":)", proves, more, R"(,"keys":)",
             KeySetText({Key().JwkText()}), "}");
}

std::string Document(std::string_view sources) {
  return Cat(R"({"ztp_trust":1,"sources":{)", sources, "}}");
}

std::string Trust(std::string_view content) { return Cat("\n== trust ==\n", content, "\n"); }

std::string Request(std::string_view action, std::string_view input = "",
                    std::string_view token = "") {
  std::string out = Cat(R"({"subject":{"type":"User","id":"ann"},"action":{"name":")", action,
                        R"("},"resource":{"type":"Model","id":"m"})");
  if (!input.empty()) {
    Append(out, R"(,"evidence":[{"input":")", input, R"(","kind":"sign-in","value":")", token,
           R"("}])");
  }
  return out + "}\n";
}

std::string Http(std::string_view token) {
  return Cat("\n== http ==\n### one\nGET /models/m\nauthorization: Bearer ", token, "\n");
}

class GoldenRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(folder_ / "keys");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string PathOf(std::string_view name) const { return (folder_ / name).string(); }
  void Write(std::string_view name, std::string_view content) {
    ASSERT_TRUE(driver::WriteFile(PathOf(name), content).ok());
  }
  // Of the policy with these sections.
  absl::StatusOr<GoldenActual> Run(std::string_view sections) {
    const auto file = ParseGolden(Cat(kPolicy, sections));
    if (!file.ok()) return file.status();
    return RunGolden(*file, PathOf("a.golden"));
  }
  std::string Decisions(std::string_view sections) {
    const auto actual = Run(sections);
    return actual.ok() ? actual->decisions : std::string(Message(actual.status()));
  }
  // Without the request's JSON.
  std::string Outcome(std::string_view sections) {
    const auto actual = Run(sections);
    if (!actual.ok()) return std::string(Message(actual.status()));
    std::string out;
    for (size_t at = 0; at < actual->outcomes.size();) {
      const size_t end = std::min(actual->outcomes.find('\n', at), actual->outcomes.size());
      const std::string_view line = std::string_view(actual->outcomes).substr(at, end - at);
      if (!line.starts_with('{')) Append(out, out.empty() ? "" : "\n", line);
      at = end + 1;
    }
    return out;
  }

  fs::path folder_;
};

TEST_F(GoldenRunTest, WithoutTrustNobodysEvidenceIsTaken) {
  EXPECT_EQ(Outcome(Http(Key().TokenOf(Claims()))),
            "### one\ndenied: nobody here verifies evidence for 'user'");
  EXPECT_THAT(Decisions(Cat("\n== requests ==\n", Request("view", "user", "x"))),
              HasSubstr("ZTP3034"));
  EXPECT_EQ(Decisions(Cat("\n== requests ==\n", Request("view"))), "deny");
}

TEST_F(GoldenRunTest, ATokenIsVerifiedAsByAServer) {
  const std::string trust = Trust(Document(Cat(R"("sso":)", Source(R"("user")"))));
  const SigningKey stranger(JwsAlgorithm::kEs256);
  struct Case {
    const char* what;
    std::string token;
    const char* outcome;
    const char* options = "";
  };
  const Case cases[] = {
      {"a good one", Key().TokenOf(Claims()),
       "### one\nroute gate.view\nallow by gate.reading until 2030-01-01T00:09:00Z\n"
       "  proven user by sso about u-ann"},
      {"the golden file's time counts", Key().TokenOf(Claims()), "(expired)",
       "\n== options ==\nnow 2030-01-01T00:09:00Z\n"},
      {"before its time", Key().TokenOf(Claims()), "(issued in the future)",
       "\n== options ==\nnow 2029-12-31T00:00:00Z\n"},
      {"a stranger's signature", stranger.TokenOf(Claims()), "(signature)"},
      {"for somebody else", Key().TokenOf(Claims("", "other")), "(audience)"},
      {"no signature", Key().Token(R"({"alg":"none"})", Claims()), "(algorithm)"},
      {"no token", "abc", "(form)"},
  };
  for (const Case& c : cases) {
    const std::string outcome = Outcome(Cat(trust, c.options, Http(c.token)));
    EXPECT_THAT(outcome, HasSubstr(c.outcome)) << c.what;
    if (&c != cases) {
      EXPECT_THAT(outcome, HasSubstr("denied: evidence for `user` was refused")) << c.what;
    }
  }
}

TEST_F(GoldenRunTest, EvidenceOfRequestsIsBoundOnceWhereItCountsOnce) {
  const std::string trust = Trust(Document(Cat(R"("sso":)", Source(R"("user")"), R"(,"words":)",
                                               Source(R"("word")", R"(,"nonce":"required")"))));
  const std::string word = Key().TokenOf(Claims(R"("nonce":"n-1",)"));
  const std::string twice =
      Cat("\n== requests ==\n", Request("view", "user", word), Request("purge", "word", word),
          Request("purge", "word", word), Request("purge"));
  EXPECT_EQ(Decisions(Cat(trust, "\n== options ==\nnonce n-1\n", twice)),
            "allow by gate.reading until 2030-01-01T00:09:00Z\n"
            "  proven user by sso about u-ann\n"
            "allow by gate.purging until 2030-01-01T00:09:00Z\n"
            "  proven word by words about u-ann\n"
            "deny\n"
            "  refused word (replay): the nonce was used before\n"
            "deny");
  EXPECT_THAT(Decisions(Cat(trust, twice)), HasSubstr("refused word (nonce)"));
}

TEST_F(GoldenRunTest, EvidenceOfFactsIsVerifiedToo) {
  const auto facts = [](std::string_view email) {
    return Cat("\n== facts ==\n", R"({"uid":{"type":"User","id":"ann"},"attrs":{"email":")", email,
               R"("},"evidence":[{"attr":"login","kind":"sign-in","value":")",
               Key().TokenOf(Claims(R"("email":"ann@acme.org","email_verified":true,)")), "\"}]}\n",
               "\n== requests ==\n", Request("enrol"));
  };
  const std::string trust = Trust(Document(Cat(R"("sso":)", Source(R"("User.login")"))));
  EXPECT_EQ(Decisions(Cat(trust, facts("ann@acme.org"))),
            "allow by gate.enrolled until 2030-01-01T00:09:00Z");
  EXPECT_THAT(Decisions(Cat(trust, facts("eve@acme.org"))), HasSubstr("ZTP3025"));
  EXPECT_THAT(Decisions(facts("ann@acme.org")), HasSubstr("ZTP3034"));
}

TEST_F(GoldenRunTest, TrustIsHereOrInAFileWhoseOwnFilesAreBesideIt) {
  Write("keys/sso.jwks.json", KeySetText({Key().JwkText()}));
  const auto document = [](std::string_view keys) {
    return Document(Cat(R"("sso":{"kind":"sign-in","issuers":"https://login.acme.org",)",
                        R"("audiences":"gate","algorithms":["ES256"],"proves":"user",)",
                        R"("keys":{"file":")", keys, R"("}})"));
  };
  Write("keys/trust.json", document("sso.jwks.json"));
  const std::string http = Http(Key().TokenOf(Claims()));
  for (const std::string& trust :
       {Trust(document("keys/sso.jwks.json")), Trust(R"("keys/trust.json")"),
        std::string("\n== trust keys/trust.json ==\n")}) {
    EXPECT_THAT(Outcome(Cat(trust, http)), HasSubstr("allow by gate.reading")) << trust;
  }
}

TEST_F(GoldenRunTest, AMistakeIsNamedWithItsLine) {
  Write("keys/bad.json", "{\"ztp_trust\": 1,\n \"sourcs\": {}}");
  const std::string path = PathOf("a.golden");
  // So many lines below the section's header, which is behind the policy and a blank line.
  const auto below = [](int lines) {
    const std::string_view policy = kPolicy;
    return Cat(std::count(policy.begin(), policy.end(), '\n') + 2 + lines);
  };
  struct Case {
    std::string sections;
    std::string message;
  };
  for (const Case& c : {
           Case{Trust("\n{\"ztp_trust\": 1,\n \"sources\": {]}"),
                Cat(path, ":", below(3), ":14: error[ZTP3005]")},
           Case{Trust("{\"ztp_trust\": 1,\n \"sourcs\": {}}"),
                Cat(path, ":", below(2), ":12: error[ZTP3012]")},
           Case{Trust(Document(R"("sso":{"kind":"sign-on"})")), "did you mean `sign-in`?"},
           Case{Trust(Document(Cat(R"("sso":)", Source(R"("users")")))),
                Cat("line ", below(0), ": source 'sso' (sign-in) cannot prove")},
           Case{Trust(""), Cat(path, ":", below(1))},
           Case{Trust(R"("keys/bad.json")"), PathOf("keys/bad.json") + ":2:12: error[ZTP3012]"},
           Case{Trust(R"("keys/none.json")"),
                Cat("line ", below(0), ": cannot read ") + PathOf("keys/none.json")},
           Case{Trust(R"("")"), Cat("line ", below(1), ": it names no file")},
           Case{Trust("\"keys"), Cat("line ", below(1), ": ")},
           Case{"\n== trust keys/bad.json ==\n{}\n",
                Cat("line ", below(0), ": the configuration is in that file")},
           Case{"\n== options ==\n\nrefuse-now\nnonce n\n",
                Cat("line ", below(0), ": a nonce is for evidence")},
           Case{"\n== options ==\n\nrefuse-now\nnow yesterday\n", Cat("line ", below(3), ": ")},
           Case{"\n== options ==\nassume-prove\n",
                Cat("line ", below(1), ": there is no option 'assume-prove'")},
       }) {
    const auto actual = Run(c.sections);
    ASSERT_FALSE(actual.ok()) << c.sections;
    EXPECT_THAT(std::string(Message(actual.status())), HasSubstr(c.message)) << c.sections;
  }
}

TEST_F(GoldenRunTest, ACertificateIsAFileBeside) {
  EXPECT_THAT(Outcome("\n== http ==\n### one\n# certificate: none.pem\nGET /models/m\n"),
              HasSubstr("cannot read " + PathOf("none.pem")));
}

}  // namespace
}  // namespace ztp::scenario
