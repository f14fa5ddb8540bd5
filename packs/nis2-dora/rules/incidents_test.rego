package tappass.incidents_test

import data.tappass.decision

incident(name, args) := {
	"tool": {"name": name, "capabilities": ["incident_response"], "effect": "write"},
	"args": args,
	"now": 1795000000000000000,
}

test_opening_an_incident_names_the_deadlines if {
	msgs := decision.notify with input as incident("pagerduty.create_incident", {"title": "payments down"})
	some msg in msgs
	contains(msg, "2026-11-19T")
	contains(msg, "2026-11-21T")
}

test_a_note_in_an_incident_opens_none if {
	msgs := decision.notify with input as incident("pagerduty.add_note_to_incident", {"note": "rebooted"})
	count(msgs) == 0
}

test_closing_or_playing_down_waits if {
	every args in [{"status": "resolved"}, {"manage_request": {"urgency": "low"}}, {"status": "ignored"}] {
		msgs := decision.require_approval with input as incident("pagerduty.manage_incidents", args)
		count(msgs) == 1
	}
}

test_acknowledging_does_not_wait if {
	msgs := decision.require_approval with input as incident("pagerduty.manage_incidents", {"status": "acknowledged", "note": "low disk"})
	count(msgs) == 0
}

test_a_status_page_waits if {
	msgs := decision.require_approval with input as incident("pagerduty.create_status_page_post", {"title": "degraded"})
	count(msgs) == 1
}
