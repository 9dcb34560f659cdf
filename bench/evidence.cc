// ztp_evidence_bench: what evidence costs. A decision on proven facts against one on the same facts
// vouched; evidence verified, and verified again.
//
//   ztp_evidence_bench FOLDER                      times, in nanoseconds (FOLDER: the example
//                                                  policies/examples/tool-server)
//   valgrind --tool=callgrind --instr-atstart=no --combine-dumps=yes ztp_evidence_bench FOLDER
//                                                  instructions, a named dump each: evidence.py
//
// On standard output: by what the counts are to be divided, or the times, as JSON.
#include <valgrind/callgrind.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/timing.h"
#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/driver/compiler.h"
#include "engine/driver/files.h"
#include "engine/eval/decide.h"
#include "engine/eval/json_request.h"
#include "engine/evidence/policy_trust.h"
#include "engine/facts/json_facts.h"
#include "engine/runtime/world.h"

namespace ztp::bench {
namespace {

constexpr size_t kCalls = 1000;
constexpr char kNow[] = "2030-01-01T00:00:00Z";

// With `@` for the rank: the same rules over the same values.
constexpr std::string_view kPolicy = R"(ztp 1
package acme.cost
import std.ai
entity Agent { spiffe: SpiffeId, clearance: Sensitivity }
entity Model { level: Sensitivity, driver: Version }
input peer: Svid @
input device: Device @
action infer, tune on Model by Agent
permit infer_on_sound_gpus {
  principal a: Agent
  action    infer
  resource  m: Model
  when      peer.id == a.spiffe
  when      m.level flows to a.clearance
  when      device.gpu.confidential and device.gpu.secure_boot and not device.gpu.debug
  when      device.gpu.driver >= m.driver
}
permit tune {
  principal a: Agent
  action    tune
  resource  any
  when      peer.id == a.spiffe and device.host.tee == tdx
}
forbid judged_bad {
  when      device.verdict == contraindicated or device.gpu.measurements == contraindicated
}
forbid revoked_firmware {
  action    infer
  resource  m: Model
  when      m.level >= confidential and device.host.tcb == revoked
}
)";

constexpr std::string_view kFacts = R"([
  {"uid": {"type": "Agent", "id": "a"}, "attrs": {"spiffe": "spiffe://acme.org/a", "clearance": "confidential"}},
  {"uid": {"type": "Model", "id": "m"}, "attrs": {"level": "internal", "driver": "550.90.07"}}])";

constexpr std::string_view kRequest =
    R"({"subject": {"type": "Agent", "id": "a"}, "action": {"name": "infer"},
  "resource": {"type": "Model", "id": "m"}, "context": {"peer": {"id": "spiffe://acme.org/a"@}, "device": {"gpu":
  {"model": "H100", "driver": "551.1", "vbios": "96.0", "confidential": true, "secure_boot": true, "debug": false,
   "measurements": "affirming", "nonce_matched": true}@}}})";
constexpr std::string_view kTimes =
    R"(, "issued_at": "2029-12-31T23:59:00Z", "expires_at": "2030-01-01T01:00:00Z")";

std::string With(std::string_view text, std::string_view mark) {
  std::string out;
  for (const char c : text) c == '@' ? void(out.append(mark)) : out.push_back(c);
  return out;
}

// A policy with facts and one request that it allows.
struct Case {
  std::shared_ptr<const Policy> policy;
  std::shared_ptr<const Snapshot> facts;
  Request request;
  BoundRequest bound;
  Scratch scratch;
};

absl::StatusOr<std::unique_ptr<Case>> MakeCase(bool proven) {
  driver::Compiler compiler;
  compiler.AddText("cost.ztp", With(kPolicy, proven ? "proven" : ""));
  if (!compiler.Check()) return InvalidArgument("the policy does not compile");
  auto made = std::make_unique<Case>();
  ZTP_ASSIGN_OR_RETURN(made->policy, Policy::Make(compiler.Lower()));
  FactsResult facts = LoadFacts(kFacts, made->policy->schema(), {});
  if (!facts.errors.empty()) return InvalidArgument(FormatJsonError(facts.errors[0]));
  ZTP_ASSIGN_OR_RETURN(made->facts, MakeSnapshot(*made->policy, facts.entities));
  RequestOptions options;
  ZTP_ASSIGN_OR_RETURN(options.now, ParseTime(kNow));
  options.assume_proven = true;
  ReadRequestResult read =
      ReadRequest(With(kRequest, proven ? kTimes : ""), made->policy->schema(), options);
  if (!read.request) return InvalidArgument(FormatJsonError(read.errors[0]));
  made->request = *std::move(read.request);
  ZTP_RETURN_IF_ERROR(made->bound.Bind(*made->policy, *made->facts, made->request));
  if (!Evaluate(made->bound, made->scratch).allow) return InvalidArgument("denied");
  return made;
}

