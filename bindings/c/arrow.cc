// Columns of Arrow's C data interface, read where they lie.
//
// Boundary: one array to one column of a batch. The producer's buffers are taken as its format
// string says; what can be checked without knowing their sizes is.
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/c/arrow_abi.h"
#include "bindings/c/columns.h"
#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "bindings/c/values.h"
#include "engine/base/scalar_text.h"
#include "engine/base/str.h"

namespace ztp::c {
namespace {

static_assert(std::endian::native == std::endian::little);
__extension__ using Wide = __int128;  // of decimals of 128 bits

ztp_error* Bad(std::string message) { return NewError(ZTP_BAD_REQUEST, message); }
ztp_error* Unsupported(std::string_view format) {
  return NewError(ZTP_UNSUPPORTED,
                  Cat("an Arrow column of format `", format,
                      "`: text, dictionaries, Booleans, integers, floating point, decimals, "
                      "timestamps, durations and nulls are read"));
}

// One array, its rows counted from 0.
class Rows {
 public:
  Rows(const ArrowSchema& schema, const ArrowArray& array)
      : format_(schema.format != nullptr ? schema.format : ""), array_(array) {}

  std::string_view format() const { return format_; }
  size_t count() const { return static_cast<size_t>(array_.length); }

  ztp_error* Check(std::string_view function) const {
    const bool is_dead = array_.release == nullptr;
    // A column of nulls has no buffers.
    const bool has_buffers = array_.buffers != nullptr || (is_null() && array_.n_buffers == 0);
    if (is_dead || array_.length < 0 || array_.offset < 0 || !has_buffers) {
      return Misuse(function, "the Arrow array was released, or is none");
    }
    if (array_.length > (int64_t{1} << 40) || array_.offset > (int64_t{1} << 40)) {
      return NewError(ZTP_LIMIT, "an Arrow array of more than 2^40 rows");
    }
    return nullptr;
  }

  bool IsNull(size_t row) const {
    if (array_.null_count == 0 || array_.n_buffers < 1 || array_.buffers[0] == nullptr) {
      return false;
    }
    return !Bit(array_.buffers[0], row);
  }
  bool BoolAt(size_t row) const { return Bit(array_.buffers[1], row); }
  template <typename T>
  T At(size_t row) const {
    return static_cast<const T*>(array_.buffers[1])[row + static_cast<size_t>(array_.offset)];
  }
  // Values of a width of their own.
  const char* BytesAt(size_t row, size_t width) const {
    return static_cast<const char*>(array_.buffers[1]) +
           (row + static_cast<size_t>(array_.offset)) * width;
  }

  bool HasBuffers(int64_t count) const {
    if (array_.n_buffers < count) return false;
    // Of no rows there may be no bytes.
    return array_.length == 0 || array_.buffers[1] != nullptr;
  }

  bool is_null() const { return format_ == "n"; }  // every row
  bool is_text() const { return format_ == "u" || format_ == "U" || format_ == "vu"; }
  // Every row's text; one that is null has no data. They lie in the array.
  ztp_error* Texts(std::vector<std::string_view>* texts) const {
    texts->reserve(count());
    if (format_ == "u") return TextsBehind<int32_t>(texts);
    if (format_ == "U") return TextsBehind<int64_t>(texts);
    return TextViews(texts);
  }

 private:
  bool Bit(const void* bits, size_t row) const {
    const size_t at = row + static_cast<size_t>(array_.offset);
    return (static_cast<const uint8_t*>(bits)[at / 8] >> (at % 8) & 1) != 0;
  }

  template <typename Offset>
  ztp_error* TextsBehind(std::vector<std::string_view>* texts) const {
    if (!HasBuffers(3)) return Bad("an Arrow column of text without its buffers");
    static constexpr char kEmpty[1] = {};
    const char* bytes = static_cast<const char*>(array_.buffers[2]);
    const bool has_bytes = bytes != nullptr;
    if (!has_bytes) bytes = kEmpty;
    for (size_t row = 0; row < count(); ++row) {
      if (IsNull(row)) {
        texts->emplace_back();
        continue;
      }
      const Offset begin = At<Offset>(row);
      const Offset end = At<Offset>(row + 1);
      if (begin < 0 || end < begin) return Bad("an Arrow column of text whose offsets go back");
      if (end > 0 && !has_bytes) return Bad("an Arrow column of text without its bytes");
      texts->emplace_back(bytes + begin, static_cast<size_t>(end - begin));
    }
    return nullptr;
  }

