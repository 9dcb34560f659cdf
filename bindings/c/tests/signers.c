/* Signed policies and facts. Who signs here is no part of ztp: fifty lines over OpenSSL, by what
 * DSSE and in-toto say. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stddef.h>
#include <unistd.h>

#include "check.h"
#include "ztp_compile.h"

static size_t base64(const void* bytes, size_t size, char* out) {
  return (size_t)EVP_EncodeBlock((unsigned char*)out, bytes, (int)size);
}

/* Writes PATH.sig: the key's signature that `bytes` are that version of what `path` is named. */
static void sign(EVP_PKEY* key, const char* path, const void* bytes, size_t size, int version) {
  const char* kind = "application/vnd.in-toto+json";
  const char* name = strrchr(path, '/') + 1;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned char signature[64];
  unsigned digest_size = 0;
  size_t signature_size = sizeof(signature), i;
  char hex[65], statement[1024], pae[1200], envelope[4096], file[512];
  char *at = envelope;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  CHECK(EVP_Digest(bytes, size, digest, &digest_size, EVP_sha256(), NULL) == 1);
  for (i = 0; i < 32; ++i) sprintf(hex + 2 * i, "%02x", digest[i]);
  sprintf(statement,
          "{\"_type\": \"https://in-toto.io/Statement/v1\", \"subject\": [{\"name\": \"%s\", "
          "\"digest\": {\"sha256\": \"%s\"}}], \"predicateType\": \"urn:ztp:signed-file:v1\", "
          "\"predicate\": {\"version\": %d, \"issued\": \"2026-01-01T00:00:00Z\", \"expires\": "
          "\"2126-01-01T00:00:00Z\"}}",
          name, hex, version);
  sprintf(pae, "DSSEv1 %zu %s %zu %s", strlen(kind), kind, strlen(statement), statement);
  CHECK(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestSign(context, signature, &signature_size, (unsigned char*)pae, strlen(pae)) == 1);
  EVP_MD_CTX_free(context);
  at += sprintf(at, "{\"payloadType\": \"%s\", \"payload\": \"", kind);
  at += base64(statement, strlen(statement), at);
  at += sprintf(at, "\", \"signatures\": [{\"sig\": \"");
  at += base64(signature, signature_size, at);
  at += sprintf(at, "\"}]}");
  sprintf(file, "%s.sig", path);
  write_file(file, envelope, (size_t)(at - envelope));
}

static char* public_pem_of(EVP_PKEY* key) {
  char* pem = calloc(1, 1024);
  BIO* out = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_PUBKEY(out, key) == 1 && BIO_read(out, pem, 1023) > 0);
  BIO_free(out);
  return pem;
}

