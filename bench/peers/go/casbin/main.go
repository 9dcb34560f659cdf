// Casbin on the generated workloads: a policy line a rule, roles and groups as its role definitions, and what a rule
// tests as a sub-rule for eval(), which is how its documentation scales attribute rules. The matcher asks for action,
// role and group first, so that eval() runs on the few lines that are left.
//
// CachedEnforcer, which the documentation recommends, remembers whole answers by the request's text: it would measure
// a hash look-up on requests that repeat, and fills up with those that don't. It is left out.
package main

import (
	"encoding/json"
	"time"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"

	"ztp.bench/peers/harness"
)

type policy struct {
	Rules   [][]string `json:"rules"`   // role or *, group or *, action or group of actions or *, effect, sub-rule
	Roles   [][]string `json:"roles"`   // user, role
	Groups  [][]string `json:"groups"`  // resource, group
	Actions [][]string `json:"actions"` // action, group
}

type request struct {
	Principal map[string]any `json:"principal"`
	Action    string         `json:"action"`
	Resource  map[string]any `json:"resource"`
	Context   map[string]any `json:"context"`
}

func load(text, modelText string) (*casbin.Enforcer, error) {
	var p policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, err
	}
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, err
	}
	enforcer, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, err
	}
	if _, err := enforcer.AddPolicies(p.Rules); err != nil {
		return nil, err
	}
	for name, rows := range map[string][][]string{"g": p.Roles, "g2": p.Groups, "g3": p.Actions} {
		if len(rows) == 0 {
			continue
		}
		if _, err := enforcer.AddNamedGroupingPolicies(name, rows); err != nil {
			return nil, err
		}
	}
	return enforcer, nil
}

func run(w *harness.Workload, budget time.Duration, out harness.Result) error {
	lines := w.Lines("rego/inputs.jsonl")
	policyText, modelText := w.Text("casbin/policy.json"), w.Text("casbin/model.conf")
	var err error
	enforcer := harness.Loaded(out, func() (loaded *casbin.Enforcer) {
		loaded, err = load(policyText, modelText)
		return
	})
	if err != nil {
		return err
	}
	requests := make([]request, len(lines))
	for i, line := range lines {
		harness.Must(json.Unmarshal([]byte(line), &requests[i]))
	}
	enforce := func(r *request) bool {
		allowed, err := enforcer.Enforce(r.Principal, r.Resource, r.Action, r.Context)
		harness.Must(err)
		return allowed
	}
	if !harness.Check(w, budget, out, func(i int) bool { return enforce(&requests[i]) }) {
		return nil
	}
	decide := func(i int) { enforce(&requests[i]) }
	out["allocations"] = harness.Allocations(len(lines), decide)
	out["evaluate"] = harness.Measure(len(lines), budget, decide)
	out["json"] = harness.Measure(len(lines), budget, func(i int) {
		var r request
		harness.Must(json.Unmarshal([]byte(lines[i]), &r))
		_, err := json.Marshal(map[string]bool{"result": enforce(&r)})
		harness.Must(err)
	})
	return nil
}

func main() { harness.Main("casbin", "github.com/casbin/casbin/v3", run) }
