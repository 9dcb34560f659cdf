// See batch.h.
#include "engine/eval/batch.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp {

// Values of columns: entities numbered by the batch, texts kept by it.
class Batch::Encoder : public ValEncoder {
 public:
  explicit Encoder(Batch* batch) : ValEncoder(&batch->arena_), batch_(*batch) {}

  Val Text(TypeKind kind, std::string_view text) { return InternText(kind, text); }

 protected:
  uint32_t InternEntity(EntityTypeId type, std::string_view id) override {
    return batch_.NumberOf(type, id);
  }
  Val InternText(TypeKind kind, std::string_view text) override {
    Val val = Val::Text(kind, batch_.arena_.Copy(text), Val::kNumbered);
    val.prefix = static_cast<uint16_t>(batch_.policy_.view().NumberOf(val.bytes, val.size) + 1);
    return val;
  }

 private:
  Batch& batch_;
};

absl::StatusOr<std::unique_ptr<Batch>> Batch::Make(const Policy& policy, const Snapshot& snapshot,
                                                   const Request& shared, size_t rows) {
  if (!shared.carried.empty()) {
    return InvalidArgument("the requests of a batch carry no entities");
  }
  std::unique_ptr<Batch> batch(new Batch(policy, snapshot));
  if (shared.action.index >= policy.schema().actions.size()) {
    return InvalidArgument("the request fits no declared action");
  }
  const Action& action = policy.schema()[shared.action];
  Request whole = shared;
  auto fill = [](const std::vector<EntityTypeId>& types, EntityUid* uid) {
    if (uid->type.index != EntityTypeId().index || types.empty()) return true;
    *uid = EntityUid{types[0], ""};  // a column says whose
    return false;
  };
  batch->has_principal_ = fill(action.principals, &whole.principal);
  batch->has_resource_ = fill(action.resources, &whole.resource);
  ZTP_RETURN_IF_ERROR(
      batch->shared_.Bind(policy, snapshot, whole, BoundRequest::Complete::kPartly));
  batch->action_ = shared.action;
  batch->rows_.count = rows;
  const uint32_t known = snapshot.entity_count();
  for (uint32_t i = 0; i < batch->shared_.stranger_count(); ++i) {
    const EntityUid uid = batch->shared_.Uid(known + i);
    batch->stranger_types_.push_back(uid.type.index);
    batch->strangers_.emplace(std::make_pair(uid.type.index, uid.id), known + i);
  }
  batch->params_.resize(policy.schema()[shared.action].params.size());
  batch->inputs_.resize(policy.schema().inputs.size());
  batch->readings_.resize(policy.view().index.request_probes);
  return batch;
}

absl::Status Batch::CheckCount(size_t count) const {
  if (count == rows_.count) return absl::OkStatus();
  return InvalidArgument("the column has ", count, " entries; the batch has ", rows_.count,
                         " rows");
}

uint32_t Batch::NumberOf(EntityTypeId type, std::string_view id) {
  if (const auto known = snapshot_.Find(type, id)) return *known;
  const uint32_t next = snapshot_.entity_count() + static_cast<uint32_t>(stranger_types_.size());
  const auto [at, is_new] =
      strangers_.try_emplace(std::make_pair(type.index, std::string(id)), next);
  if (is_new) stranger_types_.push_back(type.index);
  return at->second;
}

absl::Status Batch::SetEntities(const std::vector<EntityTypeId>& allowed, EntityTypeId type,
                                std::span<const std::string_view> ids,
                                std::span<const uint32_t> codes, std::vector<Val>* out) {
  ZTP_RETURN_IF_ERROR(CheckCount(codes.data() == nullptr ? ids.size() : codes.size()));
  if (std::find(allowed.begin(), allowed.end(), type) == allowed.end()) {
    return InvalidArgument("the action is not for entities of that type there");
  }
  if (std::any_of(codes.begin(), codes.end(), [&](uint32_t c) { return c >= ids.size(); })) {
    return InvalidArgument("a code is beyond the ids");
  }
  std::vector<Val> entities;
  entities.reserve(ids.size());
  for (std::string_view id : ids) entities.push_back(Val::Entity(type.index, NumberOf(type, id)));
  if (codes.data() == nullptr) {
    *out = std::move(entities);
    return absl::OkStatus();
  }
  out->clear();
  out->reserve(codes.size());
  for (uint32_t code : codes) out->push_back(entities[code]);
  return absl::OkStatus();
}

absl::Status Batch::SetPrincipals(EntityTypeId type, std::span<const std::string_view> ids) {
  return SetPrincipals(type, ids, {});
}
absl::Status Batch::SetPrincipals(EntityTypeId type, std::span<const std::string_view> ids,
                                  std::span<const uint32_t> codes) {
  const auto& allowed = policy_.schema()[action_].principals;
  ZTP_RETURN_IF_ERROR(SetEntities(allowed, type, ids, codes, &principals_));
  rows_.principals = principals_.data();
  return absl::OkStatus();
}
absl::Status Batch::SetResources(EntityTypeId type, std::span<const std::string_view> ids) {
  return SetResources(type, ids, {});
}
absl::Status Batch::SetResources(EntityTypeId type, std::span<const std::string_view> ids,
                                 std::span<const uint32_t> codes) {
  const auto& allowed = policy_.schema()[action_].resources;
  ZTP_RETURN_IF_ERROR(SetEntities(allowed, type, ids, codes, &resources_));
  rows_.resources = resources_.data();
  return absl::OkStatus();
}

