// The C interface says of random policies, facts and requests what the engine says: each request
// set value by value, set over the request before, as JSON, and as a row of a batch.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/c/ztp.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/read.h"
#include "engine/bundle/write.h"
#include "engine/driver/compiler.h"
#include "engine/eval/decide.h"
#include "engine/eval/json_decision.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_write_value.h"
#include "engine/facts/snapshot_file.h"
#include "tests/differential/policy_gen.h"
#include "tests/differential/world_gen.h"

namespace ztp::differential {
namespace {

ztp_text Text(std::string_view text) { return {text.data(), text.size()}; }

void Works(ztp_error* error, const std::string& what) {
  EXPECT_EQ(error, nullptr) << what << ": " << ztp_error_message(error).data;
  ztp_error_free(error);
}

// One policy with its facts, in both forms.
class Both {
 public:
  Both(uint64_t seed, const std::string& facts_path) : random_(seed) {
    PolicyOptions options;
    if (random_.Percent(25)) options.simple_rules += random_.Below(40);
    driver::Compiler compiler;
    compiler.AddText("generated.ztp", GeneratePolicy(random_, options));
    EXPECT_TRUE(compiler.Check());
    const std::string bundle = WriteBundle(compiler.Lower());
    policy_ = *Policy::Make(*ReadBundle(bundle));
    facts_ = *MakeSnapshot(*policy_, GenerateEntities(random_, policy_->schema()));
    EXPECT_TRUE(SnapshotFile::Write(*facts_, facts_path).ok());

    ztp_policy* policy = nullptr;
    ztp_facts* facts = nullptr;
    ztp_engine_options engine_options = ZTP_ENGINE_OPTIONS_INIT;
    engine_options.flags = ZTP_ASSUME_PROVEN;
    const ztp_text path = Text(facts_path);
    Works(ztp_policy_read(bundle.data(), bundle.size(), &policy), "policy");
    Works(ztp_facts_load(policy, &path, 1, ZTP_ASSUME_PROVEN, &facts), "facts");
    Works(ztp_engine_new(policy, facts, &engine_options, &engine_), "engine");
    Works(ztp_session_new(engine_, &session_), "session");
    digest_ = std::string(ztp_policy_digest(policy).data, ztp_policy_digest(policy).size);
    ztp_facts_free(facts);
    ztp_policy_free(policy);
  }
  ~Both() {
    for (const auto& [action, kept] : kept_) ztp_request_free(kept.request);
    ztp_session_free(session_);
    ztp_engine_free(engine_);
  }

  const Schema& schema() const { return policy_->schema(); }
  Request NextRequest() { return GenerateRequest(random_, schema()); }

  // Attributes of carried entities that are not known, and edges of theirs, have no JSON.
  bool IsCarried(const Request& request) const {
    return schema()[request.principal.type].carried != Carried::kNo ||
           schema()[request.resource.type].carried != Carried::kNo;
  }

  std::string ByEngine(const Request& request) {
    const ztp::Decision decision = ztp::Decide(*policy_, *facts_, request, scratch_);
    return WriteDecision(policy_->program(), decision, {digest_, facts_->version()});
  }

  static int64_t EndOf(const Request& request) {
    return request.valid_until ? request.valid_until->micros : INT64_MAX;
  }

  // Set value by value; the request is the caller's to free.
  ztp_request* Ask(const Request& request) {
    ztp_request* asked = nullptr;
    Works(ztp_request_new(session_, Text(schema()[request.action].json_name), &asked), "request");
    SetAll(request, asked);
    return asked;
  }

  // Of a request that was used before.
  void SetAll(const Request& request, ztp_request* asked) {
    const Action& action = schema()[request.action];
    Works(ztp_set_principal(asked, Text(schema()[request.principal.type].json_name),
                            Text(request.principal.id)),
          "principal");
    Works(ztp_set_resource(asked, Text(schema()[request.resource.type].json_name),
                           Text(request.resource.id)),
          "resource");
    // A parameter hides an input of its name, which can be given only as JSON then.
    for (size_t i = 0; i < action.params.size(); ++i) {
      Set(asked, action.params[i].name, action.params[i].type, request.params[i]);
    }
    for (size_t i = 0; i < schema().inputs.size(); ++i) {
      Set(asked, schema().inputs[i].name, schema().inputs[i].type, request.inputs[i]);
    }
    Works(ztp_set_valid_until(asked, EndOf(request)), "valid_until");
    if (request.can) {
      std::vector<ztp_text> names;
      for (const ObligationId id : *request.can) names.push_back(Text(schema()[id].json_name));
      Works(ztp_set_can(asked, names.data(), names.size()), "can");
    } else if (random_.Percent(50)) {
      Works(ztp_set_can_all(asked), "can");
    }
  }

