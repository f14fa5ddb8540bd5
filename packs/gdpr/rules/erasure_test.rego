package tappass.erasure_test

import data.tappass.decision

erase(capabilities, effect, slots, args) := {
	"tool": {
		"name": "intercom.delete_contact",
		"capabilities": capabilities,
		"effect": effect,
		"slots": slots,
	},
	"args": args,
	"now": 1795000000000000000,
}

one := erase(["crm_pii", "destructive"], "delete", {"resource_param": "c_17"}, {"id": "c_17"})

test_an_erasure_without_a_record_is_denied if {
	msgs := decision.deny with input as erase(["crm_pii"], "delete", {}, {})
	count(msgs) == 1
}

test_an_empty_name_is_no_record if {
	msgs := decision.deny with input as erase(["crm_pii"], "delete", {"resource_param": ""}, {"ids": ""})
	count(msgs) == 1
}

test_erasing_everybody_is_denied if {
	msgs := decision.deny with input as erase(["crm_pii"], "delete", {"resource_param": "1"}, {"ids": "1", "delete_all_contacts": "true"})
	count(msgs) == 1
}

test_one_record_waits_for_a_person_and_is_not_denied if {
	denied := decision.deny with input as one
	count(denied) == 0
	asked := decision.require_approval with input as one
	count(asked) == 1
}

test_the_attestation_names_record_and_time if {
	decision.notify == {"erasure attestation: intercom.delete_contact erases record c_17 at 2026-11-18T11:06:40Z (GDPR Art. 17)"} with input as one
}

test_several_records_are_attested_one_by_one if {
	msgs := decision.notify with input as erase(["crm_pii"], "delete", {"resource_param": ["c_1", "c_2"]}, {})
	count(msgs) == 2
}

test_changing_a_record_is_no_erasure if {
	msgs := decision.notify with input as erase(["crm_pii"], "write", {"resource_param": "c_17"}, {})
	count(msgs) == 0
}

test_deleting_what_is_about_nobody_is_no_erasure if {
	msgs := decision.deny with input as erase(["metadata_write"], "delete", {}, {})
	count(msgs) == 0
}
