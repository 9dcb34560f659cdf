//! What the Rust peers share: a workload's files, timing, counting of allocations, and the one JSON line a workload.
//!
//! The figures mean what bench/timing.h says: `p50_ns` and `p99_ns` are of calls timed one by one, the clock's own cost
//! taken off; `stream_ns` is a call's share of a pass without clocks.

use serde_json::{json, Value};
use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The system's allocator, which counts while it is told to. Switched off it costs one load a call.
pub struct CountingAllocator;

static COUNTING: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
static LIVE_BYTES: AtomicI64 = AtomicI64::new(0);

unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTING.load(Relaxed) {
            CALLS.fetch_add(1, Relaxed);
            LIVE_BYTES.fetch_add(layout.size() as i64, Relaxed);
        }
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if COUNTING.load(Relaxed) {
            LIVE_BYTES.fetch_sub(layout.size() as i64, Relaxed);
        }
        System.dealloc(memory, layout)
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if COUNTING.load(Relaxed) {
            CALLS.fetch_add(1, Relaxed);
            LIVE_BYTES.fetch_add(size as i64 - layout.size() as i64, Relaxed);
        }
        System.realloc(memory, layout, size)
    }
}

/// What `f` returns, how often it allocated, and how many bytes more are held after it.
pub fn counted<T>(f: impl FnOnce() -> T) -> (T, u64, i64) {
    let (calls, live) = (CALLS.load(Relaxed), LIVE_BYTES.load(Relaxed));
    COUNTING.store(true, Relaxed);
    let result = f();
    COUNTING.store(false, Relaxed);
    (result, CALLS.load(Relaxed) - calls, LIVE_BYTES.load(Relaxed) - live)
}

/// A workload's folder.
pub struct Workload {
    pub name: String,
    folder: PathBuf,
    /// By request: is it allowed?
    pub expected: Vec<bool>,
}

impl Workload {
    pub fn open(folder: &str) -> Workload {
        let folder = Path::new(folder).to_path_buf();
        let name = folder.file_name().expect("a folder's name").to_string_lossy().into_owned();
        let mut workload = Workload { name, folder, expected: Vec::new() };
        workload.expected =
            workload.lines("expected.txt").iter().map(|line| line.split(' ').next() == Some("allow")).collect();
        workload
    }
    pub fn text(&self, file: &str) -> String {
        let path = self.folder.join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
    pub fn lines(&self, file: &str) -> Vec<String> {
        self.text(file).lines().map(str::to_string).collect()
    }
}

/// What the command line says.
pub struct Arguments {
    /// How long to measure, a figure.
    pub budget: Duration,
    pub folders: Vec<String>,
}

pub fn arguments() -> Arguments {
    let mut parsed = Arguments { budget: Duration::from_secs(2), folders: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--seconds" {
            let seconds = words.next().and_then(|s| s.parse().ok()).expect("--seconds takes a number");
            parsed.budget = Duration::from_secs_f64(seconds);
        } else {
            parsed.folders.push(word);
        }
    }
    assert!(!parsed.folders.is_empty(), "usage: PEER [--seconds S] FOLDER...");
    parsed
}

/// Leads through all requests in an order of its own, so that the few that there is time for are not the first few. It is
/// prime; the counts of requests have no such factor.
const STRIDE: usize = 619;

/// Decides every request, or as many as there is time for, and compares: (how many, how many of them wrong).
pub fn check(workload: &Workload, budget: Duration, mut decide: impl FnMut(usize) -> bool) -> (usize, usize) {
    let begin = Instant::now();
    let (mut checked, mut wrong) = (0, 0);
    let count = workload.expected.len();
    while checked < count && begin.elapsed() < budget * 10 {
        let i = checked * STRIDE % count;
        let expected = workload.expected[i];
        checked += 1;
        if decide(i) != expected {
            wrong += 1;
            if wrong <= 5 {
                eprintln!("{}: request {}: expected {}", workload.name, i + 1, if expected { "allow" } else { "deny" });
            }
        }
    }
    (checked, wrong)
}

