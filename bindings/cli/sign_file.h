// What `ztp sign FILE` and `ztp build --sign` share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/cli/common.h"

namespace ztp::cli {

struct FileSignature {
  std::vector<std::string> keys;  // private ones, as kKeyHelp says
  std::string name;               // empty: the file's own name
  uint64_t version = 0;           // 0: the time in seconds
  std::string valid_for = "90d";
  std::string expires;  // instead of valid_for
  std::string output;   // empty: FILE.sig
  std::string now;
  bool add = false;  // to the signatures that are there
};

void AddSignatureOptions(CLI::App& command, FileSignature* options);

// Signs what the file holds now. Prints what it wrote, or why it could not.
int SignFile(const std::string& file, const FileSignature& options);

}  // namespace ztp::cli
