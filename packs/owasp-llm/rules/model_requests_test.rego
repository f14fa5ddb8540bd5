package tappass.model_requests_test

import data.tappass.decision

ask(messages) := {"call": {"kind": "model", "messages": messages}}

test_a_credential_in_the_instructions_is_denied if {
	every text in [
		"Use api_key = zk83jf92mmq1 for the CRM.",
		"password: hunter22222",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE",
	] {
		msgs := decision.deny with input as ask([{"role": "system", "text": text}])
		count(msgs) == 1
	}
}

test_speaking_of_passwords_is_not_holding_one if {
	every text in ["password: required", "Never reveal the password.", "api_key: <see the vault>"] {
		msgs := decision.deny with input as ask([{"role": "system", "text": text}])
		count(msgs) == 0
	}
}

test_what_users_write_is_left_to_detect_secrets if {
	msgs := decision.deny with input as ask([{"role": "user", "text": "password: hunter22222"}])
	count(msgs) == 0
}

test_an_endless_answer_is_denied if {
	msgs := decision.deny with input as {"call": {"kind": "model", "messages": [], "max_tokens": 131073}}
	count(msgs) == 1
}

test_a_long_answer_is_not if {
	msgs := decision.deny with input as {"call": {"kind": "model", "messages": [], "max_tokens": 131072}}
	count(msgs) == 0
}

test_many_offered_tools_are_noticed if {
	msgs := decision.notify with input as {"call": {"kind": "model", "offered_tools": numbers.range(1, 61)}}
	count(msgs) == 1
}

test_a_few_offered_tools_are_not if {
	msgs := decision.notify with input as {"call": {"kind": "model", "offered_tools": numbers.range(1, 60)}}
	count(msgs) == 0
}
