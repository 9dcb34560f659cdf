// The HTTP requests of a golden file: an author writes what came over the wire, the policy's routes
// and rules say what becomes of it.
//
//   == http ==
//   ### a word on the request
//   # peer: spiffe://acme.org/ns/ml/sa/train     what the channel showed, before the first line,
//   # source: 10.1.2.3                           where no header can stand; also `authority: HOST`,
//   # certificate: train.pem                     `body: partial` and `headers: joined`
//   POST /v1/chat/completions
//   content-type: application/json
//
//   {"model": "small"}
//   == outcomes ==
//   ### a word on the request
//   route acme.gate.chat
//   {"subject":…}                                the request that it becomes
//   allow by team_models                         or `denied: …` alone: no route takes it, or none
//                                                can read it
//
// The certificate is a file beside the golden file, with those that came with it. Boundary: text;
// deciding is somebody else's.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/schema.h"
#include "engine/core/time.h"
#include "engine/evidence/policy_trust.h"
#include "engine/route/router.h"

namespace ztp::scenario {

// One of them. Views are into the text that it was read from.
struct GoldenHttp {
  std::string_view title;
  route::HttpRequest request;  // without what is below
  std::vector<route::HttpHeader> headers;
  std::string_view certificate_file;
};

// InvalidArgument: the author's mistake, with the title of the request.
absl::StatusOr<std::vector<GoldenHttp>> ReadHttp(std::string_view text);

// What a decision on a request's JSON is written as; several lines where it has errors.
// `verified`: what of its evidence was verified already.
using DecideJson = std::function<absl::StatusOr<std::string>(
    std::string_view request, std::span<const evidence::VerifiedItem> verified)>;

// Under what they are routed.
struct HttpSettings {
  std::string folder;  // the golden file's
  Time now;
  // Whose evidence is taken, which is of the schema's policy; null: nobody's.
  const evidence::PolicyTrust* trust = nullptr;
};
// The section of outcomes. Errors: ReadHttp's, a certificate's file cannot be read, or those of
// `decide`.
absl::StatusOr<std::string> RunHttp(const Schema& schema, std::string_view text,
                                    const HttpSettings& settings, const DecideJson& decide);

}  // namespace ztp::scenario
