#include "engine/driver/compiler.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "engine/diag/render.h"
#include "engine/driver/files.h"
#include "engine/driver/std_sources.h"

namespace ztp::driver {
namespace {

TEST(CompilerTest, TheVocabularyIsBuiltIn) {
  bool found = false;
  for (const StdSource& source : StdSources()) found |= source.name == "std/ai.ztp";
  EXPECT_TRUE(found);
}

TEST(CompilerTest, StandardImportsNeedNoFile) {
  Compiler compiler;
  compiler.AddText(
      "a.ztp",
      "ztp 1\npackage a\nimport std.ai\n"
      "entity Job\nentity Node\ninput device: Device proven\naction admit on Node by Job\n"
      "permit p { principal any action admit resource any when device.fresh(10m) }\n");
  EXPECT_TRUE(compiler.Check()) << RenderText(compiler.diagnostics(), compiler.sources());
  EXPECT_EQ(compiler.asts().size(), 1u);
  const DecisionProgram program = compiler.Lower();
  ASSERT_EQ(program.rules.size(), 1u);
  EXPECT_EQ(program.RuleName(0), "a.p");
}

TEST(CompilerTest, ErrorsLeaveNoProgram) {
  Compiler compiler;
  compiler.AddText("a.ztp", "ztp 1\npackage a\npermit p { principal any action x resource any }\n");
  EXPECT_FALSE(compiler.Check());
  EXPECT_EQ(compiler.program(), nullptr);
  EXPECT_TRUE(compiler.diagnostics().has_errors());
}

TEST(FilesTest, FindsSourcesBelowFoldersSorted) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(testing::TempDir()) / "ztp_files_test";
  fs::create_directories(root / "b");
  fs::create_directories(root / ".hidden");
  for (const char* name : {"z.ztp", "b/a.ztp", "b/readme.md", ".hidden/x.ztp"})
    std::ofstream(root / name) << "ztp 1\n";
  const auto found = FindFiles({root.string()}, {".ztp"});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found,
            (std::vector<std::string>{(root / "b/a.ztp").string(), (root / "z.ztp").string()}));
  EXPECT_TRUE(absl::IsNotFound(FindFiles({(root / "none").string()}, {".ztp"}).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(ReadFile((root / "z.ztp").string(), 3).status()));
  EXPECT_EQ(*ReadFile((root / "z.ztp").string(), 6), "ztp 1\n");
  fs::remove_all(root);
}

}  // namespace
}  // namespace ztp::driver
