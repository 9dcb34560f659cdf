// ztp_facts_bench: facts at scale. How long a million entities take to come in, what they take in
// memory and as a file, what a decision on random ones costs, alone and while they change.
//
//   ztp_facts_bench [--assets N] [--lineage N] [--distinct-sets] [--seconds S] [--folder DIR]
//   ztp_facts_bench --check …      checks decisions and bytes, and measures nothing
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/engine.h"
#include "bench/facts_world.h"
#include "bench/timing.h"
#include "engine/base/limits.h"
#include "engine/base/mapped_file.h"
#include "engine/base/status.h"
#include "engine/eval/decide.h"
#include "engine/facts/current_facts.h"
#include "engine/facts/ingest.h"
#include "engine/facts/json_facts.h"
#include "engine/facts/snapshot_file.h"

namespace ztp::bench {
namespace {

constexpr uint64_t kChange = 1000;           // entities of one change
constexpr uint64_t kMaxBytesAnEntity = 250;  // beyond texts

struct Options {
  WorldSize world;
  double seconds = 2;
  std::string policy = "bench/workloads/facts_at_scale.ztp";
  std::string folder;
  bool check = false;
  bool ingest_only = false;
};

// A table of two columns, as it goes.
void Row(const char* what, const std::string& figure) {
  std::printf("%-58s %s\n", what, figure.c_str());
  std::fflush(stdout);
}
template <typename... Args>
std::string Text(const char* format, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof(buffer), format, args...);
  return buffer;
}

// Of this thread, on a processor: what the machine's other work does not blur.
double CpuSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
// Seconds of a processor and on the clock since it was made.
class Stopwatch {
 public:
  std::string Text() const {
    return bench::Text("%.2f (%.2f)", CpuSeconds() - cpu_, SecondsSince(begin_));
  }

