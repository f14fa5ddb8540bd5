package tappass.scope_test

import data.tappass.policy

tools := {
	"acme.export_payments": {"capabilities": ["bulk_export", "pci_dss_scope"], "effect": "read"},
	"mongodb.export": {"capabilities": ["bulk_export"], "effect": "read"},
	"playwright.browser_click": {"capabilities": ["browser_control"], "effect": "write"},
	"stripe.list_invoices": {"capabilities": ["pci_dss_scope"], "effect": "read"},
}

test_browsers_are_denied if {
	"playwright.browser_click" in policy.tools.deny with input.catalog.tools as tools
}

test_exports_of_the_cardholder_environment_are_denied if {
	"acme.export_payments" in policy.tools.deny with input.catalog.tools as tools
}

test_its_other_tools_and_other_exports_are_not if {
	denied := policy.tools.deny with input.catalog.tools as tools
	denied & {"mongodb.export", "stripe.list_invoices"} == set()
}
