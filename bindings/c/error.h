// Error objects: a code, a text for people, and each thing that is wrong with its place.
//
// Boundary: how what the engine says (Status, JSON errors) becomes one. Diagnostics of the compiler
// come through libztpc, by the private functions below.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bindings/c/ztp.h"
#include "engine/evidence/verified.h"
#include "engine/facts/json_error.h"

namespace ztp::c {

inline std::string_view View(ztp_text text) { return {text.data, text.size}; }
inline ztp_text Text(std::string_view text) { return {text.data(), text.size()}; }

// All allocate; where there is no memory they answer with the one error that needs none.
ztp_error* NewError(ztp_code code, std::string_view message) noexcept;
ztp_error* NoMemory() noexcept;
ztp_error* Unexpected(std::string_view function, std::string_view what) noexcept;
ztp_error* NullOutput(std::string_view function, std::string_view parameter) noexcept;
// "ztp_x: …", for the caller's own mistakes.
ztp_error* Misuse(std::string_view function, std::string_view what) noexcept;
// `invalid` is what InvalidArgument means here.
ztp_error* FromStatus(const absl::Status& status, ztp_code invalid) noexcept;
// With the problem's id.
ztp_error* NewProblem(ztp_code code, std::string_view id, std::string_view message) noexcept;
// ZTP_REFUSED, with the check as the problem's id.
ztp_error* FromRefusal(const evidence::Refusal& refusal) noexcept;
ztp_error* FromJson(ztp_code code, const std::vector<JsonError>& errors) noexcept;

}  // namespace ztp::c
