// See batch.h.
#include "engine/eval/batch.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp {

// Values of columns: entities numbered by the batch, texts kept by the column, but for those that
// the policy has itself.
class Batch::Encoder : public ValEncoder {
 public:
  explicit Encoder(Column* column)
      : ValEncoder(&column->arena), batch_(*column->batch), column_(column) {}

  Val Text(TypeKind kind, std::string_view text) { return InternText(kind, text); }

 protected:
  uint32_t InternEntity(EntityTypeId type, std::string_view id) override {
    return batch_.NumberOf(type, id, column_);
  }
  Val InternText(TypeKind kind, std::string_view text) override {
    const PolicyView& policy = batch_.policy_.view();
    const uint32_t number = policy.NumberOf(text.data(), static_cast<uint32_t>(text.size()));
    Val val = Val::Text(kind, text, Val::kNumbered);
    val.bytes = number != kNone32 ? policy.Text(policy.name_texts[number]).data()
                                  : column_->arena.Copy(text).data();
    val.prefix = static_cast<uint16_t>(number + 1);  // none is 0
    return val;
  }

 private:
  Batch& batch_;
  Column* column_;
};

Batch::Column::~Column() { batch->Forget(*this); }

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
    batch->stranger_by_number_.push_back({uid, 1, nullptr});  // the request has them for ever
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

std::unique_ptr<Batch::Column> Batch::NewColumn() {
  const size_t chunk = std::clamp<size_t>(32 * rows_.count, 1 << 10, 64 << 10);
  return std::make_unique<Column>(this, chunk);
}

uint32_t Batch::NumberOf(EntityTypeId type, std::string_view id, Column* column) {
  if (const auto known = snapshot_.Find(type, id)) return *known;
  auto key = std::make_pair(type.index, std::string(id));
  auto at = strangers_.find(key);
  uint32_t number;
  if (at != strangers_.end()) {
    number = at->second - snapshot_.entity_count();
  } else {
    if (free_strangers_.empty()) {
      stranger_by_number_.emplace_back();
      if (free_strangers_.capacity() < stranger_by_number_.size()) {
        free_strangers_.reserve(2 * stranger_by_number_.size());  // Forget takes no memory
      }
      stranger_types_.push_back(0);
      free_strangers_.push_back(static_cast<uint32_t>(stranger_by_number_.size() - 1));
    }
    number = free_strangers_.back();
    stranger_by_number_[number] = {EntityUid{type, key.second}, 0, nullptr};
    stranger_types_[number] = type.index;
    strangers_.emplace(std::move(key), snapshot_.entity_count() + number);
    free_strangers_.pop_back();
  }
  Stranger& stranger = stranger_by_number_[number];
  if (stranger.last != column) {
    column->strangers.push_back(number);
    stranger.last = column;
    ++stranger.columns;
  }
  return snapshot_.entity_count() + number;
}

// `last` says only that a column that is being made has it already: its address may be another's
// afterwards.
void Batch::Forget(const Column& column) {
  for (const uint32_t number : column.strangers) {
    Stranger& stranger = stranger_by_number_[number];
    stranger.last = nullptr;
    if (--stranger.columns != 0) continue;
    strangers_.erase(std::make_pair(stranger.uid.type.index, stranger.uid.id));
    free_strangers_.push_back(number);
  }
}

absl::Status Batch::SetEntities(const std::vector<EntityTypeId>& allowed, EntityTypeId type,
                                std::span<const std::string_view> ids,
                                std::span<const uint32_t> codes, std::unique_ptr<Column>* out) {
  ZTP_RETURN_IF_ERROR(CheckCount(codes.data() == nullptr ? ids.size() : codes.size()));
  if (std::find(allowed.begin(), allowed.end(), type) == allowed.end()) {
    return InvalidArgument("the action is not for entities of that type there");
  }
  if (std::any_of(codes.begin(), codes.end(), [&](uint32_t c) { return c >= ids.size(); })) {
    return InvalidArgument("a code is beyond the ids");
  }
  std::unique_ptr<Column> column = NewColumn();
  std::vector<Val> entities;
  entities.reserve(ids.size());
  for (std::string_view id : ids) {
    entities.push_back(Val::Entity(type.index, NumberOf(type, id, column.get())));
  }
  if (codes.data() == nullptr) {
    column->entities = std::move(entities);
  } else {
    column->entities.reserve(codes.size());
    for (uint32_t code : codes) column->entities.push_back(entities[code]);
  }
  *out = std::move(column);
  return absl::OkStatus();
}

absl::Status Batch::SetPrincipals(EntityTypeId type, std::span<const std::string_view> ids) {
  return SetPrincipals(type, ids, {});
}
absl::Status Batch::SetPrincipals(EntityTypeId type, std::span<const std::string_view> ids,
                                  std::span<const uint32_t> codes) {
  const auto& allowed = policy_.schema()[action_].principals;
  ZTP_RETURN_IF_ERROR(SetEntities(allowed, type, ids, codes, &principals_));
  rows_.principals = principals_->entities.data();
  return absl::OkStatus();
}
absl::Status Batch::SetResources(EntityTypeId type, std::span<const std::string_view> ids) {
  return SetResources(type, ids, {});
}
absl::Status Batch::SetResources(EntityTypeId type, std::span<const std::string_view> ids,
                                 std::span<const uint32_t> codes) {
  const auto& allowed = policy_.schema()[action_].resources;
  ZTP_RETURN_IF_ERROR(SetEntities(allowed, type, ids, codes, &resources_));
  rows_.resources = resources_->entities.data();
  return absl::OkStatus();
}

