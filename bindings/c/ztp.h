/* ztp: decide requests by a compiled policy, from any language that calls C.
 *
 * In one page:
 *
 *     ztp_engine*  engine;   ztp_session* session;   ztp_request* request;   ztp_attr purpose;
 *     ztp_text     facts = ZTP_TEXT("facts.jsonl");
 *     ztp_error* e = ztp_engine_load(ZTP_TEXT("policy.ztpb"), &facts, 1, NULL, &engine);
 *     if (!e) e = ztp_session_new(engine, &session);                   // one a thread
 *     if (!e) e = ztp_request_new(session, ZTP_TEXT("train"), &request);
 *     if (!e) e = ztp_engine_attr(engine, ZTP_TEXT("purpose"), &purpose);
 *     if (!e) e = ztp_set_principal(request, ZTP_TEXT("Workload"), ZTP_TEXT("trainer-7"));
 *     if (!e) e = ztp_set_resource(request, ZTP_TEXT("Dataset"), ZTP_TEXT("faces"));
 *     if (!e) e = ztp_set_text(request, purpose, ZTP_TEXT("research"));
 *     ztp_decision decision = ZTP_DECISION_INIT;
 *     if (!e) e = ztp_decide(request, ztp_now(), &decision);   // a denial unless decision.allow
 *     while (decision.allow && ztp_lease_check_now(&decision.lease)) step();
 *
 * Objects
 *
 *   ztp_policy, ztp_facts, ztp_engine, ztp_epoch, ztp_trust, ztp_proof: shared, any thread's at any
 *   time. Each is held by what was made of it, so it may be freed in any order; freeing gives up
 * the caller's hold.
 *
 *   ztp_session, ztp_request, ztp_batch, ztp_change: one thread's at a time (it may be another's
 *   later). A request or batch is freed before its session is.
 *
 *   ztp_decision, ztp_lease, ztp_value: plain data in the caller's memory.
 *
 * Errors
 *   A function that can fail returns NULL, or an error object that the caller frees
 * (ztp_error_free). Then outputs are NULL, zero or empty, and a decision is a denial. A NULL where
 * an object belongs, an object of another kind, one of another engine: an error of code ZTP_MISUSE.
 * An object used after it was freed is undefined, as everywhere in C, unless ztp_debug(true) was
 * called before it was made: then that is ZTP_MISUSE too. Functions that return a text, a number or
 * nothing take NULL, and answer with an empty text, 0, or nothing. No C++ exception leaves this
 * library.
 *
 * Text is bytes and their number, UTF-8, need not end with a NUL, and need not outlive the call it
 * is given to. Text that comes back is valid as long as is said there; it ends with a NUL that is
 * not counted.
 *
 * Time is microseconds since 1970-01-01T00:00:00Z. ZTP_FOREVER is "without end".
 *
 * [realtime] stands where a function allocates nothing, waits for nobody and makes no system call,
 * when it returns NULL. */
#ifndef ZTP_H_
#define ZTP_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZTP_VERSION "0.1.0"

#if defined(__GNUC__)
#define ZTP_API __attribute__((visibility("default")))
#define ZTP_MUST_USE __attribute__((warn_unused_result))
#else
#define ZTP_API
#define ZTP_MUST_USE
#endif

/* The version of the library in use, "0.1.0". Valid for ever. [realtime] */
ZTP_API const char* ztp_version(void);

/* ---- Text ---- */

typedef struct ztp_text {
  const char* data;
  size_t size;
} ztp_text;

/* Of a literal. */
#ifdef __cplusplus
#define ZTP_TEXT(literal) (ztp_text{(literal), sizeof(literal) - 1})
#else
#define ZTP_TEXT(literal) ((ztp_text){(literal), sizeof(literal) - 1})
#endif

/* ---- Errors ---- */

typedef struct ztp_error ztp_error;

/* Pinned; new ones come behind. */
typedef int32_t ztp_code;
enum {
  ZTP_OK = 0,
  ZTP_MISUSE = 1, /* a NULL, an object of another kind or engine, a wrong count: the caller's code
                     is wrong */
  ZTP_BAD_POLICY = 2, /* no bundle, damaged, or sources with mistakes */
  ZTP_BAD_FACTS = 3,  /* not what the schema wants, a cycle, made for another policy */
  ZTP_BAD_REQUEST =
      4, /* a request, or its JSON, that fits no declared action; a value of a wrong type */
  ZTP_NOT_FOUND = 5,  /* a file, a name, an entity */
  ZTP_NOT_PROVEN = 6, /* a proven input or attribute given as plain data */
  ZTP_STALE = 7, /* of a policy or facts that are no longer in force, or of an earlier decision */
  ZTP_LIMIT = 8, /* larger than is allowed */
  ZTP_ENVIRONMENT = 9,  /* the operating system said no: permission, disk */
  ZTP_UNSUPPORTED = 10, /* a format or feature that this version does not have */
  ZTP_NO_MEMORY = 11,
  ZTP_INTERNAL = 12,
  ZTP_REFUSED = 13,  /* evidence that did not pass a check; the problem's id is the check's name:
                        "signature", "expired", "audience", "revoked", "replay" … */
  ZTP_BAD_TRUST = 14 /* a trust configuration with mistakes, or that does not fit the policy */
};

/* What kind of error; ZTP_OK for NULL. [realtime] */
ZTP_API ztp_code ztp_error_code(const ztp_error* error);
/* All of it as text for people, lines without a trailing line feed. Valid until it is freed.
 * [realtime] */
ZTP_API ztp_text ztp_error_message(const ztp_error* error);

