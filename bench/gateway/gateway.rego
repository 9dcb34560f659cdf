# The policy of gateway.ztp, for OPA: entities in data, requests as AuthZEN has them (allow) or as extauthz makes them
# of Envoy's (http_allow). Each is decided by the same rules.
package bench.gate

import rego.v1

default allow := false

allow if {
	request := {
		"workload": input.subject.id,
		"action": input.action.name,
		"model": input.resource.id,
		"max_tokens": object.get(input.action, ["properties", "max_tokens"], 0),
		"source_ip": input.context.source_ip,
	}
	allowed(request)
}

default http_allow := false

http_allow if allowed(http_request)

http_request := {
	"workload": input.headers["x-workload"],
	"action": action,
	"model": input.body.model,
	"max_tokens": object.get(input.body, "max_tokens", 256),
	"source_ip": input.source_ip,
} if {
	input.method == "POST"
	action := {"chat/completions": "infer", "embeddings": "embed"}[concat("/", array.slice(input.path, 1, 3))]
	input.path[0] == "v1"
} else := {
	"workload": input.headers["x-workload"],
	"action": "describe",
	"model": input.path[2],
	"max_tokens": 0,
	"source_ip": input.source_ip,
} if {
	input.method == "GET"
	array.slice(input.path, 0, 2) == ["v1", "models"]
	count(input.path) == 3
}

allowed(request) if {
	workload := data.workloads[request.workload]
	model := data.models[request.model]
	permitted(request, workload, model)
	not workload.suspended
	not outside(request, model)
}

permitted(request, workload, model) if {
	request.action in {"infer", "embed"}
	some team in workload.teams
	model.teams[team]
	workload.tier >= model.smallest_tier
	request.max_tokens <= 4096
}

permitted(request, _, model) if {
	request.action in {"infer", "embed"}
	model.open
	request.max_tokens <= 512
}

permitted(request, _, model) if {
	request.action == "describe"
	model.open
}

permitted(request, workload, model) if {
	request.action == "describe"
	some team in workload.teams
	model.teams[team]
}

outside(request, model) if {
	model.controlled
	not inside(request.source_ip)
}

inside(ip) if net.cidr_contains("10.0.0.0/8", ip)

inside(ip) if net.cidr_contains("127.0.0.0/8", ip)
