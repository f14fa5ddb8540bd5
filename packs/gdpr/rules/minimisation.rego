# Reading no more than the purpose needs.
# Articles 5(1)(c) and 25(2): one call fetches the records a person would look at, not the table. The number is this Pack's.
package tappass.decision

deny contains msg if {
	holds_personal_data
	walk(input.args, [path, limit])
	name := sprintf("%v", [path[count(path) - 1]])
	regex.match(page_size, name)
	asks_for_many(limit)
	msg := sprintf("%s asks for %v records at once, 100 at most (GDPR Art. 5(1)(c), 25(2))", [input.tool.name, limit])
}

deny contains msg if {
	holds_personal_data
	walk(input.tool.slots.query_param, [_, query])
	is_string(query)
	regex.match(every_field, query)
	msg := sprintf("%s asks for every field: name the ones that are needed (GDPR Art. 5(1)(c))", [input.tool.name])
}

holds_personal_data if {
	some capability in ["crm_pii", "directory_read", "hr_data", "phi_scope"]
	capability in input.tool.capabilities
}

page_size := `(?i)^[_$-]*(?:sysparm[_-]?)?(?:count|first|limit|max[_-]?results|page[_-]?limit|page[_-]?size|per[_-]?page|top)$`

asks_for_many(limit) if {
	is_number(limit)
	limit > 100
}

# To many services a number below zero means all.
asks_for_many(limit) if {
	is_number(limit)
	limit < 0
}

# Services read numbers of more forms than one, so a text that begins like one must be one that is small.
asks_for_many(limit) if {
	is_string(limit)
	regex.match(`^\s*[+-]?\.?[0-9]`, limit)
	not regex.match(`^\s*0*(?:[0-9]{1,2}|100)\s*$`, limit)
}

# A star that stands for fields: after select, a comma, a dot or a comment, and before a comma, from or the end.
every_field := concat("", [
	`(?is)\bselect\b(?:(?:[^()]|\([^()]*\))*?[\s,./])?\*\s*(?:,|from\b|/\*|--|$)`,
	`|\bfields\s*\(\s*(?:all|standard|custom)\s*\)`,
])
