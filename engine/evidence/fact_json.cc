// See fact_json.h.
#include "engine/evidence/fact_json.h"

#include "engine/base/scalar_text.h"
#include "engine/evidence/kind.h"
#include "engine/facts/json_write_value.h"

namespace ztp::evidence {

std::string FactToJson(const ProvenFact& fact) {
  const NormalForm& form = fact.kind->form();
  nlohmann::ordered_json json;
  json["source"] = fact.source;
  json["kind"] = std::string(fact.kind->name);
  json["fact"] = ValueToJson(form.schema(), form.type(), fact.value);
  json["subjects"] = fact.subjects;
  if (!fact.issuer.empty()) json["issuer"] = fact.issuer;
  if (fact.issued_at) json["issued_at"] = FormatTime(*fact.issued_at);
  if (const auto end = EndOf(fact)) json["expires_at"] = FormatTime(*end);
  json["anchor"] = fact.anchor;
  json["digest"] = fact.digest;
  return DumpJson(json);
}

}  // namespace ztp::evidence
