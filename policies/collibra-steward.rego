# Collibra steward.
# The project floor of the agents that keep the data catalog. Customer schemas may be changed, finance may be read,
# the archive of personal data does not exist for them.
package tappass.policy

tools.allow contains "collibra.*"

tools.deny contains "collibra.drop_schema"

tools.schemas_acl.collibra.customers := "rw"

tools.schemas_acl.collibra.finance := "ro"

tools.schemas_acl.collibra.pii_archive := "deny"

network.allow_domains contains "files.acme.com"

budget.dollars_per_month := 200

budget.tokens_per_day := 500000

budget.tool_calls_per_minute := 30

# The third deletion within ten minutes is the last of its session: a clean-up that needs more is a person's decision.
pipeline.steps.loop_guard := {
	"enabled": true,
	"action": "block",
	"parameters": {"destructive_max": 3},
}

pipeline.steps.schema_acl := {"enabled": true, "action": "block"}

compliance_tags contains "ISO42001:A.7.4"
