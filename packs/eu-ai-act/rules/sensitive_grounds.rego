# Grounds for decisions about people.
# Articles 10(2)(f)-(g) and 26(4): what goes into a decision is relevant and not biased. A decision that is argued with a
# special category of personal data (GDPR Art. 9) is neither, whoever approves it.
package tappass.decision

deny contains msg if {
	"decision_about_people" in input.tool.capabilities
	input.tool.effect != "read"
	walk(input.args, [_, ground])
	is_string(ground)
	regex.match(special_category, ground)
	msg := sprintf("%s is argued with a special category of personal data: such a ground is never the agent's (EU AI Act Art. 10(2)(f), 26(4))", [input.tool.name])
}

special_category := concat("", [
	`(?i)\b(?:disabilit\w*|diagnos\w*|ethnic\w*|genetic\w*|illness\w*|political (?:opinion|view)s?|pregnan\w*`,
	`|racial\w*|religio\w*|sexual orientation|skin colou?r|trade union|union member\w*)\b`,
])
