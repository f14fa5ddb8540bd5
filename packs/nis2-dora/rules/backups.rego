# Backups.
# DORA Art. 12, NIS2 Art. 21(2)(c): what a recovery rests on is out of reach of what a recovery may be needed from.
package tappass.decision

deny contains msg if {
	input.tool.effect == "delete"
	some text in names_of_target
	regex.match(`(?i)(?:^|[^a-z])(?:archive|backups?|dumps?|point[_-]?in[_-]?time|recovery[_-]?points?|replicas?|snapshots?|vault)(?:[^a-z]|$)`, text)
	msg := sprintf("%s would delete what a recovery rests on (DORA Art. 12, NIS2 Art. 21(2)(c))", [input.tool.name])
}

names_of_target contains input.tool.name

names_of_target contains text if {
	walk(input.args, [_, text])
	is_string(text)
	count(text) <= 300
}
