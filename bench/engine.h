// The engine as the benchmarks see it: the one place that uses its interfaces.
//
// Boundary: compiles, loads, binds and decides; measures nothing and prints nothing. Everything
// that a measured call does stands here in full view, so that nothing is left out of a figure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/eval/decide.h"
#include "engine/eval/json_request.h"

namespace ztp::bench {

// Source to the bytes of a bundle. InvalidArgument with the diagnostics if the policy has errors.
absl::StatusOr<std::string> CompileToBundle(const std::string& policy_path);

// A bundle's file, mapped and verified, as a policy that can decide.
absl::StatusOr<std::shared_ptr<const Policy>> OpenPolicy(const std::string& bundle_path);

// Facts as JSON text to a snapshot.
absl::StatusOr<std::shared_ptr<const Snapshot>> LoadFacts(const Policy& policy,
                                                          std::string_view facts);

// A policy, its facts, and requests that are bound to them. Immutable once made: any number of
// threads decide with it, each with its own Worker.
class Subject {
 public:
  // What one thread needs for itself.
  struct Worker {
    Scratch scratch;
    BoundRequest bound;
    std::optional<RequestParser> parser;  // made with the first text
    std::string text;                     // the last answer
  };

  // InvalidArgument: a request that cannot be read or bound; the message says which.
  static absl::StatusOr<std::unique_ptr<const Subject>> Make(
      std::shared_ptr<const Policy> policy, std::shared_ptr<const Snapshot> facts,
      std::string_view bundle, const std::vector<std::string>& requests);

  size_t size() const { return requests_.size(); }
  const Request& request(size_t i) const { return requests_[i]; }
  const Policy& policy() const { return *policy_; }
  const Snapshot& facts() const { return *facts_; }

  // Decides a request that was bound beforehand.
  bool Evaluate(size_t request, Worker& worker) const {
    return ztp::Evaluate(bound_[request], worker.scratch).allow;
  }
  // Binds a request that was read beforehand, and decides it.
  bool BindAndEvaluate(size_t request, Worker& worker) const {
    if (!worker.bound.Bind(*policy_, *facts_, requests_[request]).ok()) return false;
    return ztp::Evaluate(worker.bound, worker.scratch).allow;
  }
  bool Bind(size_t request, Worker& worker) const {
    return worker.bound.Bind(*policy_, *facts_, requests_[request]).ok();
  }

  // JSON in: reads a request's text. False: it cannot be read.
  bool ReadText(std::string_view text, Worker& worker) const {
    return ReadRequestText(text, worker) != nullptr;
  }
  // JSON out: the text of the decision on a request that was bound beforehand. Good until the
  // worker's next.
  std::string_view WriteText(size_t request, Worker& worker) const;
  // JSON text in, JSON text out: what a server does for each request. Empty: the text is no
  // request. Good until the worker's next.
  std::string_view TextToText(std::string_view text, Worker& worker) const;

  // The decision as expected.txt has it: "allow p3", "deny p1 guard2".
  std::string Answer(size_t request, Worker& worker) const;

 private:
  Subject() = default;
  absl::StatusOr<Request> Read(std::string_view text) const;
  const Request* ReadRequestText(std::string_view text, Worker& worker) const;
  std::string_view DecideText(const BoundRequest& bound, Worker& worker) const;

  std::shared_ptr<const Policy> policy_;
  std::shared_ptr<const Snapshot> facts_;
  std::string policy_digest_;
  RequestOptions options_;
  std::vector<Request> requests_;
  std::vector<BoundRequest> bound_;
};

}  // namespace ztp::bench