// The column of that name, made at the first call. A parameter hides an input of its name.
absl::StatusOr<Batch::Column*> Batch::ColumnOf(std::string_view name, TypeId* type) {
  const Schema& schema = policy_.schema();
  BatchColumn view;
  if (const auto param = schema[action_].FindParam(name)) {
    view.index = *param;
    *type = schema[action_].params[*param].type;
  } else if (const auto input = schema.FindInput(name)) {
    view.is_input = true;
    view.index = input->index;
    *type = schema[*input].type;
  } else {
    return InvalidArgument("the action has no parameter, and the policy no input, ", name);
  }
  for (const auto& column : columns_) {
    if (column->view.is_input == view.is_input && column->view.index == view.index) {
      return column.get();
    }
  }
  columns_.push_back(std::make_unique<Column>());
  columns_.back()->view = view;
  return columns_.back().get();
}

absl::Status Batch::SetNumbers(std::string_view name, std::span<const int64_t> numbers) {
  ZTP_RETURN_IF_ERROR(CheckCount(numbers.size()));
  TypeId type;
  ZTP_ASSIGN_OR_RETURN(Column * column, ColumnOf(name, &type));
  const TypeKind kind = policy_.schema().types.kind(type);
  if (!IsNumberKind(kind)) {
    return InvalidArgument(name, " is a ", policy_.schema().TypeName(type), ", no number");
  }
  column->values.resize(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    column->values[i].val = Val::Number(kind, numbers[i]);
  }
  return absl::OkStatus();
}

absl::Status Batch::SetTexts(std::string_view name, std::span<const std::string_view> texts) {
  ZTP_RETURN_IF_ERROR(CheckCount(texts.size()));
  TypeId type;
  ZTP_ASSIGN_OR_RETURN(Column * column, ColumnOf(name, &type));
  if (policy_.schema().types.kind(type) != TypeKind::kString) {
    return InvalidArgument(name, " is a ", policy_.schema().TypeName(type), ", no String");
  }
  Encoder encoder(this);
  column->values.resize(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    column->values[i].val = encoder.Text(TypeKind::kString, texts[i]);
  }
  return absl::OkStatus();
}

absl::Status Batch::SetFacts(std::string_view name, std::span<const Fact> facts,
                             std::span<const uint32_t> codes) {
  ZTP_RETURN_IF_ERROR(CheckCount(codes.size()));
  TypeId type;
  ZTP_ASSIGN_OR_RETURN(Column * column, ColumnOf(name, &type));
  const TypeKind kind = policy_.schema().types.kind(type);
  Encoder encoder(this);
  std::vector<BoundFact> bound;
  bound.reserve(facts.size());
  for (const Fact& fact : facts) {
    if (fact.state == Fact::State::kPresent && fact.value.kind() != kind) {
      return InvalidArgument("a value for ", name, " is no ", policy_.schema().TypeName(type));
    }
    bound.push_back(BindFact(fact, encoder));
  }
  if (std::any_of(codes.begin(), codes.end(), [&](uint32_t c) { return c >= bound.size(); })) {
    return InvalidArgument("a code is beyond the values");
  }
  // A required parameter is in every request.
  if (!column->view.is_input) {
    const Param& param = policy_.schema()[action_].params[column->view.index];
    for (BoundFact& fact : bound) {
      if (!fact.val.is_none()) continue;
      if (param.default_value) {
        fact = BindFact(Fact::Of(*param.default_value), encoder);
      } else if (!param.optional) {
        return InvalidArgument("parameter ", name, " is missing");
      }
    }
  }
  column->values.clear();
  column->values.reserve(codes.size());
  for (uint32_t code : codes) column->values.push_back(bound[code]);
  return absl::OkStatus();
}

std::string_view Batch::Lacks() const {
  if (!has_principal_ && rows_.principals == nullptr) return "principal";
  if (!has_resource_ && rows_.resources == nullptr) return "resource";
  const std::vector<Param>& params = policy_.schema()[action_].params;
  for (uint32_t i = 0; i < params.size(); ++i) {
    if (params[i].optional || !shared_.view().params[i].val.is_none()) continue;
    const bool given = std::any_of(columns_.begin(), columns_.end(), [&](const auto& column) {
      return !column->view.is_input && column->view.index == i &&
             column->values.size() == rows_.count;
    });
    if (!given) return params[i].name;
  }
  return {};
}

void Batch::Deny(size_t row, const BatchAnswers& answers) const {
  if (answers.allow != nullptr) answers.allow[row] = 0;
  if (answers.rule != nullptr) answers.rule[row] = kNone32;
  if (answers.valid_until != nullptr) answers.valid_until[row] = kForEver;
  if (answers.on_unknown != nullptr) answers.on_unknown[row] = 0;
}

void Batch::Decide(Scratch& scratch, const BatchAnswers& answers) {
  if (!Lacks().empty()) {
    for (size_t row = 0; row < rows_.count; ++row) Deny(row, answers);
    return;
  }
  column_views_.clear();
  for (const auto& column : columns_) {
    if (column->values.size() != rows_.count) continue;  // its setting failed
    column_views_.push_back(column->view);
    column_views_.back().values = column->values.data();
  }
  rows_.columns = column_views_;
  RequestView shared = shared_.view();
  shared.stranger_types = stranger_types_.data();
  const BatchMemory memory{params_, inputs_, readings_};
  scratch.Reserve(policy_.view());
  size_t done = 0;
  while (done < rows_.count) {
    done += DecideBatch(shared, rows_, done, answers, memory, scratch.workspace());
    if (done == rows_.count || scratch.Grow()) continue;
    Deny(done++, answers);
  }
}

}  // namespace ztp
