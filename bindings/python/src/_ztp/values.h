// Values of Python to and from those of the C interface.
//
// Boundary: which type a value should have is not known here; libztp reads it by the policy's
// schema.
#pragma once

#include <iterator>
#include <string>
#include <vector>

#include "bindings/python/src/_ztp/hooks.h"

namespace ztp::py {

// What values point into until they have been handed over. Small ones are made without allocating.
class Arena {
 public:
  Arena() = default;
  ~Arena() {
    for (size_t i = 0; i < held_count_; ++i) Py_DECREF(held_[i]);
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  ztp_value* Values(size_t count) {
    if (count > std::size(values_) - values_count_) return more_values_.emplace_back(count).data();
    values_count_ += count;
    return &values_[values_count_ - count];
  }
  // Lives as long as the arena.
  PyObject* Keep(Ref object) {
    if (held_count_ == std::size(held_)) return more_held_.emplace_back(std::move(object)).get();
    return held_[held_count_++] = object.release();
  }

 private:
  ztp_value values_[32];
  PyObject* held_[32];
  size_t values_count_ = 0;
  size_t held_count_ = 0;
  std::vector<std::vector<ztp_value>> more_values_;
  std::vector<Ref> more_held_;
};

// False: a Python error is set. `value` points into `object` and the arena.
bool ToValue(PyObject* object, Arena* arena, ztp_value* value);
// A new reference; nullptr: a Python error is set.
PyObject* FromValue(const ztp_value& value);

// Text of a str. It belongs to the object. False: a Python error is set.
bool ToText(PyObject* text, ztp_text* out);

// Sets a parameter or input. False: a Python error is set.
bool SetValue(ztp_request* request, ztp_attr attr, PyObject* object);

// The proof in a ztp.Proof; nullptr: it is none. Null where there are no such objects (_ztpc).
extern const ztp_proof* (*proof_of)(PyObject* object);

// Is it of an exact type that can never change, so that the same object always means the same?
bool IsFrozen(PyObject* object);

// An entity as Python writes it: ztp.Entity, a pair of texts, the text Type::"id", or {"type": …,
// "id": …}.
struct EntityText {
  ztp_text type, id;
  std::string unescaped;  // what `id` points into, of a text with escapes
};
// False: a Python error is set. The texts belong to `object`, or to `out`.
bool ToEntity(PyObject* object, std::string_view what, EntityText* out);
// Principal or resource of a request, carried properties included. False: a Python error is set.
bool SetEntity(ztp_request* request, bool is_principal, PyObject* object);

// A point in time: None is the clock, an int microseconds since 1970, else an aware datetime.
// False: a Python error.
bool ToTime(PyObject* object, int64_t* micros);

}  // namespace ztp::py
