// See error.h.
#include "bindings/c/error.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <new>

#include "bindings/c/handle.h"
#include "bindings/c/private.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace {

struct Problem {
  std::string id, message, help, file, path;
  uint32_t line = 0, column = 0, end_line = 0, end_column = 0;
};

}  // namespace

// Not a Handle: it is given back by ztp_error_free alone, and is recognised by its own word.
struct ztp_error {
  static constexpr uint32_t kWord = 0x7a747000;
  uint32_t word = kWord;
  ztp_code code = ZTP_INTERNAL;
  std::string message;
  std::vector<Problem> problems;
  bool added = false;
};

namespace ztp::c {
namespace {

ztp_error* TheNoMemoryError() {
  // Made before it is needed, and never freed.
  static ztp_error* const error = [] {
    auto* made = new ztp_error;
    made->code = ZTP_NO_MEMORY;
    made->message = "out of memory";
    made->problems.emplace_back().message = made->message;
    return made;
  }();
  return error;
}
[[maybe_unused]] const ztp_error* const made_at_start = TheNoMemoryError();

ztp_code CodeOf(const absl::Status& status, ztp_code invalid) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return invalid;
    case absl::StatusCode::kNotFound:
      return ZTP_NOT_FOUND;
    case absl::StatusCode::kResourceExhausted:
      return ZTP_LIMIT;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnavailable:
      return ZTP_ENVIRONMENT;
    case absl::StatusCode::kUnimplemented:
      return ZTP_UNSUPPORTED;
    case absl::StatusCode::kFailedPrecondition:
      return ZTP_STALE;
    default:
      return ZTP_INTERNAL;
  }
}

template <typename Make>
ztp_error* Made(const Make& make) noexcept {
  try {
    auto error = std::make_unique<ztp_error>();
    make(*error);
    return error.release();
  } catch (...) {
    return TheNoMemoryError();
  }
}

}  // namespace

ztp_error* NewError(ztp_code code, std::string_view message) noexcept {
  return Made([&](ztp_error& error) {
    error.code = code;
    error.message = message;
    error.problems.emplace_back().message = message;
  });
}
ztp_error* NewProblem(ztp_code code, std::string_view id, std::string_view message) noexcept {
  return Made([&](ztp_error& error) {
    error.code = code;
    error.message = Cat(id, ": ", message);
    Problem& problem = error.problems.emplace_back();
    problem.id = id;
    problem.message = message;
  });
}
ztp_error* NoMemory() noexcept { return TheNoMemoryError(); }
ztp_error* Unexpected(std::string_view function, std::string_view what) noexcept {
  return Made([&](ztp_error& error) {
    error.code = ZTP_INTERNAL;
    error.message = Cat(function, ": ", what, ": this is a fault of ztp; please report it");
    error.problems.emplace_back().message = error.message;
  });
}
ztp_error* Misuse(std::string_view function, std::string_view what) noexcept {
  return Made([&](ztp_error& error) {
    error.code = ZTP_MISUSE;
    error.message = Cat(function, ": ", what);
    error.problems.emplace_back().message = error.message;
  });
}
ztp_error* NullOutput(std::string_view function, std::string_view parameter) noexcept {
  return Made([&](ztp_error& error) {
    error.code = ZTP_MISUSE;
    error.message = Cat(function, ": `", parameter, "` is NULL");
    error.problems.emplace_back().message = error.message;
  });
}
ztp_error* FromStatus(const absl::Status& status, ztp_code invalid) noexcept {
  return Made([&](ztp_error& error) {
    error.code = CodeOf(status, invalid);
    error.message = Message(status);
    error.problems.emplace_back().message = error.message;
  });
}
ztp_error* FromRefusal(const evidence::Refusal& refusal) noexcept {
  return NewProblem(ZTP_REFUSED, evidence::NameOf(refusal.check), refusal.message);
}

ztp_error* FromJson(ztp_code code, const std::vector<JsonError>& errors) noexcept {
  return Made([&](ztp_error& error) {
    error.code = code;
    for (const JsonError& e : errors) {
      if (e.code == JsonErrorCode::kProvenGiven) error.code = ZTP_NOT_PROVEN;
      if (!error.message.empty()) error.message += '\n';
      error.message += FormatJsonError(e);
      Problem& problem = error.problems.emplace_back();
      problem.id = JsonErrorCodeName(e.code);
      problem.message = e.message;
      problem.help = e.help;
      problem.file = e.file;
      problem.path = e.path;
      problem.line = e.line;
      problem.column = e.column;
    }
  });
}

