# Integrity of health records.
# 45 CFR 164.312(c)(1): records are not altered or destroyed in an unauthorized way. An agent deletes none, and what it writes
# into a record a person has read first.
package tappass.decision

deny contains msg if {
	"phi_scope" in input.tool.capabilities
	input.tool.effect == "delete"
	msg := sprintf("%s would delete a health record (45 CFR 164.312(c)(1))", [input.tool.name])
}

require_approval contains msg if {
	"phi_scope" in input.tool.capabilities
	input.tool.effect == "write"
	"sor_write" in input.tool.capabilities
	msg := sprintf("%s writes into a health record: somebody reads it first (45 CFR 164.312(c)(1))", [input.tool.name])
}
