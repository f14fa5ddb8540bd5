package tappass.sensitive_grounds_test

import data.tappass.decision

argued(capabilities, effect, args) := {
	"tool": {"name": "okta.deactivate_user", "capabilities": capabilities, "effect": effect},
	"args": args,
}

about_grounds(messages) if {
	some message in messages
	contains(message, "special category")
}

test_a_decision_argued_with_pregnancy_is_denied if {
	msgs := decision.deny with input as argued(["decision_about_people"], "write", {"reason": "Pregnant since March"})
	about_grounds(msgs)
}

test_a_ground_deep_inside_the_arguments_is_found if {
	msgs := decision.deny with input as argued(["decision_about_people"], "write", {"meta": [{"note": "is a trade union officer"}]})
	about_grounds(msgs)
}

test_an_ordinary_reason_is_left_to_people if {
	msgs := decision.deny with input as argued(["decision_about_people"], "write", {"reason": "contract ended on 1 March"})
	not about_grounds(msgs)
}

test_writing_about_diagnoses_elsewhere_is_no_decision if {
	msgs := decision.deny with input as argued(["ticket_write"], "write", {"text": "diagnosis of the outage"})
	not about_grounds(msgs)
}

test_part_of_a_word_is_no_ground if {
	msgs := decision.deny with input as argued(["decision_about_people"], "write", {"reason": "embraced a new role"})
	not about_grounds(msgs)
}