  // 16 bytes a row: the size, then the text if it has at most 12 bytes, or four bytes of it, the
  // number of a buffer and an offset in it. The last buffer has the others' sizes.
  ztp_error* TextViews(std::vector<std::string_view>* texts) const {
    if (!HasBuffers(3)) return Bad("an Arrow column of text without its buffers");
    const int64_t data_buffers = array_.n_buffers - 3;
    const auto* sizes = static_cast<const int64_t*>(array_.buffers[array_.n_buffers - 1]);
    for (size_t row = 0; row < count(); ++row) {
      if (IsNull(row)) {
        texts->emplace_back();
        continue;
      }
      const char* view = BytesAt(row, 16);
      int32_t words[4];
      std::memcpy(words, view, sizeof(words));
      const int32_t size = words[0], buffer = words[2], offset = words[3];
      if (size < 0) return Bad("an Arrow text of a negative size");
      if (size <= 12) {
        texts->emplace_back(view + 4, static_cast<size_t>(size));
        continue;
      }
      if (buffer < 0 || buffer >= data_buffers || offset < 0 || sizes == nullptr ||
          int64_t{offset} + size > sizes[buffer] || array_.buffers[2 + buffer] == nullptr) {
        return Bad("an Arrow text that lies in no buffer");
      }
      texts->emplace_back(static_cast<const char*>(array_.buffers[2 + buffer]) + offset,
                          static_cast<size_t>(size));
    }
    return nullptr;
  }

  std::string_view format_;
  const ArrowArray& array_;
};

// Integers of every width; false: the format is none of theirs, or one is beyond Int.
bool ReadInts(const Rows& rows, std::vector<int64_t>* numbers, bool* too_large) {
  *too_large = false;
  numbers->resize(rows.count());
  auto read = [&]<typename T>(T) {
    for (size_t row = 0; row < rows.count(); ++row) {
      if (rows.IsNull(row)) continue;
      const T number = rows.At<T>(row);
      if constexpr (std::is_same_v<T, uint64_t>) *too_large |= number > uint64_t{INT64_MAX};
      (*numbers)[row] = static_cast<int64_t>(number);
    }
    return true;
  };
  const std::string_view f = rows.format();
  if (f.size() != 1 || !rows.HasBuffers(2)) return false;
  switch (f[0]) {
    case 'c':
      return read(int8_t{});
    case 'C':
      return read(uint8_t{});
    case 's':
      return read(int16_t{});
    case 'S':
      return read(uint16_t{});
    case 'i':
      return read(int32_t{});
    case 'I':
      return read(uint32_t{});
    case 'l':
      return read(int64_t{});
    case 'L':
      return read(uint64_t{});
    default:
      return false;
  }
}

// How many of a time unit make a microsecond, or the other way round. False: it is no unit.
bool UnitOf(char unit, int64_t* times, int64_t* over) {
  *times = *over = 1;
  switch (unit) {
    case 's':
      *times = 1'000'000;
      return true;
    case 'm':
      *times = 1'000;
      return true;
    case 'u':
      return true;
    case 'n':
      *over = 1'000;
      return true;
    default:
      return false;
  }
}

class ColumnReader {
 public:
  ColumnReader(const ztp_batch& batch, const NamedColumn& column, const Rows& rows)
      : schema_(batch.world->schema()),
        column_(column),
        kind_(schema_.types.kind(column.type)),
        rows_(rows) {}

