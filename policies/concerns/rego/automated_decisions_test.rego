package tappass.decision_test

import data.tappass.decision

call(capabilities, effect, args) := {
	"call": {"kind": "tool"},
	"tool": {"name": "okta.deactivate_user", "capabilities": capabilities, "effect": effect},
	"args": args,
}

test_decision_without_a_reason_is_denied if {
	msgs := decision.deny with input as call(["decision_about_people"], "write", {"user_id": "00u1"})
	count(msgs) == 1
}

test_a_reason_of_a_few_letters_is_none if {
	msgs := decision.deny with input as call(["decision_about_people"], "write", {"reason": "  ok  "})
	count(msgs) == 1
}

test_decision_with_a_reason_is_left_to_a_person if {
	msgs := decision.deny with input as call(["decision_about_people"], "write", {"reason": "left the company on 1 March"})
	count(msgs) == 0
}

test_reading_needs_no_reason if {
	msgs := decision.deny with input as call(["decision_about_people"], "read", {})
	count(msgs) == 0
}

test_other_writes_need_no_reason if {
	msgs := decision.deny with input as call(["sor_write"], "write", {})
	count(msgs) == 0
}