  // Set over what the last request of the action left; most of the time only some of it.
  std::string ByChanges(Request* request, ztp_decision* decision) {
    Kept& kept = kept_[request->action.index];
    if (kept.request == nullptr) {
      kept.request = Ask(*request);
    } else {
      if (random_.Percent(80)) {
        auto keep = [&](auto& now, const auto& before) {
          if (random_.Percent(60)) now = before;
        };
        keep(request->principal, kept.last.principal);
        keep(request->resource, kept.last.resource);
        for (size_t i = 0; i < request->params.size(); ++i) {
          keep(request->params[i], kept.last.params[i]);
        }
        for (size_t i = 0; i < request->inputs.size(); ++i) {
          keep(request->inputs[i], kept.last.inputs[i]);
        }
        request->can = kept.last.can;
      }
      Change(kept.last, *request, kept.request);
    }
    kept.last = *request;
    Works(ztp_decide(kept.request, request->now.micros, decision), "decide");
    ztp_text json = {};
    Works(ztp_decision_json(decision, false, &json), "json");
    return std::string(json.data, json.size);
  }

  std::string ByValues(const Request& request, ztp_decision* decision) {
    ztp_request* asked = Ask(request);
    Works(ztp_decide(asked, request.now.micros, decision), "decide");
    ztp_text json = {};
    Works(ztp_decision_json(decision, false, &json), "json");
    std::string answer(json.data, json.size);
    // An explanation is of the same decision.
    Works(ztp_decision_json(decision, true, &json), "explanation");
    EXPECT_TRUE(std::string_view(json.data, json.size)
                    .starts_with(std::string_view(answer).substr(0, answer.size() - 2)));
    ztp_request_free(asked);
    return answer;
  }

  std::string AsJson(const Request& request) {
    std::string text;
    {
      JsonSink sink(&text);
      const Action& action = schema()[request.action];
      sink.PutPlain("{\"subject\":");
      PutUid(request.principal, sink);
      sink.PutPlain(",\"resource\":");
      PutUid(request.resource, sink);
      sink.PutPlain(",\"action\":{\"name\":");
      sink.PutText(action.json_name);
      sink.PutPlain(",\"properties\":{");
      bool first = true;
      for (size_t i = 0; i < action.params.size(); ++i) {
        Put(action.params[i].name, action.params[i].type, request.params[i], &first, sink);
      }
      sink.PutPlain("}},\"context\":{");
      first = true;
      for (size_t i = 0; i < schema().inputs.size(); ++i) {
        Put(schema().inputs[i].name, schema().inputs[i].type, request.inputs[i], &first, sink);
      }
      sink.PutPlain("}");
      if (request.can) {
        sink.PutPlain(",\"can\":[");
        first = true;
        for (const ObligationId id : *request.can) {
          if (!first) sink.Put(',');
          first = false;
          sink.PutText(schema()[id].json_name);
        }
        sink.Put(']');
      }
      sink.Put('}');
    }
    ztp_text answer = {};
    Works(ztp_decide_json(session_, Text(text), request.now.micros, false, nullptr, &answer), text);
    return std::string(answer.data, answer.size);
  }

  // The same request in a batch of three, principal and resource from columns.
  bool InBatch(const Request& request, const ztp_decision& alone) {
    ztp_request* asked = Ask(request);
    ztp_batch* batch = nullptr;
    Works(ztp_batch_new(asked, 3, &batch), "batch");
    const std::vector<ztp_text> principals(3, Text(request.principal.id));
    const std::vector<ztp_text> resources(3, Text(request.resource.id));
    Works(ztp_batch_principals(batch, Text(schema()[request.principal.type].json_name),
                               principals.data(), 3),
          "principals");
    Works(ztp_batch_resources(batch, Text(schema()[request.resource.type].json_name),
                              resources.data(), 3),
          "resources");
    uint8_t allow[3], on_unknown[3];
    int64_t until[3];
    uint32_t obligations[3];
    ztp_answers answers = ZTP_ANSWERS_INIT;
    answers.allow = allow;
    answers.on_unknown = on_unknown;
    answers.valid_until = until;
    answers.obligations = obligations;
    Works(ztp_batch_decide(batch, request.now.micros, &answers, nullptr), "decide");
    ztp_batch_free(batch);
    ztp_request_free(asked);
    for (int row = 0; row < 3; ++row) {
      if ((allow[row] == 1) != alone.allow || (on_unknown[row] == 1) != alone.on_unknown ||
          until[row] != alone.valid_until || obligations[row] != alone.obligations) {
        return false;
      }
    }
    return true;
  }

