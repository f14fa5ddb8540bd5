# Incidents and their clocks.
# NIS2 Art. 23(4): early warning within 24 hours, notification within 72. DORA Art. 19(4) with Delegated Regulation (EU)
# 2025/301, Art. 5: initial notification within 4 hours of classification as major and 24 hours of becoming aware. Whether an
# incident is significant or major is decided by people; the notice says until when.
package tappass.decision

notify contains msg if {
	opens_incident
	msg := sprintf(
		"%s opens an incident: if it is significant or major, early warning and initial notification are due by %s, notification by %s (NIS2 Art. 23(4), DORA Art. 19(4))",
		[input.tool.name, time.format(input.now + (24 * hour)), time.format(input.now + (72 * hour))],
	)
}

# Closing an incident, or making it smaller, stops clocks.
require_approval contains msg if {
	"incident_response" in input.tool.capabilities
	input.tool.effect != "read"
	walk(input.args, [path, value])
	regex.match(`(?i)^(?:severity|state|status|urgency)$`, sprintf("%v", [path[count(path) - 1]]))
	regex.match(`(?i)^(?:cancel(?:l?ed)?|closed?|ignored?|low|muted?|resolved?|resolvedinnextrelease|suppressed?)$`, sprintf("%v", [value]))
	msg := sprintf("%s would close an incident or play it down: somebody classifies it first (DORA Art. 18, NIS2 Art. 23(3))", [input.tool.name])
}

# What customers and the public are told is part of crisis communication.
require_approval contains msg if {
	regex.match(`(?i)status_?page`, input.tool.name)
	input.tool.effect != "read"
	msg := sprintf("%s tells the public about an incident: somebody who may speak reads it first (DORA Art. 14, 19(3), NIS2 Art. 23(1))", [input.tool.name])
}

opens_incident if {
	"incident_response" in input.tool.capabilities
	input.tool.effect == "write"
	regex.match(`(?i)\.(?:[a-z]+[_-])*(?:create|declare|open|trigger)[a-z]*[_-]incident`, input.tool.name)
}

hour := 3600000000000
