// See render.h.
#include "engine/audit/render.h"

#include <initializer_list>
#include <utility>

#include "engine/audit/entry.h"
#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/facts/json_sink.h"

namespace ztp::audit {
namespace {

// An entry's parts by their paths.
class Entry {
 public:
  bool Read(std::string_view text) {
    JsonError error;
    return tree_.Parse(text, JsonPath(), &error) && tree_.root().kind == JsonKind::kObject &&
           Text({"type"}).size() > 0 && At({"v"}) != nullptr && At({"v"})->text == "1";
  }
  const JsonNode* At(JsonTree::Names path) const { return tree_.At(path); }
  std::string_view Text(JsonTree::Names path) const { return tree_.TextAt(tree_.root(), path); }
  bool IsTrue(JsonTree::Names path) const { return tree_.IsTrueAt(tree_.root(), path); }
  const JsonTree& tree() const { return tree_; }

 private:
  JsonTree tree_;
};

// An object on one line.
class Object {
 public:
  explicit Object(JsonSink& sink) : sink_(sink) { sink_.Put('{'); }
  ~Object() { sink_.Put('}'); }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  JsonSink& Name(std::string_view name) {
    if (!std::exchange(first_, false)) sink_.Put(',');
    sink_.PutText(name);
    sink_.Put(':');
    return sink_;
  }
  void Text(std::string_view name, std::string_view text) {
    if (!text.empty()) Name(name).PutText(text);
  }
  template <typename T>
  void Number(std::string_view name, T number) {
    Name(name).PutPlain(Cat(number));
  }
  void Node(std::string_view name, const Entry& entry, const JsonNode* node) {
    if (node == nullptr) return;
    PutNode(entry.tree(), *node, Name(name));
  }

