/* ztp: policy sources to a bundle, in the process (libztpc). What decides is ztp.h's.
 *
 * Thread safety: any number of threads compile at once. Not realtime. */
#ifndef ZTP_COMPILE_H_
#define ZTP_COMPILE_H_

#include "ztp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A bundle's bytes, for ztp_policy_read or a file. */
typedef struct ztp_bundle ztp_bundle;

/* One source text and what errors call it. */
typedef struct ztp_source {
  ztp_text name; /* "policy.ztp" */
  ztp_text text;
} ztp_source;

/* Compiles files and folders (every .ztp file below). ZTP_BAD_POLICY has a problem for each
 * mistake, with its span; ZTP_NOT_FOUND, ZTP_ENVIRONMENT, ZTP_LIMIT. The same sources make the same
 * bytes. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_compile_paths(const ztp_text* paths, size_t count,
                                                  ztp_bundle** bundle);
/* The same of texts in memory. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_compile(const ztp_source* sources, size_t count,
                                            ztp_bundle** bundle);
/* Valid until the bundle is freed. */
ZTP_API ztp_text ztp_bundle_bytes(const ztp_bundle* bundle);
/* What the compiler warned of, as text for people; may be empty. Valid until the bundle is freed.
 */
ZTP_API ztp_text ztp_bundle_warnings(const ztp_bundle* bundle);
ZTP_API void ztp_bundle_free(ztp_bundle* bundle);

#ifdef __cplusplus
}
#endif

#endif /* ZTP_COMPILE_H_ */
