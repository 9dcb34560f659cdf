// See settings.h.
#include "bindings/server/settings.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>

namespace ztp::server {
namespace {

// --max-body -> ZTP_SERVE_MAX_BODY
std::string VariableOf(std::string_view flag) {
  std::string name = "ZTP_SERVE_";
  for (const char c : flag) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

template <typename T>
CLI::Option* Add(CLI::App& command, const std::string& flag, T& value, const std::string& help) {
  return command.add_option("--" + flag, value, help)->envname(VariableOf(flag));
}

void AddSeconds(CLI::App& command, const std::string& flag, std::chrono::seconds& value,
                const std::string& help) {
  command
      .add_option_function<unsigned>(
          "--" + flag, [&value](unsigned seconds) { value = std::chrono::seconds(seconds); },
          help + " (seconds; " + std::to_string(value.count()) + ")")
      ->envname(VariableOf(flag))
      ->check(CLI::Range(0U, 86400U));
}

void AddWhatDecides(CLI::App& command, Settings& s) {
  Add(command, "policy", s.policy, "a bundle (.ztpb)");
  Add(command, "facts", s.facts, "facts: JSON, or one facts file (.ztpf); may be given again");
  Add(command, "trust", s.trust, "the trust configuration: whose evidence proves inputs");
  Add(command, "signed-by", s.signed_by,
      "take only a bundle and facts that these have signed, now and at each reload: files of "
      "public keys (PEM)");
  Add(command, "threshold", s.threshold, "so many of the keys must have signed")
      ->capture_default_str();
  Add(command, "state", s.state,
      "a file that keeps the newest versions that were taken: older ones are refused");
  Add(command, "epoch", s.epoch, "a page by which other processes revoke and halt");
  AddSeconds(command, "watch", s.watch, "look so often whether the files have changed; 0: never");
  Add(command, "shadow", s.shadow,
      "another bundle, which decides each request as well and changes no answer: differences are "
      "events, entries of the audit log, and a metric");
  Add(command, "shadow-facts", s.shadow_facts, "its facts; --facts without them");
}

void AddAudit(CLI::App& command, Settings& s) {
  for (CLI::Option* option : AddAuditLogOptions(command, &s.audit)) {
    option->envname(VariableOf(option->get_lnames().front()));
  }
}

void AddWhereItListens(CLI::App& command, Settings& s) {
  Add(command, "http", s.http,
      "where AuthZEN is served: 127.0.0.1:8080, [::1]:8080, :8080 (all), unix:PATH; may be given "
      "again");
  Add(command, "grpc", s.grpc,
      "where Envoy's ext_authz is served, with grpc.health.v1: an address as --http has; may be "
      "given again");
  Add(command, "admin", s.admin,
      "where /metrics, /healthz, /readyz and POST /reload are: an address of its own, which "
      "callers should not reach");
  Add(command, "unix-mode", s.unix_mode, "permission bits of Unix sockets")->capture_default_str();
  Add(command, "public-url", s.public_url,
      "the server's https URL as callers see it, for /.well-known/authzen-configuration");
  Add(command, "tls-certificate", s.tls_certificate,
      "a certificate and its chain (PEM): addresses speak TLS 1.2 or 1.3, Unix sockets do not");
  Add(command, "tls-key", s.tls_key, "its private key (PEM)");
  Add(command, "tls-clients", s.tls_clients,
      "root certificates (PEM): a client must show a certificate under one of them");
  Add(command, "callers", s.callers,
      "a file of bearer tokens, a line each, of which a caller must show one; NAME: TOKEN, and the "
      "audit log says who asked");
}

void AddLimits(CLI::App& command, Settings& s) {
  static const std::map<std::string, Tell> kTells = {
      {"decision", Tell::kDecision}, {"reason", Tell::kReason}, {"all", Tell::kAll}};
  Add(command, "tell", s.tell,
      "how much an answer tells: decision, reason (`because`), all (rules, what is missing)")
      ->transform(CLI::CheckedTransformer(kTells))
      ->default_str("reason");
  Add(command, "threads", s.threads, "threads that serve; 0: one a processor")
      ->check(CLI::Range(0U, 256U));
  Add(command, "max-body", s.max_body, "bytes of a request's body")
      ->check(CLI::Range(std::size_t{256}, std::size_t{64} << 20))
      ->capture_default_str();
  Add(command, "max-header", s.max_header, "bytes of a request's header")
      ->check(CLI::Range(std::size_t{1024}, std::size_t{1} << 20))
      ->capture_default_str();
  Add(command, "max-connections", s.max_connections, "connections at the same time")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str();
  Add(command, "max-calls", s.max_calls, "gRPC calls of one connection at the same time")
      ->check(CLI::Range(1U, 1U << 20))
      ->capture_default_str();
  Add(command, "max-evaluations", s.max_evaluations, "evaluations in one request")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str();
  AddSeconds(command, "request-timeout", s.request_timeout,
             "a request must have come, and its answer have gone, within this");
  AddSeconds(command, "idle-timeout", s.idle_timeout, "a connection without a request is closed");
  AddSeconds(command, "drain", s.drain, "how long requests may still take when it is stopped");
}

}  // namespace

void Settings::AddOptions(CLI::App& command) {
  Add(command, "config", config,
      "a file of these settings (TOML): policy = \"p.ztpb\", a line each");
  AddWhatDecides(command, *this);
  AddWhereItListens(command, *this);
  AddAudit(command, *this);
  AddLimits(command, *this);
  command.add_flag("--check", check, "load everything, say whether it would serve, and end");
}

void Settings::ReadConfig(CLI::App& command) {
  if (config.empty()) return;
  std::ifstream file(config);
  if (!file) throw CLI::FileError::Missing(config);
  for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(file)) {
    CLI::Option* option =
        item.parents.empty() ? command.get_option_no_throw("--" + item.name) : nullptr;
    if (option == nullptr || item.name == "config" || item.name == "help" || item.name == "check") {
      throw CLI::ConfigError::NotConfigurable(config + ": " + item.fullname());
    }
    if (!option->empty()) continue;  // a flag or a variable has said it
    option->add_result(item.inputs);
    option->run_callback();
  }
}

std::string Settings::Problem() const {
  if (policy.empty()) return "there is no --policy";
  if (http.empty() && grpc.empty() && !check) {
    return "there is no --http or --grpc address to serve at";
  }
  if (tls_certificate.empty() != tls_key.empty()) {
    return "--tls-certificate and --tls-key go together";
  }
  if (!tls_clients.empty() && tls_certificate.empty()) {
    return "--tls-clients needs --tls-certificate: without TLS no client shows a certificate";
  }
  if (signed_by.empty() && !state.empty()) return "--state is for --signed-by";
  if (shadow.empty() && !shadow_facts.empty()) return "--shadow-facts is for --shadow";
  if (std::string problem = audit.Problem(); !problem.empty()) return problem;
  if (request_timeout.count() == 0 || idle_timeout.count() == 0) {
    return "--request-timeout and --idle-timeout must be at least a second";
  }
  if (!public_url.empty() && (!public_url.starts_with("https://") || public_url.ends_with('/') ||
                              public_url.find_first_of("?#") != std::string::npos)) {
    return "--public-url must begin with https://, and have no query, fragment or / at its end";
  }
  if (unix_mode.empty() || unix_mode.size() > 4 ||
      unix_mode.find_first_not_of("01234567") != std::string::npos) {
    return "--unix-mode must be up to four octal digits, as 0660";
  }
  return {};
}

}  // namespace ztp::server
