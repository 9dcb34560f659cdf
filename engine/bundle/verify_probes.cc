// See verify_probes.h.
#include "engine/bundle/verify_probes.h"

#include <algorithm>
#include <string_view>

#include "engine/base/status.h"

namespace ztp {
namespace {

using Form = Probe::Form;
using Source = Probe::Source;

// Forms of which a value is one number.
bool IsOneNumber(Form form) {
  return form == Form::kNumber || form == Form::kText || form == Form::kRank ||
         form == Form::kEntity;
}

absl::Status Wrong(std::string_view what) { return InvalidArgument("the index: ", what); }

// A part of a table, as two numbers of a test.
template <typename T>
bool InRangeOf(int64_t first, int64_t count, const Table<T>& table) {
  const int64_t size = static_cast<int64_t>(table.size());
  return first >= 0 && first <= size && count >= 0 && count <= size - first;
}

}  // namespace

absl::Status ProbeChecker::Check() {
  ZTP_RETURN_IF_ERROR(CheckProbes());
  return CheckTests();
}

bool ProbeChecker::HasTexts(const Probe& probe) const {
  return probe.form == Form::kItems && IsTextKind(p_.schema.types.kind(TypeOf(probe).element));
}

// What now can be compared with.
bool ProbeChecker::IsTime(const Probe& probe) const {
  if (probe.source == Source::kInputFresh) return true;
  if (probe.form != Form::kNumber || probe.node == kNone32) return false;
  const TypeKind kind = TypeOf(probe).kind;
  return kind == TypeKind::kTime || kind == TypeKind::kDuration;
}

bool ProbeChecker::SourceFits(const Probe& probe) const {
  switch (probe.source) {
    case Source::kAction:
    case Source::kPrincipalType:
    case Source::kResourceType:
      return probe.node == kNone32 && probe.form == Form::kNumber && probe.index == 0 &&
             probe.field == 0;
    case Source::kInputFresh:
      return probe.node == kNone32 && probe.form == Form::kNumber && probe.field == 0 &&
             probe.index < p_.schema.inputs.size();
    default:
      break;
  }
  if (probe.node >= p_.nodes.size()) return false;
  const Node& node = p_.nodes[probe.node];
  if ((node.flags & Node::kFreeSlots) != 0) return false;
  if (probe.source != Source::kInputField && probe.field != 0) return false;
  auto leaf = [&](Opcode op) { return node.op == op && node.payload == probe.index; };
  auto read_of = [&](Opcode holder) { return p_.nodes[p_.args[node.first_arg]].op == holder; };
  switch (probe.source) {
    case Source::kNode:
      return probe.index == 0;
    case Source::kPrincipal:
      return node.op == Opcode::kPrincipal && probe.index == 0;
    case Source::kResource:
      return node.op == Opcode::kResource && probe.index == 0;
    case Source::kParam:
      return leaf(Opcode::kParam);
    case Source::kInput:
      return leaf(Opcode::kInput);
    case Source::kInputField:
      return node.op == Opcode::kField && node.payload == probe.field && read_of(Opcode::kInput) &&
             p_.nodes[p_.args[node.first_arg]].payload == probe.index;
    case Source::kPrincipalAttribute:
      return leaf(Opcode::kAttr) && read_of(Opcode::kPrincipal);
    case Source::kResourceAttribute:
      return leaf(Opcode::kAttr) && read_of(Opcode::kResource);
    case Source::kHasPrincipalAttribute:
      return leaf(Opcode::kHasAttr) && read_of(Opcode::kPrincipal);
    case Source::kHasResourceAttribute:
      return leaf(Opcode::kHasAttr) && read_of(Opcode::kResource);
    case Source::kPrincipalQuantifier:
      return leaf(Opcode::kAncestorQuantifier) && read_of(Opcode::kPrincipal);
    case Source::kResourceQuantifier:
      return leaf(Opcode::kAncestorQuantifier) && read_of(Opcode::kResource);
    case Source::kInputIssuedAt:
      return leaf(Opcode::kInputIssuedAt);
    case Source::kInputExpiresAt:
      return leaf(Opcode::kInputExpiresAt);
    default:
      return false;
  }
}

bool ProbeChecker::FormFits(const Probe& probe) const {
  if (probe.node == kNone32) return true;  // as SourceFits says
  const Type& type = TypeOf(probe);
  switch (probe.form) {
    case Form::kNumber:
      return IsNumberKind(type.kind);
    case Form::kText:
      return IsTextKind(type.kind);
    case Form::kRank:
      return type.kind == TypeKind::kString || type.kind == TypeKind::kVersion ||
             type.kind == TypeKind::kHexVersion;
    case Form::kLabel:
      return type.kind == TypeKind::kLattice && p_.schema[LatticeId{type.decl}].bits <= 64;
    case Form::kEntity:
      return type.kind == TypeKind::kEntity;
    case Form::kItems:
      return type.kind == TypeKind::kSet || type.kind == TypeKind::kList;
    case Form::kChars:
      return type.kind == TypeKind::kString || type.kind == TypeKind::kSpiffeId;
  }
  return false;
}

// Texts are numbers of texts, and ascend: by number, or (kRank) by their bytes.
bool ProbeChecker::TextsFit(const Probe& probe) const {
  if (probe.form != Form::kText && probe.form != Form::kRank) {
    return probe.first == 0 && probe.count == 0;
  }
  if (!InRange(probe.first, probe.count, x_.texts.size())) return false;
  for (uint32_t i = 0; i < probe.count; ++i) {
    const uint32_t text = x_.texts[probe.first + i];
    if (text >= names_.texts().size()) return false;
    if (i == 0) continue;
    const uint32_t before = x_.texts[probe.first + i - 1];
    if (probe.form == Form::kText ? before >= text
                                  : names_.texts()[before] >= names_.texts()[text]) {
      return false;
    }
  }
  return true;
}

absl::Status ProbeChecker::CheckProbes() const {
  uint64_t texts = 0;
  if (x_.request_probes > x_.probes.size()) return Wrong("probes of a request are out of range");
  for (uint32_t i = 0; i < x_.probes.size(); ++i) {
    const Probe& probe = x_.probes[i];
    if (!SourceFits(probe)) return Wrong("a probe reads what is not there");
    if (probe.FromRequest() != (i < x_.request_probes)) {
      return Wrong("the first probes are not those of a request");
    }
    if (!FormFits(probe)) return Wrong("a probe has a form that its value has not");
    texts += probe.count;
    if (texts > x_.texts.size() || !TextsFit(probe)) {
      return Wrong("a probe's texts are out of range or out of order");
    }
  }
  return absl::OkStatus();
}

bool ProbeChecker::ValuesFit(const Test& test, uint64_t* seen) const {
  if (!InRangeOf(test.a, test.b, x_.values)) return false;
  *seen += static_cast<uint64_t>(test.b);
  if (*seen > x_.values.size()) return false;
  for (int64_t i = 1; i < test.b; ++i) {
    const size_t at = static_cast<size_t>(test.a + i);
    if (x_.values[at - 1] >= x_.values[at]) return false;
  }
  return true;
}

bool ProbeChecker::TestFits(const Test& test, uint64_t* values) {
  if (test.negated > 1 || test.reserved != 0 || test.probe >= x_.probes.size()) return false;
  if (test.op != Test::Op::kNow && test.now_op != Test::NowOp::kLt) return false;
  const Probe& probe = x_.probes[test.probe];
  switch (test.op) {
    case Test::Op::kRange:
      return IsOneNumber(probe.form);
    case Test::Op::kMask:
      return IsOneNumber(probe.form) && test.b == 0;
    case Test::Op::kAmong:
      return IsOneNumber(probe.form) && ValuesFit(test, values);
    case Test::Op::kBits:
      return probe.form == Form::kLabel;
    case Test::Op::kMember:
      return probe.form == Form::kEntity && IsNamedEntity(test.a) && test.b == 0;
    case Test::Op::kMemberAny: {
      if (probe.form != Form::kEntity || !ValuesFit(test, values)) return false;
      // They ascend.
      return test.b == 0 || (IsNamedEntity(x_.values[static_cast<size_t>(test.a)]) &&
                             IsNamedEntity(x_.values[static_cast<size_t>(test.a + test.b - 1)]));
    }
    case Test::Op::kHas: {
      if (probe.form != Form::kItems || !IsConstant(test.a) || test.b != 0) return false;
      const TypeId item{p_.constant_types[static_cast<size_t>(test.a)]};
      const TypeId element = TypeOf(probe).element;
      return element.index == 0 || matcher_.Fits(item, element) || matcher_.Fits(element, item);
    }
    case Test::Op::kLike:
      return probe.form == Form::kChars && IsConstant(test.a) && test.b == 0 &&
             p_.constants[static_cast<size_t>(test.a)].kind ==
                 static_cast<uint8_t>(TypeKind::kGlob);
    case Test::Op::kNow:
      return IsTime(probe) && test.now_op <= Test::NowOp::kEq && (test.b == 0 || test.b == 1);
    case Test::Op::kAnyOf:
      return AlternativesFit(test, values);
    case Test::Op::kBelow:
    case Test::Op::kNotAbove:
    case Test::Op::kEqual:
      return probe.form == Form::kNumber && OtherFits(test, Form::kNumber);
    case Test::Op::kWithin:
      return probe.form == Form::kLabel && OtherFits(test, Form::kLabel);
  }
  return false;
}

// The second fact of a test of two.
bool ProbeChecker::OtherFits(const Test& test, Form form) const {
  return test.b == 0 && test.a >= 0 && static_cast<uint64_t>(test.a) < x_.probes.size() &&
         x_.probes[static_cast<size_t>(test.a)].form == form;
}

// None of them has alternatives of its own, so that trying them ends. The first one's probe is
// the test's.
bool ProbeChecker::AlternativesFit(const Test& test, uint64_t* values) const {
  if (!ValuesFit(test, values) || test.b == 0) return false;
  for (int64_t i = 0; i < test.b; ++i) {
    const int64_t number = x_.values[static_cast<size_t>(test.a + i)];
    if (number < 0 || static_cast<uint64_t>(number) >= x_.tests.size()) return false;
    const Test& one = x_.tests[static_cast<size_t>(number)];
    if (one.op == Test::Op::kAnyOf || (i == 0 && one.probe != test.probe)) return false;
  }
  return true;
}

// Without an operator of the program.
bool ProbeChecker::ReadsNoNode(const Test& test) const {
  auto cheap = [&](uint64_t probe) { return x_.probes[probe].source != Source::kNode; };
  switch (test.op) {
    case Test::Op::kAnyOf:
      for (int64_t i = 0; i < test.b; ++i) {
        const auto number = static_cast<size_t>(x_.values[static_cast<size_t>(test.a + i)]);
        if (!ReadsNoNode(x_.tests[number])) return false;
      }
      return true;
    case Test::Op::kBelow:
    case Test::Op::kNotAbove:
    case Test::Op::kEqual:
    case Test::Op::kWithin:
      return cheap(test.probe) && cheap(static_cast<uint64_t>(test.a));
    default:
      return cheap(test.probe);
  }
}

absl::Status ProbeChecker::CheckTests() {
  uint64_t values = 0;
  for (const Test& test : x_.tests) {
    if (!TestFits(test, &values)) return Wrong("a test does not fit its probe");
  }
  // Alternatives may come behind, so that all have to fit first.
  cheap_.reserve(x_.tests.size());
  for (const Test& test : x_.tests) cheap_.push_back(ReadsNoNode(test));
  return absl::OkStatus();
}

// A number that is never negative?
bool ProbeChecker::IsCode(const Probe& probe) const {
  if (probe.form == Form::kText || probe.form == Form::kRank) return true;
  if (probe.form != Form::kNumber || probe.source == Source::kInputFresh) return false;
  if (probe.node == kNone32) return true;  // an action, an entity type
  const TypeKind kind = TypeOf(probe).kind;
  return kind == TypeKind::kBool || kind == TypeKind::kEnum;
}

}  // namespace ztp
