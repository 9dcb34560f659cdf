// Eight threads decide while one reloads policy and facts a thousand times and one revokes: every
// decision is by one policy and one facts version, and no lease outlives either.
//
// Two worlds follow each other in which different halves of the requests are allowed: in the first
// the policy is "odd" and every user's level 1, in the second "even" and 2. Whoever mixed one's
// policy with the other's facts would see an answer, or a rule, that neither gives. Run it under
// ThreadSanitizer too (preset tsan).
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ztp.h"
#include "ztp_compile.h"

namespace {

constexpr int kDeciders = 8;
constexpr int kReloads = 1000;

std::atomic<int> faults = 0;

void Fault(const char* what, int line) {
  std::fprintf(stderr, "line %d: %s\n", line, what);
  ++faults;
}
#define CHECK(condition) \
  if (!(condition)) Fault(#condition, __LINE__)
#define WORKS(call)                                    \
  do {                                                 \
    if (ztp_error* error_ = (call)) {                  \
      Fault(ztp_error_message(error_).data, __LINE__); \
      ztp_error_free(error_);                          \
    }                                                  \
  } while (false)

ztp_text Text(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(ztp_text text) { return {text.data, text.size}; }

// A policy of that name that allows users of that level, as a bundle.
std::string BundleOf(const std::string& package, int level) {
  const std::string text =
      "ztp 1\npackage " + package +
      "\nentity User { level: Int }\nentity Doc { open: Bool }\n"
      "action read on Doc by User with { why: String }\n"
      "obligation note(text: String)\n"
      "permit by_level { principal u: User action read resource d: Doc when u.level == " +
      std::to_string(level) + " and d.open and trust(action.why) == \"work\" oblige note(\"" +
      package + "\") because \"" + package + "\" }\n";
  const ztp_source source{Text("threads.ztp"), Text(text)};
  ztp_bundle* bundle = nullptr;
  WORKS(ztp_compile(&source, 1, &bundle));
  std::string bytes(View(ztp_bundle_bytes(bundle)));
  ztp_bundle_free(bundle);
  return bytes;
}
ztp_policy* PolicyOf(const std::string& package, int level) {
  const std::string bytes = BundleOf(package, level);
  ztp_policy* policy = nullptr;
  WORKS(ztp_policy_read(bytes.data(), bytes.size(), &policy));
  return policy;
}

ztp_facts* FactsOf(const ztp_policy* policy, int level) {
  std::string json;
  for (int i = 0; i < 50; ++i) {
    json += R"({"uid": {"type": "User", "id": "u)" + std::to_string(i) +
            R"("}, "attrs": {"level": )" + std::to_string(level) + "}}\n";
  }
  json += R"({"uid": {"type": "Doc", "id": "d"}, "attrs": {"open": true}})";
  ztp_facts* facts = nullptr;
  WORKS(ztp_facts_read_json(policy, Text(json), 0, &facts));
  return facts;
}

struct World {
  ztp_policy* policy;
  ztp_facts* facts;
  std::string policy_digest;
  std::string facts_version;
};

struct Shared {
  ztp_engine* engine = nullptr;
  ztp_epoch* epoch = nullptr;
  World worlds[2];
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> allowed = 0;
  std::atomic<uint64_t> leases_ended = 0;
};

// The text between `before` and the next quote.
std::string_view Behind(std::string_view json, std::string_view before) {
  const size_t at = json.find(before);
  if (at == std::string_view::npos) return {};
  json.remove_prefix(at + before.size());
  return json.substr(0, json.find('"'));
}

void Decide(Shared& shared, int thread) {
  ztp_session* session = nullptr;
  ztp_request* request = nullptr;
  ztp_attr why;
  WORKS(ztp_session_new(shared.engine, &session));
  WORKS(ztp_request_new(session, Text("read"), &request));
  WORKS(ztp_engine_attr(shared.engine, Text("why"), &why));
  WORKS(ztp_set_resource(request, Text("Doc"), Text("d")));
  WORKS(ztp_set_text(request, why, Text("work")));
  ztp_decision decision = ZTP_DECISION_INIT;
  for (int i = 0; !shared.stop.load(std::memory_order_relaxed); ++i) {
    const std::string user = "u" + std::to_string((thread + i) % 50);
    WORKS(ztp_set_principal(request, Text("User"), Text(user)));
    WORKS(ztp_decide(request, ztp_now(), &decision));
    // Both worlds allow everyone; only a mixture of the two would not.
    CHECK(decision.allow && decision.rules == 1 && !decision.on_unknown);
    ztp_rule rule = ZTP_RULE_INIT;
    WORKS(ztp_decision_rule(&decision, 0, &rule));
    ztp_text json;
    WORKS(ztp_decision_json(&decision, i % 16 == 0, &json));
    const std::string_view text = View(json);
    const World& world = shared.worlds[View(rule.because) == "odd" ? 0 : 1];
    CHECK(View(rule.name) == std::string(View(rule.because)) + ".by_level");
    CHECK(Behind(text, "\"policy\":\"") == world.policy_digest);
    CHECK(Behind(text, "\"facts\":\"") == world.facts_version);
    CHECK(Behind(text, "\"text\":\"") == View(rule.because));
    shared.allowed.fetch_add(1, std::memory_order_relaxed);
    // A lease ends with its world.
    ztp_lease lease = decision.lease;
    if (i % 4 == 0) {
      while (ztp_lease_check_now(&lease) && !shared.stop.load(std::memory_order_relaxed)) {
      }
      if (!ztp_lease_check_now(&lease)) shared.leases_ended.fetch_add(1, std::memory_order_relaxed);
    }
  }
  ztp_request_free(request);
  ztp_session_free(session);
}

