package tappass.refunds_test

import data.tappass.decision

refund_after(recent_tools) := {
	"tool": {"name": "stripe.create_refund", "capabilities": ["refund"], "effect": "write"},
	"session": {"recent_tools": recent_tools},
}

four := ["stripe.create_refund", "stripe.create_refund", "stripe.list_invoices", "stripe.create_refund", "stripe.create_refund"]

test_the_fifth_refund_waits if {
	msgs := decision.require_approval with input as refund_after(four)
	count(msgs) == 1
}

test_the_fourth_does_not if {
	msgs := decision.require_approval with input as refund_after(array.slice(four, 1, 5))
	count(msgs) == 0
}

test_reading_after_many_refunds_does_not if {
	msgs := decision.require_approval with input as {
		"tool": {"name": "stripe.list_invoices", "capabilities": ["financial_record"], "effect": "read"},
		"session": {"recent_tools": four},
	}
	count(msgs) == 0
}