  // Numbers in the column's own unit, one a row; those that are null are 0.
  ztp_error* Numbers(std::vector<int64_t>* numbers) const {
    const std::string_view f = rows_.format();
    if (f == "b") return kind_ == TypeKind::kBool ? Bools(numbers) : WrongType("a Boolean");
    if (f.starts_with("ts") && f.size() >= 4) {
      if (kind_ != TypeKind::kTime) return WrongType("a timestamp");
      if (f.size() == 4) {
        return Bad(Cat("`", column_.name,
                       "` is a Time, and the Arrow column's timestamps have no "
                       "time zone: convert them to UTC"));
      }
      return Micros(f[2], numbers);
    }
    if (f.starts_with("tD") && f.size() == 3) {
      return kind_ == TypeKind::kDuration ? Micros(f[2], numbers) : WrongType("a duration");
    }
    if (f.starts_with("d:")) {
      return kind_ == TypeKind::kDecimal ? Decimals(f.substr(2), numbers) : WrongType("a decimal");
    }
    if (f == "f" || f == "g") {
      return kind_ == TypeKind::kDecimal ? Floats(f[0], numbers)
                                         : WrongType("a floating point number");
    }
    bool too_large = false;
    if (!ReadInts(rows_, numbers, &too_large)) return Unsupported(f);
    if (too_large) return Beyond();
    if (kind_ == TypeKind::kInt) return nullptr;
    if (kind_ != TypeKind::kDecimal) return WrongType("an integer");
    for (int64_t& n : *numbers) {
      if (__builtin_mul_overflow(n, Decimal::kUnitsPerOne, &n)) return Beyond();
    }
    return nullptr;
  }

 private:
  ztp_error* WrongType(std::string_view given) const {
    return Bad(Cat("`", column_.name, "` is ", schema_.TypeName(column_.type),
                   ", and the Arrow column has ", given, " in each row"));
  }
  ztp_error* Beyond() const {
    return Bad(Cat("a number for `", column_.name, "` is beyond what ",
                   schema_.TypeName(column_.type), " can be"));
  }

  ztp_error* Bools(std::vector<int64_t>* numbers) const {
    if (!rows_.HasBuffers(2)) return Unsupported(rows_.format());
    numbers->resize(rows_.count());
    for (size_t row = 0; row < rows_.count(); ++row) {
      if (!rows_.IsNull(row)) (*numbers)[row] = rows_.BoolAt(row) ? 1 : 0;
    }
    return nullptr;
  }

  ztp_error* Micros(char unit, std::vector<int64_t>* numbers) const {
    int64_t times = 1, over = 1;
    if (!UnitOf(unit, &times, &over) || !rows_.HasBuffers(2)) return Unsupported(rows_.format());
    numbers->resize(rows_.count());
    for (size_t row = 0; row < rows_.count(); ++row) {
      if (rows_.IsNull(row)) continue;
      const int64_t given = rows_.At<int64_t>(row);
      int64_t micros = given / over - (given % over < 0 ? 1 : 0);  // towards the past
      if (__builtin_mul_overflow(micros, times, &micros)) return Beyond();
      (*numbers)[row] = micros;
    }
    return nullptr;
  }

  // "precision,scale" or "precision,scale,bits"; 32, 64 or 128 bits, in two's complement.
  ztp_error* Decimals(std::string_view shape, std::vector<int64_t>* numbers) const {
    int64_t parts[3] = {0, 0, 128};
    int count = 0;
    const char* at = shape.data();
    const char* const end = at + shape.size();
    for (bool more = true; more; ++count) {
      if (count == 3) return Unsupported(rows_.format());
      const auto [stop, failed] = std::from_chars(at, end, parts[count]);
      more = stop < end;
      if (failed != std::errc() || (more && *stop != ',')) return Unsupported(rows_.format());
      at = stop + (more ? 1 : 0);
    }
    const int64_t precision = parts[0], scale = parts[1], bits = parts[2];
    const int64_t most = bits == 32 ? 9 : bits == 64 ? 18 : bits == 128 ? 38 : 0;  // digits
    if (count < 2 || precision < 1 || precision > most || scale < -18 || scale > 38 ||
        !rows_.HasBuffers(2)) {
      return Unsupported(rows_.format());
    }
    numbers->resize(rows_.count());
    for (size_t row = 0; row < rows_.count(); ++row) {
      if (rows_.IsNull(row)) continue;
      Wide value = 0;
      if (bits == 32) {
        value = rows_.At<int32_t>(row);
      } else if (bits == 64) {
        value = rows_.At<int64_t>(row);
      } else {
        std::memcpy(&value, rows_.BytesAt(row, sizeof(value)), sizeof(value));
      }
      for (int64_t s = scale; s < Decimal::kPlaces; ++s) {
        if (__builtin_mul_overflow(value, Wide{10}, &value)) return Beyond();
      }
      for (int64_t s = scale; s > Decimal::kPlaces; --s) {
        if (value % 10 != 0) {
          return Bad(Cat("a number for `", column_.name, "` has more than ", Decimal::kPlaces,
                         " decimal places"));
        }
        value /= 10;
      }
      if (value > INT64_MAX || value < INT64_MIN) return Beyond();
      (*numbers)[row] = static_cast<int64_t>(value);
    }
    return nullptr;
  }

