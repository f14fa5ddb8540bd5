# Changes to what is running.
# DORA Art. 9(4)(e), NIS2 Art. 21(2)(e): changes are recorded, tested, approved. Approval is asked for by concerns; here are the
# two things that make a change unrecorded: a moving version, and an hour in which nobody watches.
package tappass.decision

deny contains msg if {
	changes_production
	some text in texts_of_change
	regex.match(`(?i)(?:^|[^a-z0-9])[a-z0-9./_-]+:latest(?:[^a-z0-9-]|$)`, text)
	msg := sprintf("%s would deploy a moving version: name the tested one (DORA Art. 9(4)(e))", [input.tool.name])
}

notify contains msg if {
	changes_production
	not is_staffed
	msg := sprintf("%s changes production outside Monday to Friday, 06:00-18:00 UTC (DORA Art. 9(4)(e))", [input.tool.name])
}

# A model whose name moves is a change of the system that nobody made.
notify contains msg if {
	endswith(input.call.model, "-latest")
	msg := sprintf("model %s can change without a change being recorded: name its version (DORA Art. 9(4)(e), 28)", [input.call.model])
}

changes_production if {
	input.tool.effect != "read"
	some capability in ["deployment", "infrastructure_admin", "schema_change"]
	capability in input.tool.capabilities
}

texts_of_change contains text if {
	walk(input.args, [_, text])
	is_string(text)
}

is_staffed if {
	not time.weekday(input.now) in {"Saturday", "Sunday"}
	[hour_of_day, _, _] := time.clock(input.now)
	hour_of_day >= 6
	hour_of_day < 18
}
