// Types, and the fields that attributes, inputs and parameters share. See builder.h.
#include <optional>
#include <utility>

#include "engine/base/str.h"
#include "engine/syntax/builder.h"

namespace ztp::syntax {

TypeExprId Builder::Type(P::TypeExprContext* ctx) {
  TypeExpr type;
  if (ctx != nullptr) type.span = SpanOf(ctx);
  if (ctx != nullptr && ctx->exception == nullptr) {
    if (ctx->recordType() != nullptr) {
      type.kind = TypeExprKind::kRecord;
      type.fields = RecordFields(ctx->recordType(), Place::kRecordField);
    } else {
      type.kind = TypeExprKind::kNamed;
      type.name = PathOf(ctx->qualifiedName());
      for (P::TypeExprContext* arg : ctx->typeExpr()) type.args.push_back(Type(arg));
    }
  }
  ast_.type_exprs.push_back(std::move(type));
  return TypeExprId{static_cast<uint32_t>(ast_.type_exprs.size() - 1)};
}

std::vector<Field> Builder::RecordFields(P::RecordTypeContext* ctx, Place place) {
  std::vector<Field> fields;
  for (P::FieldContext* field : ctx->field()) {
    if (auto made = OneField(field, place)) fields.push_back(std::move(*made));
  }
  return fields;
}

std::vector<Field> Builder::Parameters(P::ParametersContext* ctx, Place place) {
  std::vector<Field> fields;
  if (ctx == nullptr || ctx->exception != nullptr) return fields;
  CheckCommas(ctx, "a parameter");
  for (P::FieldContext* field : ctx->field()) {
    if (auto made = OneField(field, place)) fields.push_back(std::move(*made));
  }
  return fields;
}

std::optional<Field> Builder::OneField(P::FieldContext* ctx, Place place) {
  if (ctx->exception != nullptr) return std::nullopt;
  Field field;
  field.name = NameOf(ctx->anyName());
  field.optional = ctx->QUESTION() != nullptr;
  field.type = Type(ctx->typeExpr());
  field.span = SpanOf(ctx);
  if (place == Place::kAttribute || place == Place::kRecordField) field.doc = DocBefore(ctx->start);
  for (P::FieldMarkContext* mark : ctx->fieldMark()) Mark(mark, place, field);
  if (ctx->defaultValue() != nullptr) {
    field.default_value = Default(ctx->defaultValue());
    if (place != Place::kAttribute && place != Place::kRecordField &&
        place != Place::kActionParameter) {
      Error(DiagKind::kUnexpectedToken, SpanOf(ctx->defaultValue()),
            "a default value has no meaning here",
            "attributes, fields of records and parameters of actions can have one");
    }
  }
  const bool may_be_optional = place != Place::kPart && place != Place::kObligationParameter &&
                               place != Place::kDefParameter;
  if (field.optional && !may_be_optional) {
    Error(DiagKind::kUnexpectedToken, SpanOf(ctx->QUESTION()->getSymbol()),
          place == Place::kPart ? "a label has all of its parts" : "a parameter is never optional",
          "leave the '?' out");
  }
  return field;
}

void Builder::Mark(P::FieldMarkContext* ctx, Place place, Field& field) {
  const Span span = SpanOf(ctx);
  const std::string_view word = TextOf(ctx->start);
  if (ctx->INHERITED() != nullptr) {
    if (place != Place::kAttribute) {
      Error(DiagKind::kUnexpectedToken, span, "only an entity's attribute can be 'inherited'");
      return;
    }
    if (field.inherited != Inherited::kNo) {
      Error(DiagKind::kDuplicateLine, span, "'inherited' is written twice");
    }
    field.inherited = ctx->ANY() != nullptr   ? Inherited::kAny
                      : ctx->ALL() != nullptr ? Inherited::kAll
                                              : Inherited::kYes;
    field.inherited_span = span;
    return;
  }
  const Rank rank = ctx->CLAIMED() != nullptr   ? Rank::kClaimed
                    : ctx->VOUCHED() != nullptr ? Rank::kVouched
                                                : Rank::kProven;
  std::string_view problem;
  std::string_view help;
  switch (place) {
    case Place::kAttribute:
    case Place::kInput:
      break;
    case Place::kRecordField:
      problem = "a field of a record has no rank of its own";
      help = "mark the attribute or input that holds the record";
      break;
    case Place::kPart:
      problem = "a part of a label has no rank of its own";
      break;
    case Place::kActionParameter:
      if (rank == Rank::kProven) {
        problem = "an action's parameter is never 'proven'";
        help = "evidence is bound to inputs: input x: T proven";
      }
      break;
    case Place::kObligationParameter:
      problem = "an obligation's parameter has no rank";
      break;
    case Place::kDefParameter:
      if (rank != Rank::kProven) {
        problem = "a definition can demand only 'proven' of a parameter";
      } else if (ctx->FOR() != nullptr) {
        problem = "a definition's parameter is 'proven', without 'for'";
      }
      break;
  }
  if (!problem.empty()) {
    Error(DiagKind::kUnexpectedToken, span, std::string(problem), std::string(help));
    return;
  }
  if (field.rank != Rank::kDefault) {
    Error(DiagKind::kDuplicateLine, span,
          Cat("a second rank, ", Quoted(word), ", for ", Quoted(interner_.Text(field.name.text))));
    return;
  }
  field.rank = rank;
  field.rank_span = span;
  if (ctx->factPath() != nullptr) field.proven_for = PathOf(ctx->factPath());
}

}  // namespace ztp::syntax
