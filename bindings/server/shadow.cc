// See shadow.h.
#include "bindings/server/shadow.h"

#include <new>
#include <utility>

#include "bindings/server/event_log.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/json_sink.h"

namespace ztp::server {
namespace {

constexpr size_t kMaxReportedBytes = 512;  // of each member of an event

std::string_view KindOf(const ztp_decision& decision) {
  if (decision.session == nullptr) return "unreadable";
  return decision.allow ? "allow" : "deny";
}

std::string_view Part(const JsonTree& tree, std::string_view text, std::string_view member) {
  const JsonNode* node = tree.At({"context", member});
  return node == nullptr ? std::string_view("null") : JsonTextOf(text, *node);
}

// A member of an untrusted request, as far as an event has room.
std::string Shortened(const JsonTree& tree, std::string_view text, std::string_view member) {
  const JsonNode* node = tree.At({member});
  if (node == nullptr) return "null";
  const std::string_view value = JsonTextOf(text, *node);
  if (value.size() <= kMaxReportedBytes) return std::string(value);
  return Cat("of ", value.size(), " bytes");
}

}  // namespace

bool ShadowSession::Reports::May(int64_t now, uint64_t* left_out) {
  const int64_t second = now / kMicrosPerSecond;
  int64_t seen = second_.load(std::memory_order_relaxed);
  if (seen != second && second_.compare_exchange_strong(seen, second)) in_second_.store(0);
  if (in_second_.fetch_add(1, std::memory_order_relaxed) >= kPerSecond) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  *left_out = left_out_.exchange(0);
  return true;
}

std::string_view ShadowSession::Compare(std::string_view request, int64_t now,
                                        const ztp_decision& decision, ztp_text answer,
                                        std::string_view id) try {
  entry_.clear();
  ztp_decision other = ZTP_DECISION_INIT;
  ztp_text other_answer{};
  const absl::Status status =
      ToStatus(ztp_decide_json(session_.get(), ToText(request), now, false, &other, &other_answer));
  if (!status.ok()) return {};  // there is no memory; then there is no comparison
  const std::string_view answered = KindOf(decision), shadow = KindOf(other);
  bool differs = answered != shadow;
  bool parsed = false;
  const auto parse = [&] {
    JsonError error;
    return parsed = answer_.Parse(ToView(answer), JsonPath(), &error) &&
                    shadow_answer_.Parse(ToView(other_answer), JsonPath(), &error);
  };
  bool obliges_otherwise = false;
  if (!differs && decision.allow && decision.obligations + other.obligations > 0 && parse()) {
    obliges_otherwise = Part(answer_, ToView(answer), "obligations") !=
                        Part(shadow_answer_, ToView(other_answer), "obligations");
    differs = obliges_otherwise;
  }
  observer_.Compared(answered, shadow, differs);
  if (!differs || (!parsed && !parse())) return {};
  {
    JsonSink sink(&entry_);
    sink.Put("{\"decision\":");
    sink.PutText(shadow);
    for (const std::string_view member : {"rules", "policy", "facts"}) {
      if (shadow_answer_.At({"context", member}) == nullptr) continue;  // of a request not read
      sink.Put(',');
      sink.PutText(member);
      sink.Put(':');
      sink.PutPlain(Part(shadow_answer_, ToView(other_answer), member));
    }
    if (obliges_otherwise) sink.Put(",\"obligations\":\"differ\"");
    sink.Put('}');
    sink.Flush();
  }
  uint64_t left_out = 0;
  if (!reports_.May(now, &left_out)) return entry_;
  const std::string rules(Part(answer_, ToView(answer), "rules"));
  const std::string untold = Cat(left_out);
  if (!id.empty()) {  // the entry has the rest, as far as its mask lets it
    LogEvent("shadow differs", {{"decision_id", id},
                                {"answered", answered},
                                {"rules", rules},
                                {"shadow", entry_},
                                {"not_told_before", untold}});
    return entry_;
  }
  JsonError error;
  const bool is_read = request_.Parse(request, JsonPath(), &error);
  const auto part = [&](std::string_view member) {
    return is_read ? Shortened(request_, request, member) : std::string("null");
  };
  LogEvent("shadow differs", {{"subject", part("subject")},
                              {"action", part("action")},
                              {"resource", part("resource")},
                              {"answered", answered},
                              {"rules", rules},
                              {"shadow", entry_},
                              {"not_told_before", untold}});
  return entry_;
} catch (const std::bad_alloc&) {
  return {};
}

Shadow::Shadow(const Settings& settings, DecisionObserver& observer)
    : settings_([&] {
        Settings its = settings;
        its.policy = settings.shadow;
        if (!settings.shadow_facts.empty()) its.facts = settings.shadow_facts;
        // What permits nothing need not be signed, and takes no version from what does.
        its.signed_by.clear();
        its.state.clear();
        return its;
      }()),
      observer_(observer) {}

absl::StatusOr<std::unique_ptr<Shadow>> Shadow::Load(const Settings& settings,
                                                     DecisionObserver& observer) {
  std::unique_ptr<Shadow> shadow(new Shadow(settings, observer));
  ZTP_ASSIGN_OR_RETURN(shadow->in_force_, InForce::Load(shadow->settings_, nullptr));
  return shadow;
}

absl::StatusOr<std::unique_ptr<ShadowSession>> Shadow::NewSession() {
  ZTP_ASSIGN_OR_RETURN(SessionHandle session, in_force_->NewSession());
  return std::make_unique<ShadowSession>(std::move(session), observer_, reports_);
}

}  // namespace ztp::server
