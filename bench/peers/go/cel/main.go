// cel-go on the generated workloads: a program a rule, compiled with constant folding (cel.OptOptimize), over an
// activation that is made once a request.
//
// CEL has expressions and no policies, so the host combines them: forbids first, then permits until one holds. A host
// with an index of its own over the rules would do better; so would one with any other engine.
package main

import (
	"encoding/json"
	"fmt"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"ztp.bench/peers/harness"
)

type rule struct {
	Name, Effect, Expression string
}

// Numbers as CEL's int, which the expressions compare with.
func native(value any) any {
	switch v := value.(type) {
	case float64:
		return int64(v)
	case map[string]any:
		for name, inner := range v {
			v[name] = native(inner)
		}
	case []any:
		texts := make([]string, 0, len(v))
		for i := range v {
			v[i] = native(v[i])
			if text, ok := v[i].(string); ok {
				texts = append(texts, text)
			}
		}
		if len(texts) == len(v) {
			return texts
		}
	}
	return value
}

func activation(line string) (interpreter.Activation, error) {
	var input map[string]any
	if err := json.Unmarshal([]byte(line), &input); err != nil {
		return nil, err
	}
	return interpreter.NewActivation(native(input).(map[string]any))
}

type policy struct {
	permits, forbids []cel.Program
}

func compile(rules []rule) (policy, error) {
	object := cel.MapType(cel.StringType, cel.DynType)
	env, err := cel.NewEnv(cel.Variable("principal", object), cel.Variable("resource", object),
		cel.Variable("context", object), cel.Variable("action", cel.StringType))
	if err != nil {
		return policy{}, err
	}
	var p policy
	for _, r := range rules {
		checked, issues := env.Compile(r.Expression)
		if issues.Err() != nil {
			return p, fmt.Errorf("%s: %w", r.Name, issues.Err())
		}
		program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			return p, fmt.Errorf("%s: %w", r.Name, err)
		}
		if r.Effect == "forbid" {
			p.forbids = append(p.forbids, program)
		} else {
			p.permits = append(p.permits, program)
		}
	}
	return p, nil
}

// A rule whose expression ends in an error (a resource without the attribute) does not hold.
func holdsAny(programs []cel.Program, input interpreter.Activation) bool {
	for _, program := range programs {
		if value, _, err := program.Eval(input); err == nil && value == types.True {
			return true
		}
	}
	return false
}

func (p policy) allows(input interpreter.Activation) bool {
	return !holdsAny(p.forbids, input) && holdsAny(p.permits, input)
}

func run(w *harness.Workload, budget time.Duration, out harness.Result) error {
	var rules []rule
	harness.Must(json.Unmarshal([]byte(w.Text("cel/rules.json")), &rules))
	lines := w.Lines("rego/inputs.jsonl")
	var err error
	p := harness.Loaded(out, func() (compiled policy) {
		compiled, err = compile(rules)
		return
	})
	if err != nil {
		return err
	}
	inputs := make([]interpreter.Activation, len(lines))
	for i, line := range lines {
		inputs[i], err = activation(line)
		harness.Must(err)
	}
	if !harness.Check(w, budget, out, func(i int) bool { return p.allows(inputs[i]) }) {
		return nil
	}
	decide := func(i int) { p.allows(inputs[i]) }
	out["allocations"] = harness.Allocations(len(lines), decide)
	out["evaluate"] = harness.Measure(len(lines), budget, decide)
	out["json"] = harness.Measure(len(lines), budget, func(i int) {
		input, err := activation(lines[i])
		harness.Must(err)
		_, err = json.Marshal(map[string]bool{"result": p.allows(input)})
		harness.Must(err)
	})
	out["threads"] = harness.Scaling(len(lines), budget, decide)
	return nil
}

func main() { harness.Main("cel-go", "cel.dev/cel-go", run) }
