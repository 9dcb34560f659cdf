// A schema with a type, attribute or input of every shape that JSON can have: what the JSON tests
// go by.
#pragma once

#include <string>
#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/base/schema.h"

namespace ztp {

struct JsonTestSchema {
  Schema schema;

  EnumId tag, level, region;
  LatticeId chain, tags, regions, label;
  EntityTypeId team, workload, dataset, model, agent, tenant, bare;
  TypeId team_type, workload_type, any_type, record;

  JsonTestSchema() {
    TypeTable& t = schema.types;
    auto add_enum = [&](std::string name, std::vector<std::string> values) {
      schema.enums.push_back({"acme", std::move(name), std::move(values)});
      return EnumId{static_cast<uint32_t>(schema.enums.size() - 1)};
    };
    tag = add_enum("Tags", {"pii", "phi"});
    level = add_enum("Sensitivity", {"public", "internal", "restricted"});
    region = add_enum("Regions", {"eu", "us", "ap"});
    auto add_lattice = [&](std::string name, LatticeType::Kind kind, EnumId elements, int bits) {
      LatticeType lattice;
      lattice.package = "acme";
      lattice.name = std::move(name);
      lattice.kind = kind;
      lattice.elements = elements;
      lattice.bits = static_cast<uint16_t>(bits);
      schema.lattices.push_back(std::move(lattice));
      return LatticeId{static_cast<uint32_t>(schema.lattices.size() - 1)};
    };
    chain = add_lattice("Sensitivity", LatticeType::Kind::kChain, level, 2);
    tags = add_lattice("Tags", LatticeType::Kind::kPowerSet, tag, 2);
    regions = add_lattice("Regions", LatticeType::Kind::kDual, region, 3);
    label = add_lattice("Label", LatticeType::Kind::kProduct, EnumId{}, 7);
    schema.lattices[label.index].parts = {
        {"level", chain, 0}, {"tags", tags, 2}, {"regions", regions, 4}};

    auto add_entity = [&](std::string name) {
      EntityType entity;
      entity.package = "acme";
      entity.name = name;
      entity.json_name = std::move(name);
      schema.entities.push_back(std::move(entity));
      return EntityTypeId{static_cast<uint32_t>(schema.entities.size() - 1)};
    };
    team = add_entity("Team");
    workload = add_entity("Workload");
    dataset = add_entity("Dataset");
    model = add_entity("Model");
    agent = add_entity("Agent");
    tenant = add_entity("Tenant");
    bare = add_entity("Bare");
    team_type = t.Entity(team);
    workload_type = t.Entity(workload);
    any_type = t.Entities({team, workload});
    const TypeId string = t.Scalar(TypeKind::kString), boolean = t.Scalar(TypeKind::kBool);
    const TypeId integer = t.Scalar(TypeKind::kInt), time = t.Scalar(TypeKind::kTime);
    record = t.Record({Field{.name = "a", .type = integer},
                       Field{.name = "b", .type = string, .optional = true},
                       Field{.name = "c", .type = boolean, .default_value = Value::Bool(true)}});

    auto attribute = [](std::string name, TypeId type, bool optional = false) {
      Attribute a;
      a.name = std::move(name);
      a.type = type;
      a.optional = optional;
      return a;
    };
    auto& entities = schema.entities;
    entities[team.index].parents = {team};
    entities[tenant.index].attributes = {attribute("name", string, true)};
    entities[workload.index].parents = {team, tenant};
    entities[workload.index].attributes = {
        attribute("spiffe", t.Scalar(TypeKind::kSpiffeId)),
        attribute("tenant", t.Entity(tenant), true),
        attribute("nets", t.Set(t.Scalar(TypeKind::kCidr)), true)};
    entities[workload.index].attributes[1].is_parent = true;
    Attribute hold = attribute("hold", boolean);
    hold.default_value = Value::Bool(false);
    Attribute attested = attribute("attested", record, true);
    attested.rank = Rank::kProven;
    Attribute digest = attribute("digest", t.Scalar(TypeKind::kDigest));
    digest.rank = Rank::kProven;
    entities[dataset.index].attributes = {attribute("label", t.Lattice(label)),
                                          attribute("owners", t.Set(team_type)),
                                          attribute("until", time, true), hold, attested};
    entities[dataset.index].attributes[0].inherit = Inherit::kJoin;
    Attribute inherited = attribute("label", t.Lattice(label));
    inherited.inherit = Inherit::kJoin;
    entities[model.index].derives = {model, dataset};
    entities[model.index].attributes = {inherited, digest};
    entities[agent.index].carried = Carried::kClaimed;
    entities[agent.index].attributes = {attribute("purpose", string),
                                        attribute("tenant", t.Entity(tenant), true)};
    entities[agent.index].attributes[1].is_parent = true;

    auto input = [&](std::string name, TypeId type, Rank rank) {
      Input i;
      i.package = "acme";
      i.name = std::move(name);
      i.type = type;
      i.rank = rank;
      schema.inputs.push_back(std::move(i));
    };
    input("source_ip", t.Scalar(TypeKind::kIp), Rank::kVouched);
    input("device", record, Rank::kProven);
    input("nonce", integer, Rank::kProven);

    Param purpose{"purpose", string, Rank::kClaimed, false, std::nullopt};
    Param rounds{"rounds", integer, Rank::kClaimed, true, std::nullopt};
    Param size{"size", integer, Rank::kClaimed, false, Value::Int(1)};
    schema.actions.push_back(
        {"acme", "train", "train", {workload, agent}, {dataset, model}, {purpose, rounds, size}});
    schema.actions.push_back({"acme", "chat", "chat.completions", {agent}, {agent, model}, {}});
    schema.obligations.push_back(
        {"acme",
         "audit",
         "audit",
         {{"level", string, Rank::kVouched, false, std::nullopt},
          {"taint", t.Lattice(label), Rank::kVouched, false, std::nullopt}}});
    schema.obligations.push_back({"acme", "notify", "notify", {}});
    schema.root_package = "acme";
  }
};

}  // namespace ztp
