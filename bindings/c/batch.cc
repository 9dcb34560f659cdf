// Batches: columns in, columns of answers out.
#include "engine/eval/batch.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "bindings/c/batch_evidence.h"
#include "bindings/c/columns.h"
#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "bindings/c/request.h"
#include "bindings/c/rule.h"
#include "bindings/c/value_fill.h"
#include "bindings/c/values.h"
#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/facts/json_fill.h"
#include "engine/facts/json_sink.h"

namespace ztp::c {
namespace {

ztp_error* Answer(const absl::Status& status) {
  return status.ok() ? nullptr : FromStatus(status, ZTP_BAD_REQUEST);
}

}  // namespace

ztp_error* CheckRows(const ztp_batch& batch, size_t count, std::string_view function) {
  if (count == batch.batch->rows()) return nullptr;
  return Misuse(function, Cat("the column has ", count, " entries, and the batch ",
                              batch.batch->rows(), " rows"));
}

namespace {

// Whatever the attribute is in the batch's action.
ztp_error* FindAny(const ztp_batch& batch, ztp_attr attr, std::string_view function,
                   NamedColumn* column, bool* is_input) {
  const EngineState& state = *batch.session->state;
  if (attr.handle == 0 || attr.handle >> 32 != state.number) {
    return Misuse(function, "the attribute was resolved by another engine, or not at all");
  }
  const AttrNames::Attr resolved = state.attrs.Get(static_cast<uint32_t>(attr.handle));
  if (resolved.name.empty()) return Misuse(function, "the attribute is none of this engine's");
  column->name = resolved.name;
  const Schema& schema = batch.world->schema();
  bool is_that = false;
  Rank rank = Rank::kClaimed;
  *is_input = false;
  if (const auto param = schema[batch.action].FindParam(column->name)) {
    column->type = schema[batch.action].params[*param].type;
    rank = schema[batch.action].params[*param].rank;
    is_that = resolved.is_param;
  } else if (const auto input = schema.FindInput(column->name)) {
    column->type = schema[*input].type;
    rank = schema[*input].rank;
    is_that = resolved.is_input;
    *is_input = true;
  } else {
    return NewError(ZTP_BAD_REQUEST,
                    Cat("action ", schema[batch.action].json_name,
                        " has no parameter, and the policy no input, `", column->name, "`"));
  }
  if (!is_that || rank > resolved.rank) {
    return NewError(ZTP_STALE, Cat(function, ": `", column->name,
                                   "` is something else in this policy than when it was resolved: "
                                   "resolve it again"));
  }
  column->proven = rank == Rank::kProven;
  return nullptr;
}

}  // namespace

ztp_error* FindColumn(ztp_batch& batch, ztp_attr attr, std::string_view function,
                      NamedColumn* column) {
  bool is_input = false;
  if (ztp_error* error = FindAny(batch, attr, function, column, &is_input)) return error;
  if (!column->proven) return nullptr;
  if (!batch.session->state->assume_proven()) {
    return NewError(ZTP_NOT_PROVEN, Cat("`", column->name,
                                        "` is proven: it is bound only from evidence, not from "
                                        "plain data"));
  }
  if (is_input) DropEvidence(*batch.world->schema().FindInput(column->name), &batch);
  return nullptr;
}

ztp_error* FindProvenInput(const ztp_batch& batch, ztp_attr attr, std::string_view function,
                           NamedColumn* column) {
  bool is_input = false;
  if (ztp_error* error = FindAny(batch, attr, function, column, &is_input)) return error;
  if (is_input && column->proven) return nullptr;
  return NewError(ZTP_BAD_REQUEST, Cat(function, ": `", column->name, "` is no proven input"));
}

ztp_error* SetEntityColumn(ztp_batch& batch, bool is_principal, std::string_view type,
                           std::span<const std::string_view> ids, std::span<const uint32_t> codes) {
  const Schema& schema = batch.world->schema();
  const auto found = schema.FindEntityType(type);
  if (!found) return NewError(ZTP_BAD_REQUEST, Cat("there is no entity type `", type, "`"));
  if (schema[*found].carried != Carried::kNo) {
    return NewError(ZTP_BAD_REQUEST,
                    Cat(type, " is carried: its attributes come with a request of its own"));
  }
  for (const std::string_view id : ids) {
    if (ztp_error* error = CheckText(id, "an id")) return error;
  }
  return Answer(is_principal ? batch.batch->SetPrincipals(*found, ids, codes)
                             : batch.batch->SetResources(*found, ids, codes));
}

ztp_error* SetTextColumn(ztp_batch& batch, const NamedColumn& column,
                         std::span<const std::string_view> texts, std::span<const uint32_t> codes) {
  const Schema& schema = batch.world->schema();
  bool any_missing = false;
  for (const std::string_view text : texts) {
    if (ztp_error* error = CheckText(text, column.name)) return error;
    any_missing |= text.data() == nullptr;
  }
  const bool is_string = schema.types.kind(column.type) == TypeKind::kString;
  if (is_string && codes.data() == nullptr && !any_missing) {
    return Answer(batch.batch->SetTexts(column.name, texts));
  }
  // Each distinct text is read once.
  std::vector<Fact> facts;
  std::vector<uint32_t> own_codes;
  absl::flat_hash_map<std::pair<std::string_view, bool>, uint32_t> known;
  const size_t rows = codes.data() != nullptr ? codes.size() : texts.size();
  own_codes.reserve(rows);
  std::string json;
  for (size_t row = 0; row < rows; ++row) {
    const std::string_view text = codes.data() != nullptr ? texts[codes[row]] : texts[row];
    const auto [at, is_new] = known.try_emplace(std::make_pair(text, text.data() == nullptr),
                                                static_cast<uint32_t>(facts.size()));
    own_codes.push_back(at->second);
    if (!is_new) continue;
    Fact& fact = facts.emplace_back();
    if (text.data() == nullptr) continue;
    if (FillText(schema, column.type, text, MakePresent(&fact))) continue;
    json.clear();
    JsonSink(&json).PutText(text);
    const std::vector<JsonError> errors =
        ReadFact(schema, column.type, column.proven, column.name, json, &fact);
    if (!errors.empty()) return FromJson(ZTP_BAD_REQUEST, errors);
  }
  return Answer(batch.batch->SetFacts(column.name, facts, own_codes));
}

ztp_error* SetFactColumn(ztp_batch& batch, const NamedColumn& column, std::span<const Fact> facts,
                         std::span<const uint32_t> codes) {
  return Answer(batch.batch->SetFacts(column.name, facts, codes));
}

ztp_error* SetNumberColumn(ztp_batch& batch, const NamedColumn& column,
                           std::span<const int64_t> numbers) {
  const TypeKind kind = batch.world->schema().types.kind(column.type);
  if (kind == TypeKind::kEnum) {
    return NewError(ZTP_BAD_REQUEST, Cat("`", column.name, "` is an enum: give its values' names"));
  }
  if (kind == TypeKind::kBool &&
      std::any_of(numbers.begin(), numbers.end(), [](int64_t n) { return n != 0 && n != 1; })) {
    return NewError(ZTP_BAD_REQUEST, Cat("`", column.name, "` is a Bool: 0 or 1"));
  }
  return Answer(batch.batch->SetNumbers(column.name, numbers));
}

}  // namespace ztp::c

