package tappass.policy_test

import data.tappass.policy

test_the_archive_of_personal_data_is_denied if {
	policy.tools.schemas_acl.collibra.pii_archive == "deny"
}

test_finance_is_read_only if {
	policy.tools.schemas_acl.collibra.finance == "ro"
}

test_customers_may_be_changed if {
	policy.tools.schemas_acl.collibra.customers == "rw"
}

test_dropping_a_schema_is_denied if {
	"collibra.drop_schema" in policy.tools.deny
}

test_only_collibra_is_granted if {
	policy.tools.allow == {"collibra.*"}
}

test_the_third_deletion_is_the_last if {
	policy.pipeline.steps.loop_guard.parameters.destructive_max == 3
}
