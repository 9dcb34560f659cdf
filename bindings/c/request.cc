// Sessions, and requests that are bound once and decided often: the interface. What a request is
// made of is request_data.cc's.
#include "bindings/c/request.h"

#include <algorithm>
#include <string>
#include <utility>

#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "bindings/c/value_fill.h"
#include "bindings/c/values.h"
#include "engine/base/str.h"
#include "engine/facts/json_fill.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_write_entity.h"

using ztp::TypeKind;
using ztp::c::Alive;
using ztp::c::FromJson;
using ztp::c::Guarded;
using ztp::c::Misuse;
using ztp::c::NewError;
using ztp::c::NewHandle;
using ztp::c::NullOutput;
using ztp::c::View;

// The request, and its session, which must not have been freed before it.
#define ZTP_CHECK_REQUEST(request)                 \
  do {                                             \
    ZTP_CHECK_ALIVE(request);                      \
    const ztp_session* session = request->session; \
    ZTP_CHECK_ALIVE(session);                      \
  } while (false)

namespace {

ztp_error* SetEntityRef(ztp_request* request, bool is_principal, ztp_entity_ref ref,
                        std::string_view function) {
  if (ref.handle >> 32 != request->session->state->number) {
    return Misuse(function, "the entity was looked up in another engine, or not at all");
  }
  const ztp::World& world = request->session->Refresh();
  if (ref.generation != world.serial) {
    return NewError(ZTP_STALE, ztp::Cat(function,
                                        ": the entity was looked up in facts that are no longer in "
                                        "force: look it up again"));
  }
  const auto entity = static_cast<uint32_t>(ref.handle);
  if (entity >= world.facts->entity_count() || !world.facts->IsUsed(entity)) {
    return Misuse(function, "this is no entity");
  }
  if (ztp_error* error = ztp::c::UsePolicyInForce(request, world)) return error;
  const std::string_view id = world.facts->IdOf(entity);
  return ztp::c::SetEntity(request, is_principal,
                           ztp::c::Text(world.schema()[world.facts->TypeOf(entity)].json_name),
                           ztp::c::Text(id));
}

}  // namespace

extern "C" {

ztp_error* ztp_session_new(ztp_engine* engine, ztp_session** session) {
  ZTP_CHECK_OUT(session);
  *session = nullptr;
  ZTP_CHECK_ALIVE(engine);
  return Guarded(__func__, [&]() -> ztp_error* {
    *session = NewHandle<ztp_session>(engine->state);
    (*session)->Refresh();
    return nullptr;
  });
}

void ztp_session_free(ztp_session* session) { ztp::c::FreeHandle(session); }

ztp_error* ztp_session_entity(ztp_session* session, ztp_text type, ztp_text id,
                              ztp_entity_ref* ref) {
  ZTP_CHECK_OUT(ref);
  *ref = {0, 0};
  ZTP_CHECK_ALIVE(session);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  return Guarded(__func__, [&]() -> ztp_error* {
    const ztp::World& world = session->Refresh();
    const auto found = world.schema().FindEntityType(View(type));
    if (!found) {
      return NewError(ZTP_NOT_FOUND, ztp::Cat("there is no entity type `", View(type), "`"));
    }
    const auto entity = world.facts->Find(*found, View(id));
    if (!entity) {
      return NewError(ZTP_NOT_FOUND,
                      ztp::Cat("the facts in force know no ", View(type), "::\"", View(id), "\""));
    }
    *ref = {world.serial, uint64_t{session->state->number} << 32 | *entity};
    return nullptr;
  });
}

ztp_error* ztp_session_entity_json(ztp_session* session, ztp_text type, ztp_text id,
                                   ztp_text* json) {
  ZTP_CHECK_OUT(json);
  *json = ztp::c::Text("");
  ZTP_CHECK_ALIVE(session);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  return Guarded(__func__, [&]() -> ztp_error* {
    const ztp::World& world = session->Refresh();
    const auto found = world.schema().FindEntityType(View(type));
    if (!found) {
      return NewError(ZTP_NOT_FOUND, ztp::Cat("there is no entity type `", View(type), "`"));
    }
    const auto entity = world.facts->Find(*found, View(id));
    if (!entity || !world.facts->IsStored(*entity)) {
      return NewError(ZTP_NOT_FOUND,
                      ztp::Cat("the facts in force store no ", View(type), "::\"", View(id), "\""));
    }
    session->answer.clear();
    {
      ztp::JsonSink sink(&session->answer);
      ztp::PutJsonEntity(world.schema(), world.facts->Record(*entity), sink);
    }
    *json = ztp::c::Text(session->answer);
    return nullptr;
  });
}

ztp_error* ztp_request_new(ztp_session* session, ztp_text action, ztp_request** request) {
  ZTP_CHECK_OUT(request);
  *request = nullptr;
  ZTP_CHECK_ALIVE(session);
  ZTP_CHECK_TEXT(action);
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_request* made = NewHandle<ztp_request>(session, View(action));
    if (ztp_error* error = ztp::c::MakeEmpty(made, session->Refresh().named)) {
      ztp::c::FreeHandle(made);
      return error;
    }
    *request = made;
    return nullptr;
  });
}

