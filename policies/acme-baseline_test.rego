package tappass.policy_test

import data.tappass.policy

catalog := {"tools": {
	"collibra.create_column": {"capabilities": ["metadata_write"], "effect": "write", "slots": {}},
	"collibra.delete_asset": {"capabilities": ["destructive", "metadata_write"], "effect": "delete", "slots": {}},
	"gmail.send": {"capabilities": ["external_messaging"], "effect": "write", "slots": {}},
	"mongodb.drop-database": {"capabilities": ["destructive", "schema_change"], "effect": "delete", "slots": {}},
	"stripe.create_invoice": {"capabilities": ["payment"], "effect": "write", "slots": {}},
	"stripe.create_refund": {"capabilities": ["refund"], "effect": "write", "slots": {}},
}}

test_running_code_is_forbidden_for_good if {
	"code_execution" in policy.forbidden_capabilities
}

test_asking_for_money_is_denied if {
	"stripe.create_invoice" in policy.tools.deny with input.catalog as catalog
}

test_a_refund_is_left_to_its_limits if {
	not "stripe.create_refund" in policy.tools.deny with input.catalog as catalog
}

test_deleting_data_is_denied if {
	"mongodb.drop-database" in policy.tools.deny with input.catalog as catalog
}

test_retiring_catalog_assets_is_left_to_the_project if {
	denied := policy.tools.deny with input.catalog as catalog
	denied & {"collibra.create_column", "collibra.delete_asset"} == set()
}

test_the_floor_grants_no_tool if {
	not "allow" in object.keys(policy.tools)
}

test_personal_data_blocks if {
	policy.pipeline.steps.detect_pii == {"enabled": true, "action": "block"}
}

test_only_acme_hosts_can_be_granted if {
	policy.network.allow_domains == {"*.acme.com"}
}
