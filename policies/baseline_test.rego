package tappass.policy_test

import data.tappass.policy

catalog := {"tools": {
	"builtin.shell": {"capabilities": ["code_execution"], "effect": "write", "slots": {}},
	"gmail.send": {"capabilities": ["external_messaging"], "effect": "write", "slots": {"destination_param": "to"}},
	"okta.create_user": {"capabilities": ["identity_admin"], "effect": "write", "slots": {}},
	"sentry.find_projects": {"capabilities": ["monitoring_read"], "effect": "read", "slots": {}},
	"vault.read-secret": {"capabilities": ["credential_access"], "effect": "read", "slots": {}},
}}

test_tools_that_run_code_are_denied if {
	"builtin.shell" in policy.tools.deny with input.catalog as catalog
}

test_tools_that_give_out_access_are_denied if {
	"okta.create_user" in policy.tools.deny with input.catalog as catalog
}

test_reading_a_secret_is_denied_although_it_only_reads if {
	"vault.read-secret" in policy.tools.deny with input.catalog as catalog
}

test_other_tools_are_left_to_functions_and_projects if {
	denied := policy.tools.deny with input.catalog as catalog
	denied & {"gmail.send", "sentry.find_projects"} == set()
}

test_without_a_catalog_nothing_is_denied_by_name if {
	policy.tools.deny == set() with input.catalog as null
}

test_keys_of_the_home_are_absent if {
	"~/.ssh" in policy.filesystem.deny_paths
}

test_every_ceiling_is_stated if {
	policy.budget.dollars_per_month > 0
	policy.budget.tokens_per_day > 0
	policy.budget.tool_calls_per_minute > 0
	policy.interpreter.cpu_time_ms > 0
	policy.interpreter.memory_mb > 0
	policy.interpreter.stack_depth > 0
}

test_detectors_block if {
	every name in ["detect_exfiltration", "detect_prompt_injection", "detect_secrets", "loop_guard"] {
		policy.pipeline.steps[name].enabled
		policy.pipeline.steps[name].action == "block"
	}
}
