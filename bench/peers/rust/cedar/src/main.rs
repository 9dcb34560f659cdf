//! Cedar on the generated workloads: policies, entities and requests parsed beforehand, without a schema (validating a
//! request against one costs more), one Authorizer for all.
//!
//! `sliced` is what Cedar's documentation leaves to the host: an index of the policies by the groups in their scopes,
//! from which each request takes a policy set of its own. The index here is as good as a host can make it with the
//! crate's public interface, which clones each policy into the set.

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid, Policy, PolicySet,
    PrincipalConstraint, Request, ResourceConstraint,
};
use harness::{allocations, arguments, check, counted, measure, scaling, Workload};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::str::FromStr;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: harness::CountingAllocator = harness::CountingAllocator;

const VERSION: &str = "4.14.1"; // as pinned in Cargo.toml

fn uid(value: &Value) -> EntityUid {
    let text = |member: &str| value[member].as_str().expect("a type and an id");
    let type_name = EntityTypeName::from_str(text("type")).expect("a type's name");
    EntityUid::from_type_name_and_id(type_name, EntityId::new(text("id")))
}

fn request(line: &str) -> Request {
    let value: Value = serde_json::from_str(line).expect("a request");
    let context = Context::from_json_value(value["context"].clone(), None).expect("a context");
    Request::new(uid(&value["principal"]), uid(&value["action"]), uid(&value["resource"]), context, None)
        .expect("a request")
}

struct Subject {
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
    authorizer: Authorizer,
}

impl Subject {
    fn allows(&self, i: usize) -> bool {
        let response = self.authorizer.is_authorized(&self.requests[i], &self.policies, &self.entities);
        response.decision() == Decision::Allow
    }
}

/// Policies by the group that the scope asks of the principal and of the resource.
struct Slices {
    by_scope: HashMap<(Option<EntityUid>, Option<EntityUid>), Vec<Policy>>,
}

impl Slices {
    fn new(policies: &PolicySet) -> Slices {
        let mut by_scope: HashMap<_, Vec<Policy>> = HashMap::new();
        for policy in policies.policies() {
            let principal = match policy.principal_constraint() {
                PrincipalConstraint::Eq(e) | PrincipalConstraint::In(e) | PrincipalConstraint::IsIn(_, e) => Some(e),
                _ => None,
            };
            let resource = match policy.resource_constraint() {
                ResourceConstraint::Eq(e) | ResourceConstraint::In(e) | ResourceConstraint::IsIn(_, e) => Some(e),
                _ => None,
            };
            by_scope.entry((principal, resource)).or_default().push(policy.clone());
        }
        Slices { by_scope }
    }

    fn of(&self, request: &Request, entities: &Entities) -> PolicySet {
        let groups = |of: &EntityUid| {
            let ancestors = entities.ancestors(of).into_iter().flatten().cloned();
            [None, Some(of.clone())].into_iter().chain(ancestors.map(Some)).collect::<Vec<_>>()
        };
        let resources = groups(request.resource().expect("a resource"));
        let mut slice = PolicySet::new();
        for principal in groups(request.principal().expect("a principal")) {
            for resource in &resources {
                for policy in self.by_scope.get(&(principal.clone(), resource.clone())).into_iter().flatten() {
                    slice.add(policy.clone()).expect("each policy is in one slice");
                }
            }
        }
        slice
    }
}

fn main() {
    let arguments = arguments();
    let budget = arguments.budget;
    let mut failed = false;
    for folder in &arguments.folders {
        let workload = Workload::open(folder);
        let text = workload.text("cedar/policies.cedar");
        let begin = Instant::now();
        let (policies, _, policy_bytes) = counted(|| PolicySet::from_str(&text).expect("policies"));
        let load = begin.elapsed();
        let entities = Entities::from_json_str(&workload.text("cedar/entities.json"), None).expect("entities");
        let lines = workload.lines("cedar/requests.jsonl");
        let requests: Vec<Request> = lines.iter().map(|line| request(line)).collect();
        let subject = Subject { policies, entities, requests, authorizer: Authorizer::new() };
        let count = lines.len();
        let (checked, wrong) = check(&workload, budget, |i| subject.allows(i));
        let mut out = json!({"engine": "cedar", "version": VERSION, "workload": workload.name, "checked": checked,
                             "wrong": wrong});
        failed |= wrong > 0;
        if wrong == 0 {
            out["allocations"] = json!(allocations(count, |i| subject.allows(i)));
            out["evaluate"] = measure(count, budget, |i| subject.allows(i));
            // A request as text each time; policies and entities stay parsed.
            out["json"] = measure(count, budget, |i| {
                let response =
                    subject.authorizer.is_authorized(&request(&lines[i]), &subject.policies, &subject.entities);
                json!({"decision": response.decision() == Decision::Allow,
                       "reason": response.diagnostics().reason().map(|id| id.to_string()).collect::<Vec<_>>()})
                .to_string()
            });
            let slices = Slices::new(&subject.policies);
            let sliced = |i: usize| {
                let slice = slices.of(&subject.requests[i], &subject.entities);
                subject.authorizer.is_authorized(&subject.requests[i], &slice, &subject.entities).decision()
                    == Decision::Allow
            };
            let (_, wrong_slices) = check(&workload, budget, sliced);
            assert_eq!(wrong_slices, 0, "a slice decides as the whole does");
            out["sliced"] = measure(count, budget, sliced);
            out["threads"] = scaling(count, budget, |i| subject.allows(i));
            out["load_ms"] = json!(load.as_secs_f64() * 1e3);
            out["policy_bytes"] = json!(policy_bytes);
        }
        println!("{out}");
    }
    std::process::exit(failed as i32);
}
