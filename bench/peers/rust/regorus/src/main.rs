//! regorus on the generated workloads: compiled once for its virtual machine, which is its fastest way, inputs parsed
//! beforehand. Limits on the length of a policy and on instructions are lifted as far as the crate lets one.

use harness::{allocations, arguments, check, counted, measure, Workload};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::utils::limits::PolicyLengthConfig;
use regorus::{Engine, Value};
use serde_json::json;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: harness::CountingAllocator = harness::CountingAllocator;

const VERSION: &str = "0.14.1"; // as pinned in Cargo.toml

fn vm_of(source: &str) -> Result<RegoVM, String> {
    let package = source.lines().find_map(|line| line.strip_prefix("package ")).ok_or("no package")?;
    let rule = format!("data.{package}.allow");
    let mut engine = Engine::new();
    engine.set_policy_length_config(PolicyLengthConfig {
        max_col: NonZeroU32::new(100_000).ok_or("zero")?,
        max_file_bytes: NonZeroUsize::new(1 << 28).ok_or("zero")?,
        max_lines: NonZeroUsize::new(1 << 24).ok_or("zero")?,
    });
    engine.add_policy("policy.rego".into(), source.into()).map_err(|error| error.to_string())?;
    let entry: Arc<str> = rule.as_str().into();
    let policy = engine.compile_with_entrypoint(&entry).map_err(|error| error.to_string())?;
    let program = Compiler::compile_from_policy(&policy, &[&rule]).map_err(|error| error.to_string())?;
    let mut vm = RegoVM::new();
    vm.load_program(program);
    vm.set_max_instructions(usize::MAX);
    Ok(vm)
}

fn allows(vm: &mut RegoVM, input: Value) -> bool {
    vm.set_input(input);
    vm.execute().map(|value| value == Value::from(true)).unwrap_or_else(|error| panic!("{error}"))
}

fn main() {
    let arguments = arguments();
    let budget = arguments.budget;
    let mut failed = false;
    for folder in &arguments.folders {
        let workload = Workload::open(folder);
        let source = workload.text("rego/policy.rego");
        let lines = workload.lines("rego/inputs.jsonl");
        let inputs: Vec<Value> = lines.iter().map(|line| Value::from_json_str(line).expect("an input")).collect();
        let mut out = json!({"engine": "regorus", "version": VERSION, "workload": workload.name});
        let begin = Instant::now();
        let (vm, _, policy_bytes) = counted(|| vm_of(&source));
        out["load_ms"] = json!(begin.elapsed().as_secs_f64() * 1e3);
        let mut vm = match vm {
            Ok(vm) => vm,
            Err(why) => {
                out["refused"] = json!(why);
                println!("{out}");
                continue;
            }
        };
        let (checked, wrong) = check(&workload, budget, |i| allows(&mut vm, inputs[i].clone()));
        out["checked"] = json!(checked);
        out["wrong"] = json!(wrong);
        failed |= wrong > 0;
        if wrong == 0 {
            let count = lines.len();
            out["allocations"] = json!(allocations(count, |i| allows(&mut vm, inputs[i].clone())));
            out["evaluate"] = measure(count, budget, |i| allows(&mut vm, inputs[i].clone()));
            out["json"] = measure(count, budget, |i| {
                let allowed = allows(&mut vm, Value::from_json_str(&lines[i]).expect("an input"));
                json!({"result": allowed}).to_string()
            });
            out["policy_bytes"] = json!(policy_bytes);
        }
        println!("{out}");
    }
    std::process::exit(failed as i32);
}