using ztp::c::Guarded;
using ztp::c::GuardedColumn;
using ztp::c::Misuse;
using ztp::c::NewError;
using ztp::c::NewHandle;
using ztp::c::NullOutput;
using ztp::c::View;

namespace {

std::vector<std::string_view> Views(const ztp_text* texts, size_t count) {
  std::vector<std::string_view> views;
  views.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    views.push_back(texts[i].data != nullptr ? View(texts[i]) : std::string_view(""));
  }
  return views;
}

bool AnyNull(const ztp_text* texts, size_t count) {
  return std::any_of(texts, texts + count,
                     [](const ztp_text& t) { return t.data == nullptr && t.size != 0; });
}

// What is in force, and the generation of its trust, which was read before: what is voided in
// between is noticed later.
std::shared_ptr<const ztp::World> WorldInForce(const ztp::Engine& engine, uint64_t* generation) {
  std::shared_ptr<const ztp::World> world = engine.world();
  for (;;) {
    *generation = world->trust == nullptr
                      ? 0
                      : world->trust->trust()->generation().load(std::memory_order_acquire);
    std::shared_ptr<const ztp::World> again = engine.world();
    if (again->trust == world->trust) return again;
    world = std::move(again);
  }
}

ztp_error* SetIds(ztp_batch* batch, bool is_principal, ztp_text type, const ztp_text* ids,
                  size_t count, std::string_view function) {
  if ((ids == nullptr && count != 0) || (ids != nullptr && AnyNull(ids, count))) {
    return NullOutput(function, "ids");
  }
  if (ztp_error* error = ztp::c::CheckRows(*batch, count, function)) return error;
  return GuardedColumn(batch, function, [&] {
    return ztp::c::SetEntityColumn(*batch, is_principal, View(type), Views(ids, count), {});
  });
}

}  // namespace