 private:
  void PutUid(const EntityUid& uid, JsonSink& sink) {
    sink.PutPlain("{\"type\":");
    sink.PutText(schema()[uid.type].json_name);
    sink.PutPlain(",\"id\":");
    sink.PutText(uid.id);
    sink.Put('}');
  }

  // A proven fact's times stand beside a record's fields, or with any other value in an object.
  void PutFact(TypeId type, const Fact& fact, JsonSink& sink) {
    std::string value;
    {
      JsonSink value_sink(&value);
      PutJsonValue(schema(), type, fact.value, value_sink);
    }
    const bool has_times = fact.issued_at || fact.expires_at;
    if (!has_times) return sink.PutPlain(value);
    if (fact.value.kind() == TypeKind::kRecord) {
      value.pop_back();
      sink.PutPlain(value);
      if (value.size() > 1) sink.Put(',');
    } else {
      sink.PutPlain("{\"value\":");
      sink.PutPlain(value);
      sink.Put(',');
    }
    if (fact.issued_at) {
      sink.PutPlain("\"issued_at\":");
      sink.PutTime(*fact.issued_at);
      if (fact.expires_at) sink.Put(',');
    }
    if (fact.expires_at) {
      sink.PutPlain("\"expires_at\":");
      sink.PutTime(*fact.expires_at);
    }
    sink.Put('}');
  }

  void Put(const std::string& name, TypeId type, const Fact& fact, bool* first, JsonSink& sink) {
    if (fact.state != Fact::State::kPresent) return;
    if (!*first) sink.Put(',');
    *first = false;
    sink.PutText(name);
    sink.Put(':');
    PutFact(type, fact, sink);
  }

  // Sets what is another.
  void Change(const Request& from, const Request& to, ztp_request* asked) {
    const Action& action = schema()[to.action];
    if (from.principal != to.principal) {
      Works(ztp_set_principal(asked, Text(schema()[to.principal.type].json_name),
                              Text(to.principal.id)),
            "principal");
    }
    if (from.resource != to.resource) {
      Works(
          ztp_set_resource(asked, Text(schema()[to.resource.type].json_name), Text(to.resource.id)),
          "resource");
    }
    auto change = [&](const std::string& name, TypeId type, const Fact& before, const Fact& now) {
      if (before == now) return;
      ztp_attr attr;
      Works(ztp_engine_attr(engine_, Text(name), &attr), name);
      if (now.state == Fact::State::kMissing) return Works(ztp_unset(asked, attr), name);
      Set(asked, name, type, now);
    };
    for (size_t i = 0; i < action.params.size(); ++i) {
      change(action.params[i].name, action.params[i].type, from.params[i], to.params[i]);
    }
    for (size_t i = 0; i < schema().inputs.size(); ++i) {
      change(schema().inputs[i].name, schema().inputs[i].type, from.inputs[i], to.inputs[i]);
    }
    if (from.valid_until != to.valid_until) {
      Works(ztp_set_valid_until(asked, EndOf(to)), "valid_until");
    }
    if (from.can == to.can) return;
    if (!to.can) return Works(ztp_set_can_all(asked), "can");
    std::vector<ztp_text> names;
    for (const ObligationId id : *to.can) names.push_back(Text(schema()[id].json_name));
    Works(ztp_set_can(asked, names.data(), names.size()), "can");
  }

  // By the setter that a caller would use.
  void Set(ztp_request* asked, const std::string& name, TypeId type, const Fact& fact) {
    ztp_attr attr;
    Works(ztp_engine_attr(engine_, Text(name), &attr), name);
    if (fact.state == Fact::State::kMissing) return;
    const bool has_times = fact.issued_at || fact.expires_at;
    const Value& value = fact.value;
    if (!has_times) {
      switch (value.kind()) {
        case TypeKind::kBool:
          return Works(ztp_set_bool(asked, attr, value.boolean()), name);
        case TypeKind::kInt:
          return Works(ztp_set_int(asked, attr, value.integer()), name);
        case TypeKind::kDecimal:
          return Works(ztp_set_decimal(asked, attr, value.integer()), name);
        case TypeKind::kTime:
          return Works(ztp_set_time(asked, attr, value.integer()), name);
        case TypeKind::kDuration:
          return Works(ztp_set_duration(asked, attr, value.integer()), name);
        case TypeKind::kString:
          return Works(ztp_set_text(asked, attr, Text(value.text())), name);
        default:
          break;
      }
    }
    std::string json;
    {
      JsonSink sink(&json);
      PutFact(type, fact, sink);
    }
    const nlohmann::ordered_json parsed = nlohmann::ordered_json::parse(json);
    if (parsed.is_string() && !has_times) {
      const std::string text = parsed.get<std::string>();
      return Works(ztp_set_text(asked, attr, Text(text)), name + " = " + text);
    }
    if (random_.Percent(50))
      return Works(ztp_set_json(asked, attr, Text(json)), name + " = " + json);
    std::vector<std::unique_ptr<ztp_value[]>> keep;
    std::vector<std::unique_ptr<std::string>> texts;
    const ztp_value whole = OfJson(parsed, &keep, &texts);
    Works(ztp_set_value(asked, attr, &whole), name + " = " + json);
  }

