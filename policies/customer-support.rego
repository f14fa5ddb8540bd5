# Customer support.
# The rules of an agent that answers customers by mail and ticket. It brings everything a sandbox needs, so that it
# can be applied alone or below an org floor.
package tappass.policy

tools.allow contains tool if {
	some tool in [
		"gmail.createDraft",
		"gmail.get",
		"gmail.listLabels",
		"gmail.modify",
		"gmail.search",
		"gmail.send",
		"shopify.get_order",
		"shopify.list_orders",
		"zendesk.list_ticket_comments",
		"zendesk.search",
		"zendesk.search_articles",
		"zendesk.show_ticket",
		"zendesk.update_ticket",
	]
}

# A draft that is sent later escapes the rules about where mail may go.
tools.deny contains "gmail.sendDraft"

models.allow contains "claude-*"

models.allow contains "gpt-*"

models.allow contains "scripted*"

network.deny_categories contains "paste_sites"

network.deny_categories contains "webhooks_and_tunnels"

filesystem.workspace := "/workspace"

filesystem.read_only contains path if {
	some path in ["/bin", "/etc/ssl", "/lib", "/lib64", "/usr"]
}

budget.dollars_per_month := 100

budget.tokens_per_day := 1000000

budget.tool_calls_per_minute := 30

interpreter.cpu_time_ms := 500

interpreter.memory_mb := 64

interpreter.stack_depth := 200

trust_level := "autonomous"

pipeline.steps.detect_pii := {"enabled": true, "action": "block"}

pipeline.steps.detect_prompt_injection := {"enabled": true, "action": "block"}

pipeline.steps.detect_secrets := {"enabled": true, "action": "block"}

pipeline.steps.scan_output := {"enabled": true, "action": "block"}

compliance_tags contains "GDPR:Art.32"
