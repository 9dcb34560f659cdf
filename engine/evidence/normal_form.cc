// See normal_form.h.
#include "engine/evidence/normal_form.h"

#include <algorithm>
#include <cstdlib>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::evidence {
namespace {

std::string PathTo(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : Cat(path, ".", name);
}

uint32_t IndexOf(const Type& record, std::string_view name) {
  for (uint32_t i = 0; i < record.fields.size(); ++i) {
    if (record.fields[i].name == name) return i;
  }
  return UINT32_MAX;
}

}  // namespace

TypeId NormalForm::Enum(std::string_view name, std::initializer_list<std::string_view> values) {
  EnumType type;
  type.name = name;
  type.values.assign(values.begin(), values.end());
  schema_.enums.push_back(std::move(type));
  return schema_.types.Enum(EnumId{static_cast<uint32_t>(schema_.enums.size() - 1)});
}

TypeId NormalForm::Record(std::initializer_list<Field> fields) {
  std::vector<ztp::Field> made;
  for (const Field& field : fields) {
    made.push_back(ztp::Field{std::string(field.name), field.type, field.optional, std::nullopt});
  }
  type_ = schema_.types.Record(std::move(made));
  return type_;
}

Value NormalForm::Make(TypeId record, std::initializer_list<NamedValue> values) const {
  const Type& type = schema_.types[record];
  std::vector<Value> fields(type.fields.size());
  for (const NamedValue& named : values) {
    const uint32_t index = IndexOf(type, named.first);
    const bool fits =
        index != UINT32_MAX && (named.second.is_none() ||
                                named.second.kind() == schema_.types.kind(type.fields[index].type));
    if (!fits) std::abort();
    fields[index] = named.second;
  }
  return Value::Record(std::move(fields));
}

Value NormalForm::EnumValue(TypeId type, std::string_view name) const {
  const std::vector<std::string>& values = schema_.enums[schema_.types[type].decl].values;
  const auto at = std::find(values.begin(), values.end(), name);
  if (at == values.end()) std::abort();
  return Value::Enum(static_cast<uint32_t>(at - values.begin()));
}

TypeId NormalForm::FieldType(TypeId record, std::string_view name) const {
  const Type& type = schema_.types[record];
  const uint32_t index = IndexOf(type, name);
  if (index == UINT32_MAX) std::abort();
  return type.fields[index].type;
}

class FormFit::Maker {
 public:
  Maker(const NormalForm& form, const Schema& to, FormFit* fit) : from_(form), to_(to), fit_(fit) {}

  absl::StatusOr<uint32_t> Fit(TypeId from, TypeId to, const std::string& path) {
    const Type& source = from_.schema().types[from];
    const Type& target = to_.types[to];
    if (source.kind != target.kind) {
      return InvalidArgument(path.empty() ? std::string("it") : Cat("field `", path, "`"), " is ",
                             WithArticle(to_.TypeName(to)), " where such evidence has ",
                             WithArticle(from_.schema().TypeName(from)));
    }
    const auto index = static_cast<uint32_t>(fit_->nodes_.size());
    fit_->nodes_.emplace_back();
    Node node;
    node.kind = source.kind;
    switch (source.kind) {
      case TypeKind::kEnum: {
        ZTP_ASSIGN_OR_RETURN(node.ordinals, Ordinals(source, target, path));
        break;
      }
      case TypeKind::kSet:
      case TypeKind::kList: {
        ZTP_ASSIGN_OR_RETURN(node.element, Fit(source.element, target.element, PathTo(path, "[]")));
        break;
      }
      case TypeKind::kRecord: {
        ZTP_ASSIGN_OR_RETURN(node.fields, Fields(source, target, path));
        break;
      }
      default:
        break;
    }
    fit_->nodes_[index] = std::move(node);
    return index;
  }

 private:
  absl::StatusOr<std::vector<uint32_t>> Ordinals(const Type& source, const Type& target,
                                                 const std::string& path) {
    const std::vector<std::string>& wanted = to_.enums[target.decl].values;
    std::vector<uint32_t> ordinals;
    for (const std::string& value : from_.schema().enums[source.decl].values) {
      const auto at = std::find(wanted.begin(), wanted.end(), value);
      if (at == wanted.end()) {
        return InvalidArgument("field `", path, "` is ", WithArticle(to_.enums[target.decl].name),
                               ", which has no value `", value, "` that such evidence can have");
      }
      ordinals.push_back(static_cast<uint32_t>(at - wanted.begin()));
    }
    return ordinals;
  }

  absl::StatusOr<std::vector<FieldStep>> Fields(const Type& source, const Type& target,
                                                const std::string& path) {
    std::vector<FieldStep> steps;
    for (const ztp::Field& field : target.fields) {
      const std::string field_path = PathTo(path, field.name);
      FieldStep step;
      step.from = IndexOf(source, field.name);
      if (field.default_value) step.otherwise = &*field.default_value;
      const bool may_be_missing = field.optional || field.default_value.has_value();
      if (step.from == UINT32_MAX) {
        if (!may_be_missing) {
          return InvalidArgument("field `", field_path, "` is nothing that such evidence says");
        }
      } else {
        if (source.fields[step.from].optional && !may_be_missing) {
          return InvalidArgument("field `", field_path,
                                 "` must be there, but such evidence need not say it");
        }
        ZTP_ASSIGN_OR_RETURN(step.node, Fit(source.fields[step.from].type, field.type, field_path));
      }
      steps.push_back(step);
    }
    return steps;
  }

  const NormalForm& from_;
  const Schema& to_;
  FormFit* fit_;
};

absl::StatusOr<FormFit> FormFit::Make(const NormalForm& form, const Schema& schema, TypeId type) {
  FormFit fit;
  ZTP_RETURN_IF_ERROR(Maker(form, schema, &fit).Fit(form.type(), type, "").status());
  return fit;
}

void FormFit::Write(uint32_t index, const Value& from, Value* to) const {
  const Node& node = nodes_[index];
  switch (node.kind) {
    case TypeKind::kEnum:
      to->SetNumber(TypeKind::kEnum, node.ordinals[from.ordinal()]);
      return;
    case TypeKind::kSet:
    case TypeKind::kList: {
      std::vector<Value>& items = to->SetItems(node.kind);
      items.resize(from.items().size());
      for (size_t i = 0; i < items.size(); ++i) Write(node.element, from.items()[i], &items[i]);
      if (node.kind == TypeKind::kSet) to->SortSet();
      return;
    }
    case TypeKind::kRecord: {
      std::vector<Value>& fields = to->SetItems(TypeKind::kRecord);
      fields.resize(node.fields.size());
      for (size_t i = 0; i < fields.size(); ++i) {
        const FieldStep& step = node.fields[i];
        if (step.from != UINT32_MAX && !from.items()[step.from].is_none()) {
          Write(step.node, from.items()[step.from], &fields[i]);
        } else if (step.otherwise != nullptr) {
          fields[i] = *step.otherwise;
        } else {
          fields[i].Clear();
        }
      }
      return;
    }
    default:
      *to = from;
      return;
  }
}

}  // namespace ztp::evidence
