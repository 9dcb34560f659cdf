// See kind_svid.h.
#include "engine/evidence/kind_svid.h"

namespace ztp::evidence {

const NormalForm* MakeSvidForm(std::string_view kind) {
  auto* made = new NormalForm;
  made->Record({{"id", made->Scalar(TypeKind::kSpiffeId)},
                {"kind", made->Enum("SvidKind", {kind})},
                {"hint", made->Scalar(TypeKind::kString), true}});
  return made;
}

Value MakeSvid(const NormalForm& form, std::string_view kind, const std::string& spiffe_id) {
  return form.Make({{"id", Value::SpiffeId(spiffe_id)},
                    {"kind", form.EnumValue(form.FieldType(form.type(), "kind"), kind)}});
}

}  // namespace ztp::evidence
