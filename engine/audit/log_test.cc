// The log as a server uses it: threads hand over, the disk is slow, full or gone, the process is
// killed.
#include "engine/audit/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "engine/audit/audit_testing.h"
#include "engine/base/str.h"

namespace ztp::audit {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kAnswer[] = R"({"decision":true,"context":{"rules":["a.b"]}})";

// Refers to `id`.
DecisionRecord Record(const std::string& id) {
  DecisionRecord record;
  record.id = id;
  record.request = R"({"subject":{"type":"T","id":"s"},"action":{"name":"a"}})";
  record.answer = kAnswer;
  return record;
}

std::unique_ptr<AuditLog> MustOpen(std::unique_ptr<LogFiles> files, AuditOptions options = {}) {
  options.now = [] { return Time{0}; };
  auto log = AuditLog::Open(std::move(files), TestSigner(), std::move(options));
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? *std::move(log) : nullptr;
}

// The ids of the decisions in entries.
std::multiset<std::string> IdsOf(const std::vector<std::string>& entries) {
  std::multiset<std::string> ids;
  constexpr std::string_view kBefore = R"("type":"decision","id":")";
  for (const std::string& entry : entries) {
    const size_t at = entry.find(kBefore);
    if (at == std::string::npos) continue;
    const size_t begin = at + kBefore.size();
    ids.insert(entry.substr(begin, entry.find('"', begin) - begin));
  }
  return ids;
}

