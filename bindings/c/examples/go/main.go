// Decides one request by a bundle and facts from files, and works as long as its lease holds.
//
// usage: decide BUNDLE FACTS WORKLOAD DATASET PURPOSE      exit code: 0 allowed, 2 denied, 1 neither
package main

/*
#cgo pkg-config: ztp
#include <ztp.h>

// The initialisers are macros, which cgo does not see.
static ztp_decision new_decision(void) { ztp_decision d = ZTP_DECISION_INIT; return d; }
static ztp_rule new_rule(void) { ztp_rule r = ZTP_RULE_INIT; return r; }
static ztp_obligation new_obligation(void) { ztp_obligation o = ZTP_OBLIGATION_INIT; return o; }
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
)

// text copies a string to where C may see it; main ends before it would have to be freed.
func text(s string) C.ztp_text {
	return C.ztp_text{C.CString(s), C.size_t(len(s))}
}

func str(t C.ztp_text) string { return C.GoStringN(t.data, C.int(t.size)) }

// check takes over what a function of ztp.h returned.
func check(e *C.ztp_error) error {
	if e == nil {
		return nil
	}
	defer C.ztp_error_free(e)
	return errors.New(str(C.ztp_error_message(e)))
}

// first is the first error that there is.
func first(all ...*C.ztp_error) (err error) {
	for _, e := range all {
		if found := check(e); err == nil {
			err = found
		}
	}
	return err
}

func reasons(decision *C.ztp_decision) error {
	for i := C.uint32_t(0); i < decision.rules; i++ {
		rule := C.new_rule()
		if err := check(C.ztp_decision_rule(decision, C.size_t(i), &rule)); err != nil {
			return err
		}
		fmt.Printf("  %s: %s\n", str(rule.name), str(rule.because))
	}
	for i := C.uint32_t(0); i < decision.obligations; i++ {
		obligation := C.new_obligation()
		if err := check(C.ztp_decision_obligation(decision, C.size_t(i), &obligation)); err != nil {
			return err
		}
		fmt.Printf("  do: %s\n", str(obligation.name))
	}
	for i := 0; ; i++ {
		var unknown C.ztp_text
		e := C.ztp_decision_unknown(decision, C.size_t(i), &unknown)
		if C.ztp_error_code(e) == C.ZTP_NOT_FOUND { // there are no more
			C.ztp_error_free(e)
			return nil
		}
		if err := check(e); err != nil {
			return err
		}
		fmt.Printf("  not known: %s\n", str(unknown))
	}
}

// work is what was allowed, a step at a time. Here policy or facts change after two.
func work(engine *C.ztp_engine, lease *C.ztp_lease) error {
	steps := 0
	for bool(C.ztp_lease_check_now(lease)) {
		if steps++; steps == 2 {
			if err := check(C.ztp_engine_revoke(engine)); err != nil {
				return err
			}
		}
	}
	fmt.Printf("  stopped after %d steps\n", steps)
	return nil
}

func run(args []string) (allowed bool, err error) {
	var engine *C.ztp_engine
	facts := text(args[1])
	if err := check(C.ztp_engine_load(text(args[0]), &facts, 1, nil, &engine)); err != nil {
		return false, err
	}
	defer C.ztp_engine_free(engine)

	var session *C.ztp_session // one a goroutine; not a thread, as it may move from one to another
	if err := check(C.ztp_session_new(engine, &session)); err != nil {
		return false, err
	}
	defer C.ztp_session_free(session)

	var request *C.ztp_request
	if err := check(C.ztp_request_new(session, text("train"), &request)); err != nil {
		return false, err
	}
	defer C.ztp_request_free(request)

	var purpose C.ztp_attr
	if err := check(C.ztp_engine_attr(engine, text("purpose"), &purpose)); err != nil {
		return false, err
	}
	err = first(
		C.ztp_set_principal(request, text("Workload"), text(args[2])),
		C.ztp_set_resource(request, text("Dataset"), text(args[3])),
		C.ztp_set_text(request, purpose, text(args[4])))
	if err != nil {
		return false, err
	}

	decision := C.new_decision() // pointers in it are the library's, none are Go's
	if err := check(C.ztp_decide(request, C.ztp_now(), &decision)); err != nil {
		return false, err
	}
	switch {
	case bool(decision.allow) && decision.valid_until != C.ZTP_FOREVER:
		fmt.Printf("allowed until %d\n", int64(decision.valid_until))
	case bool(decision.allow):
		fmt.Println("allowed")
	default:
		fmt.Println("denied")
	}
	if err := reasons(&decision); err != nil {
		return false, err
	}
	return bool(decision.allow), work(engine, &decision.lease)
}

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: decide BUNDLE FACTS WORKLOAD DATASET PURPOSE")
		os.Exit(1)
	}
	allowed, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if !allowed {
		os.Exit(2)
	}
}
