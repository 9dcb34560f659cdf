// Whom the command line trusts to sign: keys, root certificates, a Sigstore instance.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/evidence/signed_statement.h"

namespace ztp::cli {

struct TrustedSigners {
  std::vector<std::string> keys;
  std::vector<std::string> roots;
  std::string trusted_root;
  std::string identity;
  std::string issuer;

  void AddOptions(CLI::App& command);
  bool None() const { return keys.empty() && roots.empty() && trusted_root.empty(); }
  // InvalidArgument also where a Sigstore instance is trusted and nobody of its users.
  absl::StatusOr<evidence::SignerPolicy> Load() const;
};

}  // namespace ztp::cli