/// How often a decision allocates, on the average over the first requests (as many as a second allows).
pub fn allocations(count: usize, mut decide: impl FnMut(usize) -> bool) -> f64 {
    let begin = Instant::now();
    let (calls, made, _) = counted(|| {
        let mut calls = 0;
        while calls < count.min(200) && (calls == 0 || begin.elapsed() < Duration::from_secs(1)) {
            black_box(decide(calls * STRIDE % count));
            calls += 1;
        }
        calls
    });
    made as f64 / calls as f64
}

fn clock_nanos() -> u64 {
    let mut empty: Vec<u64> = (0..10_001)
        .map(|_| {
            let begin = Instant::now();
            begin.elapsed().as_nanos() as u64
        })
        .collect();
    empty.sort_unstable();
    empty[empty.len() / 2]
}

/// Calls f for all requests over and over for about `budget`, half of it in each of the two ways.
pub fn measure<T>(count: usize, budget: Duration, mut f: impl FnMut(usize) -> T) -> Value {
    let mut passes: Vec<f64> = Vec::new();
    let begin = Instant::now();
    while passes.is_empty() || begin.elapsed() < budget / 2 {
        let (pass, mut done) = (Instant::now(), 0);
        while done < count && (done == 0 || begin.elapsed() < budget) {
            // The clock is looked at every 16 calls.
            for i in done..(done + 16).min(count) {
                black_box(f(i * STRIDE % count));
            }
            done = (done + 16).min(count);
        }
        passes.push(pass.elapsed().as_nanos() as f64 / done as f64);
    }
    let mut nanos: Vec<u64> = Vec::with_capacity(1 << 20);
    let begin = Instant::now();
    'measuring: loop {
        for i in 0..count {
            let request = i * STRIDE % count;
            let call = Instant::now();
            let result = f(request);
            let took = call.elapsed().as_nanos() as u64;
            black_box(result);
            nanos.push(took);
            if nanos.len() & 15 == 0 && begin.elapsed() > budget / 2 {
                break 'measuring;
            }
        }
    }
    nanos.sort_unstable();
    passes.sort_unstable_by(f64::total_cmp);
    let clock = clock_nanos();
    let at = |percent: usize| nanos[(nanos.len() * percent / 100).min(nanos.len() - 1)].saturating_sub(clock);
    json!({"p50_ns": at(50), "p90_ns": at(90), "p99_ns": at(99), "stream_ns": passes[passes.len() / 2],
           "samples": nanos.len()})
}

/// Calls a second by one thread and by two; `decide(i)` decides request i. One and two alternate; the medians count.
pub fn scaling<T>(count: usize, budget: Duration, decide: impl Fn(usize) -> T + Sync) -> Value {
    let mut per_second = [Vec::new(), Vec::new()];
    for _ in 0..3 {
        for threads in [1usize, 2] {
            let total: u64 = std::thread::scope(|scope| {
                let running: Vec<_> = (0..threads)
                    .map(|thread| {
                        let decide = &decide;
                        scope.spawn(move || {
                            let (begin, mut calls, mut i) = (Instant::now(), 0u64, thread * 37 % count);
                            while begin.elapsed() < budget / 6 {
                                black_box(decide(i));
                                calls += 1;
                                i = (i + STRIDE) % count;
                            }
                            (calls as f64 / begin.elapsed().as_secs_f64()) as u64
                        })
                    })
                    .collect();
                running.into_iter().map(|thread| thread.join().expect("a thread's count")).sum()
            });
            per_second[threads - 1].push(total);
        }
    }
    let median = |values: &mut Vec<u64>| {
        values.sort_unstable();
        values[values.len() / 2]
    };
    let (one, two) = (median(&mut per_second[0]), median(&mut per_second[1]));
    json!({"one_per_s": one, "two_per_s": two, "ratio": two as f64 / one.max(1) as f64})
}