extern "C" {

ztp_error* ztp_batch_new(ztp_request* shared, size_t rows, ztp_batch** batch) {
  ZTP_CHECK_OUT(batch);
  *batch = nullptr;
  ZTP_CHECK_ALIVE(shared);
  ztp_session* const session = shared->session;
  ZTP_CHECK_ALIVE(session);
  constexpr size_t kMostRows = size_t{1} << 31;
  if (rows > kMostRows) return NewError(ZTP_LIMIT, "a batch has at most 2^31 rows");
  return Guarded(__func__, [&]() -> ztp_error* {
    // Count first, then what is in force: as Engine::Reader has it.
    const uint64_t generation = session->state->engine.generation().value();
    uint64_t trust_generation = 0;
    std::shared_ptr<const ztp::World> world =
        WorldInForce(session->state->engine, &trust_generation);
    if (ztp_error* error = ztp::c::UsePolicyInForce(shared, *world)) return error;
    std::unique_ptr<ztp_batch, void (*)(ztp_batch*)> made(
        NewHandle<ztp_batch>(session, std::move(world), generation), &ztp_batch_free);
    made->action = shared->plain.action;
    made->shared = shared->plain;
    made->trust_generation = trust_generation;
    ztp::c::ShareEvidence(*shared, made.get());
    auto inner = ztp::Batch::Make(made->world->policy(), *made->world->facts, made->shared, rows);
    if (!inner.ok()) return ztp::c::FromStatus(inner.status(), ZTP_BAD_REQUEST);
    made->batch = *std::move(inner);
    *batch = made.release();
    return nullptr;
  });
}

void ztp_batch_free(ztp_batch* batch) { ztp::c::FreeHandle(batch); }

ztp_error* ztp_batch_principals(ztp_batch* batch, ztp_text type, const ztp_text* ids,
                                size_t count) {
  ZTP_CHECK_ALIVE(batch);
  ZTP_CHECK_TEXT(type);
  return SetIds(batch, true, type, ids, count, __func__);
}
ztp_error* ztp_batch_resources(ztp_batch* batch, ztp_text type, const ztp_text* ids, size_t count) {
  ZTP_CHECK_ALIVE(batch);
  ZTP_CHECK_TEXT(type);
  return SetIds(batch, false, type, ids, count, __func__);
}

ztp_error* ztp_batch_numbers(ztp_batch* batch, ztp_attr attr, const int64_t* numbers,
                             size_t count) {
  ZTP_CHECK_ALIVE(batch);
  if (numbers == nullptr && count != 0) return NullOutput(__func__, "numbers");
  if (ztp_error* error = ztp::c::CheckRows(*batch, count, __func__)) return error;
  return GuardedColumn(batch, __func__, [&]() -> ztp_error* {
    ztp::c::NamedColumn column;
    if (ztp_error* error = ztp::c::FindColumn(*batch, attr, "ztp_batch_numbers", &column)) {
      return error;
    }
    return ztp::c::SetNumberColumn(*batch, column, {numbers, count});
  });
}

ztp_error* ztp_batch_texts(ztp_batch* batch, ztp_attr attr, const ztp_text* texts, size_t count) {
  ZTP_CHECK_ALIVE(batch);
  if ((texts == nullptr && count != 0) || (texts != nullptr && AnyNull(texts, count))) {
    return NullOutput(__func__, "texts");
  }
  if (ztp_error* error = ztp::c::CheckRows(*batch, count, __func__)) return error;
  return GuardedColumn(batch, __func__, [&]() -> ztp_error* {
    ztp::c::NamedColumn column;
    if (ztp_error* error = ztp::c::FindColumn(*batch, attr, "ztp_batch_texts", &column)) {
      return error;
    }
    return ztp::c::SetTextColumn(*batch, column, Views(texts, count), {});
  });
}

ztp_error* ztp_batch_values(ztp_batch* batch, ztp_attr attr, const ztp_value* values,
                            size_t value_count, const uint32_t* codes, size_t count) {
  ZTP_CHECK_ALIVE(batch);
  if (values == nullptr && value_count != 0) return NullOutput(__func__, "values");
  if (codes == nullptr && count != value_count) {
    return Misuse(__func__, "without `codes` there must be a value for each row");
  }
  if (ztp_error* error = ztp::c::CheckRows(*batch, count, __func__)) return error;
  return GuardedColumn(batch, __func__, [&]() -> ztp_error* {
    ztp::c::NamedColumn column;
    if (ztp_error* error = ztp::c::FindColumn(*batch, attr, "ztp_batch_values", &column)) {
      return error;
    }
    std::vector<ztp::Fact> facts(value_count);
    std::string json;
    for (size_t i = 0; i < value_count; ++i) {
      if (values[i].kind == ZTP_MISSING) continue;
      if (values[i].kind == ZTP_UNKNOWN) {
        facts[i] = ztp::Fact::Unknown();
        continue;
      }
      if (!column.proven && ztp::c::FillValue(batch->world->schema(), column.type, values[i],
                                              ztp::MakePresent(&facts[i]))) {
        continue;
      }
      json.clear();
      if (ztp_error* error = ztp::c::AppendJson("ztp_batch_values", values[i], &json)) return error;
      const std::vector<ztp::JsonError> errors = ztp::c::ReadFact(
          batch->world->schema(), column.type, column.proven, column.name, json, &facts[i]);
      if (!errors.empty()) return ztp::c::FromJson(ZTP_BAD_REQUEST, errors);
    }
    if (codes != nullptr) return ztp::c::SetFactColumn(*batch, column, facts, {codes, count});
    std::vector<uint32_t> each(count);
    for (size_t i = 0; i < count; ++i) each[i] = static_cast<uint32_t>(i);
    return ztp::c::SetFactColumn(*batch, column, facts, each);
  });
}

ztp_error* ztp_batch_decide(ztp_batch* batch, int64_t now, const ztp_answers* answers,
                            ztp_lease* lease) {
  if (lease != nullptr) ztp::c::VoidLease(lease);
  if (answers == nullptr) return NullOutput(__func__, "answers");
  // A caller of an earlier version has no `obligations`.
  if (answers->struct_size < offsetof(ztp_answers, obligations)) {
    return Misuse(__func__, "`answers->struct_size` is not set: begin with ZTP_ANSWERS_INIT");
  }
  ZTP_CHECK_ALIVE(batch);
  ztp_session* const session = batch->session;
  ZTP_CHECK_ALIVE(session);
  const size_t rows = batch->batch->rows();
  uint32_t* const obligations =
      answers->struct_size >= sizeof(ztp_answers) ? answers->obligations : nullptr;
  auto deny_all = [&] {
    if (answers->allow != nullptr) std::fill_n(answers->allow, rows, uint8_t{0});
    if (answers->on_unknown != nullptr) std::fill_n(answers->on_unknown, rows, uint8_t{0});
    if (answers->valid_until != nullptr) std::fill_n(answers->valid_until, rows, now);
    if (answers->rule != nullptr) std::fill_n(answers->rule, rows, ztp::kNone32);
    if (obligations != nullptr) std::fill_n(obligations, rows, uint32_t{0});
  };
  ztp_error* error = Guarded(__func__, [&]() -> ztp_error* {
    if (batch->broken) return ztp::c::NoMemory();
    const std::string_view lacks = batch->batch->Lacks();
    if (!lacks.empty()) {
      return NewError(ZTP_BAD_REQUEST,
                      ztp::Cat("neither the shared request nor a column gives the ", lacks));
    }
    const ztp::EpochWords* page = session->page;
    const uint64_t epoch = page == nullptr ? 0 : ztp::EpochPage::Read(*page, now);
    if (epoch == ztp::EpochPage::kClosed) {
      deny_all();
      return nullptr;
    }
    session->Begin();  // its scratch is used
    std::vector<uint8_t> own_allow;
    std::vector<int64_t> own_until;
    ztp::BatchAnswers out{answers->allow, answers->rule, answers->valid_until, answers->on_unknown,
                          obligations};
    if (lease != nullptr && out.allow == nullptr) {
      own_allow.resize(rows);
      out.allow = own_allow.data();
    }
    if (lease != nullptr && out.valid_until == nullptr) {
      own_until.resize(rows);
      out.valid_until = own_until.data();
    }
    if (ztp_error* stale = ztp::c::ApplyEvidence(batch, ztp::Time{now})) return stale;
    batch->batch->set_now(ztp::Time{now});
    batch->batch->Decide(session->scratch, out);
    if (lease != nullptr) {
      int64_t until = ZTP_FOREVER;
      bool any = false;
      for (size_t row = 0; row < rows; ++row) {
        if (out.allow[row] == 0) continue;
        any = true;
        until = std::min(until, out.valid_until[row]);
      }
      if (any) ztp::c::TakeLease(*session, batch->generation, epoch, now, until, lease);
    }
    return nullptr;
  });
  if (error != nullptr) deny_all();
  return error;
}

ztp_error* ztp_batch_rule(const ztp_batch* batch, uint32_t rule, ztp_rule* out) {
  ZTP_CHECK_OUT(out);
  if (out->struct_size < sizeof(ztp_rule)) {
    return Misuse(__func__, "`out->struct_size` is not set: begin with ZTP_RULE_INIT");
  }
  ZTP_CHECK_ALIVE(batch);
  return Guarded(__func__, [&]() -> ztp_error* {
    const ztp::DecisionProgram& program = batch->world->policy().program();
    if (rule >= program.rules.size()) {
      return NewError(ZTP_NOT_FOUND, ztp::Cat("the policy has ", program.rules.size(), " rules"));
    }
    auto* mutable_batch = const_cast<ztp_batch*>(batch);
    std::unique_ptr<ztp::c::RuleTexts>& texts = mutable_batch->rules[rule];
    if (texts == nullptr) texts = std::make_unique<ztp::c::RuleTexts>();
    ztp::c::FillRule(program, rule, texts.get(), out);
    return nullptr;
  });
}

}  // extern "C"