  ztp_error* Floats(char width, std::vector<int64_t>* numbers) const {
    if (!rows_.HasBuffers(2)) return Unsupported(rows_.format());
    numbers->resize(rows_.count());
    for (size_t row = 0; row < rows_.count(); ++row) {
      if (rows_.IsNull(row)) continue;
      // By its shortest text: 0.1 is meant as 0.1.
      char digits[32];
      const auto made = width == 'f'
                            ? std::to_chars(digits, digits + sizeof(digits), rows_.At<float>(row))
                            : std::to_chars(digits, digits + sizeof(digits), rows_.At<double>(row));
      const absl::StatusOr<Decimal> decimal =
          ParseJsonDecimal({digits, static_cast<size_t>(made.ptr - digits)});
      if (!decimal.ok()) {
        return Bad(
            Cat("a number for `", column_.name, "`: ", FromAbsl(decimal.status().message())));
      }
      (*numbers)[row] = decimal->units;
    }
    return nullptr;
  }

  const Schema& schema_;
  const NamedColumn& column_;
  TypeKind kind_;
  const Rows& rows_;
};

// The dictionary's number of each row; one past its end where the row, or what it means, is null.
ztp_error* ReadCodes(const Rows& rows, size_t entries, std::vector<uint32_t>* codes) {
  std::vector<int64_t> numbers;
  bool too_large = false;
  if (!ReadInts(rows, &numbers, &too_large)) return Unsupported(rows.format());
  codes->reserve(numbers.size());
  for (size_t row = 0; row < numbers.size(); ++row) {
    const int64_t n = numbers[row];
    if (rows.IsNull(row)) {
      codes->push_back(static_cast<uint32_t>(entries));
    } else if (too_large || n < 0 || static_cast<size_t>(n) >= entries) {
      return Bad("an Arrow dictionary has not all the entries that its column names");
    } else {
      codes->push_back(static_cast<uint32_t>(n));
    }
  }
  return nullptr;
}

ztp_error* SetEntities(ztp_batch* batch, bool is_principal, std::string_view type,
                       const ArrowSchema& schema, const ArrowArray& array,
                       std::string_view function) {
  const Rows rows(schema, array);
  if (ztp_error* error = rows.Check(function)) return error;
  if (ztp_error* error = CheckRows(*batch, rows.count(), function)) return error;
  std::vector<std::string_view> ids;
  std::vector<uint32_t> codes;
  if (rows.is_null() && rows.count() != 0) return Bad("a row has no id: it is null");
  if (rows.is_null()) return SetEntityColumn(*batch, is_principal, type, {}, {});
  if (schema.dictionary != nullptr) {
    if (array.dictionary == nullptr) return Misuse(function, "an Arrow dictionary is missing");
    const Rows entries(*schema.dictionary, *array.dictionary);
    if (ztp_error* error = entries.Check(function)) return error;
    if (!entries.is_text()) return Unsupported(entries.format());
    if (ztp_error* error = entries.Texts(&ids)) return error;
    if (ztp_error* error = ReadCodes(rows, ids.size(), &codes)) return error;
    for (const uint32_t code : codes) {
      if (code == ids.size() || ids[code].data() == nullptr)
        return Bad("a row has no id: it is null");
    }
    for (std::string_view& id : ids) {
      if (id.data() == nullptr) id = "";  // that no row names
    }
    if (codes.empty()) return SetEntityColumn(*batch, is_principal, type, {}, {});
    return SetEntityColumn(*batch, is_principal, type, ids, codes);
  }
  if (!rows.is_text()) return Unsupported(rows.format());
  if (ztp_error* error = rows.Texts(&ids)) return error;
  for (const std::string_view id : ids) {
    if (id.data() == nullptr) return Bad("a row has no id: it is null");
  }
  return SetEntityColumn(*batch, is_principal, type, ids, {});
}

ztp_error* SetAttr(ztp_batch* batch, ztp_attr attr, const ArrowSchema& schema,
                   const ArrowArray& array, std::string_view function) {
  NamedColumn column;
  if (ztp_error* error = FindColumn(*batch, attr, function, &column)) return error;
  const Rows rows(schema, array);
  if (ztp_error* error = rows.Check(function)) return error;
  if (ztp_error* error = CheckRows(*batch, rows.count(), function)) return error;
  std::vector<std::string_view> texts;
  const auto all_missing = [&] {
    const Fact missing;
    const std::vector<uint32_t> first(rows.count(), 0);
    return SetFactColumn(*batch, column, {&missing, 1}, first);
  };
  if (rows.is_null()) return all_missing();
  if (schema.dictionary != nullptr) {
    if (array.dictionary == nullptr) return Misuse(function, "an Arrow dictionary is missing");
    const Rows entries(*schema.dictionary, *array.dictionary);
    if (ztp_error* error = entries.Check(function)) return error;
    if (entries.is_null()) return all_missing();
    if (!entries.is_text()) return Unsupported(entries.format());
    if (ztp_error* error = entries.Texts(&texts)) return error;
    std::vector<uint32_t> codes;
    if (ztp_error* error = ReadCodes(rows, texts.size(), &codes)) return error;
    texts.emplace_back();  // for rows that are null
    if (codes.empty()) return SetTextColumn(*batch, column, {}, {});
    return SetTextColumn(*batch, column, texts, codes);
  }
  if (rows.is_text()) {
    if (ztp_error* error = rows.Texts(&texts)) return error;
    return SetTextColumn(*batch, column, texts, {});
  }
  std::vector<int64_t> numbers;
  if (ztp_error* error = ColumnReader(*batch, column, rows).Numbers(&numbers)) return error;
  bool any_null = false;
  for (size_t row = 0; row < rows.count() && !any_null; ++row) any_null = rows.IsNull(row);
  if (!any_null) return SetNumberColumn(*batch, column, numbers);
  const TypeKind kind = batch->world->schema().types.kind(column.type);
  std::vector<Fact> facts(numbers.size());
  std::vector<uint32_t> codes(numbers.size());
  for (size_t row = 0; row < numbers.size(); ++row) {
    codes[row] = static_cast<uint32_t>(row);
    if (rows.IsNull(row)) continue;
    facts[row].state = Fact::State::kPresent;
    facts[row].value.SetNumber(kind, numbers[row]);
  }
  return SetFactColumn(*batch, column, facts, codes);
}

}  // namespace
}  // namespace ztp::c

