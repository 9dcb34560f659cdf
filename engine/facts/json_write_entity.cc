// See json_write_entity.h.
#include "engine/facts/json_write_entity.h"

#include <string>
#include <vector>

#include "engine/facts/json_write_value.h"

namespace ztp {
namespace {

void PutUid(const Schema& schema, const EntityUid& uid, JsonSink& sink) {
  sink.Put("{\"type\":");
  sink.PutText(schema[uid.type].json_name);
  sink.Put(",\"id\":");
  sink.PutText(uid.id);
  sink.Put('}');
}

void PutTimes(const Fact& fact, JsonSink& sink, bool comma) {
  const auto put = [&](std::string_view name, const std::optional<Time>& time) {
    if (!time) return;
    if (comma) sink.Put(',');
    comma = true;
    sink.PutText(name);
    sink.Put(':');
    sink.PutTime(*time);
  };
  put("issued_at", fact.issued_at);
  put("expires_at", fact.expires_at);
}

// Times stand beside a record's own fields, and around any other value.
void PutFact(const Schema& schema, TypeId type, const Fact& fact, JsonSink& sink) {
  if (!fact.issued_at && !fact.expires_at) return PutJsonValue(schema, type, fact.value, sink);
  if (fact.value.kind() == TypeKind::kRecord) {
    std::string fields;
    {
      JsonSink own(&fields);
      PutJsonValue(schema, type, fact.value, own);
    }
    fields.pop_back();
    sink.PutPlain(fields);
    PutTimes(fact, sink, fields.size() > 1);
  } else {
    sink.Put("{\"value\":");
    PutJsonValue(schema, type, fact.value, sink);
    PutTimes(fact, sink, true);
  }
  sink.Put('}');
}

void PutEdges(const Schema& schema, std::string_view name, const std::vector<EntityUid>& to,
              JsonSink& sink) {
  if (to.empty()) return;
  sink.Put(',');
  sink.PutText(name);
  sink.Put(":[");
  for (size_t i = 0; i < to.size(); ++i) {
    if (i > 0) sink.Put(',');
    PutUid(schema, to[i], sink);
  }
  sink.Put(']');
}

}  // namespace

void PutJsonEntity(const Schema& schema, const EntityRecord& record, JsonSink& sink) {
  sink.Put("{\"uid\":");
  PutUid(schema, record.uid, sink);
  sink.Put(",\"attrs\":{");
  const std::vector<Attribute>& attributes = schema[record.uid.type].attributes;
  bool first = true;
  for (size_t i = 0; i < attributes.size(); ++i) {
    const Fact& fact = record.attributes[i];
    if (fact.state != Fact::State::kPresent) continue;
    if (!first) sink.Put(',');
    first = false;
    sink.PutText(attributes[i].name);
    sink.Put(':');
    PutFact(schema, attributes[i].type, fact, sink);
  }
  sink.Put('}');
  PutEdges(schema, "parents", record.parents, sink);
  PutEdges(schema, "derives", record.derives, sink);
  sink.Put('}');
}

}  // namespace ztp
