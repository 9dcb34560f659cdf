// Evidence that comes with a request, and what became of it, as plain data.
//
// Boundary: no behaviour. Readers of requests fill items; who verifies them (evidence/) answers
// with outcomes; writers of decisions show those.
#pragma once

#include <optional>
#include <string>

#include "engine/core/time.h"

namespace ztp {

struct EvidenceItem {
  std::string input;   // which it shall prove
  std::string kind;    // "x509-svid"; may be empty where the source is named
  std::string source;  // of the trust configuration; empty: any that may prove the input
  std::string value;   // as it stood in the request: text; of kinds that are bytes, base64 or PEM
  // What the request says rests on it, as where a token names the principal: where it is refused,
  // nothing is permitted, and no decision holds longer than it.
  bool critical = false;
};

struct EvidenceOutcome {
  std::string input;
  // Where it was refused: the name of the check that it did not pass, and why.
  std::string check;
  std::string message;
  // Else what was proven: by which source and kind, about whom, when it counts, by which anchor.
  std::string source;
  std::string kind;
  std::string subject;
  std::string anchor;
  std::string digest;  // "sha256:…" of the evidence's bytes
  std::optional<Time> issued_at;
  std::optional<Time> expires_at;

  bool bound() const { return check.empty(); }
};

}  // namespace ztp