/* One of the things that are wrong: a file can have many. */
typedef struct ztp_problem {
  size_t struct_size; /* in: sizeof(ztp_problem) */
  ztp_text id;        /* "ZTP1315" or "audience", for ever the same; empty where there is none */
  ztp_text message;
  ztp_text help;     /* what to do; may be empty */
  ztp_text file;     /* may be empty */
  ztp_text path;     /* within JSON: $.action.name; else empty */
  uint32_t line;     /* from 1; 0: no place is known */
  uint32_t column;   /* from 1; of sources in code points, of JSON in bytes */
  uint32_t end_line; /* of the first byte behind; 0: not known */
  uint32_t end_column;
} ztp_problem;
#define ZTP_PROBLEM_INIT \
  { sizeof(ztp_problem), {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, 0, 0, 0, 0 }

/* How many; 0 for NULL, else at least 1. [realtime] */
ZTP_API size_t ztp_error_count(const ztp_error* error);
/* The index-th; its texts are valid until the error is freed. False: there is none, or struct_size
 * is not set. [realtime] */
ZTP_API bool ztp_error_problem(const ztp_error* error, size_t index, ztp_problem* problem);
/* NULL is fine. */
ZTP_API void ztp_error_free(ztp_error* error);

/* Objects made from now on are recognised after they were freed, at the price of a few bytes each
 * that are never given back: for tests. Call it before anything else. */
ZTP_API void ztp_debug(bool on);

/* ---- Time ---- */

#define ZTP_FOREVER INT64_MAX

/* The system's clock (CLOCK_REALTIME), in microseconds; on common systems without entering the
 * kernel. */
ZTP_API int64_t ztp_now(void);

/* ---- Policies ---- */

typedef struct ztp_policy ztp_policy;

/* A bundle (.ztpb), mapped and used in place: replace the file by renaming another over it, never
 * write to it. Sources are compiled by ztp_compile.h. ZTP_NOT_FOUND, ZTP_ENVIRONMENT,
 * ZTP_BAD_POLICY, ZTP_UNSUPPORTED, ZTP_LIMIT. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_policy_open(ztp_text path, ztp_policy** policy);
/* The same of bytes in memory, which are copied. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_policy_read(const void* bytes, size_t size,
                                                ztp_policy** policy);
/* "sha256:…" of the bundle. Valid as long as the policy is held. [realtime] */
ZTP_API ztp_text ztp_policy_digest(const ztp_policy* policy);
ZTP_API void ztp_policy_free(ztp_policy* policy);

/* ---- Signed files: whose policies and facts are taken ---- */

/* Whose signatures count over policies and facts (`ztp sign`), and what was taken so far: an older
 * version is refused, a file that has expired, and a clock that was set back. Thread-safe; several
 * engines may share one. */
typedef struct ztp_signers ztp_signers;

/* `keys`: PEM blocks of PUBLIC KEY (Ed25519, P-256, P-384, P-521), of which `threshold` must have
 * signed. `state`: a file that keeps what was taken, across restarts, and that nobody else may
 * write; made when something is taken; empty: it is forgotten with the object. ZTP_REFUSED: the
 * keys, with the check; ZTP_BAD_TRUST: the threshold, or a state that cannot be understood;
 * ZTP_ENVIRONMENT: a state that cannot be read. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_signers_new(ztp_text keys, uint32_t threshold, ztp_text state,
                                                ztp_signers** signers);
/* As ztp_policy_open and ztp_facts_load, of files that they have signed, as their own names:
 * FILE.sig beside FILE. What was verified is what is read. ZTP_REFUSED: the check that a file did
 * not pass; ZTP_NOT_FOUND: there is no signature; ZTP_ENVIRONMENT: the state cannot be written. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_signers_open_policy(ztp_signers* signers, ztp_text path,
                                                        ztp_policy** policy);
ZTP_API void ztp_signers_free(ztp_signers* signers);

/* ---- Facts ---- */

/* A snapshot of all stored entities, for one policy. */
typedef struct ztp_facts ztp_facts;

/* Whom to believe about what: sources of evidence with their keys, from a trust configuration
 * (engine/evidence/README.md has its form), what was verified by them, and what was revoked. */
typedef struct ztp_trust ztp_trust;

/* Flags of facts and engines; the first two for tests and replay only. */
enum {
  /* Proven inputs and attributes may be given as plain data. */
  ZTP_ASSUME_PROVEN = 1,
  /* `context.now` in a request's JSON sets its clock. */
  ZTP_ACCEPT_NOW = 2,
  /* Not for tests alone: facts keep the evidence that they came with, for ztp_facts_write. */
  ZTP_KEEP_EVIDENCE = 4,
  /* Of an engine, and not for tests alone: ztp_engine_load and _reload copy files instead of
   * mapping them, so that who writes into one in place, or cuts it off, does no harm. Signed files
   * always are. */
  ZTP_COPY_FILES = 8,
  /* Of an engine, and not for tests alone: ztp_engine_load and _reload refuse a policy without
   * routes (ZTP_BAD_POLICY), for a program that asks about HTTP requests: all would be denied. */
  ZTP_NEEDS_ROUTES = 16
};

/* Files: JSON (arrays or an entity a line), or one facts file (.ztpf), which is mapped like a
 * bundle. With no file: no entities. Taken whole or not at all. `flags`: 0 or ZTP_ASSUME_PROVEN,
 * which an engine that is to have the facts needs too (ZTP_NOT_PROVEN). ZTP_BAD_FACTS has a problem
 * for each mistake, up to a limit. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_facts_load(const ztp_policy* policy, const ztp_text* paths,
                                               size_t count, uint32_t flags, ztp_facts** facts);
/* The same of JSON in memory. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_facts_read_json(const ztp_policy* policy, ztp_text json,
                                                    uint32_t flags, ztp_facts** facts);

/* How facts are taken in. */
typedef struct ztp_facts_options {
  size_t struct_size;   /* sizeof(ztp_facts_options) */
  uint32_t flags;       /* ZTP_ASSUME_PROVEN, ZTP_KEEP_EVIDENCE */
  ztp_trust* trust;     /* whose `evidence` about entities is taken, or NULL: nobody's */
  int64_t now;          /* when it is verified; INT64_MIN: by the clock */
  ztp_signers* signers; /* who must have signed the files (ZTP_REFUSED), or NULL: nobody */
} ztp_facts_options;
#define ZTP_FACTS_OPTIONS_INIT \
  { sizeof(ztp_facts_options), 0, 0, INT64_MIN, 0 }

/* As ztp_facts_load and ztp_facts_read_json, with evidence: what it proves becomes the entities'
 * proven attributes, and counts while the evidence does, in engines that use the trust, as long as
 * that does not void it (another state of its source, a revocation). Evidence that is refused is
 * one of the mistakes of ZTP_BAD_FACTS. ZTP_BAD_TRUST: the trust does not fit the policy. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_facts_load_with(const ztp_policy* policy, const ztp_text* paths,
                                                    size_t count, const ztp_facts_options* options,
                                                    ztp_facts** facts);
ZTP_API ZTP_MUST_USE ztp_error* ztp_facts_read_json_with(const ztp_policy* policy, ztp_text json,
                                                         const ztp_facts_options* options,
                                                         ztp_facts** facts);
/* Writes a facts file, through a temporary one beside it. Evidence goes with it, and what it proved
 * does not: whoever loads the file verifies it. ZTP_NOT_PROVEN: there is such, and the facts were
 * read without ZTP_KEEP_EVIDENCE. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_facts_write(const ztp_facts* facts, ztp_text path);
/* "sha256:…" over the content, in whatever order it came. Valid as long as the facts are held.
 * [realtime] */
ZTP_API ztp_text ztp_facts_version(const ztp_facts* facts);
/* Stored entities. [realtime] */
ZTP_API size_t ztp_facts_count(const ztp_facts* facts);
ZTP_API void ztp_facts_free(ztp_facts* facts);

/* ---- The epoch page: revocation across the processes of a machine ---- */

/* A file of one page that processes map. Who may write it is its owner's to say, by its mode. Put
 * it where files are memory (/run, /dev/shm). Every engine that was given it reads it at each
 * decision, and every lease at each check, without a system call. */
typedef struct ztp_epoch ztp_epoch;

enum { ZTP_EPOCH_READ = 0, ZTP_EPOCH_WRITE = 1 };

/* Makes the file if it is not there, with these permission bits (0644: the owner writes, all read),
 * and opens it for writing. Writable for others (mode & 2) is refused. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_epoch_create(ztp_text path, uint32_t mode, ztp_epoch** epoch);
/* ZTP_NOT_FOUND, ZTP_ENVIRONMENT (permission), ZTP_BAD_FACTS (it is no such page, or anyone
 * may write it, or it belongs neither to root nor to this process's user). `access`:
 * ZTP_EPOCH_READ or _WRITE. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_epoch_open(ztp_text path, uint32_t access, ztp_epoch** epoch);
/* Ends every lease, at once and in every process: who wants to go on must ask again.
 * ZTP_ENVIRONMENT, as of the next two: it was opened for reading. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_epoch_revoke(ztp_epoch* epoch);
/* While halted every decision is a denial. Ends every lease too. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_epoch_halt(ztp_epoch* epoch, bool halted);
/* A dead man's handle: from `until` on, unless it is set again before, every decision is a denial
 * and no lease holds. ZTP_FOREVER, as it is at first: no such handle. So a page whose writer died,
 * or that was unlinked, does not go on allowing. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_epoch_keep_until(ztp_epoch* epoch, int64_t until);
/* How often it was revoked, halted or released; UINT64_MAX if the page is torn, halted or NULL:
 * everything is denied. [realtime] */
ZTP_API uint64_t ztp_epoch_value(const ztp_epoch* epoch);
ZTP_API void ztp_epoch_free(ztp_epoch* epoch);

/* ---- Engines: the policy and the facts in force ---- */

typedef struct ztp_engine ztp_engine;
typedef struct ztp_session ztp_session;
typedef struct ztp_request ztp_request;
typedef struct ztp_decision ztp_decision;

/* Called after every single decision (not for rows of a batch), on the thread that decides, before
 * it gets the answer. The decision's accessors work; the session must not be used otherwise. */
typedef void (*ztp_decision_callback)(void* context, const ztp_decision* decision);

typedef struct ztp_engine_options {
  size_t struct_size;                /* sizeof(ztp_engine_options) */
  uint32_t flags;                    /* ZTP_ASSUME_PROVEN, ZTP_ACCEPT_NOW, … */
  ztp_epoch* epoch;                  /* or NULL; held by the engine */
  ztp_decision_callback on_decision; /* or NULL */
  void* context;                     /* of the callback; outlives the engine and its sessions */
  ztp_trust* trust;     /* or NULL; as ztp_engine_use_trust, from the beginning: facts that have
                           proofs need it */
  ztp_signers* signers; /* or NULL; held by the engine: ztp_engine_load and _reload take only files
                           that they have signed */
} ztp_engine_options;
#define ZTP_ENGINE_OPTIONS_INIT \
  { sizeof(ztp_engine_options), 0, 0, 0, 0, 0, 0 }

/* `facts` are for `policy`; NULL: no entities. `options` may be NULL. Both are held by the engine.
 * ZTP_NOT_PROVEN: the facts have what evidence proves, and the engine takes nobody's;
 * ZTP_BAD_TRUST.
 */
ZTP_API ZTP_MUST_USE ztp_error* ztp_engine_new(const ztp_policy* policy, const ztp_facts* facts,
                                               const ztp_engine_options* options,
                                               ztp_engine** engine);
/* The same from a bundle's and facts' files, which ztp_engine_reload reads again. Their evidence is
 * verified by the clock. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_engine_load(ztp_text policy, const ztp_text* facts,
                                                size_t facts_count,
                                                const ztp_engine_options* options,
                                                ztp_engine** engine);
/* Reads the files again. Decisions go on meanwhile by what was in force; on an error that stays so.
 */
ZTP_API ZTP_MUST_USE ztp_error* ztp_engine_reload(ztp_engine* engine);
/* Puts another policy, other facts or both in force, together. NULL: as it is. The facts in force
 * are worked out anew for another policy if its entity types are the same (ZTP_BAD_FACTS: they are
 * not, or have other defaults; give facts too). Ends every lease. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_engine_replace(ztp_engine* engine, const ztp_policy* policy,
                                                   const ztp_facts* facts);
/* Ends every lease that this engine gave, at once. [realtime] */
ZTP_API ZTP_MUST_USE ztp_error* ztp_engine_revoke(ztp_engine* engine);
/* How often policy or facts were changed, or leases revoked. [realtime] */
ZTP_API uint64_t ztp_engine_generation(const ztp_engine* engine);
/* What is in force now; to be freed by the caller. NULL on misuse or want of memory. */
ZTP_API ztp_policy* ztp_engine_policy(const ztp_engine* engine);
ZTP_API ztp_facts* ztp_engine_facts(const ztp_engine* engine);
ZTP_API void ztp_engine_free(ztp_engine* engine);

/* ---- Evidence: what is signed becomes proven inputs ---- */

/* What verified evidence proves. It counts as long as time, keys and revocations let it. */
typedef struct ztp_proof ztp_proof;

/* From a file; files that it names are relative to it. ZTP_NOT_FOUND, ZTP_ENVIRONMENT;
 * ZTP_BAD_TRUST has a problem for each mistake. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_trust_load(ztp_text path, ztp_trust** trust);
/* From JSON in memory, which names no files. ZTP_BAD_TRUST. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_trust_read(ztp_text json, ztp_trust** trust);
/* Reads the files of ztp_trust_load again. Proofs of sources that have changed no longer count, and
 * every lease ends; on an error all is as it was. ZTP_MISUSE: it was not loaded from a file. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_trust_reload(ztp_trust* trust);
/* Other bytes for a member of a source ("keys", "bundle", "crls"; within a source "host.crls",
 * "federated[0].bundle"), as they were fetched. As a reload. ZTP_BAD_TRUST: they are not that, or
 * there is no such source or member. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_trust_replace(ztp_trust* trust, ztp_text source,
                                                  ztp_text member, ztp_text bytes);
ZTP_API void ztp_trust_free(ztp_trust* trust);

/* Takes `evidence` of requests, and proofs, by this configuration from now on; NULL: none. Held by
 * the engine; several may share one. ZTP_BAD_TRUST: a source shall prove what is no proven input of
 * the policy, or of a type that such evidence does not fill; then all is as it was (as where a
 * policy that comes later does not fit). Ends every lease; so does whatever voids proofs: stored
 * attributes that they prove are gone when the call that voids them (ztp_trust_revoke, _receive,
 * _replace, _reload) returns, or this one, for proofs of another trust. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_engine_use_trust(ztp_engine* engine, ztp_trust* trust);

/* A nonce for a source that demands one: 43 characters (base64url of 32 bytes) and a NUL. Good
 * once, until now + lifetime (microseconds; an hour at most). Costs no memory, however many there
 * are. */
#define ZTP_NONCE_SIZE 44
ZTP_API ZTP_MUST_USE ztp_error* ztp_trust_nonce(ztp_trust* trust, int64_t now, int64_t lifetime,
                                                char nonce[ZTP_NONCE_SIZE]);
/* One that somebody else gave out, 1 to 256 bytes: good once, until then. ZTP_LIMIT: too many. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_trust_expect_nonce(ztp_trust* trust, ztp_text nonce,
                                                       int64_t now, int64_t until);

/* Verifies evidence (a token; certificates as PEM or DER, leaf first) as that of one source. The
 * second time it costs a SHA-256. ZTP_REFUSED says which check it did not pass. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_evidence_verify(ztp_trust* trust, ztp_text source,
                                                    ztp_text evidence, int64_t now,
                                                    ztp_proof** proof);
/* Does it still count? ZTP_REFUSED: it does not. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_proof_check(const ztp_proof* proof, int64_t now);

/* What an audit wants of it. */
typedef struct ztp_proof_info {
  size_t struct_size; /* in: sizeof(ztp_proof_info) */
  ztp_text source;    /* of the configuration */
  ztp_text kind;      /* "x509-svid" */
  ztp_text subject;   /* whom it is about: a SPIFFE ID, a user, a digest */
  ztp_text issuer;    /* may be empty */
  ztp_text anchor;    /* the root certificate's digest, or the signing key's thumbprint */
  ztp_text digest;    /* "sha256:…" of the evidence */
  int64_t issued_at;  /* INT64_MIN: it does not say */
  int64_t expires_at; /* INT64_MAX: it does not end by itself */
} ztp_proof_info;
#define ZTP_PROOF_INFO_INIT \
  { sizeof(ztp_proof_info), {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, 0, 0 }

/* Its texts are valid as long as the proof is held. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_proof_info_get(const ztp_proof* proof, ztp_proof_info* info);
/* The same with the record that it proves, as one line of JSON. Valid as long as the proof is
 * held. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_proof_json(const ztp_proof* proof, ztp_text* json);
ZTP_API void ztp_proof_free(ztp_proof* proof);

/* What shall no longer count. Every member that is set must fit; one of the texts is. */
typedef struct ztp_revocation {
  size_t struct_size;   /* sizeof(ztp_revocation) */
  ztp_text digest;      /* "sha256:…" of evidence */
  ztp_text id;          /* a token's `jti`, a certificate's serial number in hexadecimal */
  ztp_text session;     /* a token's `sid` */
  ztp_text subject;     /* whom it is about */
  ztp_text issuer;      /* of tokens; of SVIDs the trust domain */
  int64_t issued_until; /* what was issued later counts; ZTP_FOREVER: nothing does */
  int64_t forget_at;    /* by then all of it has expired; ZTP_FOREVER: never */
  ztp_text reason;      /* for people; may be empty */
} ztp_revocation;
#define ZTP_REVOCATION_INIT                                                                     \
  {                                                                                             \
    sizeof(ztp_revocation), {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, ZTP_FOREVER, ZTP_FOREVER, { \
      0, 0                                                                                      \
    }                                                                                           \
  }

/* At once, wherever such proofs are held; ends every lease of engines that use the trust.
 * ZTP_LIMIT: there are too many; replace the source's keys instead. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_trust_revoke(ztp_trust* trust, const ztp_revocation* revocation,
                                                 int64_t now);
/* The same by a signed security event (a SET, RFC 8417) of one of the configuration's transmitters:
 * CAEP's session-revoked, credential-change, device-compliance-change. `*revocations`, which may be
 * NULL, gets how many it came to. ZTP_REFUSED. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_trust_receive(ztp_trust* trust, ztp_text event, int64_t now,
                                                  size_t* revocations);

/* ---- Changes of facts ---- */

/* A list of changes that come into force together. */
typedef struct ztp_change ztp_change;

ZTP_API ZTP_MUST_USE ztp_error* ztp_change_new(ztp_engine* engine, ztp_change** change);
/* Entities as in facts files; those that are there are replaced, edges and proofs included. Their
 * evidence is verified by the clock, under the trust that the engine used when the change was made.
 */
ZTP_API ZTP_MUST_USE ztp_error* ztp_change_upsert_json(ztp_change* change, ztp_text json);
/* The same at `now`. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_change_upsert_json_at(ztp_change* change, ztp_text json,
                                                          int64_t now);
ZTP_API ZTP_MUST_USE ztp_error* ztp_change_delete(ztp_change* change, ztp_text type, ztp_text id);
/* New edges of a stored entity: it becomes a member of the parent, or descends from the origin. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_change_add_parent(ztp_change* change, ztp_text type,
                                                      ztp_text id, ztp_text parent_type,
                                                      ztp_text parent_id);
ZTP_API ZTP_MUST_USE ztp_error* ztp_change_add_origin(ztp_change* change, ztp_text type,
                                                      ztp_text id, ztp_text origin_type,
                                                      ztp_text origin_id);
/* All or nothing; the change is empty afterwards, or, after an error, as it was. Readers never
 * wait. Ends every lease. ZTP_NOT_FOUND: an entity to delete or to give edges to is not there;
 * ZTP_BAD_FACTS: a cycle, or evidence that no longer counts; ZTP_STALE: a policy with other entity
 * types is in force by now. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_change_commit(ztp_change* change);
ZTP_API void ztp_change_free(ztp_change* change);

/* ---- Names, resolved once ---- */

/* A parameter or input by name. Of one engine, whichever policy is in force: valid as long as the
 * engine. */
typedef struct ztp_attr {
  uint64_t handle;
} ztp_attr;

/* ZTP_NOT_FOUND: no action of the policy in force has such a parameter, and there is no such input.
 */
ZTP_API ZTP_MUST_USE ztp_error* ztp_engine_attr(ztp_engine* engine, ztp_text name, ztp_attr* attr);

/* A stored entity, looked up. Of the engine, and of the facts in force when it was: after they
 * change it is ZTP_STALE. */
typedef struct ztp_entity_ref {
  uint64_t generation;
  uint64_t handle;
} ztp_entity_ref;

/* ZTP_NOT_FOUND: no such type, or no such entity is known. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_session_entity(ztp_session* session, ztp_text type, ztp_text id,
                                                   ztp_entity_ref* ref);

/* A stored entity as facts files have it, one line: {"uid": …, "attrs": …, "parents": …, "derives":
 * …}, of the facts in force; what it was given, without what it inherits. Valid until the session
 * is used again. ZTP_NOT_FOUND: no such type, or no such entity is stored. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_session_entity_json(ztp_session* session, ztp_text type,
                                                        ztp_text id, ztp_text* json);

/* ---- Values ---- */

/* Pinned; new ones come behind. */
typedef uint32_t ztp_kind;
enum {
  ZTP_MISSING = 0, /* not there: of an optional parameter, field or input */
  ZTP_UNKNOWN = 1, /* should be there and is not known: what depends on it denies */
  ZTP_BOOL = 2,
  ZTP_INT = 3,
  ZTP_DECIMAL = 4,  /* thousand-millionths */
  ZTP_TIME = 5,     /* microseconds since 1970 */
  ZTP_DURATION = 6, /* microseconds */
  /* A String, or any value that has a text form, read by the type that is wanted: Version,
   * HexVersion, Ip, Cidr, Digest, SpiffeId, Glob, an enum's value, a chain's element, "10m",
   * "2026-11-23T12:00:00Z", "1.5". */
  ZTP_STRING = 7,
  ZTP_ENTITY = 8, /* items[0] its type, items[1] its id, both ZTP_STRING */
  ZTP_LIST = 9,   /* items, of a List, a Set or a lattice of sets */
  ZTP_MAP = 10, /* 2 * size items: key, value, key, value …; of a Map, a record or a product lattice
                   (keys are ZTP_STRING: fields, parts) */
  ZTP_FLOAT = 11 /* of a Decimal: exact, or an error */
};

typedef struct ztp_value {
  ztp_kind kind;
  uint32_t size; /* of a string: its bytes; of a list: its items; of a map: its entries */
  union {
    int64_t number; /* ZTP_BOOL: 0 or 1 */
    double real;
    const char* text;
    const struct ztp_value* items;
  } as;
} ztp_value;

/* ---- Sessions: a thread's working memory ---- */

/* Holds the engine. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_session_new(ztp_engine* engine, ztp_session** session);
ZTP_API void ztp_session_free(ztp_session* session);

/* ---- Requests ---- */

/* A request of one action that is bound once and decided often. What is set stays set. When policy
 * or facts change, the next decision binds it to those by its names. Those of [realtime] here
 * allocate only where a text is longer than any before. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_request_new(ztp_session* session, ztp_text action,
                                                ztp_request** request);
ZTP_API void ztp_request_free(ztp_request* request);

/* ZTP_BAD_REQUEST: the action is not for that type. [realtime] */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_principal(ztp_request* request, ztp_text type, ztp_text id);
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_resource(ztp_request* request, ztp_text type, ztp_text id);
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_principal_ref(ztp_request* request, ztp_entity_ref ref);
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_resource_ref(ztp_request* request, ztp_entity_ref ref);
/* Of a type declared `carried`: {"type": …, "id": …, "properties": {…}}. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_principal_json(ztp_request* request, ztp_text json);
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_resource_json(ztp_request* request, ztp_text json);

/* A parameter or input. ZTP_BAD_REQUEST: the action has none of that name, or it is of another
 * type; ZTP_NOT_PROVEN: it is proven, and the engine was not made with ZTP_ASSUME_PROVEN.
 * [realtime] */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_bool(ztp_request* request, ztp_attr attr, bool value);
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_int(ztp_request* request, ztp_attr attr, int64_t value);
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_time(ztp_request* request, ztp_attr attr, int64_t value);
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_duration(ztp_request* request, ztp_attr attr,
                                                 int64_t value);
/* In thousand-millionths. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_decimal(ztp_request* request, ztp_attr attr, int64_t value);
/* As ZTP_STRING of ztp_value. Allocates for a digest with upper-case digits, and for an entity
 * whose id has escapes. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_text(ztp_request* request, ztp_attr attr, ztp_text value);
/* Any value; ZTP_MISSING and ZTP_UNKNOWN too. Allocates. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_value(ztp_request* request, ztp_attr attr,
                                              const ztp_value* value);
/* Any value as JSON, as requests have it. Allocates. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_json(ztp_request* request, ztp_attr attr, ztp_text json);
/* Fills a proven input from a proof, which the request holds: what it proves counts from the next
 * decision on, as long as the proof does and is about what the input is `proven for`; else the
 * input is unbound, and the decision's JSON says why. ZTP_REFUSED: its source may not prove this
 * input; ZTP_MISUSE: the engine uses no trust. Allocates only where more is set than ever before,
 * and the decision that binds it nothing that is no larger than before. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_evidence(ztp_request* request, ztp_attr input,
                                                 const ztp_proof* proof);
/* As if it had never been set: a default, or missing. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_unset(ztp_request* request, ztp_attr attr);
/* The obligations that the caller can carry out: a permit with any other does not allow. Names that
 * the policy does not have are fine. At first: all. Allocates. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_can(ztp_request* request, const ztp_text* obligations,
                                            size_t count);
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_can_all(ztp_request* request);
/* When what the request is made of ends, as the certificate, token or session that named its
 * principal does: at that time and after it nothing is permitted, and no decision is valid longer.
 * Microseconds since 1970-01-01T00:00:00Z; INT64_MAX, as it is at first: never. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_set_valid_until(ztp_request* request, int64_t until);

/* ---- Leases ---- */

/* "Still allowed". Its fields are the library's. It may be copied, and outlive everything, the
 * engine too. */
typedef struct ztp_lease {
  const uint64_t* generation_now;
  uint64_t generation;
  const void* page;
  uint64_t epoch;
  int64_t latest;      /* the latest time it was asked at */
  int64_t valid_until; /* it holds before; INT64_MIN: it is void */
} ztp_lease;

/* Does what allowed then hold at `now`? Not when its time is up; when policy or facts have changed,
 * or leases were revoked, since; when the engine and its sessions were freed; when the epoch page
 * is torn, halted or not kept up; when `now` is earlier than at the last check, as a clock that
 * goes back may not prolong anything. Once it does not hold it never does again. One thread's at a
 * time: each takes a copy. [realtime] */
ZTP_API bool ztp_lease_check(ztp_lease* lease, int64_t now);
/* The same at ztp_now(). */
ZTP_API bool ztp_lease_check_now(ztp_lease* lease);

/* ---- Decisions ---- */

struct ztp_decision {
  size_t struct_size; /* in: sizeof(ztp_decision) */
  bool allow;         /* false in every case of doubt and error */
  bool on_unknown;    /* a denial because something is not known: ztp_decision_unknown says what */
  bool limit;         /* a denial because the step budget or memory was spent */
  bool halted;        /* a denial because the epoch page is halted, torn, or was not kept up */
  uint32_t rules;     /* how many decided */
  uint32_t obligations;
  uint32_t reserved;
  int64_t decided_at;
  int64_t valid_until; /* the first instant at which it may be another */
  ztp_lease lease;     /* void unless allowed */
  uint64_t generation; /* of the engine: which policy and facts it was decided by */
  const ztp_session* session;
  uint64_t serial; /* of the session's decision */
};
#define ZTP_DECISION_INIT                                                                        \
  {                                                                                              \
    sizeof(ztp_decision), false, false, false, false, 0, 0, 0, 0, 0, {0, 0, 0, 0, 0, INT64_MIN}, \
        0, 0, 0                                                                                  \
  }

/* Decides the request by the policy and facts in force, at `now`. `decision` is a denial whenever
 * there is an error. ZTP_BAD_REQUEST: principal, resource or a required parameter is not set, or
 * the policy in force no longer fits the request. [realtime] unless something was set or came into
 * force since the last call; binding allocates only what is larger than before. An action whose
 * permits run regular expressions on the request's texts is not realtime (`ztp build` says which).
 */
ZTP_API ZTP_MUST_USE ztp_error* ztp_decide(ztp_request* request, int64_t now,
                                           ztp_decision* decision);

/* More about a decision. Only until its session decides again: ZTP_STALE afterwards. Texts are
 * valid as long. */

typedef struct ztp_rule {
  size_t struct_size; /* in */
  ztp_text name;      /* package and name */
  ztp_text because;   /* may be empty */
  ztp_text file;      /* where it was compiled from */
  uint32_t line;
  bool forbid;
} ztp_rule;
#define ZTP_RULE_INIT \
  { sizeof(ztp_rule), {0, 0}, {0, 0}, {0, 0}, 0, false }

/* The index-th rule that decided, in source order. ZTP_NOT_FOUND: there are fewer. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_decision_rule(const ztp_decision* decision, size_t index,
                                                  ztp_rule* rule);

typedef struct ztp_obligation {
  size_t struct_size; /* in */
  ztp_text name;
  size_t args;
  const ztp_text* arg_names;
  const ztp_value* arg_values; /* scalars without a number form come as their text */
} ztp_obligation;
#define ZTP_OBLIGATION_INIT \
  { sizeof(ztp_obligation), {0, 0}, 0, 0, 0 }

/* The index-th thing that the caller must do because it was allowed. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_decision_obligation(const ztp_decision* decision, size_t index,
                                                        ztp_obligation* obligation);
/* The index-th fact that is missing, sorted: an input's name, `Team::"vision"`, "overflow", "host".
 * ZTP_NOT_FOUND: there are fewer. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_decision_unknown(const ztp_decision* decision, size_t index,
                                                     ztp_text* name);
/* The decision as JSON, one line: AuthZEN's answer with `context`; with `explain` each rule in
 * scope with its clauses too, for which the request must not have been changed since. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_decision_json(const ztp_decision* decision, bool explain,
                                                  ztp_text* json);

/* A request as AuthZEN JSON in, a decision as JSON out. A request that cannot be read is answered
 * with a denial that says why, in *answer, and is no error; its decision's `session` is NULL.
 * `decision` may be NULL. `answer` is valid until the session is used again. Allocates nothing once
 * it has seen requests as large. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_decide_json(ztp_session* session, ztp_text request, int64_t now,
                                                bool explain, ztp_decision* decision,
                                                ztp_text* answer);

/* ---- HTTP requests: by the `route` blocks of the policy ---- */

typedef struct ztp_http_header {
  ztp_text name; /* in any case */
  ztp_text value;
} ztp_http_header;

/* Of ztp_http_request.flags; pinned. */
enum {
  ZTP_HTTP_BODY_PARTIAL = 1,  /* `body` is cut off, or was not handed over though there is one */
  ZTP_HTTP_HEADERS_JOINED = 2 /* headers of one name may have become one, with commas between */
};

/* A request as it came; all of it is text that a client may have chosen, but what is said of the
 * peer. Texts that are not known are empty. */
typedef struct ztp_http_request {
  size_t struct_size; /* in */
  ztp_text method;
  ztp_text scheme;
  ztp_text authority;
  ztp_text path; /* the target, with its query */
  const ztp_http_header* headers;
  size_t header_count;
  ztp_text body;
  /* Of the certificate with which the peer authenticated itself to whoever hands this over: what
   * stands here is believed. */
  ztp_text peer_spiffe;
  ztp_text peer_certificates; /* PEM, its own first */
  ztp_text source_ip;         /* without a port */
  uint32_t flags;
} ztp_http_request;
#define ZTP_HTTP_REQUEST_INIT                                                               \
  {                                                                                         \
    sizeof(ztp_http_request), {0, 0}, {0, 0}, {0, 0}, {0, 0}, 0, 0, {0, 0}, {0, 0}, {0, 0}, \
        {0, 0}, 0                                                                           \
  }

/* The request that the policy's routes make of an HTTP request, as JSON for ztp_decide_json, and
 * the name of the route, with its package. Both are valid until the next ztp_route with the
 * session. Every error is a denial: ZTP_NOT_FOUND: no route takes it; ZTP_BAD_REQUEST: what its
 * route needs, or its action (a parameter without a default), is missing, comes twice, is cut off,
 * or could be read in two ways; ZTP_REFUSED: evidence that the principal is made of. Whether what
 * is there has the type that the policy declares, ztp_decide_json says. `now` is for evidence.
 * Allocates. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_route(ztp_session* session, const ztp_http_request* http,
                                          int64_t now, ztp_text* route, ztp_text* request);
/* How many routes the policy has, one of several callers as often; whether one of them reads
 * bodies, so that they must be handed over. [realtime] */
ZTP_API size_t ztp_policy_routes(const ztp_policy* policy);
ZTP_API bool ztp_policy_reads_bodies(const ztp_policy* policy);

/* ---- Batches: many requests of one action ---- */

typedef struct ztp_batch ztp_batch;

/* `rows` requests that are like `shared`, as it is now, but for what a column gives: principal,
 * resource and required parameters may be left out there. By the policy and facts in force now,
 * whatever comes after. What evidence proves (ztp_set_evidence) counts in the rows that are about
 * what the input is `proven for`. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_new(ztp_request* shared, size_t rows, ztp_batch** batch);
ZTP_API void ztp_batch_free(ztp_batch* batch);

/* Columns. `count` must be the batch's rows. What is given need not outlive the call. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_principals(ztp_batch* batch, ztp_text type,
                                                     const ztp_text* ids, size_t count);
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_resources(ztp_batch* batch, ztp_text type,
                                                    const ztp_text* ids, size_t count);
/* Bool, Int, Decimal (thousand-millionths), Time and Duration (microseconds). */
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_numbers(ztp_batch* batch, ztp_attr attr,
                                                  const int64_t* numbers, size_t count);
/* As ZTP_STRING of ztp_value. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_texts(ztp_batch* batch, ztp_attr attr,
                                                const ztp_text* texts, size_t count);
/* Row i has values[codes[i]]; with `codes` NULL, values[i]. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_values(ztp_batch* batch, ztp_attr attr,
                                                 const ztp_value* values, size_t value_count,
                                                 const uint32_t* codes, size_t count);

/* A proven input by row: row i has what proofs[codes[i]] proves, with `codes` NULL what proofs[i]
 * does. NULL among the proofs: nothing. They are held by the batch. As with ztp_set_evidence, what
 * a proof says counts while it does, in rows that it is about. ZTP_REFUSED: a proof's source may
 * not prove this input; ZTP_MISUSE: the engine uses no trust. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_evidence(ztp_batch* batch, ztp_attr input,
                                                   const ztp_proof* const* proofs,
                                                   size_t proof_count, const uint32_t* codes,
                                                   size_t count);

/* A column of Arrow's C data interface, read where it lies. Text and string views, dictionaries,
 * Booleans, integers, floating point, decimals of 32, 64 and 128 bits, timestamps and durations of
 * every unit; a null, and each row of a column of type null, is ZTP_MISSING. The caller still owns
 * schema and array. */
struct ArrowSchema;
struct ArrowArray;
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_arrow_principals(ztp_batch* batch, ztp_text type,
                                                           const struct ArrowSchema* schema,
                                                           const struct ArrowArray* array);
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_arrow_resources(ztp_batch* batch, ztp_text type,
                                                          const struct ArrowSchema* schema,
                                                          const struct ArrowArray* array);
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_arrow(ztp_batch* batch, ztp_attr attr,
                                                const struct ArrowSchema* schema,
                                                const struct ArrowArray* array);

/* Where the answers go: an entry a row, or NULL where one is not asked for. */
typedef struct ztp_answers {
  size_t struct_size;  /* sizeof(ztp_answers) */
  uint8_t* allow;      /* 1 or 0 */
  uint8_t* on_unknown; /* 1: a denial because something is not known */
  int64_t* valid_until;
  uint32_t* rule;        /* the first that decided, for ztp_batch_rule; UINT32_MAX: none did */
  uint32_t* obligations; /* how many things the caller must do because the row is allowed */
} ztp_answers;
#define ZTP_ANSWERS_INIT \
  { sizeof(ztp_answers), 0, 0, 0, 0, 0 }

/* Decides every row. Each answer is what ztp_decide says of the row as a request of its own, but
 * for one case: nobody would see what a row obliges to where `obligations` is not asked for and
 * ztp_set_can has not said, before the batch was made, what the caller carries out for every row;
 * there a row with any obligation is not allowed. What they are says ztp_decide of that row. On an
 * error no row is allowed; so too, with ZTP_NO_MEMORY, once a column could not be set for want of
 * memory. `lease` (may be NULL) is one for all rows that were allowed: check it, since the batch
 * goes on by what was in force when it was made. ZTP_STALE: facts that it goes on by have proofs
 * that may have been voided since: make it anew. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_decide(ztp_batch* batch, int64_t now,
                                                 const ztp_answers* answers, ztp_lease* lease);
/* A rule of the batch's policy. Its texts are valid as long as the batch. */
ZTP_API ZTP_MUST_USE ztp_error* ztp_batch_rule(const ztp_batch* batch, uint32_t rule,
                                               ztp_rule* out);

#ifdef __cplusplus
}
#endif

#endif /* ZTP_H_ */
