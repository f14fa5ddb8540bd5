package tappass.integrity_test

import data.tappass.decision

act(capabilities, effect) := {"tool": {"name": "epic.act", "capabilities": capabilities, "effect": effect}}

test_deleting_a_record_is_denied if {
	msgs := decision.deny with input as act(["destructive", "phi_scope"], "delete")
	count(msgs) == 1
}

test_writing_a_note_waits if {
	msgs := decision.require_approval with input as act(["phi_scope", "sor_write"], "write")
	count(msgs) == 1
}

test_booking_an_appointment_does_not if {
	msgs := decision.require_approval with input as act(["calendar", "phi_scope"], "write")
	count(msgs) == 0
}

test_deleting_elsewhere_is_left_to_others if {
	msgs := decision.deny with input as act(["destructive"], "delete")
	count(msgs) == 0
}