  static ztp_value OfText(const std::string& text,
                          std::vector<std::unique_ptr<std::string>>* texts) {
    texts->push_back(std::make_unique<std::string>(text));
    ztp_value value;
    value.kind = ZTP_STRING;
    value.size = static_cast<uint32_t>(text.size());
    value.as.text = texts->back()->data();
    return value;
  }
  static ztp_value OfJson(const nlohmann::ordered_json& json,
                          std::vector<std::unique_ptr<ztp_value[]>>* keep,
                          std::vector<std::unique_ptr<std::string>>* texts) {
    ztp_value value;
    value.size = 0;
    if (json.is_string()) return OfText(json.get<std::string>(), texts);
    if (json.is_boolean()) {
      value.kind = ZTP_BOOL;
      value.as.number = json.get<bool>() ? 1 : 0;
      return value;
    }
    if (json.is_number_integer()) {
      value.kind = ZTP_INT;
      value.as.number = json.get<int64_t>();
      return value;
    }
    if (json.is_number()) {
      value.kind = ZTP_FLOAT;
      value.as.real = json.get<double>();
      return value;
    }
    const bool is_map = json.is_object();
    keep->push_back(std::make_unique<ztp_value[]>((is_map ? 2 : 1) * json.size()));
    ztp_value* items = keep->back().get();
    value.kind = is_map ? ZTP_MAP : ZTP_LIST;
    value.size = static_cast<uint32_t>(json.size());
    value.as.items = items;
    for (const auto& [key, item] : json.items()) {
      if (is_map) *items++ = OfText(key, texts);
      *items++ = OfJson(item, keep, texts);
    }
    return value;
  }

  struct Kept {
    ztp_request* request = nullptr;
    Request last;
  };

  Random random_;
  std::map<uint32_t, Kept> kept_;  // by action
  std::shared_ptr<const Policy> policy_;
  std::shared_ptr<const Snapshot> facts_;
  Scratch scratch_;
  std::string digest_;
  ztp_engine* engine_ = nullptr;
  ztp_session* session_ = nullptr;
};

TEST(CInterface, DecidesAsTheEngineDoes) {
  const std::string facts_path =
      (std::filesystem::temp_directory_path() / Cat("ztp_c_interface_", getpid(), ".ztpf"))
          .string();
  int decisions = 0, allows = 0, unknowns = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Both both(seed, facts_path);
    for (int i = 0; i < 40; ++i) {
      Request request = both.NextRequest();
      if (both.IsCarried(request)) continue;
      ztp_decision changed = ZTP_DECISION_INIT;
      const std::string by_changes = both.ByChanges(&request, &changed);
      ASSERT_EQ(by_changes, both.ByEngine(request)) << "seed " << seed;
      const std::string expected = both.ByEngine(request);
      ztp_decision decision = ZTP_DECISION_INIT;
      ASSERT_EQ(both.ByValues(request, &decision), expected) << "seed " << seed;
      // In JSON a request ends when evidence does that it rests on, and not by a time.
      if (!request.valid_until) {
        ASSERT_EQ(both.AsJson(request), expected) << "seed " << seed;
      }
      ASSERT_TRUE(both.InBatch(request, decision)) << "seed " << seed << ": " << expected;
      ++decisions;
      allows += decision.allow ? 1 : 0;
      unknowns += decision.on_unknown ? 1 : 0;
    }
  }
  std::remove(facts_path.c_str());
  EXPECT_GT(decisions, 500);
  EXPECT_GT(allows * 10, decisions);
  EXPECT_GT(unknowns * 10, decisions);
}

}  // namespace
}  // namespace ztp::differential