// Which parameter or input a name is. A parameter hides an input of its name.
absl::Status Batch::Find(std::string_view name, BatchColumn* view, TypeId* type) const {
  const Schema& schema = policy_.schema();
  if (const auto param = schema[action_].FindParam(name)) {
    view->index = *param;
    *type = schema[action_].params[*param].type;
  } else if (const auto input = schema.FindInput(name)) {
    view->is_input = true;
    view->index = input->index;
    *type = schema[*input].type;
  } else {
    return InvalidArgument("the action has no parameter, and the policy no input, ", name);
  }
  return absl::OkStatus();
}

// In place of what the column was.
void Batch::Put(std::unique_ptr<Column> column) {
  for (std::unique_ptr<Column>& known : columns_) {
    if (known->view.is_input != column->view.is_input || known->view.index != column->view.index) {
      continue;
    }
    known.swap(column);
    return;
  }
  columns_.push_back(std::move(column));
}

absl::Status Batch::SetNumbers(std::string_view name, std::span<const int64_t> numbers) {
  ZTP_RETURN_IF_ERROR(CheckCount(numbers.size()));
  std::unique_ptr<Column> column = NewColumn();
  TypeId type;
  ZTP_RETURN_IF_ERROR(Find(name, &column->view, &type));
  const TypeKind kind = policy_.schema().types.kind(type);
  if (!IsNumberKind(kind)) {
    return InvalidArgument(name, " is a ", policy_.schema().TypeName(type), ", no number");
  }
  column->values.resize(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    column->values[i].val = Val::Number(kind, numbers[i]);
  }
  Put(std::move(column));
  return absl::OkStatus();
}

absl::Status Batch::SetTexts(std::string_view name, std::span<const std::string_view> texts) {
  ZTP_RETURN_IF_ERROR(CheckCount(texts.size()));
  std::unique_ptr<Column> column = NewColumn();
  TypeId type;
  ZTP_RETURN_IF_ERROR(Find(name, &column->view, &type));
  if (policy_.schema().types.kind(type) != TypeKind::kString) {
    return InvalidArgument(name, " is a ", policy_.schema().TypeName(type), ", no String");
  }
  Encoder encoder(column.get());
  column->values.resize(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    column->values[i].val = encoder.Text(TypeKind::kString, texts[i]);
  }
  Put(std::move(column));
  return absl::OkStatus();
}

absl::Status Batch::SetFacts(std::string_view name, std::span<const Fact> facts,
                             std::span<const uint32_t> codes) {
  ZTP_RETURN_IF_ERROR(CheckCount(codes.size()));
  std::unique_ptr<Column> column = NewColumn();
  TypeId type;
  ZTP_RETURN_IF_ERROR(Find(name, &column->view, &type));
  return PutFacts(std::move(column), name, type, facts, codes);
}

absl::Status Batch::SetInput(InputId input, std::span<const Fact> facts,
                             std::span<const uint32_t> codes) {
  ZTP_RETURN_IF_ERROR(CheckCount(codes.size()));
  std::unique_ptr<Column> column = NewColumn();
  column->view.is_input = true;
  column->view.index = input.index;
  const Input& declared = policy_.schema()[input];
  return PutFacts(std::move(column), declared.name, declared.type, facts, codes);
}

absl::Status Batch::PutFacts(std::unique_ptr<Column> column, std::string_view name, TypeId type,
                             std::span<const Fact> facts, std::span<const uint32_t> codes) {
  const TypeKind kind = policy_.schema().types.kind(type);
  Encoder encoder(column.get());
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
  column->values.reserve(codes.size());
  for (uint32_t code : codes) column->values.push_back(bound[code]);
  Put(std::move(column));
  return absl::OkStatus();
}

// Entities by their numbers, those that the snapshot does not know too.
class Batch::Uids : public UidSource {
 public:
  explicit Uids(const Batch& batch) : batch_(batch) {}
  EntityUid Uid(uint32_t entity) const override {
    const uint32_t known = batch_.snapshot_.entity_count();
    return entity < known ? batch_.snapshot_.Uid(entity)
                          : batch_.stranger_by_number_[entity - known].uid;
  }

 private:
  const Batch& batch_;
};

bool Batch::FillRow(size_t row, std::optional<uint32_t> param, Request* request) const {
  const Uids uids(*this);
  bool changed = false;
  auto put = [&](auto* to, auto value) {
    if (*to == value) return;
    *to = std::move(value);
    changed = true;
  };
  if (rows_.principals != nullptr) {
    put(&request->principal, uids.Uid(rows_.principals[row].entity()));
  }
  if (rows_.resources != nullptr) {
    put(&request->resource, uids.Uid(rows_.resources[row].entity()));
  }
  if (param) {
    for (const std::unique_ptr<Column>& column : columns_) {
      if (column->view.is_input || column->view.index != *param) continue;
      const Val& val = column->values[row].val;
      put(&request->params[*param], val.is_none() ? Fact::Missing() : Fact::Of(Decode(val, uids)));
    }
  }
  return changed;
}

std::string_view Batch::Lacks() const {
  if (!has_principal_ && rows_.principals == nullptr) return "principal";
  if (!has_resource_ && rows_.resources == nullptr) return "resource";
  const std::vector<Param>& params = policy_.schema()[action_].params;
  for (uint32_t i = 0; i < params.size(); ++i) {
    if (params[i].optional || !shared_.view().params[i].val.is_none()) continue;
    const bool given = std::any_of(columns_.begin(), columns_.end(), [&](const auto& column) {
      return !column->view.is_input && column->view.index == i;
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
  if (answers.obligations != nullptr) answers.obligations[row] = 0;
}

void Batch::Decide(Scratch& scratch, const BatchAnswers& answers) {
  if (!Lacks().empty()) {
    for (size_t row = 0; row < rows_.count; ++row) Deny(row, answers);
    return;
  }
  column_views_.clear();
  for (const auto& column : columns_) {
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
