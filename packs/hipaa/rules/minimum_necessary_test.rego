package tappass.minimum_necessary_test

import data.tappass.decision

search(args) := {
	"tool": {"name": "epic.patient_search", "capabilities": ["phi_scope", "search"], "effect": "read"},
	"args": args,
}

test_a_search_by_name_alone_is_denied if {
	every args in [
		{"family": "Smith"},
		{"family": "Smith", "given": "Ann"},
		{"family": "Smith", "birthdate": " "},
		{"family": "Smith", "birthdate": "ge1900-01-01"},
		{"family": "Smith", "birthdate": "19"},
		{"_id": "e1,e2,e3"},
		{"_id": ["e1", "e2"]},
		{"identifier": "|||"},
		{"identifier": "MRN|*"},
	] {
		msgs := decision.deny with input as search(args)
		count(msgs) == 1
	}
}

test_a_search_with_a_second_identifier_goes_through if {
	every args in [{"family": "Smith", "birthdate": "1970-01-31"}, {"identifier": "MRN|203713"}, {"birthdate": "eq1970-01-31"}, {"_id": 203713}] {
		msgs := decision.deny with input as search(args)
		count(msgs) == 0
	}
}

test_many_records_at_once_are_denied if {
	every args in [{"patient": "eXYZ", "_count": 51}, {"patient": "eXYZ", "_count": "500"}, {"_count": "9999999999"}, {"_count": "1e9"}, {"_count": -1}, {"page": {"limit": 500}}] {
		msgs := decision.deny with input as {
			"tool": {"name": "epic.observation_search", "capabilities": ["phi_scope"], "effect": "read"},
			"args": args,
		}
		count(msgs) == 1
	}
}

test_fifty_records_go_through if {
	msgs := decision.deny with input as {
		"tool": {"name": "epic.observation_search", "capabilities": ["phi_scope"], "effect": "read"},
		"args": {"patient": "eXYZ", "_count": 50},
	}
	count(msgs) == 0
}

test_searches_of_other_systems_are_not_looked_at if {
	msgs := decision.deny with input as {
		"tool": {"name": "zendesk.search", "capabilities": ["search", "ticket_read"], "effect": "read"},
		"args": {"query": "Smith", "limit": 500},
	}
	count(msgs) == 0
}
