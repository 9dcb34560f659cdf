# Documents in folders, shared through views. `in` of an entity has everything that contains it, itself included.
package bench.gdrive

import rego.v1

default allow := false

# Who was granted a view of a document, or of what contains it, can read it.
allow if {
	input.action == "read"
	input.resource["in"][input.principal.documentsAndFoldersWithViewAccess]
}

# Anyone can read what is public.
allow if {
	input.action == "read"
	input.resource.isPublic == true
}

# A document's owner, or that of a folder above it, can read, write and share it.
allow if {
	input.action in {"read", "write", "share"}
	some owned, _ in input.principal.ownedDocuments
	input.resource["in"][owned]
}

allow if {
	input.action in {"read", "write", "share"}
	some owned, _ in input.principal.ownedFolders
	input.resource["in"][owned]
}

# A document's owner can pass it on.
allow if {
	input.action == "changeOwner"
	input.principal.ownedDocuments[input.resource.uid]
}

# A folder's owner can put documents into it.
allow if {
	input.action == "createDocument"
	input.principal.ownedFolders[input.resource.uid]
}
