// Records in: entities numbered, values encoded, then closures and versions. What is worked out
// from the graph is in snapshot_derive.cc.
#include "engine/facts/snapshot_builder.h"

#include <algorithm>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/constant_names.h"

namespace ztp {
namespace {

// A text form in which different records are different: every piece with its length.
class Canonical {
 public:
  explicit Canonical(const Schema& schema) : schema_(schema) {}

  void Number(int64_t n) { out_.append(reinterpret_cast<const char*>(&n), sizeof(n)); }
  void Text(std::string_view text) {
    Number(static_cast<int64_t>(text.size()));
    out_.append(text);
  }
  void Uid(const EntityUid& uid) {
    Text(schema_[uid.type].json_name);
    Text(uid.id);
  }
  void Of(const Value& value) {
    Number(static_cast<int64_t>(value.kind()));
    switch (value.kind()) {
      case TypeKind::kEntity:
        Uid(value.uid());
        return;
      case TypeKind::kLattice:
        for (uint64_t word : value.label().words) Number(static_cast<int64_t>(word));
        return;
      default:
        break;
    }
    Number(value.integer());
    Text(value.text());
    Number(static_cast<int64_t>(value.items().size()));
    for (const Value& item : value.items()) Of(item);
  }
  void Of(const EntityRecord& record) {
    Uid(record.uid);
    const EntityType& type = schema_[record.uid.type];
    for (size_t i = 0; i < record.attributes.size(); ++i) {
      const Fact& fact = record.attributes[i];
      Text(type.attributes[i].name);
      Number(static_cast<int64_t>(fact.state));
      Number(fact.issued_at.has_value());
      Number(fact.issued_at.value_or(Time{}).micros);
      Number(fact.expires_at.has_value());
      Number(fact.expires_at.value_or(Time{}).micros);
      Of(fact.value);
    }
    Edges(record.parents);
    Edges(record.derives);
  }
  const std::string& bytes() const { return out_; }

 private:
  void Edges(std::vector<EntityUid> to) {
    std::sort(to.begin(), to.end());
    to.erase(std::unique(to.begin(), to.end()), to.end());
    Number(static_cast<int64_t>(to.size()));
    for (const EntityUid& uid : to) Uid(uid);
  }

  const Schema& schema_;
  std::string out_;
};

}  // namespace

// Entities are numbered and texts kept once in the snapshot's arena.
class SnapshotBuilder::Encoder : public ValEncoder {
 public:
  explicit Encoder(SnapshotBuilder* builder)
      : ValEncoder(&builder->snapshot_->arena_),
        builder_(builder),
        names_(*builder->snapshot_->program_) {}

  const ConstantNames& names() const { return names_; }

 protected:
  uint32_t InternEntity(EntityTypeId type, std::string_view id) override {
    return builder_->InternEntity(type, id);
  }
  Val InternText(TypeKind kind, std::string_view text) override {
    auto it = texts_.find(ToAbsl(text));
    if (it == texts_.end()) {
      // The empty text takes a byte too, or it would share its address with the next one.
      const std::string_view copy =
          text.empty() ? std::string_view(builder_->snapshot_->arena_.NewArray<char>(1), 0)
                       : builder_->snapshot_->arena_.Copy(text);
      const std::optional<uint32_t> number = names_.Text(text);
      it = texts_.emplace(ToAbsl(copy), number ? static_cast<uint16_t>(*number + 1) : 0).first;
    }
    Val val = Val::Text(kind, FromAbsl(it->first), Val::kStored | Val::kNumbered);
    val.prefix = it->second;
    return val;
  }

