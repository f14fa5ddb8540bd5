package tappass.queries_test

import data.tappass.decision

run(capabilities, statement) := {"tool": {
	"name": "postgres.query",
	"capabilities": capabilities,
	"effect": "read",
	"slots": {"query_param": statement},
}}

test_columns_with_card_data_are_denied if {
	every statement in [
		"select card_number from payments",
		"SELECT customer_pan FROM t",
		"select p.CVV from p",
		"select cardholder_name from c",
	] {
		msgs := decision.deny with input as run(["database_query"], statement)
		count(msgs) == 1
	}
}

test_other_columns_go_through if {
	every statement in ["select company, span from t", "select card_type, last4 from payments", "select expanded from t"] {
		msgs := decision.deny with input as run(["database_query"], statement)
		count(msgs) == 0
	}
}

test_a_search_in_documents_is_no_query if {
	msgs := decision.deny with input as run(["search"], "card_number field in the form")
	count(msgs) == 0
}