void ztp_request_free(ztp_request* request) {
  if (Alive(request) && Alive(request->session) &&
      request->session->last.bound == &request->bound) {
    request->session->Begin();  // its decision can no longer be asked about
  }
  ztp::c::FreeHandle(request);
}

ztp_error* ztp_set_principal(ztp_request* request, ztp_text type, ztp_text id) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  return Guarded(__func__, [&] { return ztp::c::SetEntity(request, true, type, id); });
}
ztp_error* ztp_set_resource(ztp_request* request, ztp_text type, ztp_text id) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  return Guarded(__func__, [&] { return ztp::c::SetEntity(request, false, type, id); });
}
ztp_error* ztp_set_principal_ref(ztp_request* request, ztp_entity_ref ref) {
  ZTP_CHECK_REQUEST(request);
  const std::string_view function = __func__;
  return Guarded(function, [&] { return SetEntityRef(request, true, ref, function); });
}
ztp_error* ztp_set_resource_ref(ztp_request* request, ztp_entity_ref ref) {
  ZTP_CHECK_REQUEST(request);
  const std::string_view function = __func__;
  return Guarded(function, [&] { return SetEntityRef(request, false, ref, function); });
}
ztp_error* ztp_set_principal_json(ztp_request* request, ztp_text json) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(json);
  return Guarded(__func__, [&] { return ztp::c::SetEntityJson(request, true, json); });
}
ztp_error* ztp_set_resource_json(ztp_request* request, ztp_text json) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(json);
  return Guarded(__func__, [&] { return ztp::c::SetEntityJson(request, false, json); });
}

ztp_error* ztp_set_bool(ztp_request* request, ztp_attr attr, bool value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kBool, value ? 1 : 0, "ztp_set_bool", "Bool");
  });
}
ztp_error* ztp_set_int(ztp_request* request, ztp_attr attr, int64_t value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kInt, value, "ztp_set_int", "Int");
  });
}
ztp_error* ztp_set_time(ztp_request* request, ztp_attr attr, int64_t value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kTime, value, "ztp_set_time", "Time");
  });
}
ztp_error* ztp_set_duration(ztp_request* request, ztp_attr attr, int64_t value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kDuration, value, "ztp_set_duration",
                             "Duration");
  });
}
ztp_error* ztp_set_decimal(ztp_request* request, ztp_attr attr, int64_t value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kDecimal, value, "ztp_set_decimal",
                             "Decimal");
  });
}

ztp_error* ztp_set_text(ztp_request* request, ztp_attr attr, ztp_text value) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(value);
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    ztp::c::Declared declared;
    ztp::Fact* fact = ztp::c::FactToSet(*request, attr, "ztp_set_text", &declared, &error);
    if (fact == nullptr) return error;
    const std::string_view text = View(value);
    if ((error = ztp::c::CheckText(text, declared.name)) != nullptr) return error;
    const ztp::Schema& schema = request->policy->policy->schema();
    if (schema.types.kind(declared.type) == TypeKind::kString) {
      ztp::MakePresent(fact)->SetText(TypeKind::kString, text);
      return nullptr;
    }
    if (ztp::c::FillText(schema, declared.type, text, &request->spare)) {
      std::swap(*ztp::MakePresent(fact), request->spare);
      return nullptr;
    }
    request->json.clear();
    ztp::JsonSink(&request->json).PutText(text);
    return ztp::c::SetFromJson(request, declared, declared.proven(), request->json, fact);
  });
}

