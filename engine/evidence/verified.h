// What a verifier answers: what the evidence proves, or which check it did not pass.
//
// Boundary: no verifier in particular, no cryptography. A refusal is neither an author's mistake
// nor a fault of the environment: it is the normal answer to evidence that proves nothing, and says
// why to whoever has to find out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/base/str.h"

namespace ztp::evidence {

// The check that was not passed: ZTP_CHECK(number, enumerator, name). Numbers and names are stable;
// tests, logs and callers go by them.
enum class Check : uint16_t {
#define ZTP_CHECK(number, id, name) id = number,
#include "engine/evidence/checks.def"
#undef ZTP_CHECK
};

// "signature"
std::string_view NameOf(Check check);

struct Refusal {
  Check check = Check::kMalformed;
  // For people: what was expected, what was found, and where. Never text of the evidence at
  // unbounded length, never a secret.
  std::string message;
  bool operator==(const Refusal&) const = default;
};

// A refusal from pieces of text.
template <typename... Pieces>
Refusal Refuse(Check check, const Pieces&... pieces) {
  return Refusal{check, Cat(pieces...)};
}

// A T, or the refusal.
template <typename T>
class [[nodiscard]] Verified {
 public:
  Verified(T value) : result_(std::move(value)) {}            // NOLINT: meant to be implicit
  Verified(Refusal refusal) : result_(std::move(refusal)) {}  // NOLINT

  bool ok() const { return result_.index() == 0; }
  const T& operator*() const& { return std::get<0>(result_); }
  T& operator*() & { return std::get<0>(result_); }
  T&& operator*() && { return std::get<0>(std::move(result_)); }
  const T* operator->() const { return &std::get<0>(result_); }
  T* operator->() { return &std::get<0>(result_); }
  // Only unless ok().
  const Refusal& refusal() const& { return std::get<1>(result_); }
  Refusal&& refusal() && { return std::get<1>(std::move(result_)); }

 private:
  std::variant<T, Refusal> result_;
};

}  // namespace ztp::evidence

// Returns the refusal from the enclosing function if `expr`, a Verified<T>, is one; else assigns
// the value. Two statements: put it in braces under an `if`.
#define ZTP_VERIFY_OR_RETURN(lhs, expr) \
  ZTP_VERIFY_OR_RETURN_IMPL_(ZTP_VERIFY_CONCAT_(ztp_verified_, __LINE__), lhs, expr)
#define ZTP_VERIFY_OR_RETURN_IMPL_(verified, lhs, expr)     \
  auto verified = (expr);                                   \
  if (!verified.ok()) return std::move(verified).refusal(); \
  lhs = *std::move(verified)
#define ZTP_VERIFY_CONCAT_INNER_(a, b) a##b
#define ZTP_VERIFY_CONCAT_(a, b) ZTP_VERIFY_CONCAT_INNER_(a, b)
