# Baseline.
# An org floor to start from. Every tool that the catalog knows may be granted by a function or a project, but for
# the kinds that no agent should have unless somebody has thought about it. Ceilings are those of one busy agent.
package tappass.policy

tools.allow contains "**"

tools.deny contains name if {
	some name, tool in input.catalog.tools
	some capability in tool.capabilities
	capability in {
		"bulk_export",
		"code_execution",
		"credential_access",
		"identity_admin",
		"infrastructure_admin",
		"log_tampering",
		"public_publish",
	}
}

models.allow contains "claude-*"

models.allow contains "gemini-*"

models.allow contains "gpt-*"

models.allow contains "mistral-*"

models.allow contains "scripted*"

network.deny_categories contains "anonymizers"

network.deny_categories contains "crypto_mining"

network.deny_categories contains "dynamic_dns"

network.deny_categories contains "paste_sites"

network.deny_categories contains "webhooks_and_tunnels"

filesystem.workspace := "/workspace"

# What a program needs to start at all; nothing of the host's own data is below these.
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

budget.dollars_per_month := 500

budget.tokens_per_day := 5000000

budget.tool_calls_per_minute := 60

interpreter.cpu_time_ms := 5000

interpreter.memory_mb := 256

interpreter.stack_depth := 400

trust_level := "autonomous"

pipeline.steps.detect_exfiltration := {"enabled": true, "action": "block"}

pipeline.steps.detect_prompt_injection := {"enabled": true, "action": "block"}

pipeline.steps.detect_secrets := {"enabled": true, "action": "block"}

pipeline.steps.loop_guard := {"enabled": true, "action": "block"}

compliance_tags contains "SOC2:CC6.1"