TEST(AuditLog, ThreadsHandOverAndEachDecisionIsThereOnce) {
  for (const bool durable : {false, true}) {
    ForgetfulDisk disk;
    auto log = MustOpen(disk.Open(), {.durable = durable, .queue_bytes = 1 << 16});
    ASSERT_NE(log, nullptr);
    std::multiset<std::string> ids;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      for (int i = 0; i < 500; ++i) ids.insert(Cat(t, "-", i));
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 500; ++i) {
          const uint64_t ticket = log->Append(Record(Cat(t, "-", i)));
          EXPECT_NE(ticket, 0u);
          if (i % 50 == 0) {
            EXPECT_TRUE(log->Wait(ticket).ok());
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const auto note = log->Publish();
    ASSERT_TRUE(note.ok()) << note.status();
    EXPECT_EQ(ReadCheckpoint(*note, TestSigner().key)->size, 2000u);
    EXPECT_EQ(log->status().entries, 2000u);
    ASSERT_TRUE(log->Close().ok());
    EXPECT_EQ(log->Append(Record("late")), 0u);
    const auto files = disk.Open();
    EXPECT_EQ(IdsOf(VerifiedEntries(*files, TestSigner().key)), ids);
  }
}

TEST(AuditLog, WithDropASlowDiskCostsDecisionsThatAreCounted) {
  ForgetfulDisk disk;
  std::promise<void> free;
  std::shared_future<void> freed = free.get_future().share();
  disk.before_sync = [freed] { freed.wait(); };
  auto log = MustOpen(disk.Open(), {.when_full = WhenFull::kDrop, .queue_bytes = 4096});
  // No call waits, though nothing is written: the queue takes what it holds.
  size_t taken = 0;
  for (int i = 0; i < 500; ++i) taken += log->Append(Record(Cat(i))) != 0;
  const uint64_t dropped = log->status().dropped;
  EXPECT_EQ(taken + dropped, 500u);
  EXPECT_GT(dropped, 300u);
  free.set_value();
  ASSERT_TRUE(log->Close().ok());
  const auto files = disk.Open();
  const std::vector<std::string> entries = VerifiedEntries(*files, TestSigner().key);
  EXPECT_EQ(IdsOf(entries).size(), taken);
  // The log says itself what it does not have.
  uint64_t said = 0;
  for (const std::string& entry : entries) {
    const size_t at = entry.find("\"count\":");
    if (at != std::string::npos) said += std::strtoull(entry.c_str() + at + 8, nullptr, 10);
  }
  EXPECT_EQ(said, dropped);
}

TEST(AuditLog, WithBlockASlowOrFullDiskIsWaitedForAndNothingIsLost) {
  for (const bool full : {false, true}) {
    ForgetfulDisk disk;
    std::promise<void> free;
    std::shared_future<void> freed = free.get_future().share();
    std::atomic<bool> unstick{false};
    disk.before_sync = [&, freed] {
      freed.wait();
      disk.full = full && !unstick.exchange(true);
    };
    auto log = MustOpen(disk.Open(), {.queue_bytes = 4096});
    std::atomic<int> handed{0};
    std::thread thread([&] {
      for (int i = 0; i < 300; ++i) {
        EXPECT_NE(log->Append(Record(Cat(i))), 0u);
        handed.store(i + 1);
      }
    });
    while (log->status().waiting_bytes < 3000) std::this_thread::yield();
    EXPECT_LT(handed.load(), 300);
    // Who cannot wait is told so.
    size_t more = 0;
    while (log->TryAppend(Record(Cat("more-", more))) != 0) ++more;
    free.set_value();
    if (full) {
      while (log->status().failed_writes < 2) std::this_thread::yield();
      EXPECT_THAT(std::string(Message(log->status().error)), HasSubstr("no space"));
      EXPECT_FALSE(log->status().stopped);
      disk.full = false;
    }
    thread.join();
    ASSERT_TRUE(log->Close().ok());
    EXPECT_EQ(log->status().dropped, 0u);
    EXPECT_EQ(log->TryAppend(Record("late")), 0u);
    EXPECT_EQ(log->status().dropped, 0u);
    // The newest checkpoint is there after the log was opened again, before anything was published.
    log = MustOpen(disk.Open());
    EXPECT_THAT(log->checkpoint(), HasSubstr(Cat("\n", 300 + more, "\n")));
    ASSERT_TRUE(log->Close().ok());
    const auto files = disk.Open();
    EXPECT_EQ(IdsOf(VerifiedEntries(*files, TestSigner().key)).size(), 300u + more);
  }
}

TEST(AuditLog, StopsWhenADiskDoesNotKeepWhatItWasGiven) {
  ForgetfulDisk disk;
  auto log = MustOpen(disk.Open());
  ASSERT_TRUE(log->Wait(log->Append(Record("first"))).ok());
  disk.sync_fails = true;
  const uint64_t ticket = log->Append(Record("second"));
  EXPECT_TRUE(absl::IsInternal(log->Wait(ticket)));
  EXPECT_TRUE(log->status().stopped);
  EXPECT_EQ(log->Append(Record("third")), 0u);
  EXPECT_FALSE(log->Publish().ok());
  EXPECT_FALSE(log->Close().ok());
  disk.sync_fails = false;
  log = MustOpen(disk.Open());
  EXPECT_TRUE(log->recovery().crashed);
  ASSERT_TRUE(log->Close().ok());
}

TEST(AuditLog, WhatIsPublishedHoldsUpNobody) {
  ForgetfulDisk disk;
  std::promise<void> free;
  std::shared_future<void> freed = free.get_future().share();
  std::atomic<bool> is_held{false};
  disk.before_tile_sync = [&, freed] {
    is_held.store(true);
    freed.wait();
  };
  auto log =
      MustOpen(disk.Open(), {.publish_every = Duration{1000}, .store = {.journal_bytes = 2000}});
  size_t logged = 0;
  const auto log_one = [&] {
    ASSERT_TRUE(log->Wait(log->Append(Record(Cat(logged)))).ok());
    ++logged;
  };
  while (!is_held.load()) log_one();
  // The tiles are being synced, the journal that has grown is not gone, and answers go out.
  for (int i = 0; i < 100; ++i) log_one();
  free.set_value();
  ASSERT_TRUE(log->Publish().ok());
  EXPECT_EQ(log->status().published, logged);
  ASSERT_TRUE(log->Close().ok());
  const auto files = disk.Open();
  EXPECT_EQ(IdsOf(VerifiedEntries(*files, TestSigner().key)).size(), logged);
}

TEST(AuditLog, StopsWhenTilesAreNotKept) {
  ForgetfulDisk disk;
  disk.tile_sync_fails = true;
  auto log =
      MustOpen(disk.Open(), {.publish_every = Duration{1000}, .store = {.journal_bytes = 2000}});
  while (log->Wait(log->Append(Record("again"))).ok()) {
  }
  EXPECT_TRUE(log->status().stopped);
  EXPECT_THAT(std::string(Message(log->status().error)), HasSubstr("input/output"));
  EXPECT_FALSE(log->Publish().ok());
  EXPECT_FALSE(log->Close().ok());
}

// The power goes under load, at any operation, and anything is forgotten that was not synced: what
// Wait returned for is there.
TEST(AuditLog, HasWhatWasAcknowledgedWhenThePowerGoes) {
  size_t acknowledged_at_all = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    ForgetfulDisk disk;
    std::mutex mutex;
    std::set<std::string> acknowledged;
    for (int life = 0; life < 2; ++life) {
      auto log = MustOpen(disk.Open(), {.queue_bytes = 1 << 16,
                                        .publish_every = Duration{1000},
                                        .store = {.journal_bytes = 20'000}});
      ASSERT_NE(log, nullptr);
      disk.operations_left = static_cast<int64_t>(random() % 150);
      std::vector<std::thread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
          for (int i = 0;; ++i) {
            const std::string id = Cat(life, "-", t, "-", i);
            if (!log->Wait(log->Append(Record(id))).ok()) return;
            const std::lock_guard lock(mutex);
            acknowledged.insert(id);
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      EXPECT_FALSE(log->Close().ok());
      log = nullptr;
      disk.Crash(random);
      const auto files = disk.Open();
      ASSERT_TRUE(LogStore::Open(*files, TestSigner(), {}).ok()) << seed;
      const auto ids = IdsOf(VerifiedEntries(*files, TestSigner().key));
      for (const std::string& id : acknowledged) EXPECT_EQ(ids.count(id), 1u) << id;
    }
    acknowledged_at_all += acknowledged.size();
  }
  EXPECT_GT(acknowledged_at_all, 1000u);
}

TEST(AuditLog, ARecordLargerThanTheQueueIsTaken) {
  ForgetfulDisk disk;
  auto log = MustOpen(disk.Open(), {.queue_bytes = 4096});
  const std::string large =
      Cat(R"({"subject":{"type":"T","id":")", std::string(100'000, 'x'), "\"}}");
  for (int i = 0; i < 20; ++i) {
    const std::string id = "large";
    DecisionRecord record = Record(id);
    record.request = large;
    EXPECT_NE(log->Append(record), 0u);
    EXPECT_NE(log->Append(Record("small")), 0u);
  }
  ASSERT_TRUE(log->Close().ok());
  const auto files = disk.Open();
  EXPECT_EQ(IdsOf(VerifiedEntries(*files, TestSigner().key)).size(), 40u);
}

// What a process that is to be killed does: each id is written to the pipe once Wait says that the
// decision is logged.
[[noreturn]] void LogUntilKilled(const std::string& folder, bool durable, int life, int pipe) {
  auto files = OpenFolder(folder, Access::kWrite);
  if (!files.ok()) _exit(10);
  auto log = AuditLog::Open(*std::move(files), TestSigner(),
                            {.durable = durable,
                             .queue_bytes = 1 << 16,
                             .publish_every = Duration{20'000},
                             .store = {.journal_bytes = 50'000}});
  if (!log.ok()) _exit(11);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        const std::string id = Cat(life, "-", t, "-", i);
        if (!(*log)->Wait((*log)->Append(Record(id))).ok()) _exit(12);
        const std::string line = id + "\n";
        if (write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(13);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  _exit(0);
}

// ZTP_AUDIT_KILLS says how often; a few by default, as each takes a process.
TEST(AuditLog, KilledUnderLoadItVerifiesAndHasWhatWasAcknowledged) {
  const char* asked = std::getenv("ZTP_AUDIT_KILLS");
  const int kills = asked != nullptr ? std::atoi(asked) : 10;
  (void)TestSigner();  // made once, for all of them
  for (const bool durable : {false, true}) {
    std::string folder = (fs::temp_directory_path() / "ztp_audit_XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    std::set<std::string> acknowledged;
    std::vector<Checkpoint> kept;
    std::mt19937_64 random(5);
    for (int life = 0; life < kills / 2; ++life) {
      int ends[2];
      ASSERT_EQ(pipe(ends), 0);
      const pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        close(ends[0]);
        LogUntilKilled(folder, durable, life, ends[1]);
      }
      close(ends[1]);
      // Read until some are acknowledged; then it dies in the middle of whatever it does.
      const size_t enough = 1 + random() % 200;
      std::string text;
      char buffer[4096];
      bool killed = false;
      for (ssize_t got; (got = read(ends[0], buffer, sizeof(buffer))) > 0;) {
        text.append(buffer, static_cast<size_t>(got));
        if (!killed &&
            std::count(text.begin(), text.end(), '\n') >= static_cast<ptrdiff_t>(enough)) {
          ASSERT_EQ(kill(child, SIGKILL), 0);
          killed = true;
        }
      }
      close(ends[0]);
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
      for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos;
           begin = end + 1) {
        acknowledged.insert(text.substr(begin, end - begin));
      }
      // Opening mends it; then everything that was acknowledged is under the checkpoint.
      const auto files = OpenFolder(folder, Access::kWrite);
      ASSERT_TRUE(files.ok());
      {
        auto store = LogStore::Open(**files, TestSigner(), {});
        ASSERT_TRUE(store.ok()) << store.status();
      }
      const auto entries =
          VerifiedEntries(**files, TestSigner().key, {.kept = kept, .on_entry = {}});
      const auto ids = IdsOf(entries);
      for (const std::string& id : acknowledged) EXPECT_EQ(ids.count(id), 1u) << id;
      kept.push_back(*ReadCheckpoint(*(*files)->Read(kCheckpointFile, 4096), TestSigner().key));
    }
    EXPECT_GT(acknowledged.size(), static_cast<size_t>(kills));
    fs::remove_all(folder);
  }
}

TEST(AuditLog, IsVerifiedWhileItIsWritten) {
  std::string folder = (fs::temp_directory_path() / "ztp_audit_XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  auto log = MustOpen(
      *OpenFolder(folder, Access::kWrite),
      {.durable = false, .publish_every = Duration{2000}, .store = {.journal_bytes = 100'000}});
  std::atomic<bool> stop{false};
  // It must not outgrow what is read meanwhile.
  constexpr size_t kAhead = 2000;
  std::atomic<size_t> seen{0};
  std::thread writer([&] {
    for (size_t i = 0; !stop.load();) {
      if (i >= kAhead * (1 + seen.load())) {
        std::this_thread::yield();
        continue;
      }
      const uint64_t ticket = log->Append(Record(Cat(i++)));
      if (i % 20 == 0) {
        EXPECT_TRUE(log->Wait(ticket).ok());
      }
    }
  });
  const auto files = OpenFolder(folder, Access::kRead);
  ASSERT_TRUE(files.ok());
  std::vector<Checkpoint> kept;
  // Until it has been seen at so many sizes.
  while (kept.size() < 12) {
    const auto verified =
        VerifyLog(**files, TestSigner().key, {.kept = kept, .is_running = true, .on_entry = {}});
    EXPECT_TRUE(verified.ok()) << verified.status();
    if (!verified.ok()) break;
    EXPECT_THAT(verified->problems, ::testing::IsEmpty());
    if (!verified->problems.empty()) break;
    if (kept.empty() || kept.back().size < verified->checkpoint.size) {
      kept.push_back(verified->checkpoint);
      seen.store(kept.size());
    }
  }
  stop.store(true);
  writer.join();
  ASSERT_TRUE(log->Close().ok());
  VerifiedEntries(**files, TestSigner().key, {.kept = kept, .on_entry = {}});
  fs::remove_all(folder);
}

TEST(AuditLog, OnlyOneProcessWritesALog) {
  std::string folder = (fs::temp_directory_path() / "ztp_audit_XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  {
    const auto first = OpenFolder(folder, Access::kWrite);
    ASSERT_TRUE(first.ok());
    EXPECT_THAT(std::string(Message(OpenFolder(folder, Access::kWrite).status())),
                HasSubstr("another process"));
    EXPECT_TRUE(OpenFolder(folder, Access::kRead).ok());
  }
  EXPECT_TRUE(OpenFolder(folder, Access::kWrite).ok());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace ztp::audit
