// A pipeline's token says which job runs, with GitHub's names for it.
#include "engine/evidence/pipeline_token.h"

#include <gtest/gtest.h>

#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySet;

constexpr char kIssuer[] = "https://token.actions.githubusercontent.com";
constexpr char kCommit[] = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";

class PipelineTokenTest : public ::testing::Test {
 protected:
  static constexpr Time kNow{int64_t{1500} * kMicrosPerSecond};
  static std::string Claims(std::string_view sha, std::string_view more = "") {
    return Cat(R"({"iss":")", kIssuer, R"(","sub":"repo:acme/vision:ref:refs/heads/main",)",
               R"("aud":"registry","exp":2000,"iat":1400,"repository":"acme/vision",)",
               R"("ref":"refs/heads/main","workflow_ref":"acme/vision/.github/workflows/t.yml@x",)",
               R"("sha":")", sha, '"', more, "}");
  }
  Verified<PipelineToken> Verify(const std::string& claims) const {
    return VerifyPipelineToken(key_.TokenOf(claims), keys_, policy_, kNow);
  }
  const testing::SigningKey& key_ = KeyFor(JwsAlgorithm::kRs256);
  const JwkSet keys_ = KeySet({key_.JwkText()});
  PipelineTokenPolicy policy_{
      .issuers = {kIssuer}, .audiences = {"registry"}, .algorithms = {JwsAlgorithm::kRs256}};
};

TEST_F(PipelineTokenTest, SaysWhichJobRuns) {
  const auto token = Verify(
      Claims(kCommit, R"(,"environment":"production","runner_environment":"github-hosted")"));
  ASSERT_TRUE(token.ok()) << token.refusal().message;
  EXPECT_EQ(token->repository, "acme/vision");
  EXPECT_EQ(token->workflow, "acme/vision/.github/workflows/t.yml@x");
  EXPECT_EQ(token->commit, kCommit);
  EXPECT_EQ(token->environment, "production");
  EXPECT_EQ(token->runner, PipelineToken::Runner::kHosted);
}

TEST_F(PipelineTokenTest, ARunnerThatIsNotSaidIsNotKnown) {
  using enum PipelineToken::Runner;
  EXPECT_EQ(Verify(Claims(kCommit))->runner, kUnknown);
  EXPECT_EQ(Verify(Claims(kCommit, R"(,"runner_environment":"self-hosted")"))->runner, kSelfHosted);
  EXPECT_EQ(Verify(Claims(kCommit, R"(,"runner_environment":"Github-Hosted")"))->runner, kUnknown);
}

TEST_F(PipelineTokenTest, ACommitIsOne) {
  for (const char* sha : {"", "main", "0a1b2c3", "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"}) {
    EXPECT_EQ(CheckOf(Verify(Claims(sha))), "claim") << sha;
  }
  policy_.audiences = {"another"};
  EXPECT_EQ(CheckOf(Verify(Claims(kCommit))), "audience");
}

}  // namespace
}  // namespace ztp::evidence
