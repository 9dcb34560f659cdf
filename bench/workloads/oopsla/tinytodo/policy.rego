# Lists of tasks that users share with teams. `in` of a user has their teams and the application.
package bench.tinytodo

import rego.v1

default allow := false

# Anyone can make a list, and see what lists they own.
allow if {
	input.action in {"CreateList", "GetLists"}
	input.resource.uid == "Application::TinyTodo"
}

allow if input.resource.owner == input.principal.uid

allow if {
	input.action == "GetList"
	input.principal["in"][input.resource.readers]
}

allow if {
	input.action == "GetList"
	input.principal["in"][input.resource.editors]
}

allow if {
	input.action in {"UpdateList", "CreateTask", "UpdateTask", "DeleteTask"}
	input.principal["in"][input.resource.editors]
}
