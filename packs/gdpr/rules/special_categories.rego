# Special categories and criminal records.
# Articles 9 and 10: such data is recorded about a person only with a ground that somebody has checked. The words are a net
# for what is said openly, in English; detect_pii looks for the rest.
package tappass.decision

require_approval contains msg if {
	records_about_people
	walk(input.args, [_, text])
	is_string(text)
	regex.match(sensitive, text)
	msg := sprintf("%s records what looks like a special category of personal data: somebody checks the ground (GDPR Art. 9(2), 10)", [input.tool.name])
}

records_about_people if {
	input.tool.effect != "read"
	some capability in ["crm_pii", "hr_data", "sor_write", "thread_reply", "ticket_write"]
	capability in input.tool.capabilities
}

sensitive := concat("", [
	`(?i)\b(?:biometric\w*|convict(?:ed|ion)s?|criminal records?|diagnosed|disabilit(?:y|ies)|ethnic(?:ity| origin)|genetic\w*`,
	`|hiv[- ]positive|medical (?:condition|history|record)s?|political (?:opinion|view)s?|pregnan(?:t|cy)`,
	`|religio(?:n|us)(?: belief)?s?|sex life|sexual orientation|sick leave|trade union member(?:ship)?)\b`,
])
