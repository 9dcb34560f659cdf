// OPA on the generated workloads, embedded as its documentation recommends: the query prepared once, inputs parsed into
// OPA's own values beforehand (rego.EvalParsedInput), rule indexing on (the default).
package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"ztp.bench/peers/harness"
)

func prepare(source string) (rego.PreparedEvalQuery, error) {
	module, err := ast.ParseModuleWithOpts("policy.rego", source, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		return rego.PreparedEvalQuery{}, err
	}
	query := module.Package.Path.String() + ".allow"
	return rego.New(rego.Query(query), rego.ParsedModule(module), rego.SetRegoVersion(ast.RegoV1)).
		PrepareForEval(context.Background())
}

func run(w *harness.Workload, budget time.Duration, out harness.Result) error {
	ctx := context.Background()
	source, lines := w.Text("rego/policy.rego"), w.Lines("rego/inputs.jsonl")
	var err error
	query := harness.Loaded(out, func() (prepared rego.PreparedEvalQuery) {
		prepared, err = prepare(source)
		return
	})
	if err != nil {
		return err
	}
	inputs := make([]ast.Value, len(lines))
	for i, line := range lines {
		var input any
		harness.Must(json.Unmarshal([]byte(line), &input))
		inputs[i], err = ast.InterfaceToValue(input)
		harness.Must(err)
	}
	allows := func(i int) bool {
		results, err := query.Eval(ctx, rego.EvalParsedInput(inputs[i]))
		harness.Must(err)
		return results.Allowed()
	}
	if !harness.Check(w, budget, out, allows) {
		return nil
	}
	decide := func(i int) { allows(i) }
	out["allocations"] = harness.Allocations(len(lines), decide)
	out["evaluate"] = harness.Measure(len(lines), budget, decide)
	out["json"] = harness.Measure(len(lines), budget, func(i int) {
		var input any
		harness.Must(json.Unmarshal([]byte(lines[i]), &input))
		results, err := query.Eval(ctx, rego.EvalInput(input))
		harness.Must(err)
		_, err = json.Marshal(map[string]bool{"result": results.Allowed()})
		harness.Must(err)
	})
	out["threads"] = harness.Scaling(len(lines), budget, decide)
	return nil
}

func main() { harness.Main("opa", "github.com/open-policy-agent/opa", run) }
