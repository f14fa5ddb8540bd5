package tappass.special_categories_test

import data.tappass.decision

record(capabilities, effect, text) := {
	"tool": {"name": "hubspot.hubspot-batch-update-objects", "capabilities": capabilities, "effect": effect},
	"args": {"inputs": [{"properties": {"note": text}}]},
}

test_recording_a_special_category_waits if {
	every text in ["is pregnant", "Trade union member since 2019", "convicted in 2020", "HIV-positive"] {
		msgs := decision.require_approval with input as record(["crm_pii"], "write", text)
		count(msgs) == 1
	}
}

test_an_ordinary_note_does_not if {
	every text in ["prefers e-mail", "union of two lists", "interested in genes"] {
		msgs := decision.require_approval with input as record(["crm_pii"], "write", text)
		count(msgs) == 0
	}
}

test_searching_does_not_record if {
	msgs := decision.require_approval with input as record(["crm_pii"], "read", "is pregnant")
	count(msgs) == 0
}

test_a_wiki_page_about_the_subject_is_no_record if {
	msgs := decision.require_approval with input as record(["knowledge_write"], "write", "religion and politics")
	count(msgs) == 0
}
