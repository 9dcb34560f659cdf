// What libztp gives libztpc of the same version, and nobody else: not installed, no promise.
#pragma once

#include "bindings/c/ztp.h"

extern "C" {
// Never null.
ZTP_API ztp_error* ztp_private_error_new(ztp_code code, ztp_text message);
// The first call replaces the problem that ztp_private_error_new made of the message.
ZTP_API void ztp_private_error_add(ztp_error* error, const ztp_problem* problem);
// While ztp_debug is on, keeps the memory of an object that is over for ever; else false.
ZTP_API bool ztp_private_keep(void* memory);
}