ztp_error* ztp_set_value(ztp_request* request, ztp_attr attr, const ztp_value* value) {
  ZTP_CHECK_REQUEST(request);
  if (value == nullptr) return NullOutput(__func__, "value");
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    ztp::c::Declared declared;
    ztp::Fact* const fact = ztp::c::FactToSet(*request, attr, "ztp_set_value", &declared, &error);
    if (value->kind == ZTP_MISSING || value->kind == ZTP_UNKNOWN) {
      if (fact == nullptr) return error;
      const bool is_missing = value->kind == ZTP_MISSING;
      ztp::MakeAbsent(fact, is_missing ? ztp::Fact::State::kMissing : ztp::Fact::State::kUnknown);
      return nullptr;
    }
    // Only a value that can be read is written over what is there. A proven one may say when its
    // evidence counts, which is JSON's.
    if (fact != nullptr && !declared.proven() &&
        ztp::c::FillValue(request->policy->policy->schema(), declared.type, *value,
                          &request->spare)) {
      std::swap(*ztp::MakePresent(fact), request->spare);
      return nullptr;
    }
    // What is no value at all is told before where it should go.
    request->json.clear();
    if (ztp_error* no_value = ztp::c::AppendJson("ztp_set_value", *value, &request->json)) {
      ztp_error_free(error);
      return no_value;
    }
    if (fact == nullptr) return error;
    return ztp::c::SetFromJson(request, declared, declared.proven(), request->json, fact);
  });
}

ztp_error* ztp_set_json(ztp_request* request, ztp_attr attr, ztp_text json) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(json);
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    ztp::c::Declared declared;
    ztp::Fact* fact = ztp::c::FactToSet(*request, attr, "ztp_set_json", &declared, &error);
    if (fact == nullptr) return error;
    return ztp::c::SetFromJson(request, declared, declared.proven(), View(json), fact);
  });
}

ztp_error* ztp_unset(ztp_request* request, ztp_attr attr) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    const ztp::c::Place place = ztp::c::PlaceOf(*request, attr, "ztp_unset", &error);
    if (place.kind == ztp::c::Place::kNowhere) return error;
    ztp::MakeAbsent(&ztp::c::FactAt(*request, place), ztp::Fact::State::kMissing);
    if (place.kind == ztp::c::Place::kInput) {
      request->evidence.Drop(request->policy->policy->schema().inputs[place.index].name);
    }
    request->ChangeValue(place);
    return nullptr;
  });
}

ztp_error* ztp_set_can(ztp_request* request, const ztp_text* obligations, size_t count) {
  ZTP_CHECK_REQUEST(request);
  if (obligations == nullptr && count != 0) return NullOutput(__func__, "obligations");
  for (size_t i = 0; i < count; ++i) ZTP_CHECK_TEXT(obligations[i]);
  return Guarded(__func__, [&]() -> ztp_error* {
    std::vector<std::string> names;
    for (size_t i = 0; i < count; ++i) names.emplace_back(View(obligations[i]));
    request->can = std::move(names);
    request->ChangeAll();
    ztp::c::TakeObligations(request);
    return nullptr;
  });
}

ztp_error* ztp_set_valid_until(ztp_request* request, int64_t until) {
  ZTP_CHECK_REQUEST(request);
  request->plain.valid_until.reset();
  if (until != INT64_MAX) request->plain.valid_until = ztp::Time{until};
  request->changed = true;
  return nullptr;
}

ztp_error* ztp_set_can_all(ztp_request* request) {
  ZTP_CHECK_REQUEST(request);
  request->can.reset();
  request->plain.can.reset();
  request->ChangeAll();
  return nullptr;
}

}  // extern "C"
