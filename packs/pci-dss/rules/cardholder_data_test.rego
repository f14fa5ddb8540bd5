package tappass.cardholder_data_test

import data.tappass.decision

given(args) := {"tool": {"name": "zendesk.update_ticket"}, "args": args}

test_card_numbers_are_denied_in_any_spelling if {
	every text in [
		"4111111111111111",
		"pay with 4111 1111 1111 1111 please",
		"4111-1111-1111-1111",
		"378282246310005",
		"3782 822463 10005",
		"5555.5555.5555.4444",
		"two: 4111 1111 1111 1111 4012 8888 8888 1881",
		"order 1234 5678 1234 5670 4111 1111 1111 1111",
		"card_4111111111111111",
		"PAN4111111111111111EUR",
		"4111\u00a01111\u00a01111\u00a01111",
		"4111–1111–1111–1111",
		"4111\n1111\n1111\n1111",
		"4111/1111/1111/1111",
	] {
		msgs := decision.deny with input as given({"comment": {"body": text}})
		count(msgs) == 1
	}
}

test_a_card_number_as_a_number_is_denied if {
	msgs := decision.deny with input as given({"card": 4111111111111111})
	count(msgs) == 1
}

test_a_card_number_as_a_name_is_denied if {
	msgs := decision.deny with input as given({"cards": {"4111 1111 1111 1111": true}})
	count(msgs) == 1
}

test_the_message_does_not_repeat_the_number if {
	msgs := decision.deny with input as given({"card": "4111111111111111"})
	every msg in msgs {
		not contains(msg, "4111")
	}
}

test_other_long_numbers_go_through if {
	every value in ["4111111111111112", "1795000000000", "9780306406157", "order 1234567812345670", 1795000000000, 12.5, "4f1a1b1c1d1e1f1a1b1c1d1e1f1a1b1c"] {
		msgs := decision.deny with input as given({"value": value})
		count(msgs) == 0
	}
}

test_a_token_goes_through if {
	msgs := decision.deny with input as given({"payment_method": "pm_1Nxk2eLkdIwHu7ix", "last4": "1111"})
	count(msgs) == 0
}

test_authentication_data_is_denied if {
	every args in [
		{"cvv": "123"},
		{"card": {"security_code": 1234}},
		{"pin": "4711"},
		{"raw": "%B4000000000000002^PEETERS/ANA^2512"},
		{"raw": ";4000000000000002=2512"},
	] {
		msgs := decision.deny with input as given(args)
		says_authentication(msgs)
	}
}

test_a_pin_that_is_no_number_goes_through if {
	every args in [{"pin": true}, {"pin": "C0123 to the top"}, {"cvv_check": "pass"}] {
		msgs := decision.deny with input as given(args)
		count(msgs) == 0
	}
}

says_authentication(messages) if {
	some message in messages
	contains(message, "3.3.1")
}
