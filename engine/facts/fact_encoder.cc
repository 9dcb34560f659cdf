// See fact_encoder.h.
#include "engine/facts/fact_encoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ztp {

FactEncoder::FactEncoder(const DecisionProgram& program, const FactsLayout& layout,
                         FactsMemory& memory, const uint64_t salt[2], Number number)
    : program_(program),
      layout_(layout),
      memory_(memory),
      salt_(salt),
      number_(std::move(number)),
      names_(program),
      patterns_(program.patterns.size()) {}

uint64_t FactEncoder::Id(std::string_view id) {
  uint64_t place = 0;
  char* bytes =
      id.size() > FactsText::kMaxSize ? nullptr : memory_.texts.Allocate(id.size(), &place);
  if (bytes == nullptr) {
    full_ = true;
    return 0;
  }
  if (!id.empty()) std::memcpy(bytes, id.data(), id.size());
  return place | uint64_t{id.size()} << FactsText::kSizeShift;
}

uint64_t FactEncoder::Text(std::string_view text, uint16_t text_class, bool numbered) {
  const std::optional<uint32_t> number = numbered ? names_.Text(text) : std::optional<uint32_t>();
  const bool noted = text_class != 0 || number.has_value();
  auto text_of = [&](uint64_t cell) {
    return std::string_view(memory_.texts.At(FactsText::Offset(cell)), FactsText::Size(cell));
  };
  const uint64_t hash = Hash(text.data(), text.size());
  const uint64_t* known = texts_.Find(hash, [&](uint64_t cell) {
    if (FactsText::IsNoted(cell) != noted || text_of(cell) != text) return false;
    return !noted || FactsView::ClassOf(text_of(cell).data()) == text_class;
  });
  if (known != nullptr) return *known;

  const std::vector<uint32_t>& patterns = layout_.PatternsOf(text_class);
  const size_t notes = noted ? FactsText::kNoteBytes + (patterns.size() + 7) / 8 : 0;
  uint64_t place = 0;
  char* at = text.size() > FactsText::kMaxSize
                 ? nullptr
                 : memory_.texts.Allocate(notes + std::max<size_t>(text.size(), 1), &place);
  if (at == nullptr) {
    full_ = true;
    return 0;
  }
  char* bytes = at + notes;
  bytes[0] = 0;  // of nothing too: it is written to files
  if (!text.empty()) std::memcpy(bytes, text.data(), text.size());
  if (noted) {
    std::memset(at, 0, notes);
    const uint16_t own_number = number ? static_cast<uint16_t>(*number + 1) : 0;
    std::memcpy(bytes - 2, &own_number, sizeof(own_number));
    std::memcpy(bytes - 4, &text_class, sizeof(text_class));
    for (size_t i = 0; i < patterns.size(); ++i) {
      std::unique_ptr<Pattern>& pattern = patterns_[patterns[i]];
      if (pattern == nullptr) {
        pattern = std::make_unique<Pattern>(program_.Text(program_.patterns[patterns[i]]));
      }
      if (!pattern->Matches(text)) continue;
      const size_t byte = i / 8;
      *(bytes - 5 - byte) |= static_cast<char>(1u << (i % 8));
    }
  }
  const uint64_t cell = (place + notes) | (noted ? FactsText::kNoted : 0) |
                        uint64_t{text.size()} << FactsText::kSizeShift;
  texts_.Insert(hash, cell);
  return cell;
}

Val FactEncoder::TextVal(TypeKind kind, uint64_t cell) const {
  Val val = Val::Text(kind, {memory_.texts.At(FactsText::Offset(cell)), FactsText::Size(cell)},
                      Val::kNumbered);
  if (FactsText::IsNoted(cell)) {
    val.flags |= Val::kNoted;
    val.prefix = FactsView::NumberOf(val.bytes);
  }
  return val;
}

uint64_t FactEncoder::Items(std::span<const Val> items) {
  if (items.empty()) return 0;
  const uint64_t hash = Hash(items.data(), items.size_bytes());
  const uint64_t* known = items_.Find(hash, [&](uint64_t cell) {
    return FactsItems::Count(cell) == items.size() &&
           std::memcmp(ItemsAt(cell), items.data(), items.size_bytes()) == 0;
  });
  if (known != nullptr) return *known;
  uint64_t place = 0;
  Val* at =
      items.size() > FactsItems::kMaxCount ? nullptr : memory_.items.Allocate(items.size(), &place);
  if (at == nullptr) {
    full_ = true;
    return 0;
  }
  std::copy(items.begin(), items.end(), at);
  const uint64_t cell = place | uint64_t{items.size()} << FactsItems::kCountShift;
  items_.Insert(hash, cell);
  return cell;
}

