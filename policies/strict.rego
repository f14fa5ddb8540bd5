# Strict.
# A freeze, to be applied beside a project's own floor. Nothing is written, sent or started; of deletions only those
# of catalog metadata stay, which loop_guard counts. It grants nothing and states no ceiling that a floor states.
package tappass.policy

tools.deny contains name if {
	some name, tool in input.catalog.tools
	tool.effect == "write"
}

tools.deny contains name if {
	some name, tool in input.catalog.tools
	tool.effect == "delete"
	not "metadata_write" in tool.capabilities
}

tools.deny contains name if {
	some name, tool in input.catalog.tools
	"bulk_export" in tool.capabilities
}

network.deny_categories contains category if {
	some category in ["code_hosting", "file_sharing", "generative_ai", "remote_access", "social_media", "webmail"]
}

pipeline.steps.detect_obfuscation := {"enabled": true, "action": "block"}

pipeline.steps.enforce_clearance := {"enabled": true, "action": "block"}
