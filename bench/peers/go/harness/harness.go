// Package harness is what the Go peers share: a workload's files, timing, and the one JSON line a workload.
//
// The figures mean what bench/timing.h says: p50_ns and p99_ns are of calls timed one by one, the clock's own cost
// taken off; stream_ns is a call's share of a pass without clocks.
package harness

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// Workload is one workload's folder.
type Workload struct {
	Name     string
	Folder   string
	Expected []bool // by request: is it allowed?
}

// Result becomes the JSON line.
type Result map[string]any

// Peer measures one workload and fills in the result. Failed says why it cannot decide the workload at all.
type Peer func(w *Workload, budget time.Duration, out Result) error

// Text reads one of the workload's files.
func (w *Workload) Text(file string) string {
	text, err := os.ReadFile(filepath.Join(w.Folder, file))
	Must(err)
	return string(text)
}

// Lines reads one of the workload's files line by line.
func (w *Workload) Lines(file string) []string {
	var lines []string
	scanner := bufio.NewScanner(strings.NewReader(w.Text(file)))
	scanner.Buffer(make([]byte, 1<<20), 1<<26)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	Must(scanner.Err())
	return lines
}

// Must ends the program on an error: a peer that cannot read its files has nothing to measure.
func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Main reads the command line ([-seconds S] FOLDER...), runs the peer on each folder and prints its lines. The exit
// status is 1 if a decision was wrong.
func Main(engine, module string, peer Peer) {
	seconds := flag.Float64("seconds", 2, "how long to measure, a figure")
	flag.Parse()
	status := 0
	for _, folder := range flag.Args() {
		w := &Workload{Name: filepath.Base(folder), Folder: folder}
		for _, line := range w.Lines("expected.txt") {
			w.Expected = append(w.Expected, strings.HasPrefix(line, "allow"))
		}
		out := Result{"engine": engine, "version": version(module), "workload": w.Name}
		if err := peer(w, time.Duration(*seconds*float64(time.Second)), out); err != nil {
			out["refused"] = err.Error()
		}
		if wrong, checked := out["wrong"].(int); checked && wrong > 0 {
			status = 1
		}
		line, err := json.Marshal(out)
		Must(err)
		fmt.Println(string(line))
	}
	os.Exit(status)
}

func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, dependency := range info.Deps {
			if dependency.Path == module {
				return strings.TrimPrefix(dependency.Version, "v")
			}
		}
	}
	return "unknown"
}

// Check decides every request, or as many as there is time for, and counts the wrong answers.
func Check(w *Workload, budget time.Duration, out Result, decide func(i int) bool) bool {
	begin, checked, wrong := time.Now(), 0, 0
	for ; checked < len(w.Expected) && time.Since(begin) < 10*budget; checked++ {
		i := checked * stride % len(w.Expected)
		if decide(i) != w.Expected[i] {
			if wrong++; wrong <= 5 {
				fmt.Fprintf(os.Stderr, "%s: request %d: expected allow=%v\n", w.Name, i+1, w.Expected[i])
			}
		}
	}
	out["checked"], out["wrong"] = checked, wrong
	return wrong == 0
}

func clockNanos() int64 {
	empty := make([]int64, 10001)
	for i := range empty {
		begin := time.Now()
		empty[i] = time.Since(begin).Nanoseconds()
	}
	slices.Sort(empty)
	return empty[len(empty)/2]
}

// stride leads through all requests in an order of its own, so that the few that there is time for are not the first
// few. It is prime; the counts of requests have no such factor.
const stride = 619

// Measure calls f for all requests over and over for about the budget, half of it in each of the two ways.
func Measure(count int, budget time.Duration, f func(i int)) Result {
	var passes []float64
	for begin := time.Now(); len(passes) == 0 || time.Since(begin) < budget/2; {
		pass, done := time.Now(), 0
		for done < count && (done == 0 || time.Since(begin) < budget) {
			for end := min(done+16, count); done < end; done++ { // the clock is looked at every 16 calls
				f(done * stride % count)
			}
		}
		passes = append(passes, float64(time.Since(pass).Nanoseconds())/float64(done))
	}
	nanos := make([]int64, 0, 1<<20)
	for begin := time.Now(); len(nanos) == 0 || time.Since(begin) < budget/2; {
		for i := 0; i < count; i++ {
			request := i * stride % count
			call := time.Now()
			f(request)
			nanos = append(nanos, time.Since(call).Nanoseconds())
			if len(nanos)&15 == 0 && time.Since(begin) > budget/2 {
				break
			}
		}
	}
	slices.Sort(nanos)
	slices.Sort(passes)
	clock := clockNanos()
	at := func(percent int) int64 { return max(0, nanos[min(len(nanos)-1, len(nanos)*percent/100)]-clock) }
	return Result{"p50_ns": at(50), "p90_ns": at(90), "p99_ns": at(99), "stream_ns": passes[len(passes)/2],
		"samples": len(nanos)}
}

// Allocations is how often a call allocates, on the average over the first requests (as many as a second allows).
func Allocations(count int, f func(i int)) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin, calls := time.Now(), 0
	for ; calls < min(count, 200) && (calls == 0 || time.Since(begin) < time.Second); calls++ {
		f(calls * stride % count)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(calls)
}

// HeapBytes is what is on the heap after a collection.
func HeapBytes() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// Loaded runs `load` and notes how long it took and how many bytes more are held after it.
func Loaded[T any](out Result, load func() T) T {
	before, begin := HeapBytes(), time.Now()
	loaded := load()
	out["load_ms"] = float64(time.Since(begin).Microseconds()) / 1000
	out["policy_bytes"] = int64(HeapBytes()) - int64(before)
	return loaded
}

// Scaling is the calls a second of one goroutine on one processor, and of two on two; the medians of three.
func Scaling(count int, budget time.Duration, f func(i int)) Result {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	perSecond := [3][]float64{}
	for range 3 {
		for threads := 1; threads <= 2; threads++ {
			runtime.GOMAXPROCS(threads)
			calls := make([]float64, threads)
			var running sync.WaitGroup
			for thread := range threads {
				running.Add(1)
				go func() {
					defer running.Done()
					begin, made := time.Now(), 0
					for i := thread * 37; time.Since(begin) < budget/6; i++ {
						f(i * stride % count)
						made++
					}
					calls[thread] = float64(made) / time.Since(begin).Seconds()
				}()
			}
			running.Wait()
			total := 0.0
			for _, c := range calls {
				total += c
			}
			perSecond[threads] = append(perSecond[threads], total)
		}
	}
	slices.Sort(perSecond[1])
	slices.Sort(perSecond[2])
	one, two := perSecond[1][1], perSecond[2][1]
	return Result{"one_per_s": one, "two_per_s": two, "ratio": two / one}
}
