// Every bound that text and programs from outside must keep, in one place.
//
// Boundary: names and numbers only. Who reads text checks the bound before it parses: untrusted
// input may cost no more than these say.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ztp {

// Policy sources.
inline constexpr size_t kMaxSourceFileBytes = size_t{16} << 20;
inline constexpr size_t kMaxSourceFiles = 10'000;
inline constexpr size_t kMaxSourceFileTokens = 2'000'000;
inline constexpr int kMaxNestingDepth = 200;  // brackets, and operators within operators
inline constexpr size_t kMaxStringLiteralBytes = size_t{64} << 10;
inline constexpr size_t kMaxIdentifierBytes = 255;
inline constexpr size_t kMaxDiagnosticsShownPerFile = 200;

// JSON: facts, requests, fixtures.
inline constexpr size_t kMaxJsonFileBytes = size_t{256} << 20;
inline constexpr size_t kMaxFactsTextBytes = size_t{64} << 30;  // facts that are mapped, not read
inline constexpr size_t kMaxJsonDocumentBytes = size_t{16} << 20;  // one request, or one line
inline constexpr int kMaxJsonDepth = 64;
inline constexpr size_t kMaxEvidenceItems = 64;  // of one request or entity
inline constexpr size_t kMaxJsonErrorsShown = 100;

// Facts in memory. Each entry of a closure takes 4 bytes: a chain of n entities has n * n / 2.
inline constexpr uint32_t kMaxEntities = 1u << 28;
inline constexpr uint64_t kMaxClosureEntries = uint64_t{1} << 28;

// Programs. kMaxExpandedNodes is the language's own limit.
inline constexpr size_t kMaxExpandedNodes = 65'536;
inline constexpr int kMaxFoldDepth = 3;
inline constexpr size_t kMaxLatticeBits = 256;              // of one label, all parts together
inline constexpr uint64_t kDefaultStepBudget = 10'000'000;  // node evaluations a decision

}  // namespace ztp
