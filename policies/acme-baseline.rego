# Acme baseline.
# The org floor of Acme. It grants no tool: each project states its own. It says what no project may have, how much
# any agent may use, and that personal data and secrets are looked for in every call.
package tappass.policy

# A tool that can do one of these is never for an agent at Acme, whatever else it can do.
forbidden_capabilities contains "code_execution"

forbidden_capabilities contains "credential_access"

forbidden_capabilities contains "identity_admin"

forbidden_capabilities contains "infrastructure_admin"

forbidden_capabilities contains "log_tampering"

# Money moves by a person's hand; refunds are the one exception, and financial_limits bounds them.
tools.deny contains name if {
	some name, tool in input.catalog.tools
	"payment" in tool.capabilities
}

# Deletions outside the data catalog are not for agents; inside it loop_guard counts them.
tools.deny contains name if {
	some name, tool in input.catalog.tools
	tool.effect == "delete"
	not "metadata_write" in tool.capabilities
}

models.allow contains "claude-*"

models.allow contains "gpt-*"

models.allow contains "mistral-*"

models.allow contains "scripted*"

network.allow_domains contains "*.acme.com"

network.deny_categories contains category if {
	some category in [
		"anonymizers",
		"crypto_mining",
		"dynamic_dns",
		"file_sharing",
		"generative_ai",
		"paste_sites",
		"url_shorteners",
		"webhooks_and_tunnels",
		"webmail",
	]
}

filesystem.workspace := "/workspace"

filesystem.read_only contains path if {
	some path in [
		"/bin",
		"/etc/alternatives",
		"/etc/ssl",
		"/lib",
		"/lib64",
		"/opt",
		"/sbin",
		"/usr",
	]
}

filesystem.deny_paths contains path if {
	some path in [
		"~/.aws",
		"~/.azure",
		"~/.config/gcloud",
		"~/.docker",
		"~/.gnupg",
		"~/.kube",
		"~/.netrc",
		"~/.ssh",
	]
}

budget.dollars_per_month := 300

budget.tokens_per_day := 2000000

budget.tool_calls_per_minute := 60

interpreter.cpu_time_ms := 2000

interpreter.memory_mb := 128

interpreter.stack_depth := 200

trust_level := "autonomous"

pipeline.steps.detect_exfiltration := {"enabled": true, "action": "block"}

pipeline.steps.detect_pii := {"enabled": true, "action": "block"}

pipeline.steps.detect_prompt_injection := {"enabled": true, "action": "block"}

pipeline.steps.detect_secrets := {"enabled": true, "action": "block"}

pipeline.steps.loop_guard := {"enabled": true, "action": "block"}

compliance_tags contains "ISO42001:A.6.2.6"

compliance_tags contains "SOC2:CC6.1"