using ztp::c::GuardedColumn;
using ztp::c::NullOutput;
using ztp::c::View;

extern "C" {

ztp_error* ztp_batch_arrow_principals(ztp_batch* batch, ztp_text type,
                                      const struct ArrowSchema* schema,
                                      const struct ArrowArray* array) {
  ZTP_CHECK_ALIVE(batch);
  ZTP_CHECK_TEXT(type);
  if (schema == nullptr) return NullOutput(__func__, "schema");
  if (array == nullptr) return NullOutput(__func__, "array");
  const std::string_view function = __func__;
  return GuardedColumn(batch, function, [&] {
    return ztp::c::SetEntities(batch, true, View(type), *schema, *array, function);
  });
}

ztp_error* ztp_batch_arrow_resources(ztp_batch* batch, ztp_text type,
                                     const struct ArrowSchema* schema,
                                     const struct ArrowArray* array) {
  ZTP_CHECK_ALIVE(batch);
  ZTP_CHECK_TEXT(type);
  if (schema == nullptr) return NullOutput(__func__, "schema");
  if (array == nullptr) return NullOutput(__func__, "array");
  const std::string_view function = __func__;
  return GuardedColumn(batch, function, [&] {
    return ztp::c::SetEntities(batch, false, View(type), *schema, *array, function);
  });
}

ztp_error* ztp_batch_arrow(ztp_batch* batch, ztp_attr attr, const struct ArrowSchema* schema,
                           const struct ArrowArray* array) {
  ZTP_CHECK_ALIVE(batch);
  if (schema == nullptr) return NullOutput(__func__, "schema");
  if (array == nullptr) return NullOutput(__func__, "array");
  const std::string_view function = __func__;
  return GuardedColumn(batch, function,
                       [&] { return ztp::c::SetAttr(batch, attr, *schema, *array, function); });
}

}  // extern "C"
