package tappass.policy_test

import data.tappass.policy

test_sending_a_draft_is_denied if {
	"gmail.sendDraft" in policy.tools.deny
}

test_answers_can_be_sent if {
	"gmail.send" in policy.tools.allow
}

test_no_tool_moves_money if {
	every tool in policy.tools.allow {
		not startswith(tool, "stripe.")
		not endswith(tool, "refund")
	}
}

test_what_customers_write_is_read_as_untrusted if {
	policy.pipeline.steps.detect_prompt_injection.action == "block"
	policy.pipeline.steps.scan_output.action == "block"
}
