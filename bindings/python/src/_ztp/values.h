// Values of Python to and from those of the C interface.
//
// Boundary: which type a value should have is not known here; libztp reads it by the policy's
// schema.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "bindings/python/src/_ztp/hooks.h"

namespace ztp::py {

// What values point into until they have been handed over.
class Arena {
 public:
  ztp_value* Values(size_t count) { return values_.emplace_back(count).data(); }
  // Lives as long as the arena.
  PyObject* Keep(Ref object) { return objects_.emplace_back(std::move(object)).get(); }

 private:
  std::deque<std::vector<ztp_value>> values_;
  std::deque<Ref> objects_;
};

// False: a Python error is set. `value` points into `object` and the arena.
bool ToValue(PyObject* object, Arena* arena, ztp_value* value);
// A new reference; nullptr: a Python error is set.
PyObject* FromValue(const ztp_value& value);

// Text of a str. It belongs to the object. False: a Python error is set.
bool ToText(PyObject* text, ztp_text* out);

// Sets a parameter or input. False: a Python error is set.
bool SetValue(ztp_request* request, ztp_attr attr, PyObject* object);

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
