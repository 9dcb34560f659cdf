//! Decides one request by a bundle and facts from files, and works as long as its lease holds.
//!
//! usage: decide BUNDLE FACTS WORKLOAD DATASET PURPOSE      exit code: 0 allowed, 2 denied, 1 neither
use std::{env, fmt, process, ptr};

/// What of ztp.h is used here, by hand: as it is there, so no other crate is needed.
mod ffi {
    use std::ffi::c_void;

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Text {
        pub data: *const u8,
        pub size: usize,
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Attr {
        pub handle: u64,
    }
    #[repr(C)]
    pub struct Lease {
        pub generation_now: *const u64,
        pub generation: u64,
        pub page: *const c_void,
        pub epoch: u64,
        pub latest: i64,
        pub valid_until: i64,
    }
    #[repr(C)]
    pub struct Decision {
        pub struct_size: usize,
        pub allow: bool,
        pub on_unknown: bool,
        pub limit: bool,
        pub halted: bool,
        pub rules: u32,
        pub obligations: u32,
        pub reserved: u32,
        pub decided_at: i64,
        pub valid_until: i64,
        pub lease: Lease,
        pub generation: u64,
        pub session: *const Session,
        pub serial: u64,
    }
    #[repr(C)]
    pub struct Rule {
        pub struct_size: usize,
        pub name: Text,
        pub because: Text,
        pub file: Text,
        pub line: u32,
        pub forbid: bool,
    }
    #[repr(C)]
    pub struct Obligation {
        pub struct_size: usize,
        pub name: Text,
        pub args: usize,
        pub arg_names: *const Text,
        pub arg_values: *const c_void,
    }
    pub const NOT_FOUND: i32 = 5;
    pub const FOREVER: i64 = i64::MAX;

    macro_rules! opaque {
        ($($name:ident),*) => { $(#[repr(C)] pub struct $name { _private: [u8; 0] })* };
    }
    opaque!(Error, Engine, Session, Request);

    #[link(name = "ztp")]
    extern "C" {
        pub fn ztp_now() -> i64;
        pub fn ztp_error_code(error: *const Error) -> i32;
        pub fn ztp_error_message(error: *const Error) -> Text;
        pub fn ztp_error_free(error: *mut Error);
        pub fn ztp_engine_load(
            policy: Text,
            facts: *const Text,
            facts_count: usize,
            options: *const c_void,
            engine: *mut *mut Engine,
        ) -> *mut Error;
        pub fn ztp_engine_attr(engine: *mut Engine, name: Text, attr: *mut Attr) -> *mut Error;
        pub fn ztp_engine_revoke(engine: *mut Engine) -> *mut Error;
        pub fn ztp_engine_free(engine: *mut Engine);
        pub fn ztp_session_new(engine: *mut Engine, session: *mut *mut Session) -> *mut Error;
        pub fn ztp_session_free(session: *mut Session);
        pub fn ztp_request_new(
            session: *mut Session,
            action: Text,
            request: *mut *mut Request,
        ) -> *mut Error;
        pub fn ztp_request_free(request: *mut Request);
        pub fn ztp_set_principal(request: *mut Request, kind: Text, id: Text) -> *mut Error;
        pub fn ztp_set_resource(request: *mut Request, kind: Text, id: Text) -> *mut Error;
        pub fn ztp_set_text(request: *mut Request, attr: Attr, value: Text) -> *mut Error;
        pub fn ztp_decide(request: *mut Request, now: i64, decision: *mut Decision) -> *mut Error;
        pub fn ztp_decision_rule(d: *const Decision, index: usize, rule: *mut Rule) -> *mut Error;
        pub fn ztp_decision_obligation(
            d: *const Decision,
            index: usize,
            obligation: *mut Obligation,
        ) -> *mut Error;
        pub fn ztp_decision_unknown(
            d: *const Decision,
            index: usize,
            name: *mut Text,
        ) -> *mut Error;
        pub fn ztp_lease_check_now(lease: *mut Lease) -> bool;
    }
}

/// What a function returned that did not succeed.
struct Failure {
    code: i32,
    message: String,
}

/// Takes over an error.
fn check(error: *mut ffi::Error) -> Result<(), Failure> {
    if error.is_null() {
        return Ok(());
    }
    unsafe {
        let code = ffi::ztp_error_code(error);
        let message = string(ffi::ztp_error_message(error));
        ffi::ztp_error_free(error);
        Err(Failure { code, message })
    }
}

/// For the length of a call: the library copies what it keeps.
fn text(s: &str) -> ffi::Text {
    ffi::Text {
        data: s.as_ptr(),
        size: s.len(),
    }
}

/// The library's text must still be valid.
unsafe fn string(text: ffi::Text) -> String {
    if text.size == 0 {
        return String::new();
    }
    String::from_utf8_lossy(std::slice::from_raw_parts(text.data, text.size)).into_owned()
}

/// An object of the library, freed at the end.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Owned<T> {
    fn make(
        free: unsafe extern "C" fn(*mut T),
        make: impl FnOnce(*mut *mut T) -> *mut ffi::Error,
    ) -> Result<Self, Failure> {
        let mut object = ptr::null_mut();
        check(make(&mut object))?;
        Ok(Owned(object, free))
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        unsafe { (self.1)(self.0) }
    }
}

/// A structure as ZTP_…_INIT has it: zeros but for its size. Every field may be zero.
unsafe fn sized<T>(set_size: impl FnOnce(&mut T, usize)) -> T {
    let mut value: T = std::mem::zeroed();
    set_size(&mut value, std::mem::size_of::<T>());
    value
}

unsafe fn reasons(decision: &ffi::Decision) -> Result<(), Failure> {
    for i in 0..decision.rules as usize {
        let mut rule = sized(|r: &mut ffi::Rule, size| r.struct_size = size);
        check(ffi::ztp_decision_rule(decision, i, &mut rule))?;
        println!("  {}: {}", string(rule.name), string(rule.because));
    }
    for i in 0..decision.obligations as usize {
        let mut obligation = sized(|o: &mut ffi::Obligation, size| o.struct_size = size);
        check(ffi::ztp_decision_obligation(decision, i, &mut obligation))?;
        println!("  do: {}", string(obligation.name));
    }
    for i in 0.. {
        let mut unknown = text("");
        match check(ffi::ztp_decision_unknown(decision, i, &mut unknown)) {
            Err(failure) if failure.code == ffi::NOT_FOUND => break, // there are no more
            other => other?,
        }
        println!("  not known: {}", string(unknown));
    }
    Ok(())
}

/// What was allowed, a step at a time. Here policy or facts change after two.
unsafe fn work(engine: &Owned<ffi::Engine>, lease: &mut ffi::Lease) -> Result<(), Failure> {
    let mut steps = 0;
    while ffi::ztp_lease_check_now(lease) {
        steps += 1;
        if steps == 2 {
            check(ffi::ztp_engine_revoke(engine.0))?;
        }
    }
    println!("  stopped after {steps} steps");
    Ok(())
}

unsafe fn run(args: &[String]) -> Result<bool, Failure> {
    let facts = text(&args[1]);
    let engine = Owned::make(ffi::ztp_engine_free, |out| {
        ffi::ztp_engine_load(text(&args[0]), &facts, 1, ptr::null(), out)
    })?;
    // One a thread. Locals are dropped last to first, so the request goes before its session.
    let session = Owned::make(ffi::ztp_session_free, |out| {
        ffi::ztp_session_new(engine.0, out)
    })?;
    let request = Owned::make(ffi::ztp_request_free, |out| {
        ffi::ztp_request_new(session.0, text("train"), out)
    })?;
    let mut purpose = ffi::Attr { handle: 0 };
    check(ffi::ztp_engine_attr(
        engine.0,
        text("purpose"),
        &mut purpose,
    ))?;
    check(ffi::ztp_set_principal(
        request.0,
        text("Workload"),
        text(&args[2]),
    ))?;
    check(ffi::ztp_set_resource(
        request.0,
        text("Dataset"),
        text(&args[3]),
    ))?;
    check(ffi::ztp_set_text(request.0, purpose, text(&args[4])))?;

    let mut decision = sized(|d: &mut ffi::Decision, size| d.struct_size = size);
    check(ffi::ztp_decide(request.0, ffi::ztp_now(), &mut decision))?;
    match (decision.allow, decision.valid_until) {
        (true, ffi::FOREVER) => println!("allowed"),
        (true, until) => println!("allowed until {until}"),
        (false, _) => println!("denied"),
    }
    reasons(&decision)?;
    work(&engine, &mut decision.lease)?;
    Ok(decision.allow)
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.message)
    }
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.len() != 5 {
        eprintln!("usage: decide BUNDLE FACTS WORKLOAD DATASET PURPOSE");
        process::exit(1);
    }
    match unsafe { run(&args) } {
        Ok(true) => {}
        Ok(false) => process::exit(2),
        Err(failure) => {
            eprintln!("{failure}");
            process::exit(1);
        }
    }
}
