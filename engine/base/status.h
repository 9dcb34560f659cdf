// Macros that pass an absl::Status on. Debian's abseil has none.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/str.h"

// Returns from the enclosing function if `expr`, an absl::Status, is an error.
#define ZTP_RETURN_IF_ERROR(expr)              \
  do {                                         \
    absl::Status ztp_status_ = (expr);         \
    if (!ztp_status_.ok()) return ztp_status_; \
  } while (false)

#define ZTP_STATUS_CONCAT_INNER_(a, b) a##b
#define ZTP_STATUS_CONCAT_(a, b) ZTP_STATUS_CONCAT_INNER_(a, b)

// `lhs` is a declaration or an lvalue, `expr` an absl::StatusOr<T>: assigns the value, or returns
// the error. Two statements: put it in braces under an `if`.
#define ZTP_ASSIGN_OR_RETURN(lhs, expr) \
  ZTP_ASSIGN_OR_RETURN_IMPL_(ZTP_STATUS_CONCAT_(ztp_statusor_, __LINE__), lhs, expr)
#define ZTP_ASSIGN_OR_RETURN_IMPL_(statusor, lhs, expr)    \
  auto statusor = (expr);                                  \
  if (!statusor.ok()) return std::move(statusor).status(); \
  lhs = *std::move(statusor)

namespace ztp {

// Errors from any pieces of text, as absl's constructors take only absl::string_view.
template <typename... Pieces>
absl::Status InvalidArgument(const Pieces&... pieces) {
  return absl::InvalidArgumentError(Cat(pieces...));
}
template <typename... Pieces>
absl::Status NotFound(const Pieces&... pieces) {
  return absl::NotFoundError(Cat(pieces...));
}
template <typename... Pieces>
absl::Status ResourceExhausted(const Pieces&... pieces) {
  return absl::ResourceExhaustedError(Cat(pieces...));
}
template <typename... Pieces>
absl::Status Unavailable(const Pieces&... pieces) {
  return absl::UnavailableError(Cat(pieces...));
}
template <typename... Pieces>
absl::Status Internal(const Pieces&... pieces) {
  return absl::InternalError(Cat(pieces...));
}

// The message of a status as a standard view, valid as long as the status.
inline std::string_view Message(const absl::Status& status) { return FromAbsl(status.message()); }

}  // namespace ztp
