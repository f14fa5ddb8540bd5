package tappass.disclosure_test

import data.tappass.decision

message(capabilities, content) := {"tool": {
	"name": "zendesk.update_ticket",
	"capabilities": capabilities,
	"effect": "write",
	"slots": {"content_param": content},
}}

test_a_claim_to_be_human_is_denied if {
	every claim in ["I'm a real person.", "No, I am not a bot!", "Ich bin ein Mensch.", "Je suis une personne."] {
		msgs := decision.deny with input as message(["thread_reply"], claim)
		count(msgs) > 0
	}
}

test_a_claim_in_one_of_several_parts_is_denied if {
	msgs := decision.deny with input as message(["external_messaging"], ["Hello", "I am human"])
	count(msgs) > 0
}

test_speaking_of_persons_is_no_claim if {
	msgs := decision.deny with input as message(["thread_reply"], "I am asking a person from billing to call you.")
	count(msgs) == 0
}

test_a_message_that_hides_the_system_is_noticed if {
	msgs := decision.notify with input as message(["thread_reply"], "Your parcel arrives on Monday.")
	count(msgs) == 1
}

test_a_message_that_names_the_system_is_not if {
	msgs := decision.notify with input as message(["thread_reply"], "Your parcel arrives on Monday. Written by our AI assistant.")
	count(msgs) == 0
}

test_text_for_colleagues_is_not_looked_at if {
	msgs := decision.notify with input as message(["internal_messaging"], "Your parcel arrives on Monday.")
	count(msgs) == 0
}
