#include "engine/scenario/golden_http.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/runtime/route_evidence.h"
#include "engine/scenario/lines.h"

namespace ztp::scenario {
namespace {

constexpr std::string_view kTitle = "### ";

// "name: value"; false: there is no colon.
bool Split(std::string_view line, std::string_view* name, std::string_view* value) {
  const size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  *name = line.substr(0, colon);
  *value = line.substr(std::min(line.find_first_not_of(' ', colon + 1), line.size()));
  return true;
}

absl::Status ReadChannel(std::string_view line, GoldenHttp& http) {
  route::HttpRequest& request = http.request;
  std::string_view name, value;
  if (Split(line, &name, &value)) {
    if (name == "peer") return request.peer_spiffe = value, absl::OkStatus();
    if (name == "certificate") return http.certificate_file = value, absl::OkStatus();
    if (name == "source") return request.source_ip = value, absl::OkStatus();
    if (name == "authority") return request.authority = value, absl::OkStatus();
    if (name == "body" && value == "partial") {
      return request.body_partial = true, absl::OkStatus();
    }
    if (name == "headers" && value == "joined") {
      return request.headers_joined = true, absl::OkStatus();
    }
  }
  return InvalidArgument("the channel shows no ", Quoted(line),
                         "; write `# peer: SPIFFE-ID`, `# certificate: FILE`, `# source: IP`, "
                         "`# authority: HOST`, `# body: partial` or `# headers: joined`");
}

// What stands between two titles.
absl::Status ReadOne(std::string_view text, GoldenHttp& http) {
  while (text.starts_with("# ")) {
    ZTP_RETURN_IF_ERROR(ReadChannel(TakeLine(text).substr(2), http));
  }
  const std::string_view first = TakeLine(text);
  const size_t space = first.find(' ');
  if (space == 0 || space == std::string_view::npos) {
    return InvalidArgument("its first line is no `METHOD /path`");
  }
  http.request.method = first.substr(0, space);
  http.request.target = first.substr(space + 1);
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    if (line.empty()) break;
    route::HttpHeader header;
    if (!Split(line, &header.name, &header.value)) {
      return InvalidArgument(Quoted(line), " is no `header: value`");
    }
    http.headers.push_back(header);
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  http.request.body = text;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<GoldenHttp>> ReadHttp(std::string_view text) {
  std::vector<GoldenHttp> all;
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    if (!line.starts_with(kTitle)) {
      return InvalidArgument("each request of `http` begins with a line `### what it shows`");
    }
    const size_t next = text.starts_with(kTitle) ? 0 : text.find(Cat("\n", kTitle));
    const std::string_view one = text.substr(0, next);
    text.remove_prefix(next == std::string_view::npos ? text.size() : next == 0 ? 0 : next + 1);
    GoldenHttp& http = all.emplace_back();
    http.title = line.substr(kTitle.size());
    if (const absl::Status status = ReadOne(one, http); !status.ok()) {
      return InvalidArgument("http ", Quoted(http.title), ": ", Message(status));
    }
  }
  return all;
}

absl::StatusOr<std::string> RunHttp(const Schema& schema, std::string_view text,
                                    const HttpSettings& settings, const DecideJson& decide) {
  ZTP_ASSIGN_OR_RETURN(const std::vector<GoldenHttp> all, ReadHttp(text));
  ZTP_ASSIGN_OR_RETURN(const std::unique_ptr<const route::Router> router,
                       route::Router::Make(schema));
  route::Router::Scratch scratch;
  std::string out;
  for (const GoldenHttp& http : all) {
    Append(out, kTitle, http.title, "\n");
    route::HttpRequest request = http.request;
    request.headers = http.headers;
    std::string certificate;
    if (!http.certificate_file.empty()) {
      ZTP_ASSIGN_OR_RETURN(
          certificate,
          driver::ReadFile(
              (std::filesystem::path(settings.folder) / http.certificate_file).string(),
              kMaxJsonDocumentBytes));
      request.peer_certificates = certificate;
    }
    RouteEvidence evidence(schema, settings.trust, settings.now);
    const auto routed = router->Take(request, evidence, scratch);
    if (!routed.ok()) {
      Append(out, "denied: ", Message(routed.status()), "\n");
      continue;
    }
    ZTP_ASSIGN_OR_RETURN(const std::string decision,
                         decide(routed->request, evidence.TakeVerified()));
    Append(out, "route ", routed->route->full_name(), "\n", routed->request, "\n", decision);
  }
  return out;
}

}  // namespace ztp::scenario
