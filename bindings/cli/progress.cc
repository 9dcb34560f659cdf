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

std::string Bar(size_t done, size_t all) {
  const size_t full = all == 0 ? 0 : std::min(kWidth, done * kWidth / all);
  return Cat("  [", std::string(full, '#'), std::string(kWidth - full, '.'), "]  ", Megabytes(done),
             " of ", Megabytes(all));
}

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

bool Progress::IsDue() {
  const Clock::time_point now = Clock::now();
  if (!on_ || now - shown_ < kEvery) return false;
  shown_ = now;
  return true;
}

void Progress::Show(std::string_view what, size_t done, size_t all, size_t entities) {
  if (!IsDue()) return;
  const double seconds = std::chrono::duration<double>(shown_ - begin_).count();
  Draw(Cat(what, Bar(done, all), ", ", entities, " entities, ",
           static_cast<size_t>(static_cast<double>(entities) / seconds), " a second"));
}

void Progress::Show(std::string_view what, size_t done, size_t all) {
  if (!IsDue()) return;
  const double seconds = std::chrono::duration<double>(shown_ - begin_).count();
  Draw(Cat(what, Bar(done, all), ", ",
           Megabytes(static_cast<size_t>(static_cast<double>(done) / seconds)), " a second"));
}

void Progress::Show(std::string_view what) {
  if (on_ && drawn_) Draw(std::string(what));
}

}  // namespace ztp::cli
