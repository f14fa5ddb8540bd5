package tappass.disclosures_test

import data.tappass.decision

then(recent_tools, capabilities, effect) := {
	"tool": {"name": "gmail.send", "capabilities": capabilities, "effect": effect},
	"args": {},
	"session": {"recent_tools": recent_tools},
}

test_mail_after_a_record_waits if {
	every name in ["epic.patient_read", "acme-fhir.get_patient", "cerner_prod.search"] {
		msgs := decision.require_approval with input as then([name, "docs.getText"], ["external_messaging"], "write")
		count(msgs) == 1
	}
}

test_mail_without_a_record_does_not if {
	every name in ["docs.getText", "epicentre.search", "zendesk.search"] {
		msgs := decision.require_approval with input as then([name], ["external_messaging"], "write")
		count(msgs) == 0
	}
}

test_reading_on_does_not_wait if {
	msgs := decision.require_approval with input as then(["epic.patient_read"], ["ticket_write"], "read")
	count(msgs) == 0
}

test_a_web_search_after_a_record_is_denied if {
	msgs := decision.deny with input as then(["epic.patient_read"], ["web_search"], "read")
	count(msgs) == 1
}

test_a_web_search_without_a_record_is_not if {
	msgs := decision.deny with input as then([], ["web_search"], "read")
	count(msgs) == 0
}

test_psychotherapy_notes_are_denied if {
	msgs := decision.deny with input as {
		"tool": {"name": "epic.observation_search", "capabilities": ["phi_scope"], "effect": "read"},
		"args": {"patient": "eXYZ", "category": "psychotherapy-notes"},
		"session": {"recent_tools": []},
	}
	count(msgs) == 1
}

test_other_notes_are_not if {
	msgs := decision.deny with input as {
		"tool": {"name": "epic.observation_search", "capabilities": ["phi_scope"], "effect": "read"},
		"args": {"patient": "eXYZ", "category": "vital-signs"},
		"session": {"recent_tools": []},
	}
	count(msgs) == 0
}
