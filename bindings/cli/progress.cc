// See progress.h.
#include "bindings/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "engine/base/str.h"

namespace ztp::cli {
namespace {

constexpr auto kFirst = std::chrono::milliseconds(500);
constexpr auto kEvery = std::chrono::milliseconds(100);
constexpr size_t kWidth = 24;

std::string Megabytes(size_t bytes) { return Cat((bytes + 500'000) / 1'000'000, " MB"); }

}  // namespace

Progress::Progress()
    : on_(isatty(STDERR_FILENO) == 1), begin_(Clock::now()), shown_(begin_ + kFirst - kEvery) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::Draw(const std::string& line) {
  std::fputs(Cat("\r\033[K", line).c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::Show(std::string_view what, size_t done, size_t all, size_t entities) {
  if (!on_) return;
  const Clock::time_point now = Clock::now();
  if (now - shown_ < kEvery) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const size_t full = all == 0 ? 0 : std::min(kWidth, done * kWidth / all);
  Draw(Cat(what, "  [", std::string(full, '#'), std::string(kWidth - full, '.'), "]  ",
           Megabytes(done), " of ", Megabytes(all), ", ", entities, " entities, ",
           static_cast<size_t>(static_cast<double>(entities) / seconds), " a second"));
}

void Progress::Show(std::string_view what) {
  if (on_ && drawn_) Draw(std::string(what));
}

}  // namespace ztp::cli
