// Arrow's C stream interface, as its specification has it, over the data interface's structs.
//
// Boundary: declarations only. https://arrow.apache.org/docs/format/CStreamInterface.html
#pragma once

#include "bindings/c/arrow_abi.h"

extern "C" {

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

}  // extern "C"
