package tappass.addresses_test

import data.tappass.decision

fetching(address) := {"tool": {
	"name": "fetch.fetch",
	"capabilities": ["web_fetch"],
	"effect": "read",
	"slots": {"url_param": address},
}}

test_personal_data_in_an_address_is_denied if {
	every address in [
		"https://example.com/search?q=ana@example.eu",
		"https://example.com/search?q=ana%40example.eu",
		"https://example.com/lookup?a=1&phone=%2B32470",
		"https://example.com/x?lastName=Peeters",
		"https://example.com/#email=ana",
	] {
		msgs := decision.deny with input as fetching(address)
		count(msgs) == 1
	}
}

test_addresses_about_nobody_go_through if {
	every address in [
		"https://example.com/@ana/posts",
		"https://example.com/search?q=gdpr+article+32",
		"https://example.com/?phone=",
		"https://example.com/packages/react@19.2.0",
	] {
		msgs := decision.deny with input as fetching(address)
		count(msgs) == 0
	}
}
