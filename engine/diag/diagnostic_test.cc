// The table of kinds and the sink.
#include "engine/diag/diagnostic.h"

#include <set>
#include <string>

#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ztp {
namespace {

using ::testing::ElementsAre;

Span At(uint32_t file, uint32_t begin, uint32_t end) { return Span{FileId{file}, begin, end}; }

TEST(DiagKinds, NumbersAndSlugsAreUnique) {
  std::set<std::string> slugs;
  std::set<DiagKind> numbers;
  for (const DiagKindInfo& info : AllDiagKinds()) {
    EXPECT_TRUE(slugs.insert(std::string(info.slug)).second) << info.slug;
    EXPECT_TRUE(numbers.insert(info.kind).second) << CodeOf(info.kind);
    EXPECT_FALSE(info.summary.empty()) << CodeOf(info.kind);
    EXPECT_FALSE(info.summary.ends_with('.')) << CodeOf(info.kind);
  }
}

TEST(DiagKinds, SectionsHaveTheirSeverity) {
  for (const DiagKindInfo& info : AllDiagKinds()) {
    const int section = static_cast<int>(info.kind) / 100;
    const Severity wanted = section == 19   ? Severity::kWarning
                            : section == 20 ? Severity::kNote
                                            : Severity::kError;
    EXPECT_EQ(info.severity, wanted) << CodeOf(info.kind);
  }
}

TEST(DiagKinds, CodesGoBothWays) {
  EXPECT_EQ(CodeOf(DiagKind::kUnknownAttribute), "ZTP1204");
  EXPECT_EQ(DiagKindOfCode("ZTP1204"), DiagKind::kUnknownAttribute);
  EXPECT_EQ(DiagKindOfCode("1204"), DiagKind::kUnknownAttribute);
  EXPECT_EQ(DiagKindOfCode("ZTP9999"), std::nullopt);
  EXPECT_EQ(DiagKindOfCode("ZTP12x4"), std::nullopt);
  EXPECT_EQ(DiagKindOfCode(""), std::nullopt);
}

TEST(DiagnosticSink, SortsByFileAndOffset) {
  DiagnosticSink sink;
  sink.Report(Diagnostic(DiagKind::kTypeMismatch, At(1, 5, 6), "third"));
  sink.Report(Diagnostic(DiagKind::kTypeMismatch, At(0, 9, 10), "second"));
  sink.Report(Diagnostic(DiagKind::kUnknownName, At(0, 3, 4), "first"));
  sink.Report(Diagnostic(DiagKind::kSeveralRoots, Span{}, "no place"));
  std::vector<std::string> messages;
  for (const Diagnostic* diagnostic : sink.Sorted()) messages.push_back(diagnostic->message);
  EXPECT_THAT(messages, ElementsAre("no place", "first", "second", "third"));
  EXPECT_EQ(sink.error_count(), 4u);
  EXPECT_EQ(sink.warning_count(), 0u);
}

TEST(DiagnosticSink, SaysTheSameThingOnce) {
  DiagnosticSink sink;
  sink.Report(Diagnostic(DiagKind::kUnknownName, At(0, 3, 4), "a"));
  sink.Report(Diagnostic(DiagKind::kUnknownName, At(0, 3, 4), "said otherwise"));
  sink.Report(Diagnostic(DiagKind::kTypeMismatch, At(0, 3, 4), "another kind"));
  sink.Report(Diagnostic(DiagKind::kSeveralRoots, Span{}, "x"));
  sink.Report(Diagnostic(DiagKind::kSeveralRoots, Span{}, "x"));
  sink.Report(Diagnostic(DiagKind::kSeveralRoots, Span{}, "y"));
  EXPECT_EQ(sink.diagnostics().size(), 4u);
  EXPECT_EQ(sink.error_count(), 4u);
}

TEST(DiagnosticSink, CountsWhatItDoesNotKeep) {
  DiagnosticSink sink;
  for (uint32_t i = 0; i < kMaxDiagnosticsShownPerFile + 30; ++i) {
    sink.Report(Diagnostic(DiagKind::kUnusedDeclaration, At(0, i, i + 1), "w"));
  }
  sink.Report(Diagnostic(DiagKind::kUnknownName, At(0, 1, 2), "warnings do not crowd out errors"));
  sink.Report(Diagnostic(DiagKind::kUnusedDeclaration, At(1, 1, 2), "nor another file's"));
  EXPECT_EQ(sink.diagnostics().size(), kMaxDiagnosticsShownPerFile + 2);
  EXPECT_EQ(sink.warning_count(), kMaxDiagnosticsShownPerFile + 31);
  EXPECT_EQ(sink.error_count(), 1u);
  EXPECT_EQ(sink.dropped_count(), 30u);
}

TEST(DiagnosticSink, SeverityMayBeChanged) {
  Diagnostic raised(DiagKind::kUnusedDeclaration, At(0, 0, 1), "w");
  raised.severity = Severity::kError;
  DiagnosticSink sink;
  sink.Report(raised);
  EXPECT_TRUE(sink.has_errors());
  EXPECT_EQ(sink.warning_count(), 0u);
}

}  // namespace
}  // namespace ztp