 private:
  SnapshotBuilder* builder_;
  ConstantNames names_;
  absl::flat_hash_map<absl::string_view, uint16_t> texts_;  // with their numbers, as Val has them
};

SnapshotBuilder::SnapshotBuilder(std::shared_ptr<const DecisionProgram> program)
    : snapshot_(new Snapshot(std::move(program))) {
  encoder_ = std::make_unique<Encoder>(this);
  const Schema& schema = snapshot_->program_->schema;
  snapshot_->columns_.resize(schema.entities.size());
  for (size_t t = 0; t < schema.entities.size(); ++t) {
    snapshot_->columns_[t].resize(schema.entities[t].attributes.size());
  }
  for (const ConstantNames::Entity& entity : encoder_->names().entities()) {
    InternEntity(entity.type, entity.id);
  }
  snapshot_->named_count_ = snapshot_->entity_count();
  InternList({});
  snapshot_->closures_.push_back({});
  closure_ids_[{}] = 0;
}

SnapshotBuilder::~SnapshotBuilder() = default;

uint32_t SnapshotBuilder::InternEntity(EntityTypeId type, std::string_view id) {
  Snapshot& s = *snapshot_;
  auto it = s.by_uid_.find(std::make_pair(type.index, ToAbsl(id)));
  if (it != s.by_uid_.end()) return it->second;
  const std::string_view copy = s.arena_.Copy(id);
  const uint32_t entity = s.entity_count();
  s.entities_.push_back(
      {.id = copy.data(), .id_size = static_cast<uint32_t>(copy.size()), .type = type.index});
  s.by_uid_.emplace(std::make_pair(type.index, ToAbsl(copy)), entity);
  parents_.emplace_back();
  derives_.emplace_back();
  return entity;
}

bool SnapshotBuilder::IsAbsent(uint32_t entity) const {
  return !snapshot_->IsStored(entity) &&
         !snapshot_->program_->schema[snapshot_->TypeOf(entity)].always_present();
}

Snapshot::ListId SnapshotBuilder::InternList(const std::vector<uint32_t>& items) {
  Snapshot& s = *snapshot_;
  const auto [it, fresh] = list_ids_.emplace(items, static_cast<uint32_t>(s.lists_.size()));
  if (fresh) {
    s.lists_.push_back(
        {static_cast<uint32_t>(s.list_items_.size()), static_cast<uint32_t>(items.size())});
    s.list_items_.insert(s.list_items_.end(), items.begin(), items.end());
  }
  return it->second;
}

absl::Status SnapshotBuilder::Add(const EntityRecord& record) {
  Snapshot& s = *snapshot_;
  const Schema& schema = s.program_->schema;
  if (record.uid.type.index >= schema.entities.size()) {
    return InvalidArgument("an entity of a type that the policy does not have");
  }
  const EntityType& type = schema[record.uid.type];
  if (type.carried != Carried::kNo) {
    return InvalidArgument(FormatUid(schema, record.uid),
                           ": entities of this type come with a request", " and are never stored");
  }
  if (record.attributes.size() != type.attributes.size()) {
    return InvalidArgument(FormatUid(schema, record.uid), ": has ", record.attributes.size(),
                           " attributes, its type has ", type.attributes.size());
  }
  const uint32_t entity = InternEntity(record.uid.type, record.uid.id);
  if (s.IsStored(entity)) {
    return InvalidArgument(FormatUid(schema, record.uid), " is there twice");
  }
  auto edges = [&](const std::vector<EntityUid>& to, const std::vector<EntityTypeId>& allowed,
                   std::string_view what, std::vector<uint32_t>* out) -> absl::Status {
    for (const EntityUid& uid : to) {
      if (std::find(allowed.begin(), allowed.end(), uid.type) == allowed.end()) {
        return InvalidArgument(FormatUid(schema, record.uid), " cannot ", what, " ",
                               FormatUid(schema, uid));
      }
      out->push_back(InternEntity(uid.type, uid.id));
    }
    std::sort(out->begin(), out->end());
    out->erase(std::unique(out->begin(), out->end()), out->end());
    return absl::OkStatus();
  };
  std::vector<uint32_t> parents, derives;
  ZTP_RETURN_IF_ERROR(edges(record.parents, type.parents, "be in", &parents));
  ZTP_RETURN_IF_ERROR(edges(record.derives, type.derives, "derive from", &derives));
  parents_[entity] = std::move(parents);
  derives_[entity] = std::move(derives);

  std::vector<Snapshot::Column>& columns = s.columns_[record.uid.type.index];
  uint32_t row = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    Snapshot::Column& column = columns[i];
    const Fact& fact = record.attributes[i];
    Val val;
    if (fact.state == Fact::State::kPresent) {
      val = encoder_->Encode(fact.value);
    } else if (fact.state == Fact::State::kUnknown) {
      val.flags = Val::kNotKnown;
    }
    row = static_cast<uint32_t>(column.values.size());
    column.values.push_back(val);
    if (fact.issued_at || fact.expires_at) {
      column.windows.resize(row);
      column.windows.push_back({fact.issued_at.value_or(Time{}).micros,
                                fact.expires_at.value_or(Time{}).micros, fact.issued_at.has_value(),
                                fact.expires_at.has_value()});
    }
  }
  s.entities_[entity].row = row;
  ++s.stored_count_;

  Canonical canonical(schema);
  canonical.Of(record);
  record_digests_.emplace_back(entity, Sha256Bytes(canonical.bytes()));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Snapshot>> SnapshotBuilder::Build(QuantifierSolver* solver) {
  Snapshot& s = *snapshot_;
  const DecisionProgram& program = *s.program_;
  s.constants_.reserve(program.constants.size());
  for (const Cell& cell : program.constants) {
    s.constants_.push_back(encoder_->Encode(program.pool.ToValue(cell)));
  }
  for (auto& type : s.columns_) {
    for (Snapshot::Column& column : type) {
      if (!column.windows.empty()) column.windows.resize(column.values.size());
    }
  }
  for (uint32_t e = 0; e < s.entity_count(); ++e) {
    const bool carried = program.schema[s.TypeOf(e)].carried != Carried::kNo;
    if (IsAbsent(e) && !carried) ++s.absent_count_;
  }
  ZTP_RETURN_IF_ERROR(Close(parents_, &s.member_closure_, "a cycle of membership: "));
  ZTP_RETURN_IF_ERROR(Close(derives_, &s.lineage_closure_, "a cycle in the lineage: "));
  WorkOutInherited();
  WorkOutMatches();
  if (solver != nullptr) WorkOutQuantifiers(*solver);
  FinishVersion();
  encoder_.reset();
  return std::shared_ptr<const Snapshot>(std::move(snapshot_));
}

void SnapshotBuilder::FinishVersion() {
  Snapshot& s = *snapshot_;
  const Schema& schema = s.program_->schema;
  std::sort(record_digests_.begin(), record_digests_.end(), [&](const auto& a, const auto& b) {
    const std::string& x = schema[s.TypeOf(a.first)].json_name;
    const std::string& y = schema[s.TypeOf(b.first)].json_name;
    if (x != y) return x < y;
    return s.IdOf(a.first) < s.IdOf(b.first);
  });
  std::string all;
  all.reserve(record_digests_.size() * 32);
  for (const auto& [entity, digest] : record_digests_) all += digest;
  s.version_ = Sha256Digest(all);
}

}  // namespace ztp
