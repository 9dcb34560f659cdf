// What a server is told: flags, variables of the environment, and one file say the same.
//
// Boundary: settings as they were given, and whether they fit together. What they name (files,
// addresses) is opened by whoever uses it.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "bindings/server/audit_options.h"
#include "bindings/server/loaded_engine.h"

namespace ztp::server {

// How much an answer tells beside yes or no: whoever may ask learns it.
enum class Tell : uint8_t {
  kDecision,  // what must be carried out, and until when it holds
  kReason,    // and the reason that the policy's author wrote for it (`because`)
  kAll,       // and the rules, what was missing, what became of the evidence, the versions
};

struct Settings : WhatDecides {
  std::string config;

  // What only decides for comparison.
  std::string shadow;
  std::vector<std::string> shadow_facts;  // none: `facts`
  AuditLogOptions audit;

  // Where it listens: "127.0.0.1:8080", "[::1]:8080", ":8080" for all, "unix:/run/ztp.sock".
  std::vector<std::string> http;
  std::vector<std::string> grpc;  // Envoy's ext_authz, of the same form
  std::string admin;              // metrics, health, reload; empty: nowhere
  std::string unix_mode = "0660";
  std::string public_url;  // as callers see it; empty: no metadata is published

  // TLS for `http` and `grpc` addresses that are no sockets.
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_clients;  // roots: a client must show a certificate under them
  std::string callers;      // a file of bearer tokens, a line each: a caller must show one

  Tell tell = Tell::kReason;
  unsigned threads = 0;  // 0: as many as there are processors
  std::size_t max_body = 1 << 20;
  std::size_t max_header = 16 << 10;
  std::size_t max_connections = 4096;
  std::size_t max_evaluations = 1000;
  unsigned max_calls = 1000;
  std::chrono::seconds request_timeout{10};
  std::chrono::seconds idle_timeout{75};
  std::chrono::seconds drain{10};
  std::chrono::seconds watch{1};  // 0: files are not looked at
  bool check = false;

  // Adds an option for each, with its variable (ZTP_SERVE_…), and --config.
  void AddOptions(CLI::App& command);
  // What --config says, where neither a flag nor a variable has said it: once the command line is
  // parsed. Throws CLI::ParseError: a file that cannot be read, a name that is not known, a wrong
  // value.
  void ReadConfig(CLI::App& command);
  // What is wrong with them together, for people; empty: nothing.
  std::string Problem() const;
};

}  // namespace ztp::server
