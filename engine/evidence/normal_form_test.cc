// Which of a policy's types are a kind's normal form, and how a record of it becomes one of theirs.
#include "engine/evidence/normal_form.h"

#include <gtest/gtest.h>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::evidence {
namespace {

// { name: String, runner: { hosted, own }, tags: Set<runner>, at?: Time }
const NormalForm& Form() {
  static const NormalForm* const form = [] {
    auto* made = new NormalForm;
    const TypeId runner = made->Enum("Runner", {"hosted", "own"});
    made->Record({{"name", made->Scalar(TypeKind::kString)},
                  {"runner", runner},
                  {"tags", made->Set(runner)},
                  {"at", made->Scalar(TypeKind::kTime), true}});
    return made;
  }();
  return *form;
}

Value RecordOf(std::string_view runner, Value at = Value()) {
  const TypeId type = Form().FieldType(Form().type(), "runner");
  const Value value = Form().EnumValue(type, runner);
  return Form().Make(
      {{"name", Value::String("ci")},
       {"runner", value},
       {"tags", Value::Set({Form().EnumValue(type, "hosted"), Form().EnumValue(type, "own")})},
       {"at", at}});
}

// A policy's schema, to which a test adds the record that it wants.
class FormFitTest : public ::testing::Test {
 protected:
  FormFitTest() {
    policy_.enums.push_back({.package = "p", .name = "Kind", .values = {"own", "lent", "hosted"}});
    policy_.enums.push_back({.package = "p", .name = "Few", .values = {"hosted"}});
  }
  TypeId Text() { return policy_.types.Scalar(TypeKind::kString); }
  TypeId Kind() { return policy_.types.Enum(EnumId{0}); }
  static Field Of(std::string name, TypeId type, bool optional = false) {
    return Field{std::move(name), type, optional, std::nullopt};
  }
  // "fits", or why not.
  std::string Fit(std::vector<Field> fields) {
    const auto fit = FormFit::Make(Form(), policy_, policy_.types.Record(std::move(fields)));
    return fit.ok() ? "fits" : std::string(Message(fit.status()));
  }
  Schema policy_;
};

TEST_F(FormFitTest, APolicysOwnTypeFitsFieldByField) {
  const TypeId time = policy_.types.Scalar(TypeKind::kTime);
  EXPECT_EQ(Fit({Of("name", Text()), Of("runner", Kind()), Of("at", time, true)}), "fits");
  EXPECT_EQ(Fit({Of("name", Text())}), "fits") << "what a policy does not ask for is left out";
  EXPECT_EQ(Fit({Of("other", Text(), true)}), "fits") << "always missing, and may be";
  EXPECT_EQ(Fit({Of("other", Text())}), "field `other` is nothing that such evidence says");
  EXPECT_EQ(Fit({Of("name", time)}), "field `name` is a Time where such evidence has a String");
  EXPECT_EQ(Fit({Of("at", time)}), "field `at` must be there, but such evidence need not say it");
  EXPECT_EQ(Fit({Of("runner", policy_.types.Enum(EnumId{1}))}),
            "field `runner` is a Few, which has no value `own` that such evidence can have");
  EXPECT_EQ(Fit({Of("tags", policy_.types.Set(Text()))}),
            "field `tags.[]` is a String where such evidence has a Runner");
}

TEST_F(FormFitTest, NoRecordIsNone) {
  const auto fit = FormFit::Make(Form(), policy_, policy_.types.List(Text()));
  ASSERT_FALSE(fit.ok());
  EXPECT_EQ(Message(fit.status()).substr(0, 24), "it is a List<String> whe");
}

TEST_F(FormFitTest, ValuesAreWrittenAsThePolicyHasThem) {
  Field since = Of("at", policy_.types.Scalar(TypeKind::kTime));
  since.default_value = Value::OfTime(Time{7});
  // Sorted by name: at, name, runner, tags.
  const TypeId type = policy_.types.Record(
      {since, Of("name", Text()), Of("runner", Kind()), Of("tags", policy_.types.Set(Kind()))});
  const auto fit = FormFit::Make(Form(), policy_, type);
  ASSERT_TRUE(fit.ok());
  Value value;
  fit->Write(RecordOf("own"), &value);
  EXPECT_EQ(value, Value::Record({Value::OfTime(Time{7}), Value::String("ci"), Value::Enum(0),
                                  Value::Set({Value::Enum(0), Value::Enum(2)})}));
  // Over what was there before.
  fit->Write(RecordOf("hosted", Value::OfTime(Time{9})), &value);
  EXPECT_EQ(value, Value::Record({Value::OfTime(Time{9}), Value::String("ci"), Value::Enum(2),
                                  Value::Set({Value::Enum(0), Value::Enum(2)})}));
}

}  // namespace
}  // namespace ztp::evidence
