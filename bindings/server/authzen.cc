// See authzen.h.
#include "bindings/server/authzen.h"

#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "bindings/server/tell.h"
#include "engine/base/str.h"
#include "engine/facts/json_sink.h"

namespace ztp::server {
namespace {

constexpr std::string_view kMetadata = "/.well-known/authzen-configuration";
constexpr std::string_view kEvaluation = "/access/v1/evaluation";
constexpr std::string_view kEvaluations = "/access/v1/evaluations";

// The last two are ztp's.
constexpr std::array<std::string_view, AuthZen::kMemberCount> kMembers = {
    "subject", "action", "resource", "context", "evidence", "can"};

// How much larger than a body its evaluations may be together, with their defaults.
constexpr size_t kMaxExpansion = 16;

enum class Semantic : uint8_t { kAll, kFirstDeny, kFirstPermit };

// Bodies of errors are message strings (section 10.1.2).
HttpResponse Failure(unsigned status, std::string message) {
  return {.status = status, .content_type = "text/plain", .body = std::move(message)};
}

bool IsJson(std::string_view content_type) {
  constexpr std::string_view kJson = "application/json";
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  size_t end = type.size();
  while (end > 0 && type[end - 1] == ' ') --end;
  if (end != kJson.size()) return false;
  for (size_t i = 0; i < end; ++i) {
    if ((type[i] | 0x20) != (kJson[i] | 0x20)) return false;
  }
  return true;
}

// Nothing: it has some other value, and the request cannot be carried out as it was meant.
std::optional<Semantic> SemanticOf(const JsonTree& tree) {
  const JsonNode* options = tree.Find(tree.root(), "options");
  if (options == nullptr) return Semantic::kAll;
  if (options->kind != JsonKind::kObject) return std::nullopt;
  const JsonNode* semantic = tree.Find(*options, "evaluations_semantic");
  if (semantic == nullptr || semantic->text == "execute_all") return Semantic::kAll;
  if (semantic->text == "deny_on_first_deny") return Semantic::kFirstDeny;
  if (semantic->text == "permit_on_first_permit") return Semantic::kFirstPermit;
  return std::nullopt;
}

}  // namespace

HttpResponse AuthZen::FailureOf(Evaluated evaluated) {
  HttpResponse response = Failure(evaluated.failed, std::move(evaluated.message));
  if (!evaluated.id.empty()) response.headers.emplace_back("X-Ztp-Decision-Id", evaluated.id);
  return response;
}

bool AuthZen::Serves(std::string_view path) {
  return path == kEvaluation || path == kEvaluations || path == kMetadata;
}

HttpResponse AuthZen::Handle(const HttpRequest& request, int64_t now) {
  if (request.path == kMetadata) {
    if (request.method == "GET" || request.method == "HEAD") return Metadata();
    HttpResponse response = Failure(405, "ask by GET");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (request.method != "POST") {
    HttpResponse response = Failure(405, "ask by POST");
    response.headers.emplace_back("Allow", "POST");
    return response;
  }
  if (!IsJson(request.content_type)) {
    return Failure(415, "a request must be of Content-Type application/json");
  }
  asker_ = {
      .name = request.peer, .request_id = request.request_id, .traceparent = request.traceparent};
  ticket_ = 0;
  is_taken_ = true;
  HttpResponse response =
      request.path == kEvaluation ? Evaluation(request.body, now) : Evaluations(request.body, now);
  if (!is_taken_) return Failure(503, "the audit log takes no more: nothing is decided");
  if (ticket_ != 0) {
    response.when = [log = log_, ticket = ticket_](DecisionLog::Then then) {
      log->WhenLogged(ticket, std::move(then));
    };
  }
  return response;
}

HttpResponse AuthZen::Metadata() const {
  if (settings_.public_url.empty()) {
    return Failure(404, "the server was not told its public URL");
  }
  HttpResponse response;
  JsonSink sink(&response.body);
  sink.Put("{\"policy_decision_point\":");
  sink.PutText(settings_.public_url);
  sink.Put(",\"access_evaluation_endpoint\":");
  sink.PutText(Cat(settings_.public_url, kEvaluation));
  sink.Put(",\"access_evaluations_endpoint\":");
  sink.PutText(Cat(settings_.public_url, kEvaluations));
  sink.Put('}');
  sink.Flush();
  return response;
}

HttpResponse AuthZen::Evaluation(std::string_view body, int64_t now) {
  Evaluated evaluated = Evaluate(body, now);
  if (evaluated.failed != 0) return FailureOf(evaluated);
  HttpResponse response;
  response.body = std::move(evaluated.answer);
  return response;
}

HttpResponse AuthZen::Evaluations(std::string_view body, int64_t now) {
  // All of it is refused.
  const auto refuse = [&](unsigned status, std::string message) {
    return FailureOf(Refuse(body, status, std::move(message), now));
  };
  JsonError error;
  if (!body_.Parse(body, JsonPath(), &error)) return refuse(400, error.message);
  const JsonNode& root = body_.root();
  if (root.kind != JsonKind::kObject) return refuse(400, "the body must be a JSON object");
  const JsonNode* items = body_.Find(root, "evaluations");
  if (items == nullptr || (items->kind == JsonKind::kArray && items->child_count == 0)) {
    return Evaluation(body, now);
  }
  if (items->kind != JsonKind::kArray) return refuse(400, "`evaluations` must be an array");
  if (items->child_count > settings_.max_evaluations) {
    return refuse(413, Cat("at most ", settings_.max_evaluations, " evaluations in one request"));
  }
  const std::optional<Semantic> semantic = SemanticOf(body_);
  if (!semantic) {
    return refuse(400,
                  "`options.evaluations_semantic` must be execute_all, deny_on_first_deny or "
                  "permit_on_first_permit");
  }
  Defaults defaults{};
  for (size_t i = 0; i < kMembers.size(); ++i) {
    if (const JsonNode* node = body_.Find(root, kMembers[i])) defaults[i] = JsonTextOf(body, *node);
  }
  HttpResponse response;
  response.body = "{\"evaluations\":[";
  bool first = true;
  size_t read = 0;
  for (const JsonNode& item : body_.Children(*items)) {
    Evaluated evaluated;
    if (item.kind == JsonKind::kObject) {
      const std::string request = Item(body, defaults, item);
      // A default is read again for each: a small body must not become a large one.
      read += request.size();
      if (read > kMaxExpansion * settings_.max_body) {
        return refuse(413, "the defaults are too large for so many evaluations");
      }
      evaluated = Evaluate(request, now);
    } else {
      evaluated = Refuse(JsonTextOf(body, item), 400, "an evaluation must be an object", now);
    }
    if (!std::exchange(first, false)) response.body += ',';
    response.body += evaluated.failed != 0
                         ? ErrorAnswer(evaluated.failed, evaluated.message, evaluated.id)
                         : evaluated.answer;
    if (*semantic == (evaluated.allow ? Semantic::kFirstPermit : Semantic::kFirstDeny)) break;
  }
  response.body += "]}";
  return response;
}

std::string AuthZen::Item(std::string_view body, const Defaults& defaults,
                          const JsonNode& item) const {
  std::string out;
  JsonSink sink(&out);
  sink.Put('{');
  bool first = true;
  for (size_t i = 0; i < kMembers.size(); ++i) {
    const JsonNode* own = body_.Find(item, kMembers[i]);
    const std::string_view member = own != nullptr ? JsonTextOf(body, *own) : defaults[i];
    if (member.empty()) continue;
    if (!std::exchange(first, false)) sink.Put(',');
    sink.PutText(kMembers[i]);
    sink.Put(':');
    sink.PutPlain(member);
  }
  sink.Put('}');
  sink.Flush();
  return out;
}

AuthZen::Evaluated AuthZen::Evaluate(std::string_view request, int64_t now) {
  const auto begin = std::chrono::steady_clock::now();
  const auto passed = [&] {
    const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - begin;
    return static_cast<uint64_t>(taken.count());
  };
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_text answer{};
  const absl::Status status =
      ToStatus(ztp_decide_json(session_.get(), ToText(request), now, false, &decision, &answer));
  if (!status.ok()) {
    return Refuse(request, 500, "the engine failed: nothing was decided", now);
  }
  Evaluated evaluated;
  if (log_ != nullptr) evaluated.id = log_->NextId();
  const bool is_read = decision.session != nullptr;
  if (is_read) {
    evaluated.allow = decision.allow;
    evaluated.answer = CutAnswer(decision, ToView(answer), evaluated.id, settings_.tell, answer_);
  } else {
    evaluated.failed = 400;
    evaluated.message = ErrorsIn(ToView(answer), settings_.tell, answer_);
  }
  const uint64_t nanoseconds = passed();
  std::string_view shadow;
  if (shadow_ != nullptr) shadow = shadow_->Compare(request, now, decision, answer, evaluated.id);
  Log(evaluated.id, request, ToView(answer), shadow, now, nanoseconds);
  if (is_read) {
    observer_.Decided(decision, nanoseconds);
  } else {
    observer_.Unread();
  }
  return evaluated;
}

AuthZen::Evaluated AuthZen::Refuse(std::string_view request, unsigned status, std::string message,
                                   int64_t now) {
  observer_.Unread();
  Evaluated refused{.failed = status, .answer = {}, .message = std::move(message), .id = {}};
  if (log_ == nullptr) return refused;
  refused.id = log_->NextId();
  Log(refused.id, request, ErrorAnswer(status, refused.message, {}), {}, now, 0);
  return refused;
}

void AuthZen::Log(std::string_view id, std::string_view request, std::string_view answer,
                  std::string_view shadow, int64_t now, uint64_t nanoseconds) {
  if (log_ == nullptr || !is_taken_) return;
  is_taken_ = log_->Append({.id = id,
                            .asker = asker_,
                            .request = request,
                            .answer = answer,
                            .shadow = shadow,
                            .now = now,
                            .nanoseconds = nanoseconds},
                           &ticket_);
}

}  // namespace ztp::server