Val FactEncoder::Item(const Value& value, uint16_t text_class) {
  switch (value.kind()) {
    case TypeKind::kNone:
      return Val();
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kEnum:
      return Val::Number(value.kind(), value.integer());
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
      return TextVal(value.kind(), Text(value.text(), text_class, true));
    case TypeKind::kIp:
    case TypeKind::kCidr: {
      const uint64_t cell = Text(value.text(), 0, false);
      Val val = Val::Text(value.kind(),
                          {memory_.texts.At(FactsText::Offset(cell)), FactsText::Size(cell)});
      if (value.kind() == TypeKind::kCidr) val.prefix = value.cidr().prefix;
      return val;
    }
    case TypeKind::kEntity:
      return Val::Entity(value.entity_type().index, number_(value.entity_type(), value.text()));
    case TypeKind::kLattice: {
      const Label& label = value.label();
      Val val = Val::Number(TypeKind::kLattice, static_cast<int64_t>(label.words[0]));
      if ((label.words[1] | label.words[2] | label.words[3]) == 0) return val;
      val.flags = Val::kWideLabel;
      val.wide = reinterpret_cast<const Label*>(memory_.words.At(WideLabel(label)));
      return val;
    }
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord: {
      const uint64_t cell = Collection(value, text_class);
      return Val::Items(value.kind(), {ItemsAt(cell), FactsItems::Count(cell)});
    }
  }
  return Val();
}

uint64_t FactEncoder::Collection(const Value& value, uint16_t text_class) {
  std::vector<Val> items;
  items.reserve(value.items().size());
  for (const Value& item : value.items()) items.push_back(Item(item, text_class));
  uint32_t count = static_cast<uint32_t>(items.size());
  if (value.kind() == TypeKind::kSet) count = SortUnique(items.data(), count);
  return Items({items.data(), count});
}

bool FactEncoder::Encode(const Value& value, const FactsCell& cell, uint16_t text_class,
                         uint64_t* bits) {
  if (static_cast<uint8_t>(value.kind()) != cell.kind) return false;
  switch (cell.form) {
    case FactsForm::kNumber:
      if (value.kind() == TypeKind::kLattice) {
        const Label& label = value.label();
        *bits = label.words[0];
        return (label.words[1] | label.words[2] | label.words[3]) == 0;
      }
      *bits = static_cast<uint64_t>(value.integer());
      return true;
    case FactsForm::kText:
      *bits = Text(value.text(), text_class, true);
      return true;
    case FactsForm::kAddress:
      *bits = Text(value.text(), 0, false);
      return value.text().size() == sizeof(Ip::bytes);
    case FactsForm::kNetwork:
      *bits =
          Text(value.text(), 0, false) & ~(uint64_t{FactsText::kMaxSize} << FactsText::kSizeShift);
      *bits |= uint64_t{value.cidr().prefix} << FactsText::kSizeShift;
      return value.text().size() == sizeof(Ip::bytes);
    case FactsForm::kEntity:
      *bits =
          uint64_t{value.entity_type().index} << 32 | number_(value.entity_type(), value.text());
      return true;
    case FactsForm::kItems:
      *bits = Collection(value, text_class);
      return true;
    case FactsForm::kWide:
      *bits = WideLabel(value.label());
      return true;
  }
  return false;
}

uint64_t FactEncoder::WideLabel(const Label& label) {
  uint64_t place = 0;
  uint64_t* words = memory_.words.Allocate(Label::kWords, &place);
  if (words == nullptr) {
    full_ = true;
    return 0;
  }
  std::memcpy(words, label.words, sizeof(label.words));
  return place;
}

uint64_t FactEncoder::CellOf(const Val& val, const FactsCell& cell) {
  switch (cell.form) {
    case FactsForm::kItems:
      return Items(val.items());
    case FactsForm::kWide:
      return WideLabel(val.label());
    default:
      return static_cast<uint64_t>(val.number);
  }
}

uint32_t FactEncoder::List(std::span<const uint32_t> numbers) {
  if (numbers.empty()) return 0;
  auto list_at = [&](uint32_t list) {
    const uint32_t* at = memory_.lists.At(list);
    return std::span<const uint32_t>(at + 1, *at);
  };
  const uint64_t hash = Hash(numbers.data(), numbers.size_bytes());
  const uint32_t* known = lists_.Find(hash, [&](uint32_t list) {
    const auto own = list_at(list);
    return std::equal(own.begin(), own.end(), numbers.begin(), numbers.end());
  });
  if (known != nullptr) return *known;
  uint64_t place = 0;
  uint32_t* at = memory_.lists.Allocate(numbers.size() + 1, &place);
  if (at == nullptr) {
    full_ = true;
    return 0;
  }
  *at = static_cast<uint32_t>(numbers.size());
  std::copy(numbers.begin(), numbers.end(), at + 1);
  const uint32_t list = static_cast<uint32_t>(place);
  lists_.Insert(hash, list);
  return list;
}

uint32_t FactEncoder::Window(const EvidenceWindow& window) {
  if (!window.any()) return 0;
  uint64_t place = 0;
  uint64_t* words = memory_.words.Allocate(sizeof(window) / 8, &place);
  if (words == nullptr || place > UINT32_MAX) {
    full_ = true;
    return 0;
  }
  words[0] = static_cast<uint64_t>(window.issued_at);
  words[1] = static_cast<uint64_t>(window.expires_at);
  words[2] = (window.has_issued ? 1u : 0u) | (window.has_expires ? 0x100u : 0u);
  return static_cast<uint32_t>(place);
}

}  // namespace ztp