void Reload(Shared& shared) {
  for (int i = 1; i <= kReloads; ++i) {
    const World& world = shared.worlds[i % 2];
    WORKS(ztp_engine_replace(shared.engine, world.policy, world.facts));
    if (i % 8 == 0) std::this_thread::yield();
  }
  shared.stop = true;
}

// What one thread halts stays halted, however often others revoke meanwhile, and no step is lost.
void HaltBesideRevocations(ztp_epoch* epoch) {
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> steps = ztp_epoch_value(epoch);
  std::vector<std::thread> revokers;
  for (int t = 0; t < 2; ++t) {
    revokers.emplace_back([&] {
      while (!stop) {
        WORKS(ztp_epoch_revoke(epoch));
        ++steps;
      }
    });
  }
  for (int i = 0; i < 2000; ++i) {
    WORKS(ztp_epoch_halt(epoch, true));
    CHECK(ztp_epoch_value(epoch) == UINT64_MAX);
    WORKS(ztp_epoch_halt(epoch, false));
    steps += 2;
  }
  stop = true;
  for (std::thread& revoker : revokers) revoker.join();
  CHECK(ztp_epoch_value(epoch) == steps);
}

size_t CountInForce(ztp_engine* engine) {
  ztp_facts* facts = ztp_engine_facts(engine);
  const size_t count = ztp_facts_count(facts);
  ztp_facts_free(facts);
  return count;
}

// While others reload all the time, a reload puts in force what the files have when it is called,
// or what is newer: no other that read them before comes after it.
void ReloadAtOnce(const std::string& folder) {
  constexpr int kVersions = 100;
  const std::string policy_path = folder + "/threads.ztpb", facts_path = folder + "/threads.json";
  const auto write = [](const std::string& path, std::string_view bytes) {
    const std::string beside = path + ".new";
    std::FILE* file = std::fopen(beside.c_str(), "wb");
    CHECK(file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    CHECK(file != nullptr && std::fclose(file) == 0);
    CHECK(std::rename(beside.c_str(), path.c_str()) == 0);
  };
  const auto write_facts = [&](int users) {
    std::string json;
    for (int i = 0; i < users; ++i) {
      json += R"({"uid": {"type": "User", "id": "u)" + std::to_string(i) +
              R"("}, "attrs": {"level": 1}})" + "\n";
    }
    write(facts_path, json);
  };
  write(policy_path, BundleOf("files", 1));
  write_facts(1);
  const ztp_text paths[] = {Text(facts_path)};
  ztp_engine* engine = nullptr;
  WORKS(ztp_engine_load(Text(policy_path), paths, 1, nullptr, &engine));
  std::atomic<bool> stop = false;
  std::vector<std::thread> others;
  for (int t = 0; t < 3; ++t) {
    others.emplace_back([&] {
      size_t seen = 0;
      while (!stop) {
        WORKS(ztp_engine_reload(engine));
        const size_t now = CountInForce(engine);
        CHECK(now >= seen);
        seen = now;
        std::this_thread::sleep_for(std::chrono::microseconds(200));  // the lock is not a fair one
      }
    });
  }
  for (int users = 2; users <= kVersions; ++users) {
    write_facts(users);
    WORKS(ztp_engine_reload(engine));
    CHECK(CountInForce(engine) == static_cast<size_t>(users));
  }
  stop = true;
  for (std::thread& other : others) other.join();
  CHECK(CountInForce(engine) == kVersions);
  ztp_engine_free(engine);
}

void Revoke(Shared& shared) {
  for (int i = 0; !shared.stop; ++i) {
    if (i % 2 == 0) {
      WORKS(ztp_engine_revoke(shared.engine));
    } else {
      WORKS(ztp_epoch_revoke(shared.epoch));
    }
    std::this_thread::yield();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 3;
  }
  Shared shared;
  const std::string page = std::string(argv[1]) + "/threads.epoch";
  std::remove(page.c_str());
  WORKS(ztp_epoch_create(Text(page), 0600, &shared.epoch));
  HaltBesideRevocations(shared.epoch);
  ReloadAtOnce(argv[1]);
  for (int i = 0; i < 2; ++i) {
    World& world = shared.worlds[i];
    world.policy = PolicyOf(i == 0 ? "odd" : "even", i + 1);
    world.facts = FactsOf(world.policy, i + 1);
    world.policy_digest = View(ztp_policy_digest(world.policy));
    world.facts_version = View(ztp_facts_version(world.facts));
  }
  CHECK(shared.worlds[0].facts_version != shared.worlds[1].facts_version);
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  options.epoch = shared.epoch;
  WORKS(ztp_engine_new(shared.worlds[0].policy, shared.worlds[0].facts, &options, &shared.engine));
  std::vector<std::thread> threads;
  for (int t = 0; t < kDeciders; ++t) threads.emplace_back([&shared, t] { Decide(shared, t); });
  threads.emplace_back([&shared] { Revoke(shared); });
  threads.emplace_back([&shared] { Reload(shared); });
  for (std::thread& thread : threads) thread.join();
  // It was not all over before the deciders began.
  CHECK(shared.allowed > 100);
  CHECK(shared.leases_ended > 10);
  std::printf("%llu decisions, %llu leases ended, generation %llu, %d faults\n",
              static_cast<unsigned long long>(shared.allowed.load()),
              static_cast<unsigned long long>(shared.leases_ended.load()),
              static_cast<unsigned long long>(ztp_engine_generation(shared.engine)), faults.load());
  ztp_engine_free(shared.engine);
  ztp_epoch_free(shared.epoch);
  for (const World& world : shared.worlds) {
    ztp_facts_free(world.facts);
    ztp_policy_free(world.policy);
  }
  return faults == 0 ? 0 : 1;
}
