package tappass.minimisation_test

import data.tappass.decision

read(capabilities, query, args) := {
	"tool": {
		"name": "salesforce.query",
		"capabilities": capabilities,
		"effect": "read",
		"slots": {"query_param": query},
	},
	"args": args,
}

test_a_large_page_of_contacts_is_denied if {
	every args in [
		{"limit": 101},
		{"pageSize": 5000},
		{"per_page": "200"},
		{"maxResults": 1000},
		{"limit": "9999999999"},
		{"limit": "1e9"},
		{"limit": " +5000 "},
		{"limit": "0x400"},
		{"limit": -1},
		{"page-size": 5000},
		{"sysparm_limit": "5000"},
		{"params": {"limit": 5000}},
	] {
		msgs := decision.deny with input as read(["crm_pii"], "", args)
		count(msgs) == 1
	}
}

test_a_page_that_a_person_could_read_goes_through if {
	every args in [{"limit": 100}, {"per_page": "50"}, {"limit": "many"}, {"first": "Ana"}, {"limit": " 007 "}, {"offset": 5000}, {}] {
		msgs := decision.deny with input as read(["crm_pii"], "", args)
		count(msgs) == 0
	}
}

test_all_fields_are_denied if {
	every query in [
		"SELECT FIELDS(ALL) FROM Contact",
		"select * from contacts",
		"select*from contacts",
		"SELECT DISTINCT * FROM contacts",
		"select c.* from contacts c",
		"select id, * from contacts",
		"select/**/*/**/from contacts",
		"select count(id), * from contacts",
	] {
		msgs := decision.deny with input as read(["crm_pii"], query, {})
		count(msgs) == 1
	}
}

test_named_fields_go_through if {
	every query in [
		"SELECT Name FROM Contact WHERE Id = '1'",
		"select count(*) from contacts",
		"select price * 2 from orders",
		"select name /* of the person */ from contacts",
	] {
		msgs := decision.deny with input as read(["crm_pii"], query, {})
		count(msgs) == 0
	}
}

test_what_holds_no_personal_data_is_not_looked_at if {
	msgs := decision.deny with input as read(["metadata_read"], "select * from tables", {"limit": 5000})
	count(msgs) == 0
}