// Counts under callgrind, as the dump `name`; else the median nanoseconds a call.
class Meter {
 public:
  template <typename Call>
  void Measure(const char* name, const Call& call) {
    call();
    if (RUNNING_ON_VALGRIND) {
      CALLGRIND_ZERO_STATS;
      CALLGRIND_START_INSTRUMENTATION;
      for (size_t i = 0; i < kCalls; ++i) call();
      CALLGRIND_STOP_INSTRUMENTATION;
      CALLGRIND_DUMP_STATS_AT(name);
      out_[name] = kCalls;
      return;
    }
    std::vector<double> times;
    for (int round = 0; round < 31; ++round) {
      const auto start = std::chrono::steady_clock::now();
      for (size_t i = 0; i < kCalls; ++i) call();
      const std::chrono::duration<double, std::nano> took =
          std::chrono::steady_clock::now() - start;
      times.push_back(took.count() / kCalls);
    }
    std::nth_element(times.begin(), times.begin() + 15, times.end());
    out_[name] = static_cast<int64_t>(times[15]);
  }
  std::string Text() const { return out_.dump(); }

 private:
  nlohmann::ordered_json out_;
};

absl::Status MeasureDecisions(Meter& meter) {
  for (const bool proven : {false, true}) {
    ZTP_ASSIGN_OR_RETURN(const std::unique_ptr<Case> c, MakeCase(proven));
    meter.Measure(proven ? "decide_proven" : "decide_vouched",
                  [&] { Keep(Evaluate(c->bound, c->scratch).allow); });
    meter.Measure(proven ? "bind_decide_proven" : "bind_decide_vouched", [&] {
      Keep(c->bound.Bind(*c->policy, *c->facts, c->request).ok());
      Keep(Evaluate(c->bound, c->scratch).allow);
    });
  }
  return absl::OkStatus();
}

absl::Status MeasureVerifying(const std::string& folder, Meter& meter) {
  evidence::Trust::Options options;
  options.read_file = [&](const std::string& name) {
    return driver::ReadFile(Cat(folder, "/", name), evidence::kMaxTrustBytes);
  };
  std::vector<JsonError> errors;
  ZTP_ASSIGN_OR_RETURN(const std::string document,
                       driver::ReadFile(Cat(folder, "/trust.json"), evidence::kMaxTrustBytes));
  const auto trust = evidence::Trust::Read(document, options, &errors);
  if (trust == nullptr) return InvalidArgument(FormatJsonError(errors.at(0)));
  ZTP_ASSIGN_OR_RETURN(const Time now, ParseTime(kNow));
  const std::pair<const char*, const char*> kEvidence[] = {{"tokens", "ann.access-token.jwt"},
                                                           {"mesh", "helper.svid.pem"}};
  for (const auto& [source, file] : kEvidence) {
    ZTP_ASSIGN_OR_RETURN(const std::string bytes,
                         driver::ReadFile(Cat(folder, "/evidence/", file), 1 << 20));
    const auto config = trust->config();
    const evidence::SourceVerifier& verifier = *(*config->Find(source))->verifier;
    if (!trust->Verify(source, bytes, now).ok()) return InvalidArgument(file, " is refused");
    meter.Measure(Cat(source, "_first").c_str(), [&] {
      Keep(verifier.Verify(source[0] == 't' ? bytes.substr(0, bytes.size() - 1) : bytes, now).ok());
    });
    meter.Measure(Cat(source, "_again").c_str(),
                  [&] { Keep(trust->Verify(source, bytes, now).ok()); });
    meter.Measure(Cat(source, "_sha256").c_str(), [&] { Keep(Sha256Bytes(bytes).size()); });
  }
  return absl::OkStatus();
}

absl::Status Run(const std::string& folder) {
  Meter meter;
  ZTP_RETURN_IF_ERROR(MeasureDecisions(meter));
  ZTP_RETURN_IF_ERROR(MeasureVerifying(folder, meter));
  std::printf("%s\n", meter.Text().c_str());
  return absl::OkStatus();
}

}  // namespace
}  // namespace ztp::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: ztp_evidence_bench policies/examples/tool-server\n");
    return 2;
  }
  const absl::Status status = ztp::bench::Run(argv[1]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "ztp_evidence_bench: %s\n", std::string(ztp::Message(status)).c_str());
  return 1;
}
