// What a bundle holds, as text: sizes first, then what a person asks for.
#include <string>

#include "engine/base/str.h"
#include "engine/bundle/read.h"

namespace ztp {
namespace {

const char* KindName(RuleRecord::Kind kind) {
  switch (kind) {
    case RuleRecord::Kind::kPermit:
      return "permit";
    case RuleRecord::Kind::kForbid:
      return "forbid";
    case RuleRecord::Kind::kDuty:
      return "duty";
    case RuleRecord::Kind::kNever:
      return "never";
    case RuleRecord::Kind::kAlways:
      return "always";
  }
  return "?";
}

const char* StatusName(GuaranteeRecord::Status status) {
  switch (status) {
    case GuaranteeRecord::Status::kNotProven:
      return "not proven";
    case GuaranteeRecord::Status::kProven:
      return "proven";
    case GuaranteeRecord::Status::kRefuted:
      return "refuted";
    case GuaranteeRecord::Status::kUndecided:
      return "undecided";
    case GuaranteeRecord::Status::kWaived:
      return "waived";
  }
  return "?";
}

}  // namespace

std::string DescribeBundle(const DecisionProgram& program, size_t bytes) {
  const Schema& schema = program.schema;
  std::string out = Cat("bundle format ", kBundleFormat, ", ", bytes, " bytes\n");
  auto size = [&](std::string_view what, size_t count) {
    Append(out, "  ", what, std::string(20 - what.size(), ' '), count, "\n");
  };
  Append(out, "package ", schema.root_package.empty() ? "(none)" : schema.root_package, "\n");
  size("entity types", schema.entities.size());
  size("inputs", schema.inputs.size());
  size("actions", schema.actions.size());
  size("obligations", schema.obligations.size());
  size("types", schema.types.size());
  size("rules", program.rules.size());
  size("nodes", program.nodes.size());
  size("deepest", program.max_depth);
  size("constants", program.constants.size());
  size("bytes of text", program.pool.text.size());
  size("patterns", program.patterns.size());
  size("schedules", program.schedules.size());
  size("quantifiers", program.quantifiers.size());
  Append(out, "step limit ", program.step_limit, "\n");
  if (program.tz_version.size != 0) {
    Append(out, "time zones ", program.Text(program.tz_version), "\n");
  }
  out += "sources\n";
  for (const SourceRecord& source : program.sources) {
    Append(out, "  ", program.Text(source.path), " (", program.Text(source.package), ") ",
           program.Text(source.sha256), "\n");
  }
  out += "rules\n";
  for (uint32_t r = 0; r < program.rules.size(); ++r) {
    const RuleRecord& rule = program.rules[r];
    Append(out, "  ", r, " ", KindName(rule.kind), " ", program.RuleName(r));
    if (rule.pos.source != SourcePos::kNoSource) {
      Append(out, " ", program.Text(program.sources[rule.pos.source].path), ":", rule.pos.line, ":",
             rule.pos.column);
    }
    if (rule.kind <= RuleRecord::Kind::kDuty) {
      Append(out, " node ", rule.condition, ", ", rule.clause_count, " clauses");
      if (rule.oblige_count != 0) Append(out, ", ", rule.oblige_count, " obligations");
    }
    out += "\n";
  }
  if (!schema.routes.empty()) out += "routes\n";
  for (const Route& route : schema.routes) {
    Append(out, "  ", route.full_name(), " ", Join(route.methods, ","), " ", route.path, ", line ",
           route.line, "\n");
  }
  out += "actions\n";
  for (uint32_t a = 0; a < program.plans.size(); ++a) {
    const ActionPlan& plan = program.plans[a];
    Append(out, "  ", schema.actions[a].json_name, ": ", plan.forbid_count, " forbids, ",
           plan.permit_count, " permits, ", plan.duty_count, " duties, worst case ",
           plan.worst_atoms, " tests, ", plan.scratch_bytes, " bytes");
    if ((plan.flags & ActionPlan::kNotFreestanding) != 0) out += ", not freestanding";
    out += "\n";
  }
  if (!program.guarantees.empty()) out += "guarantees\n";
  for (const GuaranteeRecord& guarantee : program.guarantees) {
    Append(out, "  ", program.RuleName(guarantee.rule), ": ", StatusName(guarantee.status), "\n");
  }
  return out;
}

}  // namespace ztp
