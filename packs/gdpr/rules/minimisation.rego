# Reading no more than the purpose needs.
# Articles 5(1)(c) and 25(2): one call fetches the records a person would look at, not the table. The number is this Pack's.
package tappass.decision

deny contains msg if {
	holds_personal_data
	some name, limit in input.args
	lower(replace(name, "_", "")) in page_sizes
	to_number_or_zero(limit) > 100
	msg := sprintf("%s asks for %v records at once, 100 at most (GDPR Art. 5(1)(c), 25(2))", [input.tool.name, limit])
}

deny contains msg if {
	holds_personal_data
	walk(input.tool.slots.query_param, [_, query])
	is_string(query)
	regex.match(`(?i)\bselect\s+(?:\*|fields\s*\(\s*(?:all|standard|custom)\s*\))`, query)
	msg := sprintf("%s asks for every field: name the ones that are needed (GDPR Art. 5(1)(c))", [input.tool.name])
}

holds_personal_data if {
	some capability in ["crm_pii", "directory_read", "hr_data", "phi_scope"]
	capability in input.tool.capabilities
}

page_sizes := {"count", "first", "limit", "maxresults", "pagelimit", "pagesize", "perpage", "top"}

to_number_or_zero(value) := value if is_number(value)

to_number_or_zero(value) := to_number(value) if {
	is_string(value)
	regex.match(`^[0-9]{1,9}$`, value)
}
