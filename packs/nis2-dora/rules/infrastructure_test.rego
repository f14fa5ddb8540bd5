package tappass.infrastructure_test

import data.tappass.policy

tools := {
	"kubernetes.pods_list": {"capabilities": ["monitoring_read"], "effect": "read"},
	"kubernetes.resources_delete": {"capabilities": ["destructive", "infrastructure_admin"], "effect": "delete"},
	"kubernetes.resources_scale": {"capabilities": ["deployment", "infrastructure_admin"], "effect": "write"},
	"okta.delete_group": {"capabilities": ["destructive", "identity_admin"], "effect": "delete"},
	"slack.delete_message": {"capabilities": ["destructive"], "effect": "delete"},
}

test_deleting_infrastructure_and_rights_is_denied if {
	denied := policy.tools.deny with input.catalog.tools as tools
	denied == {"kubernetes.resources_delete", "okta.delete_group"}
}

test_without_a_catalog_nothing_is_named if {
	policy.tools.deny == set() with input.catalog.tools as {}
}
