package tappass.oversight_test

import data.tappass.decision

call(capabilities, effect, tool_calls, categories) := {
	"tool": {"name": "workday.change_job", "capabilities": capabilities, "effect": effect},
	"session": {"tool_calls": tool_calls},
	"policy": {"categories": categories},
}

says(messages, part) if {
	some message in messages
	contains(message, part)
}

test_a_change_of_employment_waits if {
	msgs := decision.require_approval with input as call(["hr_data"], "write", 1, [])
	says(msgs, "employment data")
}

test_reading_employment_data_does_not_wait if {
	msgs := decision.require_approval with input as call(["hr_data"], "read", 1, [])
	not says(msgs, "employment data")
}

test_the_200th_call_makes_somebody_look_in if {
	msgs := decision.require_approval with input as call(["sor_write"], "write", 200, [])
	says(msgs, "200 tool calls")
}

test_the_199th_call_does_not if {
	msgs := decision.require_approval with input as call(["sor_write"], "write", 199, [])
	not says(msgs, "tool calls")
}

test_reading_goes_on_in_a_long_session if {
	msgs := decision.require_approval with input as call(["sor_read"], "read", 900, [])
	not says(msgs, "tool calls")
}

test_acting_on_a_biometric_result_is_denied if {
	msgs := decision.deny with input as call(["decision_about_people"], "write", 1, ["biometric_data"])
	says(msgs, "Art. 14(5)")
}

test_the_same_act_without_biometrics_is_left_to_approvals if {
	msgs := decision.deny with input as call(["decision_about_people"], "write", 1, ["customer_pii"])
	not says(msgs, "Art. 14(5)")
}