void KeepForEver(void* memory) {
  static std::mutex* const mutex = new std::mutex;
  static auto* const kept = new std::vector<void*>;  // so that whoever looks for leaks finds none
  const std::lock_guard<std::mutex> lock(*mutex);
  kept->push_back(memory);
}

std::string_view NameOf(Tag tag) {
  switch (tag) {
    case Tag::kDead:
      return "an object that was freed";
    case Tag::kPolicy:
      return "a ztp_policy";
    case Tag::kFacts:
      return "a ztp_facts";
    case Tag::kEpoch:
      return "a ztp_epoch";
    case Tag::kEngine:
      return "a ztp_engine";
    case Tag::kChange:
      return "a ztp_change";
    case Tag::kSession:
      return "a ztp_session";
    case Tag::kRequest:
      return "a ztp_request";
    case Tag::kBatch:
      return "a ztp_batch";
    case Tag::kBundle:
      return "a ztp_bundle";
    case Tag::kTrust:
      return "a ztp_trust";
    case Tag::kProof:
      return "a ztp_proof";
    case Tag::kSigners:
      return "a ztp_signers";
  }
  return "no object of this library";
}

ztp_error* NotAlive(const Handle* object, Tag wanted, std::string_view function,
                    std::string_view parameter) {
  if (object == nullptr) return NullOutput(function, parameter);
  return Made([&](ztp_error& error) {
    error.code = ZTP_MISUSE;
    error.message =
        Cat(function, ": `", parameter, "` is ", NameOf(object->tag), ", not ", NameOf(wanted));
    error.problems.emplace_back().message = error.message;
  });
}

}  // namespace ztp::c

using ztp::c::Text;
using ztp::c::View;

namespace {
bool IsError(const ztp_error* error) { return error != nullptr && error->word == ztp_error::kWord; }
}  // namespace

extern "C" {

ztp_code ztp_error_code(const ztp_error* error) { return IsError(error) ? error->code : ZTP_OK; }

ztp_text ztp_error_message(const ztp_error* error) {
  return IsError(error) ? Text(error->message) : Text("");
}

size_t ztp_error_count(const ztp_error* error) {
  return IsError(error) ? error->problems.size() : 0;
}

bool ztp_error_problem(const ztp_error* error, size_t index, ztp_problem* problem) {
  if (!IsError(error) || problem == nullptr || problem->struct_size < sizeof(ztp_problem) ||
      index >= error->problems.size()) {
    return false;
  }
  const Problem& p = error->problems[index];
  *problem = {problem->struct_size, Text(p.id), Text(p.message), Text(p.help), Text(p.file),
              Text(p.path),         p.line,     p.column,        p.end_line,   p.end_column};
  return true;
}

void ztp_error_free(ztp_error* error) {
  if (!IsError(error) || error == ztp::c::TheNoMemoryError()) return;
  if (ztp::c::debugging) {
    error->~ztp_error();
    std::memset(static_cast<void*>(error), 0, sizeof(*error));
    ztp::c::KeepForEver(error);
    return;
  }
  delete error;
}

bool ztp_private_keep(void* memory) {
  if (!ztp::c::debugging) return false;
  ztp::c::KeepForEver(memory);
  return true;
}

ztp_error* ztp_private_error_new(ztp_code code, ztp_text message) {
  return ztp::c::NewError(code, View(message));
}

void ztp_private_error_add(ztp_error* error, const ztp_problem* problem) {
  if (!IsError(error) || error == ztp::c::TheNoMemoryError()) return;
  try {
    Problem made{std::string(View(problem->id)),
                 std::string(View(problem->message)),
                 std::string(View(problem->help)),
                 std::string(View(problem->file)),
                 std::string(View(problem->path)),
                 problem->line,
                 problem->column,
                 problem->end_line,
                 problem->end_column};
    if (!error->added) error->problems.clear();
    error->added = true;
    error->problems.push_back(std::move(made));
  } catch (...) {
    // The message says it all the same.
    if (error->problems.empty()) error->problems.emplace_back();
  }
}

}  // extern "C"
