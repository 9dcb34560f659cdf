# Repositories: `in` of a user has the permissions, teams and organizations that they are members of.
package bench.github

import rego.v1

default allow := false

member := input.principal["in"]

allow if {
	input.action == "read"
	member[input.resource.readers]
}

allow if {
	input.action in {"read", "triage"}
	member[input.resource.triagers]
}

allow if {
	input.action in {"read", "triage", "write"}
	member[input.resource.writers]
}

allow if {
	input.action in {"read", "triage", "write", "maintain"}
	member[input.resource.maintainers]
}

allow if {
	input.action in {"read", "triage", "write", "maintain", "admin"}
	member[input.resource.admins]
}

# Permissions that come with the organization that owns the repository.
allow if {
	input.action == "read"
	member[input.resource.owner.readers]
}

allow if {
	input.action in {"read", "triage", "write"}
	member[input.resource.owner.writers]
}

allow if {
	input.action in {"read", "triage", "write", "maintain", "admin"}
	member[input.resource.owner.admins]
}
