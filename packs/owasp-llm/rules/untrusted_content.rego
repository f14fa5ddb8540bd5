# What a session may do after it has read the open web.
# LLM01 and LLM04: a page can carry instructions that no detector knows yet. Between such a page and an act that leaves the
# house, moves money or is remembered stands a person, whatever the text looked like.
package tappass.decision

require_approval contains msg if {
	has_read_the_web
	input.tool.effect != "read"
	some capability in leaves_the_house
	capability in input.tool.capabilities
	msg := sprintf("%s after reading the web in this session: somebody looks at it first (LLM01:2025)", [input.tool.name])
}

require_approval contains msg if {
	has_read_the_web
	"knowledge_write" in input.tool.capabilities
	input.tool.effect != "read"
	msg := sprintf("%s would put text from a session that read the web where agents read it later (LLM04:2025)", [input.tool.name])
}

leaves_the_house := {
	"external_messaging",
	"file_share",
	"identity_admin",
	"payment",
	"public_publish",
	"refund",
}

has_read_the_web if {
	some name in input.session.recent_tools
	some prefix in [
		"brave-search.",
		"builtin.web_",
		"fetch.",
		"playwright.browser_navigate",
		"playwright.browser_snapshot",
	]
	startswith(name, prefix)
}