void test_signers(const char* folder) {
  char* policy_path = path_in(folder, "signed.ztpb");
  char* facts_path = path_in(folder, "signed.json");
  char* state_path = path_in(folder, "signed.state");
  char* signature_path = path_in(folder, "signed.ztpb.sig");
  EVP_PKEY* key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  EVP_PKEY* stranger = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  char* pem = public_pem_of(key);
  const ztp_text keys = text_of(pem), path = text_of(policy_path), facts_paths[] = {text_of(facts_path)};
  const ztp_text nothing = {NULL, 0};
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  ztp_facts_options taking = ZTP_FACTS_OPTIONS_INIT;
  ztp_signers *signers = NULL, *other = NULL;
  ztp_bundle* bundle = NULL;
  ztp_policy* policy = NULL;
  ztp_facts* facts = NULL;
  ztp_engine* engine = NULL;
  ztp_error* error;
  ztp_problem problem = ZTP_PROBLEM_INIT;
  ztp_source source;
  ztp_text bytes;

  source.name = ZTP_TEXT("signed.ztp");
  source.text = text_of(shared_policy);
  WORKS(ztp_compile(&source, 1, &bundle));
  bytes = ztp_bundle_bytes(bundle);
  write_file(policy_path, bytes.data, bytes.size);
  write_file(facts_path, "[]", 2);
  unlink(state_path);
  unlink(signature_path);

  FAILS(ZTP_REFUSED, ztp_signers_new(ZTP_TEXT("no key"), 1, nothing, &signers));
  FAILS(ZTP_BAD_TRUST, ztp_signers_new(keys, 2, nothing, &signers));
  FAILS(ZTP_BAD_TRUST, ztp_signers_new(keys, 0, nothing, &signers));
  FAILS(ZTP_BAD_TRUST, ztp_signers_new(keys, 1, path, &signers)); /* which is no state */
  FAILS(ZTP_MISUSE, ztp_signers_new(keys, 1, nothing, NULL));
  CHECK(signers == NULL);
  WORKS(ztp_signers_new(keys, 1, text_of(state_path), &signers));
  taking.signers = signers;

  FAILS_SAYING(ZTP_NOT_FOUND, "signed.ztpb.sig", ztp_signers_open_policy(signers, path, &policy));
  sign(stranger, policy_path, bytes.data, bytes.size, 7);
  error = ztp_signers_open_policy(signers, path, &policy);
  CHECK(ztp_error_code(error) == ZTP_REFUSED && ztp_error_problem(error, 0, &problem) &&
        text_is(problem.id, "signature"));
  ztp_error_free(error);
  CHECK(policy == NULL);
  sign(key, policy_path, bytes.data, bytes.size, 7);
  WORKS(ztp_signers_open_policy(signers, path, &policy));
  sign(key, facts_path, "[ ]", 3, 1);
  FAILS_SAYING(ZTP_REFUSED, "content",
               ztp_facts_load_with(policy, facts_paths, 1, &taking, &facts));
  sign(key, facts_path, "[]", 2, 1);
  WORKS(ztp_facts_load_with(policy, facts_paths, 1, &taking, &facts));
  ztp_facts_free(facts);

  /* An engine takes nothing else, neither when it is made nor later. */
  options.signers = signers;
  WORKS(ztp_engine_load(path, facts_paths, 1, &options, &engine));
  WORKS(ztp_engine_reload(engine));
  sign(key, policy_path, bytes.data, bytes.size, 6);
  FAILS_SAYING(ZTP_REFUSED, "version", ztp_engine_reload(engine));
  sign(key, policy_path, bytes.data, bytes.size, 8);
  WORKS(ztp_engine_reload(engine));
  ztp_engine_free(engine);
  /* What was taken is remembered by whoever has the same state. */
  WORKS(ztp_signers_new(keys, 1, text_of(state_path), &other));
  sign(key, policy_path, bytes.data, bytes.size, 7);
  options.signers = other;
  FAILS_SAYING(ZTP_REFUSED, "version", ztp_engine_load(path, facts_paths, 1, &options, &engine));
  ztp_signers_free(other);
  /* Options of a program that was made before there were signers. */
  options.struct_size = offsetof(ztp_engine_options, trust);
  WORKS(ztp_engine_load(path, facts_paths, 1, &options, &engine));
  ztp_engine_free(engine);

  {
    ztp_policy* wrong = policy;
    FAILS(ZTP_MISUSE, ztp_signers_open_policy((ztp_signers*)(void*)wrong, path, &policy));
    ztp_policy_free(wrong);
  }
  /* Files that are copied may be cut off in place: what was mapped would end the program. */
  {
    ztp_engine_options copying = ZTP_ENGINE_OPTIONS_INIT;
    ztp_session* session = NULL;
    ztp_text answer;
    copying.flags = ZTP_COPY_FILES;
    WORKS(ztp_engine_load(path, facts_paths, 1, &copying, &engine));
    write_file(policy_path, "", 0);
    FAILS(ZTP_BAD_POLICY, ztp_engine_reload(engine));
    WORKS(ztp_session_new(engine, &session));
    WORKS(ztp_decide_json(session, ZTP_TEXT("{}"), ztp_now(), false, NULL, &answer));
    CHECK(text_contains(answer, "\"decision\":false"));
    ztp_session_free(session);
    ztp_engine_free(engine);
    write_file(policy_path, bytes.data, bytes.size);
  }

  FAILS(ZTP_MISUSE, ztp_signers_open_policy(signers, path, NULL));
  FAILS(ZTP_MISUSE, ztp_signers_open_policy(NULL, path, &policy));
  WORKS(ztp_policy_open(path, &policy));
  taking.signers = (ztp_signers*)(void*)policy;
  FAILS(ZTP_MISUSE, ztp_facts_load_with(policy, facts_paths, 1, &taking, &facts));
  REFUSES((ztp_signers_free(NULL), 1));
  ztp_policy_free(policy);
  ztp_signers_free(signers);
  ztp_bundle_free(bundle);
  EVP_PKEY_free(key);
  EVP_PKEY_free(stranger);
  free(pem);
  free(policy_path);
  free(facts_path);
  free(state_path);
  free(signature_path);
}
