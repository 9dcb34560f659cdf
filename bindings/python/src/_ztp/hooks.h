// What the extension asks of Python code: classes it makes objects of, and conversions that need
// more than C's API.
//
// Boundary: `ztp._hooks` has them; they are looked up once, when first needed. Only one interpreter
// ever loads this.
#pragma once

#include "bindings/c/ztp.h"
#include "bindings/python/src/_ztp/python.h"

namespace ztp::py {

struct Hooks {
  // Names that calls have, interned: compared by address first.
  PyObject* principal;
  PyObject* resource;
  PyObject* now;
  PyObject* can;
  PyObject* properties;
  PyObject* type;
  PyObject* id;
  // From ztp._hooks.
  PyObject* entity;         // class Entity(NamedTuple)
  PyObject* rule;           // class Rule(NamedTuple)
  PyObject* obligation;     // class Obligation(NamedTuple)
  PyObject* datetime_type;  // datetime.datetime
  PyObject* timedelta_type;
  PyObject* decimal_type;
  PyObject* micros_of_time;      // datetime -> int
  PyObject* micros_of_duration;  // timedelta -> int
  PyObject* time_of_micros;      // int -> datetime | None
  PyObject* duration_of_micros;
  PyObject* decimal_of_units;
  PyObject* text_of_decimal;
  PyObject* plain;  // any other object -> one of the plain kinds, or TypeError
  PyObject* json;   // object -> JSON text
  PyObject* make_error;
  PyObject* render_repr;
  PyObject* render_text;
  PyObject* render_html;
  PyObject* render_explanation;
};

// nullptr: a Python error is set.
const Hooks* GetHooks();

// The one object that stands for a fact that should be there and is not known. Borrowed.
PyObject* UnknownValue();
bool MakeUnknownValue(PyObject* module);

// Raises the error as the exception of its code, and frees it. Always nullptr.
PyObject* Raise(ztp_error* error);
// The same of an error that is found before libztp is asked.
PyObject* Raise(ztp_code code, std::string_view message);

}  // namespace ztp::py
