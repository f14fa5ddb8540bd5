package tappass.fetch_targets_test

import data.tappass.decision

fetch(address) := {"tool": {
	"name": "fetch.fetch",
	"capabilities": ["web_fetch"],
	"effect": "read",
	"slots": {"url_param": address},
}}

test_addresses_inside_are_denied if {
	every address in [
		"http://localhost:8080/",
		"http://127.0.0.1/",
		"http://169.254.169.254/latest/meta-data/",
		"https://10.1.2.3/admin",
		"https://172.16.0.9/",
		"http://[::1]/",
		"http://2130706433/",
		"http://0x7f000001/",
		"http://metadata.google.internal/computeMetadata/v1/",
		"http:///127.0.0.1/",
		"http:\\\\127.0.0.1/",
		"http://0177.0.0.1/",
		"http://127.1/",
		"http://127.0.0.01/",
		"http://%31%32%37.0.0.1/",
		"http://１２７.0.0.1/",
		"http://example.com\\@127.0.0.1/",
		"http://100.64.1.1/",
		"https://wiki.acme.INTERNAL/",
		" http://127.0.0.1/",
		"ht\ttp://1\n27.0.0.1/",
		"127.0.0.1:8080/",
		"//169.254.169.254/latest/meta-data/",
		"localhost/admin",
		"http://¹²⁷.0.0.1/",
		"http://𝟏𝟐𝟕.0.0.1/",
		"http://𝐥ocalhost/",
		"http://ˡocalhost/",
		"http://1\u00ad27.0.0.1/",
		"http://1\ufe0f27.0.0.1/",
		"http://intranet/",
		"https://vault:8200/v1/secret",
		"http://user@kubernetes./api",
	] {
		msgs := decision.deny with input as fetch(address)
		count(msgs) > 0
	}
}

test_addresses_of_the_web_go_through if {
	every address in [
		"https://example.com/",
		"https://172.217.16.142/",
		"https://8.8.8.8/",
		"https://100.0.0.1/",
		"https://10.example.com/",
		"https://0x.example.com/",
		"https://4.example.com:8443/%20a",
		"https://münchen.example/",
		"https://localhost.example.com/",
		"https://internal.example.org/?a=10.0.0.1",
		"https://10times.example/",
		"example.com/docs",
		"https://пример.example/",
		"https://例え.example/a",
		"about:blank",
	] {
		msgs := decision.deny with input as fetch(address)
		count(msgs) == 0
	}
}

test_a_password_in_an_address_is_denied if {
	msgs := decision.deny with input as fetch("https://ana:secret@example.com/")
	count(msgs) == 1
}

test_an_at_sign_in_a_path_is_no_password if {
	msgs := decision.deny with input as fetch("https://example.com/@ana")
	count(msgs) == 0
}

test_a_long_address_is_denied if {
	address := sprintf("https://example.com/?q=%s", [concat("", [sprintf("%d", [number]) | some number in numbers.range(1000, 1600)])])
	msgs := decision.deny with input as fetch(address)
	count(msgs) == 1
}

test_other_tools_may_name_hosts_inside if {
	msgs := decision.deny with input.tool as {
		"name": "postgres.query",
		"capabilities": ["database_query"],
		"effect": "read",
		"slots": {"url_param": "http://localhost/"},
	}
	count(msgs) == 0
}
