// Entities of fixtures and tests: new ones, and others with changes.
#include <algorithm>
#include <functional>

#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/tests.h"

namespace ztp::sema {
namespace {

constexpr std::string_view kTimes[] = {"issued_at", "expires_at"};

void AddOnce(std::vector<EntityUid>& list, const EntityUid& uid) {
  if (std::find(list.begin(), list.end(), uid) == list.end()) list.push_back(uid);
}

}  // namespace

void TestChecker::PlayEntity(Scene& scene, const syntax::Ast& ast,
                             const syntax::TestStatement& statement) {
  if (!statement.name.valid()) return;
  bool copied = false;
  auto record = StartRecord(scene, ast, statement, &copied);
  if (!record) {
    // Known as a name all the same, so that nothing is said of its uses.
    checker_.AddLocal(scene.context, statement.name.text, statement.name.span, Typed{});
    return;
  }
  AddEdges(scene, ast, statement.parents, false, *record);
  AddEdges(scene, ast, statement.derives, true, *record);
  FillAttributes(scene, ast, statement.body, copied, statement, *record);

  const EntityType& type = schema()[record->uid.type];
  const bool carried = type.carried != Carried::kNo;
  std::vector<EntityRecord>& list = carried ? scene.carried : scene.stored;
  const std::string key = FormatUid(schema(), record->uid);
  const auto [it, inserted] =
      scene.places.emplace(key, Place{carried, static_cast<uint32_t>(list.size()), statement.span});
  if (!inserted) {
    Report(Diagnostic(DiagKind::kDuplicateDeclaration, statement.name.span,
                      Cat(key, " is already there"))
               .Mark("a second entity of that name and type")
               .Label(it->second.span, "the first one")
               .Help("'entity x = y with { … }' makes a new entity that differs from another"));
  } else {
    list.push_back(*record);
    scene.changed = true;
  }
  const EntityUid uid = record->uid;
  checker_.AddLocal(scene.context, statement.name.text, statement.name.span,
                    checker_.Constant(names_.schema().types.Entity(uid.type), Value::Entity(uid),
                                      statement.name.span));
  scene.variables.emplace(statement.name.text, uid);
}

std::optional<EntityRecord> TestChecker::StartRecord(Scene& scene, const syntax::Ast& ast,
                                                     const syntax::TestStatement& statement,
                                                     bool* copied) {
  if (!statement.source.valid()) return std::nullopt;
  const syntax::Expr& source = ast[statement.source];
  if (source.kind == syntax::ExprKind::kName) {
    *copied = true;
    const auto it = scene.variables.find(source.name);
    if (it == scene.variables.end()) {
      for (const Local& local : scene.context.locals) {
        if (local.name != source.name) continue;
        if (!local.value.ok()) return std::nullopt;
        Report(Diagnostic(DiagKind::kWrongKindOfName, source.span,
                          Cat(Quoted(Text(source.name)), " is not an entity"))
                   .Mark("cannot be changed")
                   .Label(local.span, "declared here"));
        return std::nullopt;
      }
      std::vector<std::string> variables;
      for (const auto& [name, uid] : scene.variables) variables.emplace_back(Text(name));
      std::sort(variables.begin(), variables.end());
      Diagnostic diagnostic(DiagKind::kUnknownName, source.span,
                            Cat("there is no entity named ", Quoted(Text(source.name)), " here"));
      diagnostic.SetMark("not declared in this test or its fixtures");
      if (auto close = ClosestName(Text(source.name), variables)) {
        diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
        diagnostic.SetFix(source.span, *close);
      } else {
        diagnostic.AddHelp("a new entity has a type and an id: entity x = Type::\"id\" { … }");
      }
      Report(std::move(diagnostic));
      return std::nullopt;
    }
    const auto place = scene.places.find(FormatUid(schema(), it->second));
    if (place == scene.places.end()) return std::nullopt;
    EntityRecord record = place->second.carried ? scene.carried[place->second.index]
                                                : scene.stored[place->second.index];
    record.uid.id = std::string(Text(statement.name.text));
    return record;
  }
  const auto uid = checker_.CheckConstant(scene.context, {&ast, statement.source}, {});
  if (!uid) return std::nullopt;
  if (uid->kind() != TypeKind::kEntity) {
    Report(Diagnostic(DiagKind::kTypeMismatch, source.span, "an entity is needed here")
               .Mark("not an entity")
               .Expected("Type::\"id\", or the name of another entity"));
    return std::nullopt;
  }
  return EntityRecord{.uid = uid->uid(),
                      .attributes = std::vector<Fact>(schema()[uid->uid().type].attributes.size())};
}

bool TestChecker::AddEdges(Scene& scene, const syntax::Ast& ast,
                           const std::vector<syntax::ExprId>& exprs, bool derives,
                           EntityRecord& record) {
  bool good = true;
  const EntityType& type = schema()[record.uid.type];
  const std::vector<EntityTypeId>& allowed = derives ? type.derives : type.parents;
  const auto add = [&](const Value& value, Span span) {
    if (std::find(allowed.begin(), allowed.end(), value.entity_type()) != allowed.end()) {
      AddOnce(derives ? record.derives : record.parents, value.uid());
      return;
    }
    std::vector<std::string> names;
    for (EntityTypeId id : allowed) names.push_back(schema()[id].json_name);
    Diagnostic diagnostic(
        DiagKind::kTypeMismatch, span,
        Cat(type.name, derives ? " does not derive from " : " cannot be a member of ",
            schema()[value.entity_type()].name));
    diagnostic.SetMark(WithArticle(schema()[value.entity_type()].name));
    diagnostic.AddLabel(names_.SpanOf({NameKind::kEntity, record.uid.type.index}),
                        Cat(type.name, " is declared here"));
    if (!names.empty()) diagnostic.SetExpected(Join(names, " or "));
    Report(std::move(diagnostic));
    good = false;
  };
  for (syntax::ExprId expr : exprs) {
    const auto value = checker_.CheckConstant(scene.context, {&ast, expr}, {});
    if (!value) {
      good = false;
    } else if (value->kind() == TypeKind::kEntity) {
      add(*value, ast[expr].span);
    } else if (value->kind() == TypeKind::kSet || value->kind() == TypeKind::kList) {
      for (const Value& item : value->items()) {
        if (item.kind() == TypeKind::kEntity) add(item, ast[expr].span);
      }
    } else {
      Report(Diagnostic(DiagKind::kTypeMismatch, ast[expr].span, "an entity is needed here")
                 .Mark("not an entity"));
      good = false;
    }
  }
  return good;
}

bool TestChecker::FillAttributes(Scene& scene, const syntax::Ast& ast, syntax::ExprId body,
                                 bool copied, const syntax::TestStatement& statement,
                                 EntityRecord& record) {
  const EntityType& type = schema()[record.uid.type];
  const DeclRef ref{NameKind::kEntity, record.uid.type.index};
  std::vector<bool> given(type.attributes.size(), false);
  bool rest_absent = false;
  bool good = true;
  if (body.valid()) {
    const syntax::Expr& literal = ast[body];
    rest_absent = literal.kind == syntax::ExprKind::kRecord && literal.flag;
    if (rest_absent && copied) {
      Report(Diagnostic(DiagKind::kBadDeclaration, literal.span, "'..' has no meaning after 'with'")
                 .Mark("what is not named stays as it was"));
    }
    for (const syntax::RecordEntry& entry : ast.Entries(literal)) {
      if (!entry.key.valid() || !entry.value.valid()) continue;
      const auto found = type.FindAttribute(Text(entry.key.text));
      if (!found) {
        if (names_.IsBroken(ref)) continue;
        std::vector<std::string> attributes;
        for (const Attribute& attribute : type.attributes) attributes.push_back(attribute.name);
        Diagnostic diagnostic(DiagKind::kUnknownAttribute, entry.key.span,
                              Cat(type.name, " has no attribute ", Quoted(Text(entry.key.text))));
        diagnostic.SetMark(Cat("not an attribute of ", type.name));
        diagnostic.AddLabel(names_.SpanOf(ref), Cat(type.name, " is declared here"));
        if (auto close = ClosestName(Text(entry.key.text), attributes)) {
          diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
          diagnostic.SetFix(entry.key.span, *close);
        }
        Report(std::move(diagnostic));
        good = false;
        continue;
      }
      if (given[*found]) {
        Report(Diagnostic(DiagKind::kDuplicateMember, entry.key.span,
                          Cat("attribute ", Quoted(Text(entry.key.text)), " is given twice"))
                   .Mark("given again"));
        good = false;
        continue;
      }
      given[*found] = true;
      const Attribute& attribute = type.attributes[*found];
      auto fact = ReadFact(scene, ast, entry.value, attribute.type, attribute.rank);
      if (!fact) {
        good = false;
        continue;
      }
      if (attribute.is_parent) {
        // The edge goes where the attribute goes.
        const Fact& before = record.attributes[*found];
        if (before.state == Fact::State::kPresent) std::erase(record.parents, before.value.uid());
        AddOnce(record.parents, fact->value.uid());
      }
      record.attributes[*found] = std::move(*fact);
    }
  }
  if (!copied) good &= FillRest(statement, rest_absent, given, record);
  return good;
}

bool TestChecker::FillRest(const syntax::TestStatement& statement, bool rest_absent,
                           const std::vector<bool>& given, EntityRecord& record) {
  const EntityType& type = schema()[record.uid.type];
  std::vector<std::string> missing;
  for (size_t i = 0; i < type.attributes.size(); ++i) {
    const Attribute& attribute = type.attributes[i];
    if (given[i]) continue;
    if (attribute.default_value) {
      record.attributes[i] = Fact::Of(*attribute.default_value);
    } else if (attribute.optional) {
      record.attributes[i] = Fact::Missing();
    } else if (rest_absent) {
      record.attributes[i] = Fact::Unknown();
    } else if (attribute.inherit != Inherit::kNo && !record.derives.empty()) {
      record.attributes[i] = Fact::Missing();
    } else {
      missing.push_back(Quoted(attribute.name));
    }
  }
  if (missing.empty()) return true;
  const DeclRef ref{NameKind::kEntity, record.uid.type.index};
  Report(Diagnostic(DiagKind::kIncompleteEntity, statement.name.span,
                    Cat(FormatUid(schema(), record.uid), " lacks ", Join(missing, ", ")))
             .Mark("not all of its attributes are given")
             .Label(names_.SpanOf(ref), Cat(type.name, " is declared here"))
             .Help("give them, or end the attributes with '..': then they are not known"));
  return false;
}

std::optional<Fact> TestChecker::ReadFact(Scene& scene, const syntax::Ast& ast, syntax::ExprId expr,
                                          TypeId type, Rank rank) {
  if (!expr.valid() || schema().types.kind(type) == TypeKind::kNone) return std::nullopt;
  const syntax::Expr& literal = ast[expr];
  Fact fact{.state = Fact::State::kPresent};
  const bool braces =
      literal.kind == syntax::ExprKind::kRecord || literal.kind == syntax::ExprKind::kEmpty;
  std::vector<syntax::RecordEntry> times;
  if (rank == Rank::kProven && braces && schema().types.kind(type) == TypeKind::kRecord) {
    // The times of the evidence stand beside the record's own fields.
    std::vector<std::string_view> extra;
    for (std::string_view name : kTimes) {
      const std::vector<Field>& fields = schema().types[type].fields;
      if (std::none_of(fields.begin(), fields.end(),
                       [&](const Field& field) { return field.name == name; })) {
        extra.push_back(name);
      }
    }
    auto value = checker_.CheckConstantRecord(scene.context, {&ast, expr}, type, extra, &times);
    if (!value) return std::nullopt;
    fact.value = std::move(*value);
  } else {
    // What is no record is wrapped: { value: …, expires_at: … }.
    syntax::ExprId inner;
    if (rank == Rank::kProven && literal.kind == syntax::ExprKind::kRecord && !literal.flag) {
      for (const syntax::RecordEntry& entry : ast.Entries(literal)) {
        if (Text(entry.key.text) == "value") inner = entry.value;
      }
      for (const syntax::RecordEntry& entry : ast.Entries(literal)) {
        const std::string_view key = Text(entry.key.text);
        if (key != "value" && key != kTimes[0] && key != kTimes[1]) inner = {};
      }
    }
    if (inner.valid()) {
      for (const syntax::RecordEntry& entry : ast.Entries(literal)) {
        if (Text(entry.key.text) != "value") times.push_back(entry);
      }
    }
    auto value = checker_.CheckConstant(scene.context, {&ast, inner.valid() ? inner : expr}, type);
    if (!value) return std::nullopt;
    fact.value = std::move(*value);
  }
  const TypeId time = names_.schema().types.Scalar(TypeKind::kTime);
  for (const syntax::RecordEntry& entry : times) {
    const auto value = checker_.CheckConstant(scene.context, {&ast, entry.value}, time);
    if (!value) return std::nullopt;
    (Text(entry.key.text) == kTimes[0] ? fact.issued_at : fact.expires_at) = value->time();
  }
  return fact;
}

// Hierarchy and lineage have no circles; a store would refuse them.
void TestChecker::CheckAcyclic(const Scene& scene) {
  for (const bool derives : {false, true}) {
    enum class Progress : uint8_t { kNew, kRunning, kDone };
    std::vector<Progress> progress(scene.stored.size(), Progress::kNew);
    struct Frame {
      uint32_t index;
      size_t next = 0;
    };
    for (uint32_t start = 0; start < scene.stored.size(); ++start) {
      if (progress[start] != Progress::kNew) continue;
      std::vector<Frame> stack = {{start}};
      progress[start] = Progress::kRunning;
      while (!stack.empty()) {
        Frame& frame = stack.back();
        const EntityRecord& record = scene.stored[frame.index];
        const std::vector<EntityUid>& edges = derives ? record.derives : record.parents;
        if (frame.next == edges.size()) {
          progress[frame.index] = Progress::kDone;
          stack.pop_back();
          continue;
        }
        const EntityUid& to = edges[frame.next++];
        const auto it = scene.places.find(FormatUid(schema(), to));
        if (it == scene.places.end() || it->second.carried) continue;
        const uint32_t target = it->second.index;
        if (progress[target] == Progress::kNew) {
          progress[target] = Progress::kRunning;
          stack.push_back({target});
        } else if (progress[target] == Progress::kRunning) {
          const auto from = scene.places.find(FormatUid(schema(), record.uid));
          Report(Diagnostic(DiagKind::kBadDeclaration, from->second.span,
                            Cat(FormatUid(schema(), to),
                                derives ? " descends from itself" : " is a member of itself"))
                     .Mark("closes the circle")
                     .Label(it->second.span, "leads here"));
        }
      }
    }
  }
}

}  // namespace ztp::sema
