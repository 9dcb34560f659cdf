// cedar-go on the generated workloads: Cedar's policies, entities and requests, all parsed beforehand.
package main

import (
	"encoding/json"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"ztp.bench/peers/harness"
)

func request(line string) (cedar.Request, error) {
	type reference struct{ Type, Id string }
	var parsed struct {
		Principal, Action, Resource reference
		Context                     types.Record
	}
	if err := json.Unmarshal([]byte(line), &parsed); err != nil {
		return cedar.Request{}, err
	}
	uid := func(r reference) types.EntityUID {
		return types.NewEntityUID(types.EntityType(r.Type), types.String(r.Id))
	}
	return cedar.Request{Principal: uid(parsed.Principal), Action: uid(parsed.Action), Resource: uid(parsed.Resource),
		Context: parsed.Context}, nil
}

func run(w *harness.Workload, budget time.Duration, out harness.Result) error {
	source, lines := w.Text("cedar/policies.cedar"), w.Lines("cedar/requests.jsonl")
	var err error
	policies := harness.Loaded(out, func() (set *cedar.PolicySet) {
		set, err = cedar.NewPolicySetFromBytes("policies.cedar", []byte(source))
		return
	})
	if err != nil {
		return err
	}
	var entities types.EntityMap
	harness.Must(json.Unmarshal([]byte(w.Text("cedar/entities.json")), &entities))
	requests := make([]cedar.Request, len(lines))
	for i, line := range lines {
		requests[i], err = request(line)
		harness.Must(err)
	}
	allows := func(r cedar.Request) bool {
		decision, _ := cedar.Authorize(policies, entities, r)
		return decision == cedar.Allow
	}
	if !harness.Check(w, budget, out, func(i int) bool { return allows(requests[i]) }) {
		return nil
	}
	decide := func(i int) { allows(requests[i]) }
	out["allocations"] = harness.Allocations(len(lines), decide)
	out["evaluate"] = harness.Measure(len(lines), budget, decide)
	out["json"] = harness.Measure(len(lines), budget, func(i int) {
		r, err := request(lines[i])
		harness.Must(err)
		_, err = json.Marshal(map[string]bool{"decision": allows(r)})
		harness.Must(err)
	})
	out["threads"] = harness.Scaling(len(lines), budget, decide)
	return nil
}

func main() { harness.Main("cedar-go", "github.com/cedar-policy/cedar-go", run) }
