// SignModel: see oms.h.
#include <algorithm>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/oms.h"
#include "engine/evidence/statement.h"
#include "engine/facts/json_sink.h"

namespace ztp::evidence {
namespace {

std::string WriteModelStatement(const ModelManifest& manifest) {
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":");
  sink.PutText(manifest.name);
  sink.Put(",\"digest\":{\"sha256\":\"");
  sink.PutPlain(ModelDigest(manifest.files));
  sink.Put("\"}}],\"predicateType\":\"");
  sink.PutPlain(kOmsPredicateType);
  sink.Put("\",\"predicate\":{\"serialization\":{\"method\":\"files\",\"hash_type\":\"sha256\",");
  sink.Put("\"allow_symlinks\":false,\"ignore_paths\":[");
  for (size_t i = 0; i < manifest.ignored.size(); ++i) {
    if (i != 0) sink.Put(',');
    sink.PutText(manifest.ignored[i]);
  }
  sink.Put("]},\"resources\":[");
  for (size_t i = 0; i < manifest.files.size(); ++i) {
    if (i != 0) sink.Put(',');
    sink.Put("{\"name\":");
    sink.PutText(manifest.files[i].name);
    sink.Put(",\"algorithm\":\"sha256\",\"digest\":\"");
    sink.PutPlain(manifest.files[i].sha256);
    sink.Put("\"}");
  }
  sink.Put("]}}");
  sink.Flush();
  return out;
}

}  // namespace

std::string SignModel(ModelManifest manifest, const DocumentSigner& key) {
  std::sort(manifest.files.begin(), manifest.files.end(),
            [](const ModelFile& a, const ModelFile& b) { return ModelPathLess(a.name, b.name); });
  const std::string payload = WriteModelStatement(manifest);
  const std::string signature = key.Sign(DssePae(kStatementPayloadType, payload));
  if (signature.empty()) return {};
  const std::string hint = Sha256Digest(PemOf(key.public_key())).substr(7);
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"mediaType\":\"");
  sink.PutPlain(kSigstoreBundleType);
  sink.Put("\",\"verificationMaterial\":{\"publicKey\":{\"hint\":\"");
  sink.PutPlain(hint);
  sink.Put("\"},\"tlogEntries\":[]},\"dsseEnvelope\":{\"payload\":\"");
  sink.PutPlain(EncodeBase64(payload));
  sink.Put("\",\"payloadType\":\"");
  sink.PutPlain(kStatementPayloadType);
  sink.Put("\",\"signatures\":[{\"sig\":\"");
  sink.PutPlain(EncodeBase64(signature));
  sink.Put("\",\"keyid\":\"\"}]}}");
  sink.Flush();
  return out;
}

}  // namespace ztp::evidence
