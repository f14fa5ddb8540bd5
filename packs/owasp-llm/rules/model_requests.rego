# What a request to a model may hold.
# LLM07: instructions that hold a credential leak it to whoever draws them out. LLM06 and LLM10: more tools and longer
# answers than any job needs are power and money for whoever takes over.
package tappass.decision

deny contains msg if {
	some message in input.call.messages
	message.role in {"developer", "system"}
	holds_credential(message.text)
	msg := "the instructions hold a credential: give it to the tool's connection instead (LLM07:2025)"
}

deny contains msg if {
	input.call.max_tokens > 131072
	msg := sprintf("%d tokens in one answer are asked for, 131072 at most (LLM10:2025)", [input.call.max_tokens])
}

notify contains msg if {
	offered := count(input.call.offered_tools)
	offered > 60
	msg := sprintf("%d tools are offered to the model in one request: narrow tools.allow (LLM06:2025)", [offered])
}

holds_credential(text) if regex.match(`-----BEGIN [A-Z ]*PRIVATE KEY-----`, text)

# A word that stands where a value belongs, like `password: required`, is none: a credential has a digit or is no word.
holds_credential(text) if {
	some found in regex.find_all_string_submatch_n(credential, text, 20)
	regex.match(`[0-9]`, found[1])
	regex.match(`[A-Za-z]`, found[1])
}

credential := `(?i)\b(?:access[_-]?token|api[_-]?key|client[_-]?secret|passwd|password|secret[_-]?key)["']?\s*[:=]\s*["']?([A-Za-z0-9+/_.!#$%&*@-]{8,})`