 private:
  const double cpu_ = CpuSeconds();
  const Clock::time_point begin_ = Clock::now();
};

size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

uint64_t Random(uint64_t* state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

class Bench {
 public:
  explicit Bench(Options options) : options_(std::move(options)), world_(options_.world) {}

  absl::Status Run();

 private:
  struct Asked {
    Request request;
    uint64_t person = 0, resource = 0;
    bool is_model = false;
  };

  absl::Status WriteLines();
  absl::StatusOr<std::shared_ptr<const Snapshot>> Ingest(std::string* reading,
                                                         std::string* closing);
  absl::StatusOr<EntityRecord> RecordOf(uint64_t asset, uint64_t version) const;
  std::vector<Asked> Ask(size_t count, uint64_t seed) const;
  absl::Status CheckDecisions(const Snapshot& facts, const std::vector<Asked>& asked,
                              const std::vector<uint64_t>& versions) const;
  absl::StatusOr<std::shared_ptr<const Snapshot>> Change(std::shared_ptr<const Snapshot> before,
                                                         uint64_t* random,
                                                         std::vector<uint64_t>* versions) const;
  absl::Status CheckChanges(std::shared_ptr<const Snapshot> facts, const std::vector<Asked>& asked);
  void TimeDecisions(const Snapshot& facts, const std::vector<Asked>& asked);
  absl::Status TimeChanges(std::shared_ptr<const Snapshot> facts, const std::vector<Asked>& asked);
  // Deciding for so long while `beside` runs in another thread: nanoseconds of single decisions.
  Distribution DecideBeside(CurrentFacts& facts, const std::vector<Asked>& asked, double seconds,
                            const std::function<void(const std::atomic<bool>&)>& beside);

  bool Decide(const Snapshot& facts, const Request& request, Subject::Worker& worker) const {
    if (!worker.bound.Bind(*policy_, facts, request).ok()) return false;
    return ztp::Evaluate(worker.bound, worker.scratch).allow;
  }
  std::string Path(const char* name) const { return options_.folder + "/" + name; }

  const Options options_;
  const FactsWorld world_;
  std::shared_ptr<const Policy> policy_;
};

absl::Status Bench::WriteLines() {
  std::ofstream file(Path("facts.jsonl"), std::ios::binary);
  std::string lines;
  for (uint64_t i = 0; i < world_.entity_count(); ++i) {
    world_.AppendLine(i, &lines);
    if (lines.size() < (1 << 20) && i + 1 < world_.entity_count()) continue;
    file.write(lines.data(), static_cast<std::streamsize>(lines.size()));
    lines.clear();
  }
  file.close();
  return file ? absl::OkStatus() : Unavailable("cannot write ", Path("facts.jsonl"));
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Bench::Ingest(std::string* reading,
                                                              std::string* closing) {
  const Stopwatch begin;
  ZTP_ASSIGN_OR_RETURN(const MappedFile text, MapFile(Path("facts.jsonl"), kMaxFactsTextBytes,
                                                      "a file of facts", MapFor::kOnePass));
  SnapshotBuilder builder(policy_->shared_program());
  BuilderSink sink(&builder);
  FactsOptions options;
  options.limits.max_file_bytes = kMaxFactsTextBytes;
  FactsReader reader(policy_->schema(), options, &sink);
  reader.Add("facts.jsonl", text.bytes);
  ZTP_RETURN_IF_ERROR(reader.sink_status());
  if (!reader.ok()) return InvalidArgument(FormatJsonError(reader.errors().front()));
  *reading = begin.Text();
  const Stopwatch closed;
  auto snapshot = BuildSnapshot(*policy_, builder);
  *closing = closed.Text();
  return snapshot;
}

absl::StatusOr<EntityRecord> Bench::RecordOf(uint64_t asset, uint64_t version) const {
  std::string line;
  world_.AppendAsset(asset, version, &line);
  FactsResult read = LoadFacts(line, policy_->schema());
  if (!read.ok()) return InvalidArgument(FormatJsonError(read.errors.front()));
  return std::move(read.entities.front());
}

// Three requests in four are for assets.
std::vector<Bench::Asked> Bench::Ask(size_t count, uint64_t seed) const {
  const Schema& schema = policy_->schema();
  const EntityTypeId person = *schema.FindEntityType("Person"),
                     asset = *schema.FindEntityType("Asset"),
                     model = *schema.FindEntityType("Model");
  std::vector<Asked> asked(count);
  for (Asked& a : asked) {
    a.is_model = world_.size().models() > 0 && Random(&seed) % 4 == 0;
    a.person = Random(&seed) % world_.size().persons;
    a.resource = Random(&seed) % (a.is_model ? world_.size().models() : world_.size().assets);
    a.request.principal = {person, world_.PersonId(a.person)};
    a.request.action = *schema.FindAction("read");
    a.request.resource = a.is_model ? EntityUid{model, world_.ModelId(a.resource)}
                                    : EntityUid{asset, world_.AssetId(a.resource)};
    a.request.now = Time{kWorldNow * 1'000'000};
  }
  return asked;
}

absl::Status Bench::CheckDecisions(const Snapshot& facts, const std::vector<Asked>& asked,
                                   const std::vector<uint64_t>& versions) const {
  Subject::Worker worker;
  size_t allowed = 0;
  for (const Asked& a : asked) {
    const bool expected = a.is_model
                              ? world_.MayReadModel(a.person, a.resource)
                              : world_.MayReadAsset(a.person, a.resource, versions[a.resource]);
    const bool allow = Decide(facts, a.request, worker);
    allowed += allow;
    if (allow == expected) continue;
    return Internal("person ", a.person, (a.is_model ? ", model " : ", asset "), a.resource,
                    ": decided ", int{allow}, ", expected ", int{expected});
  }
  if (allowed * 20 < asked.size() || allowed * 20 > asked.size() * 19) {
    return Internal(allowed, " of ", asked.size(), " are allowed: that tests little");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Bench::Change(
    std::shared_ptr<const Snapshot> before, uint64_t* random,
    std::vector<uint64_t>* versions) const {
  SnapshotBuilder builder(std::move(before));
  for (uint64_t i = 0; i < kChange; ++i) {
    const uint64_t asset = Random(random) % world_.size().assets;
    ZTP_ASSIGN_OR_RETURN(const EntityRecord record, RecordOf(asset, ++(*versions)[asset]));
    ZTP_RETURN_IF_ERROR(builder.Upsert(record));
  }
  return BuildSnapshot(*policy_, builder);
}

// After some changes decisions are as expected, and those on the snapshot before as they were.
absl::Status Bench::CheckChanges(std::shared_ptr<const Snapshot> facts,
                                 const std::vector<Asked>& asked) {
  const std::vector<uint64_t> none(world_.size().assets, 0);
  std::vector<uint64_t> versions = none;
  uint64_t random = 5;
  std::shared_ptr<const Snapshot> newest = facts;
  for (int i = 0; i < 3; ++i) {
    ZTP_ASSIGN_OR_RETURN(newest, Change(newest, &random, &versions));
    ZTP_RETURN_IF_ERROR(CheckDecisions(*newest, asked, versions));
  }
  return CheckDecisions(*facts, asked, none);
}

void Bench::TimeDecisions(const Snapshot& facts, const std::vector<Asked>& asked) {
  Subject::Worker worker;
  std::vector<uint32_t> singles, batches;
  std::vector<double> passes;
  MeasureGroups(asked.size(), 1, options_.seconds, &singles,
                [&](size_t i) { Keep(Decide(facts, asked[i].request, worker)); });
  const Distribution random = Summarise(singles, batches, passes);
  Row("a decision on random entities: p50, p99 (ns)", Text("%.0f, %.0f", random.p50, random.p99));
  // Nothing of facts, policy or code is left in the caches: what the first decision after a pause
  // costs.
  std::vector<uint64_t> sweep((size_t{96} << 20) / 8, 1);
  singles.clear();
  uint64_t sum = 0;
  for (size_t i = 0; i < 400; ++i) {
    for (size_t at = 0; at < sweep.size(); at += 8) sum += sweep[at]++;
    const uint64_t before = TicksBefore();
    Keep(Decide(facts, asked[i % asked.size()].request, worker));
    singles.push_back(static_cast<uint32_t>(TicksAfter() - before));
  }
  Keep(sum);
  const Distribution swept = Summarise(singles, batches, passes);
  Row("  after reading 96 MB of something else: p50, p99 (ns)",
      Text("%.0f, %.0f", swept.p50, swept.p99));
}

Distribution Bench::DecideBeside(CurrentFacts& facts, const std::vector<Asked>& asked,
                                 double seconds,
                                 const std::function<void(const std::atomic<bool>&)>& beside) {
  std::atomic<bool> stop = false;
  std::thread other([&] { beside(stop); });
  CurrentFacts::Reader reader(facts);
  Subject::Worker worker;
  std::vector<uint32_t> singles, batches;
  std::vector<double> passes;
  MeasureGroups(asked.size(), 1, seconds, &singles,
                [&](size_t i) { Keep(Decide(reader.Get(), asked[i].request, worker)); });
  stop = true;
  other.join();
  return Summarise(singles, batches, passes);
}

absl::Status Bench::TimeChanges(std::shared_ptr<const Snapshot> facts,
                                const std::vector<Asked>& asked) {
  // Records are made beforehand: what is timed is the change.
  std::vector<std::vector<EntityRecord>> changes;
  uint64_t random = 9;
  for (int c = 0; c < 16; ++c) {
    std::vector<EntityRecord> records;
    for (uint64_t i = 0; i < kChange; ++i) {
      ZTP_ASSIGN_OR_RETURN(EntityRecord record, RecordOf(Random(&random) % world_.size().assets,
                                                         1 + Random(&random) % 1000));
      records.push_back(std::move(record));
    }
    changes.push_back(std::move(records));
  }
  CurrentFacts current(std::move(facts));
  absl::Status status;
  size_t made = 0;
  double seconds_of_changes = 0;
  auto change = [&] {
    const Clock::time_point begin = Clock::now();
    SnapshotBuilder builder(current.Newest());
    for (const EntityRecord& record : changes[made % changes.size()]) {
      status = builder.Upsert(record);
      if (!status.ok()) return;
    }
    auto next = BuildSnapshot(*policy_, builder);
    status = next.status();
    if (!status.ok()) return;
    current.Publish(*std::move(next));
    ++made;
    seconds_of_changes += SecondsSince(begin);
  };
  change();  // makes what only writers need
  ZTP_RETURN_IF_ERROR(status);
  Row("the first change of 1,000 entities (ms)", Text("%.1f", seconds_of_changes * 1e3));
  made = 0;
  seconds_of_changes = 0;

  using Beside = std::function<void(const std::atomic<bool>&)>;
  const Beside nothing = [](const std::atomic<bool>&) {};
  const Beside arithmetic = [](const std::atomic<bool>& stop) {
    uint64_t x = 1;
    while (!stop) {
      for (int i = 0; i < 1000; ++i) x = x * 0xd1342543de82ef95u + 1;
      Keep(x);
    }
  };
  const Beside writer = [&](const std::atomic<bool>& stop) {
    while (!stop && status.ok()) change();
  };
  constexpr int kRounds = 5;
  std::vector<double> p99[3], p50[3];
  for (int round = 0; round < kRounds; ++round) {
    int k = 0;
    for (const Beside* beside : {&nothing, &arithmetic, &writer}) {
      const Distribution d = DecideBeside(current, asked, options_.seconds / kRounds, *beside);
      p50[k].push_back(d.p50);
      p99[k++].push_back(d.p99);
    }
  }
  ZTP_RETURN_IF_ERROR(status);
  auto median = [](std::vector<double>& of) {
    std::sort(of.begin(), of.end());
    return of[of.size() / 2];
  };
  const double alone = median(p99[0]), control = median(p99[1]), changing = median(p99[2]);
  Row("a change of 1,000 entities, beside decisions (ms)",
      Text("%.1f (%zu made)", seconds_of_changes * 1e3 / static_cast<double>(made), made));
  Row("deciding alone: p50, p99 (ns)", Text("%.0f, %.0f", median(p50[0]), alone));
  Row("  beside arithmetic, which shares nothing: p50, p99 (ns)",
      Text("%.0f, %.0f  (p99 x %.2f)", median(p50[1]), control, control / alone));
  Row("  beside changes of 1,000 entities: p50, p99 (ns)",
      Text("%.0f, %.0f  (p99 x %.2f)", median(p50[2]), changing, changing / alone));
  return absl::OkStatus();
}

absl::Status Bench::Run() {
  ZTP_ASSIGN_OR_RETURN(const std::string bundle, CompileToBundle(options_.policy));
  {
    std::ofstream file(Path("policy.ztpb"), std::ios::binary);
    file.write(bundle.data(), static_cast<std::streamsize>(bundle.size()));
  }
  ZTP_ASSIGN_OR_RETURN(policy_, OpenPolicy(Path("policy.ztpb")));
  ZTP_RETURN_IF_ERROR(WriteLines());
  const uint64_t text_bytes = std::filesystem::file_size(Path("facts.jsonl"));
  const double entities = static_cast<double>(world_.entity_count());
  Row("entities", Text("%llu, and %.0f MB of JSON Lines",
                       static_cast<unsigned long long>(world_.entity_count()),
                       static_cast<double>(text_bytes) / 1e6));

  malloc_trim(0);
  const size_t resident_before = ResidentBytes();
  std::string reading, closing;
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Snapshot> built, Ingest(&reading, &closing));
  malloc_trim(0);
  const size_t resident = ResidentBytes() - resident_before;
  const size_t without_texts = built->memory_bytes(true);
  const double an_entity = static_cast<double>(without_texts) / entities;
  Row("bytes an entity beyond texts; texts",
      Text("%.0f; %.0f", an_entity,
           static_cast<double>(built->memory_bytes() - without_texts) / entities));
  // Were the units, people and the lineage nothing at all.
  Row("  all of it divided by the assets alone",
      Text("%.0f", static_cast<double>(without_texts) / static_cast<double>(world_.size().assets)));
  if (!options_.check) {
    Row("ingest: read and store, s of a processor (on the clock)", reading);
    Row("  follow edges, work out what is inherited", closing);
    Row("resident bytes an entity, texts and all",
        Text("%.0f", static_cast<double>(resident) / entities));
  }
  if (options_.ingest_only) return absl::OkStatus();
  // Values of collections take 16 bytes each, which is why sets that nobody shares are not held to
  // it.
  if (!world_.size().distinct_sets && an_entity > kMaxBytesAnEntity) {
    return Internal("more than ", kMaxBytesAnEntity, " bytes an entity beyond texts");
  }
  const std::vector<uint64_t> versions(world_.size().assets, 0);
  const std::vector<Asked> asked = Ask(options_.check ? 5'000 : 200'000, 1);
  ZTP_RETURN_IF_ERROR(CheckDecisions(*built, asked, versions));

  const Stopwatch begin_write;
  ZTP_RETURN_IF_ERROR(SnapshotFile::Write(*built, Path("facts.ztpf")));
  const std::string writing = begin_write.Text();
  const std::string version = built->version();
  const Stopwatch begin_open;
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Snapshot> mapped,
                       SnapshotFile::Open(policy_->shared_program(), Path("facts.ztpf")));
  const std::string opening = begin_open.Text();
  if (mapped->version() != version) return Internal("the file is of other facts");
  ZTP_RETURN_IF_ERROR(CheckDecisions(*mapped, asked, versions));
  if (options_.check) {
    ZTP_RETURN_IF_ERROR(CheckChanges(built, asked));
    ZTP_RETURN_IF_ERROR(CheckChanges(mapped, asked));
    Row("decisions", "as expected, of records, file and changes");
    return absl::OkStatus();
  }
  Row("the file (MB)",
      Text("%.0f", static_cast<double>(std::filesystem::file_size(Path("facts.ztpf"))) / 1e6));
  Row("  write, and wait for the disk (s)", writing);
  Row("  map and verify (s)", opening);
  TimeDecisions(*built, asked);
  Row("the same on the mapped file", "");
  TimeDecisions(*mapped, asked);
  mapped.reset();
  return TimeChanges(std::move(built), asked);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app{"Facts at scale: ingest, memory, file, decisions alone and beside changes"};
  app.add_option("--assets", options.world.assets, "entities with ten attributes")
      ->check(CLI::Range(1000, 100'000'000))
      ->capture_default_str();
  app.add_option("--lineage", options.world.lineage, "datasets and models")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  app.add_option("--persons", options.world.persons, "who asks")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.add_flag("--distinct-sets", options.world.distinct_sets,
               "every asset's sets are its own, instead of from a small vocabulary");
  app.add_option("--seconds", options.seconds, "of each measurement")->capture_default_str();
  app.add_option("--policy", options.policy, "facts_at_scale.ztp")->capture_default_str();
  app.add_option("--folder", options.folder, "where files are written; else a temporary one");
  app.add_flag("--ingest", options.ingest_only, "end behind the ingest");
  app.add_flag("--check", options.check, "check decisions and bytes, measure nothing");
  CLI11_PARSE(app, argc, argv);
  std::string temporary = (std::filesystem::temp_directory_path() / "ztp_facts_XXXXXX").string();
  const bool own = options.folder.empty();
  if (own) {
    if (mkdtemp(temporary.data()) == nullptr) {
      std::fprintf(stderr, "cannot make a temporary folder\n");
      return 1;
    }
    options.folder = temporary;
  }
  const std::string folder = options.folder;
  const absl::Status status = Bench(std::move(options)).Run();
  if (own) std::filesystem::remove_all(folder);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", std::string(Message(status)).c_str());
  return 1;
}

}  // namespace
}  // namespace ztp::bench

int main(int argc, char** argv) { return ztp::bench::Main(argc, argv); }
