#include "engine/audit/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/audit/audit_testing.h"
#include "engine/base/str.h"

namespace ztp::audit {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> Entries(size_t first, size_t count) {
  std::vector<std::string> entries;
  for (size_t i = first; i < first + count; ++i) entries.push_back(Cat("{\"entry\":", i, "}"));
  return entries;
}

std::unique_ptr<LogStore> MustOpen(LogFiles& files, const StoreOptions& options = {}) {
  auto store = LogStore::Open(files, TestSigner(), options);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

TEST(LogStore, HoldsWhatWasAppendedThroughAnySizeAndOpening) {
  ForgetfulDisk disk;
  const auto files = disk.Open();
  std::vector<std::string> all;
  // Sizes around full tiles, and one with a second level (the specification's example).
  for (const size_t size : {0u, 1u, 2u, 255u, 256u, 257u, 512u, 700u, 65'535u, 65'536u, 70'000u}) {
    auto store = MustOpen(*files, {.journal_bytes = 40'000});
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(store->size(), all.size());
    EXPECT_FALSE(store->recovery().crashed);
    while (all.size() < size) {
      const auto more = Entries(all.size(), std::min<size_t>(size - all.size(), 1 + size / 7));
      ASSERT_TRUE(store->Append(more).ok());
      all.insert(all.end(), more.begin(), more.end());
      if (all.size() % 3 == 0) {
        ASSERT_TRUE(store->Publish().ok());
      }
    }
    ASSERT_TRUE(store->Close().ok());
    EXPECT_EQ(VerifiedEntries(*files, TestSigner().key), all) << size;
  }
  const auto names = disk.Snapshot();
  EXPECT_FALSE(names.contains(kJournalFiles[0]));
  EXPECT_TRUE(names.contains("tile/0/272") && names.contains("tile/0/273.p/112") &&
              names.contains("tile/1/000") && names.contains("tile/1/001.p/17") &&
              names.contains("tile/2/000.p/1") && names.contains("tile/entries/273.p/112"));
  EXPECT_EQ(names.at("tile/0/272").size(), 8192u);
  // A proof for each of some, and for none beyond.
  const auto checkpoint = ReadCheckpoint(names.at(kCheckpointFile), TestSigner().key);
  ASSERT_TRUE(checkpoint.ok());
  for (const uint64_t index : {0u, 1u, 255u, 256u, 65'535u, 65'536u, 69'887u, 69'999u}) {
    const auto entry = ReadProvenEntry(*files, *checkpoint, index);
    ASSERT_TRUE(entry.ok()) << entry.status();
    EXPECT_EQ(entry->text, all[index]);
  }
  EXPECT_FALSE(ReadProvenEntry(*files, *checkpoint, 70'000).ok());
}

// 210 power cuts, at any operation, with anything forgotten that was not synced. While a snapshot
// is published others append, between any two of its operations.
TEST(LogStore, LosesNothingThatWasSyncedWhenThePowerGoes) {
  size_t torn = 0, replayed = 0, two_journals = 0;
  for (uint64_t seed = 0; seed < 70; ++seed) {
    std::mt19937_64 random(seed);
    ForgetfulDisk disk;
    std::vector<std::string> appended;  // as far as anybody knows
    size_t synced = 0;
    std::vector<Checkpoint> seen;
    for (int life = 0; life < 3; ++life) {
      const auto files = disk.Open();
      disk.operations_left = static_cast<int64_t>(random() % 240);
      auto store = LogStore::Open(*files, TestSigner(), {.journal_bytes = 30'000});
      const auto append = [&] {
        const auto more =
            Entries(1'000'000 * static_cast<size_t>(life) + appended.size(), 1 + random() % 90);
        if (!(*store)->Append(more).ok()) return false;
        appended.insert(appended.end(), more.begin(), more.end());
        if (random() % 3 == 0) {
          if (!(*store)->Sync().ok()) return false;
          synced = appended.size();
        }
        return true;
      };
      while (store.ok()) {
        if (!append()) break;
        if (random() % 4 != 0) continue;
        auto snapshot = (*store)->Snapshot();
        if (!snapshot.ok()) break;
        const size_t covered = snapshot->at.size;
        bool goes_on = true;
        disk.before_operation = [&] {
          if (random() % 3 == 0) goes_on = goes_on && append();
        };
        const auto note = (*store)->Put(*std::move(snapshot));
        disk.before_operation = nullptr;
        if (!note.ok()) break;
        synced = std::max(synced, covered);
        seen.push_back(*ReadCheckpoint(*note, TestSigner().key));
        EXPECT_EQ(seen.back().size, covered);
        if (!goes_on) break;
      }
      const auto left_behind = disk.Snapshot();
      two_journals +=
          left_behind.contains(kJournalFiles[0]) && left_behind.contains(kJournalFiles[1]);
      disk.Crash(random);
      const auto after = disk.Open();
      auto again = LogStore::Open(*after, TestSigner(), {.journal_bytes = 30'000});
      ASSERT_TRUE(again.ok()) << seed << ": " << again.status();
      torn += (*again)->recovery().torn_bytes > 0;
      replayed += (*again)->recovery().replayed > 0;
      ASSERT_GE((*again)->size(), synced) << seed;
      ASSERT_LE((*again)->size(), appended.size()) << seed;
      // Opening has published; the same under a journal that is still there, and closed.
      std::vector<std::string> left =
          VerifiedEntries(*after, TestSigner().key, {.kept = seen, .on_entry = {}});
      appended.resize(left.size());
      ASSERT_EQ(left, appended) << seed;
      synced = appended.size();
      if (random() % 2 == 0) {
        ASSERT_TRUE((*again)->Close().ok());
        VerifiedEntries(*after, TestSigner().key, {.kept = seen, .on_entry = {}});
      }
    }
  }
  // That the test tests what it says.
  EXPECT_GT(torn, 20u);
  EXPECT_GT(replayed, 20u);
  EXPECT_GT(two_journals, 20u);
}

TEST(LogStore, AFullDiskLosesNothingAndIsTriedAgain) {
  ForgetfulDisk disk;
  const auto files = disk.Open();
  auto store = MustOpen(*files);
  ASSERT_TRUE(store->Append(Entries(0, 10)).ok());
  disk.full = true;
  EXPECT_FALSE(store->Append(Entries(10, 10)).ok());
  EXPECT_FALSE(store->Append(Entries(10, 10)).ok());
  EXPECT_EQ(store->size(), 10u);
  disk.full = false;
  ASSERT_TRUE(store->Append(Entries(10, 10)).ok());
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(VerifiedEntries(*files, TestSigner().key), Entries(0, 20));
}

TEST(LogStore, AfterASyncThatFailedNothingIsPromised) {
  ForgetfulDisk disk;
  const auto files = disk.Open();
  auto store = MustOpen(*files);
  ASSERT_TRUE(store->Append(Entries(0, 10)).ok());
  disk.sync_fails = true;
  EXPECT_TRUE(absl::IsInternal(store->Sync()));
  disk.sync_fails = false;
  EXPECT_TRUE(absl::IsInternal(store->Sync()));
  EXPECT_TRUE(absl::IsInternal(store->Append(Entries(10, 1))));
  store = nullptr;
  store = MustOpen(*files);
  EXPECT_EQ(store->size(), 10u);  // the process was all that failed
}

// The old journal stays where it is not known that the tiles are on disk, and nobody may ask twice.
TEST(LogStore, AfterASyncOfTilesThatFailedNothingIsPublished) {
  ForgetfulDisk disk;
  const auto files = disk.Open();
  auto store = MustOpen(*files, {.journal_bytes = 1000});
  ASSERT_TRUE(store->Append(Entries(0, 300)).ok());
  disk.tile_sync_fails = true;
  EXPECT_TRUE(absl::IsInternal(store->Publish().status()));
  disk.tile_sync_fails = false;
  EXPECT_TRUE(absl::IsInternal(store->Publish().status()));
  EXPECT_TRUE(disk.Snapshot().contains(kJournalFiles[0]));
  store = nullptr;
  std::mt19937_64 random(1);
  disk.Crash(random);
  store = MustOpen(*files);
  EXPECT_EQ(store->size(), 300u);
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(VerifiedEntries(*files, TestSigner().key), Entries(0, 300));
}

// A second journal that is there and could not be begun: the first goes on, and has all.
TEST(LogStore, AJournalThatCouldNotBeBegunCostsNothing) {
  for (const bool crashes : {false, true}) {
    ForgetfulDisk disk;
    const auto files = disk.Open();
    auto store = MustOpen(*files, {.journal_bytes = 1000});
    ASSERT_TRUE(store->Append(Entries(0, 300)).ok());
    ASSERT_TRUE(store->Sync().ok());
    disk.operations_left = 1;  // it takes its place, and its folder cannot be synced
    EXPECT_FALSE(store->Snapshot().ok());
    disk.operations_left = INT64_MAX;
    ASSERT_TRUE(disk.Snapshot().contains(kJournalFiles[1]));
    ASSERT_TRUE(store->Append(Entries(300, 300)).ok());
    ASSERT_TRUE(store->Sync().ok());
    if (crashes) {
      store = MustOpen(*files);
      EXPECT_FALSE(disk.Snapshot().contains(kJournalFiles[1]));
      EXPECT_EQ(store->size(), 600u);
    }
    ASSERT_TRUE(store->Close().ok());
    EXPECT_EQ(VerifiedEntries(*files, TestSigner().key), Entries(0, 600));
    for (const char* name : kJournalFiles) EXPECT_FALSE(disk.Snapshot().contains(name));
  }
}

// What a published checkpoint covers is never written anew, and what was acknowledged not left out.
TEST(LogStore, DoesNotOpenWhatItHasNotSigned) {
  ForgetfulDisk disk;
  const auto files = disk.Open();
  auto store = MustOpen(*files);
  ASSERT_TRUE(store->Append(Entries(0, 300)).ok());
  ASSERT_TRUE(store->Publish().ok());
  const auto older = disk.Snapshot();
  for (size_t i = 300; i < 340; i += 10) {
    ASSERT_TRUE(store->Append(Entries(i, 10)).ok());
    ASSERT_TRUE(store->Sync().ok());
  }
  const auto open = disk.Snapshot();
  ASSERT_TRUE(store->Close().ok());
  const auto closed = disk.Snapshot();
  store = nullptr;
  const auto refusal = [&](std::map<std::string, std::string> state) {
    ForgetfulDisk other;
    other.Restore(state);
    const auto other_files = other.Open();
    const auto opened = LogStore::Open(*other_files, TestSigner(), {});
    EXPECT_EQ(other.Snapshot(), state);  // nothing was touched
    return std::string(Message(opened.status()));
  };
  const auto with = [](std::map<std::string, std::string> state, const std::string& name,
                       std::string bytes) {
    state[name] = std::move(bytes);
    return state;
  };
  const auto without = [](std::map<std::string, std::string> state, const std::string& name) {
    state.erase(name);
    return state;
  };
  EXPECT_THAT(refusal(with(closed, kCheckpointFile, older.at(kCheckpointFile))),
              HasSubstr("an older checkpoint"));
  EXPECT_THAT(refusal(with(open, kJournalFiles[0], older.at(kJournalFiles[0]).substr(0, 500))),
              HasSubstr("covers 300 entries"));
  EXPECT_THAT(refusal(without(closed, "tile/0/001.p/84")), HasSubstr("is missing"));
  EXPECT_THAT(refusal(without(closed, kCheckpointFile)), HasSubstr("empty folder"));
  EXPECT_THAT(refusal(with({}, "mine.txt", "x")), HasSubstr("empty folder"));
  // Another log's key.
  {
    ForgetfulDisk other;
    other.Restore(closed);
    const auto other_files = other.Open();
    EXPECT_THAT(std::string(Message(
                    LogStore::Open(*other_files, TestSigner("other.example"), {}).status())),
                HasSubstr("not signed"));
  }
  // Two journals: the first is needed until the tiles of what it holds are on disk.
  {
    ForgetfulDisk other;
    const auto other_files = other.Open();
    auto begun = MustOpen(*other_files, {.journal_bytes = 1000});
    for (size_t i = 0; i < 400; i += 10) ASSERT_TRUE(begun->Append(Entries(i, 10)).ok());
    ASSERT_TRUE(begun->Snapshot().ok());
    ASSERT_TRUE(begun->Append(Entries(400, 10)).ok());
    const auto two = other.Snapshot();
    EXPECT_EQ(MustOpen(*other_files)->size(), 410u);
    other.Restore(two);
    const auto verified = VerifyLog(*other_files, TestSigner().key, {});
    ASSERT_TRUE(verified.ok());
    EXPECT_THAT(verified->problems, ::testing::IsEmpty());
    EXPECT_EQ(verified->pending, 410u);
    const std::string& first = two.at(kJournalFiles[0]);
    const auto gap = with(two, kJournalFiles[0], first.substr(0, first.find("{\"entry\":100}")));
    EXPECT_THAT(refusal(gap), HasSubstr("entries have gone"));
    other.Restore(gap);
    EXPECT_FALSE(VerifyLog(*other_files, TestSigner().key, {})->ok());
    EXPECT_THAT(refusal(without(two, kJournalFiles[0])), HasSubstr("older than the journal"));
  }
  // A byte of a batch that was on disk when a later one was written: no crash does that.
  std::string journal = open.at(kJournalFiles[0]);
  const size_t at = journal.find("{\"entry\":305}");
  ASSERT_NE(at, std::string::npos);
  journal[at + 9] = '4';
  EXPECT_THAT(refusal(with(open, kJournalFiles[0], journal)), HasSubstr("nothing was torn"));
}

}  // namespace
}  // namespace ztp::audit
