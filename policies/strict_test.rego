package tappass.policy_test

import data.tappass.policy

catalog := {"tools": {
	"collibra.create_column": {"capabilities": ["metadata_write"], "effect": "write", "slots": {}},
	"collibra.delete_asset": {"capabilities": ["destructive", "metadata_write"], "effect": "delete", "slots": {}},
	"collibra.get_asset": {"capabilities": ["metadata_read"], "effect": "read", "slots": {}},
	"gmail.send": {"capabilities": ["external_messaging"], "effect": "write", "slots": {}},
	"mongodb.drop-database": {"capabilities": ["destructive", "schema_change"], "effect": "delete", "slots": {}},
	"mongodb.export": {"capabilities": ["bulk_export", "database_query"], "effect": "read", "slots": {}},
}}

test_writing_is_denied if {
	denied := policy.tools.deny with input.catalog as catalog
	{"collibra.create_column", "gmail.send"} & denied == {"collibra.create_column", "gmail.send"}
}

test_deleting_data_is_denied if {
	"mongodb.drop-database" in policy.tools.deny with input.catalog as catalog
}

test_exporting_in_bulk_is_denied_although_it_reads if {
	"mongodb.export" in policy.tools.deny with input.catalog as catalog
}

test_reading_stays if {
	not "collibra.get_asset" in policy.tools.deny with input.catalog as catalog
}

test_retiring_catalog_assets_stays if {
	not "collibra.delete_asset" in policy.tools.deny with input.catalog as catalog
}

test_nothing_is_granted if {
	not "allow" in object.keys(policy.tools)
}
