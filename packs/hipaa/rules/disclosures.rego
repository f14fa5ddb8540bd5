# Disclosures.
# 45 CFR 164.502(a), 164.508 and 164.528: what leaves after health records were read may be a disclosure, and a disclosure
# needs a permission that somebody has checked. The ticket of that approval is the entry for the accounting.
package tappass.decision

require_approval contains msg if {
	has_read_health_records
	input.tool.effect != "read"
	some capability in ["agent_delegation", "external_messaging", "file_share", "thread_reply", "ticket_write"]
	capability in input.tool.capabilities
	msg := sprintf("%s after reading health records in this session: somebody checks the disclosure (45 CFR 164.502(a), 164.528)", [input.tool.name])
}

# A page that is fetched learns the address, and the model writes the address.
deny contains msg if {
	has_read_health_records
	some capability in ["web_fetch", "web_search"]
	capability in input.tool.capabilities
	msg := sprintf("%s after reading health records in this session would tell a third party what was read (45 CFR 164.502(a))", [input.tool.name])
}

deny contains msg if {
	"phi_scope" in input.tool.capabilities
	walk(input.args, [_, text])
	is_string(text)
	regex.match(`(?i)\bpsychotherapy[ _-]?notes?\b|\bprocess[ _-]notes?\b`, text)
	msg := sprintf("%s: psychotherapy notes need an authorization of their own (45 CFR 164.508(a)(2))", [input.tool.name])
}

# The catalog is not in sight here, so health systems are told by the names of their servers.
has_read_health_records if {
	some name in input.session.recent_tools
	regex.match(`(?i)^(?:[a-z0-9_-]*[_-])?(?:athenahealth|cerner|ehr|emr|epic|fhir|hl7)(?:[_-][a-z0-9_-]*)?\.`, name)
}
