# Reasons for decisions about people.
# A decision about a person needs a reason in its arguments; a person then judges both.
package tappass.decision

deny contains msg if {
	"decision_about_people" in input.tool.capabilities
	input.tool.effect != "read"
	not has_reason(input.args)
	msg := sprintf("%s decides about a person: give the reason in the argument reason, comment or note", [input.tool.name])
}

has_reason(args) if {
	some name in ["comment", "note", "reason"]
	count(trim_space(args[name])) >= 10
}
