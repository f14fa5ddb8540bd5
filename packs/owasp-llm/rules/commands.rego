# What a command may bring in.
# LLM03 and LLM09: models invent package names, and others register them. LLM05: a command that a model wrote and that runs
# what it downloads has handed the machine to whoever serves the download.
package tappass.decision

deny contains msg if {
	some line in command_lines
	regex.match(runs_a_download, line)
	msg := sprintf("%s would run what it downloads, unread (LLM05:2025)", [input.tool.name])
}

require_approval contains msg if {
	some line in command_lines
	regex.match(adds_a_package, line)
	msg := sprintf("%s adds a package: somebody checks that it is the one that was meant (LLM03:2025, LLM09:2025)", [input.tool.name])
}

command_lines contains line if {
	"code_execution" in input.tool.capabilities
	walk(input.args, [_, value])
	line := command_line(value)
}

command_line(value) := value if is_string(value)

command_line(value) := concat(" ", value) if {
	is_array(value)
	every word in value {
		is_string(word)
	}
}

runs_a_download := concat("", [
	`(?i)\b(?:curl|wget)\b[^;&]*\|\s*(?:sudo\s+)?(?:/usr)?(?:/bin/)?(?:ba|da|k|z)?(?:sh|perl|python3?|node|ruby)\b`,
	`|\b(?:ba|da|k|z)?sh\s+(?:-c\s+)?["']?(?:<\(|\$\(|\x60)\s*(?:curl|wget)\b`,
	`|\biex\b[^;]*\bdownloadstring\b`,
])

adds_a_package := concat("", [
	`(?i)\b(?:npm|pnpm|yarn|bun)\s+(?:add|i|install)\s+(?:-\S+\s+)*[@a-z0-9]`,
	`|\b(?:npx|pnpx|bunx|uvx)\s+(?:-\S+\s+)*[@a-z0-9]`,
	`|\b(?:pip3?|uv|pipx|poetry)\s+(?:pip\s+)?(?:add|install)\s+(?:-[^r\s]\S*\s+)*[a-z0-9]`,
	`|\b(?:gem|cargo|go|brew)\s+(?:add|get|install)\s+(?:-\S+\s+)*[a-z0-9]`,
	`|\b(?:apt|apt-get|dnf|yum|apk)\s+(?:-\S+\s+)*(?:add|install)\s+(?:-\S+\s+)*[a-z0-9]`,
])
