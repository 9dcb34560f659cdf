// Whatever is done to a log's files is found, against a checkpoint that was kept elsewhere.
#include "engine/audit/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/audit/audit_testing.h"
#include "engine/audit/store.h"
#include "engine/audit/tile.h"
#include "engine/base/str.h"

namespace ztp::audit {
namespace {

using Files = std::map<std::string, std::string>;

// A log of 1,000 entries, an earlier state of it, and its checkpoint, as somebody keeps it.
struct World {
  Files closed, earlier, crashed;
  Checkpoint kept;
};
const World& TheWorld() {
  static const World world = [] {
    World made;
    ForgetfulDisk disk;
    const auto files = disk.Open();
    auto store = *LogStore::Open(*files, TestSigner(), {});
    for (size_t i = 0; i < 1000; i += 20) {
      std::vector<std::string> entries;
      for (size_t k = i; k < i + 20; ++k) {
        entries.push_back(Cat("{\"entry\":", k, ",\"text\":\"", std::string(k % 40, 'x'), "\"}"));
      }
      EXPECT_TRUE(store->Append(entries).ok());
      if (i % 60 == 0) {
        EXPECT_TRUE(store->Publish().ok());
      }
      if (i == 600) made.earlier = disk.Snapshot();
      if (i == 960) made.crashed = disk.Snapshot();
    }
    EXPECT_TRUE(store->Close().ok());
    made.closed = disk.Snapshot();
    made.kept = *ReadCheckpoint(made.closed.at(kCheckpointFile), TestSigner().key);
    return made;
  }();
  return world;
}

std::vector<std::string> ProblemsOf(const Files& state, bool is_running = false) {
  ForgetfulDisk disk;
  disk.Restore(state);
  const auto files = disk.Open();
  const auto verified =
      VerifyLog(*files, TestSigner().key,
                {.kept = {TheWorld().kept}, .is_running = is_running, .on_entry = {}});
  EXPECT_TRUE(verified.ok()) << verified.status();
  return verified.ok() ? verified->problems : std::vector<std::string>();
}

const std::string& NameOf(const Files& files, std::mt19937_64& random) {
  return std::next(files.begin(), static_cast<ptrdiff_t>(random() % files.size()))->first;
}

// A bundle with its entries in another order, or one of them taken out or put in twice.
std::string Rearranged(const std::string& bundle, std::mt19937_64& random) {
  std::vector<std::string> entries;
  for (size_t count = 1; count <= kTileWidth; ++count) {
    if (const auto read = ReadBundle(bundle, count, true)) {
      entries.assign(read->begin(), read->end());
      break;
    }
  }
  const size_t i = random() % entries.size();
  const size_t k = (i + 1 + random() % (entries.size() - 1)) % entries.size();
  switch (random() % 3) {
    case 0:
      std::swap(entries[i], entries[k]);
      break;
    case 1:
      entries.erase(entries.begin() + static_cast<ptrdiff_t>(i));
      break;
    default:
      entries[i] = entries[k];
  }
  std::string out;
  for (const std::string& entry : entries) AppendEntry(entry, &out);
  return out;
}

TEST(VerifyLog, FindsEachOfAThousandChanges) {
  EXPECT_TRUE(ProblemsOf(TheWorld().closed).empty());
  std::mt19937_64 random(7);
  std::map<std::string, int> kinds;
  for (int found = 0; found < 1000;) {
    Files state = TheWorld().closed;
    const std::string name = NameOf(state, random);
    std::string& bytes = state[name];
    std::string kind;
    switch (random() % 6) {
      case 0:
        kind = "a byte";
        bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
        break;
      case 1:
        // A copy of what a later tile begins with may go; then nothing has gone of the log.
        if (const auto tile = TileName::OfPath(name); tile && tile->width < kTileWidth) {
          const auto today = PartialTiles(TheWorld().kept.size);
          if (std::find(today.begin(), today.end(), *tile) == today.end()) continue;
        }
        kind = "a file removed";
        state.erase(name);
        break;
      case 2:
        kind = "a file cut off";
        bytes.resize(random() % bytes.size());
        break;
      case 3: {
        kind = "two files exchanged";
        std::string& other = state[NameOf(state, random)];
        if (other == bytes) continue;
        std::swap(bytes, other);
        break;
      }
      case 4: {
        kind = "entries rearranged";
        const std::string bundle = Cat("tile/entries/00", random() % 3);
        state[bundle] = Rearranged(state[bundle], random);
        break;
      }
      default: {
        // With the hashes of the entries made to fit.
        kind = "entries and their hashes";
        const std::string index = Cat("00", random() % 3);
        std::string& bundle = state[Cat("tile/entries/", index)];
        bundle[10 + random() % (bundle.size() - 10)] ^= 1;
        const auto entries = ReadBundle(bundle, kTileWidth, true);
        if (!entries) break;
        std::vector<MerkleHash> leaves;
        for (const std::string_view entry : *entries) leaves.push_back(HashLeaf(entry));
        state[Cat("tile/0/", index)] = WriteHashes(leaves);
      }
    }
    if (state == TheWorld().closed) continue;
    EXPECT_FALSE(ProblemsOf(state).empty()) << found << ": " << kind << ": " << name;
    ++found;
    ++kinds[kind];
  }
  EXPECT_EQ(kinds.size(), 6u);
}

TEST(VerifyLog, FindsALogThatWasPutBackAndOneThatIsAnother) {
  // Whole, signed, and 380 entries short: only the checkpoint that was kept tells.
  Files back = TheWorld().earlier;
  const auto problems = ProblemsOf(back);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0], ::testing::HasSubstr("entries have gone"));
  // The same key, the same number of entries, one of them another.
  ForgetfulDisk disk;
  const auto files = disk.Open();
  auto store = *LogStore::Open(*files, TestSigner(), {});
  for (size_t i = 0; i < 1000; ++i) {
    const std::string entry = Cat("{\"entry\":", i, "}");
    ASSERT_TRUE(store->Append({&entry, 1}).ok());
  }
  ASSERT_TRUE(store->Close().ok());
  EXPECT_THAT(ProblemsOf(disk.Snapshot()),
              ::testing::ElementsAre(::testing::HasSubstr("another root")));
}

TEST(VerifyLog, ALogThatIsWrittenOrCrashedIsLookedAtWithItsJournal) {
  const World& world = TheWorld();
  const auto verify = [](const Files& state, bool is_running) {
    ForgetfulDisk disk;
    disk.Restore(state);
    const auto files = disk.Open();
    return *VerifyLog(*files, TestSigner().key,
                      {.kept = {}, .is_running = is_running, .on_entry = {}});
  };
  const Verification crashed = verify(world.crashed, false);
  EXPECT_TRUE(crashed.ok());
  EXPECT_EQ(crashed.checkpoint.size, 980u);
  std::mt19937_64 random(3);
  for (int i = 0; i < 100; ++i) {
    Files state = world.crashed;
    std::string& journal = state[kJournalFiles[0]];
    journal[random() % journal.size()] ^= static_cast<char>(1 + random() % 255);
    EXPECT_FALSE(verify(state, false).ok());
  }
  Files torn = world.crashed;
  torn[kJournalFiles[0]] += "zaj1 and something";
  torn["tile/0/003.p/250.tmp"] = "x";
  EXPECT_EQ(verify(torn, false).problems.size(), 2u);
  EXPECT_TRUE(verify(torn, true).ok());
}

}  // namespace
}  // namespace ztp::audit