 private:
  JsonSink& sink_;
  bool first_ = true;
};

// "/request/subject/id" is "/input/subject/id" in OPA's event, "/answer/…" is "/result/…".
void PutPointers(std::string_view name, const Entry& entry, Object& out) {
  const JsonNode* pointers = entry.At({name});
  if (pointers == nullptr || pointers->kind != JsonKind::kArray) return;
  JsonSink& sink = out.Name(name);
  sink.Put('[');
  bool first = true;
  for (const JsonNode& pointer : entry.tree().Children(*pointers)) {
    if (!std::exchange(first, false)) sink.Put(',');
    std::string_view text = pointer.text;
    std::string_view begin;
    for (const auto& [ours, theirs] :
         {std::pair<std::string_view, std::string_view>{"/request/", "/input/"},
          {"/answer/", "/result/"},
          {"/asked_by", "/requested_by"}}) {
      if (!text.starts_with(ours)) continue;
      begin = theirs;
      text.remove_prefix(ours.size());
      break;
    }
    sink.PutText(Cat(begin, text));
  }
  sink.Put(']');
}

std::string_view ActionOf(const Entry& entry) { return entry.Text({"request", "action"}); }

void PutUser(const Entry& entry, Object& out) {
  JsonSink& sink = out.Name("user");
  Object user(sink);
  user.Text("uid", entry.Text({"request", "subject", "id"}));
  user.Text("type", entry.Text({"request", "subject", "type"}));
  user.Number("type_id", 99);  // Other: named by the type
}

// The rules that decided, as policies that were applied.
void PutAuthorizations(const Entry& entry, bool allowed, Object& out) {
  JsonSink& sink = out.Name("authorizations");
  const std::string_view version = entry.Text({"answer", "context", "policy"});
  const auto put = [&](std::string_view rule) {
    Object authorization(sink);
    authorization.Text("decision", allowed ? "allow" : "deny");
    if (rule.empty() && version.empty()) return;
    JsonSink& policy_sink = authorization.Name("policy");
    Object policy(policy_sink);
    policy.Text("name", rule);
    policy.Text("uid", version);
    policy.Text("version", version);
    policy.Name("is_applied").Put("true");
  };
  sink.Put('[');
  const JsonNode* rules = entry.At({"answer", "context", "rules"});
  if (rules == nullptr || rules->kind != JsonKind::kArray || rules->child_count == 0) {
    put({});
  } else {
    bool first = true;
    for (const JsonNode& rule : entry.tree().Children(*rules)) {
      if (!std::exchange(first, false)) sink.Put(',');
      put(rule.text);
    }
  }
  sink.Put(']');
}

// What OCSF has no place for.
void PutUnmapped(const Entry& entry, const EntryPlace& place, Object& out) {
  JsonSink& sink = out.Name("unmapped");
  Object unmapped(sink);
  unmapped.Text("log_origin", place.origin);
  unmapped.Number("log_index", place.index);
  unmapped.Text("type", entry.Text({"type"}));
  for (const std::string_view name : {"latency_ns", "request_id", "span_id", "shadow", "count",
                                      "torn_bytes", "torn_digest", "erased", "masked", "omitted"}) {
    unmapped.Node(name, entry, entry.At({name}));
  }
  for (const std::string_view name : {"digest", "inputs", "parameters", "evidence"}) {
    unmapped.Node(Cat("request_", name), entry, entry.At({"request", name}));
  }
  unmapped.Node("answer", entry, entry.At({"answer", "context"}));
}

}  // namespace

std::optional<std::string> RenderOpa(std::string_view text, const EntryPlace& place) {
  Entry entry;
  if (!entry.Read(text) || entry.Text({"type"}) != "decision") return std::nullopt;
  std::string out;
  {
    JsonSink sink(&out);
    Object event(sink);
    {
      Object labels(event.Name("labels"));
      labels.Text("id", place.origin);
      labels.Text("engine", "ztp");
    }
    event.Text("decision_id", entry.Text({"id"}));
    if (const std::string_view policy = entry.Text({"answer", "context", "policy"});
        !policy.empty()) {
      Object bundles(event.Name("bundles"));
      for (const std::string_view name : {"policy", "facts"}) {
        const std::string_view revision = entry.Text({"answer", "context", name});
        if (revision.empty()) continue;
        Object bundle(bundles.Name(name));
        bundle.Text("revision", revision);
      }
    }
    event.Text("path", ActionOf(entry));
    event.Node("input", entry, entry.At({"request"}));
    event.Node("result", entry, entry.At({"answer"}));
    PutPointers("erased", entry, event);
    PutPointers("masked", entry, event);
    event.Text("requested_by", entry.Text({"asked_by"}));
    event.Text("trace_id", entry.Text({"trace_id"}));
    event.Text("span_id", entry.Text({"span_id"}));
    event.Text("timestamp", entry.Text({"time"}));
    {
      Object metrics(event.Name("metrics"));
      metrics.Node("timer_server_handler_ns", entry, entry.At({"latency_ns"}));
    }
    Object custom(event.Name("custom"));
    custom.Text("log_origin", place.origin);
    custom.Number("log_index", place.index);
    custom.Text("request_id", entry.Text({"request_id"}));
    custom.Node("shadow", entry, entry.At({"shadow"}));
  }
  return out;
}

std::optional<std::string> RenderOcsf(std::string_view text, const EntryPlace& place) {
  Entry entry;
  if (!entry.Read(text)) return std::nullopt;
  const absl::StatusOr<Time> time = ParseTime(entry.Text({"time"}));
  if (!time.ok()) return std::nullopt;
  const bool is_decision = entry.Text({"type"}) == "decision";
  const bool allowed = entry.IsTrue({"answer", "decision"});
  const std::string_view operation = is_decision ? ActionOf(entry) : entry.Text({"type"});
  std::string out;
  {
    JsonSink sink(&out);
    Object event(sink);
    event.Number("category_uid", 6);
    event.Text("category_name", "Application Activity");
    event.Number("class_uid", 6003);
    event.Text("class_name", "API Activity");
    event.Number("activity_id", 99);  // Other: named by the action
    event.Text("activity_name", operation.empty() ? "Other" : operation);
    event.Number("type_uid", 600'399);
    event.Number("severity_id", 1);
    event.Number("time", time->micros / 1000);
    event.Number("status_id", is_decision && !allowed ? 2 : 1);
    event.Text("status", is_decision && !allowed ? "Failure" : "Success");
    event.Text("status_detail", entry.Text({"answer", "context", "reason"}));
    {
      Object metadata(event.Name("metadata"));
      metadata.Text("version", "1.2.0");
      {
        Object product(metadata.Name("product"));
        product.Text("name", "ztp");
        product.Text("vendor_name", "ztp");
      }
      metadata.Name("profiles").Put("[\"security_control\"]");
      metadata.Text("log_name", place.origin);
      metadata.Number("sequence", place.index);
      metadata.Text("uid", entry.Text({"id"}));
      metadata.Text("correlation_uid", entry.Text({"trace_id"}));
    }
    if (is_decision) {
      event.Number("action_id", allowed ? 1 : 2);
      event.Text("action", allowed ? "Allowed" : "Denied");
      event.Number("disposition_id", allowed ? 1 : 2);
      event.Text("disposition", allowed ? "Allowed" : "Blocked");
    }
    {
      Object actor(event.Name("actor"));
      if (is_decision) {
        PutUser(entry, actor);
        PutAuthorizations(entry, allowed, actor);
      } else {
        actor.Text("app_name", "ztp");
      }
    }
    {
      Object api(event.Name("api"));
      api.Text("operation", operation.empty() ? "unknown" : operation);
      if (const std::string_view id = entry.Text({"id"}); !id.empty()) {
        Object request(api.Name("request"));
        request.Text("uid", id);
      }
    }
    {
      Object source(event.Name("src_endpoint"));
      const std::string_view asked_by = entry.Text({"asked_by"});
      source.Text("uid", asked_by);
      if (asked_by.empty()) source.Text("svc_name", "unknown");
    }
    if (is_decision) {
      JsonSink& list = event.Name("resources");
      list.Put('[');
      {
        Object resource(list);
        resource.Text("uid", entry.Text({"request", "resource", "id"}));
        resource.Text("type", entry.Text({"request", "resource", "type"}));
      }
      list.Put(']');
    }
    PutUnmapped(entry, place, event);
  }
  return out;
}

}  // namespace ztp::audit
