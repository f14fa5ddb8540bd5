# Erasure of personal records.
# Articles 17 and 5(1)(f): an erasure is one person's record, done deliberately and shown to have been done. The notice is the
# attestation: it is in the audit log with the approval and the time.
package tappass.decision

deny contains msg if {
	erases_people
	count(erased_records) == 0
	msg := sprintf("%s names no record: erasure is of one person's data, never of all (GDPR Art. 17, 5(1)(f))", [input.tool.name])
}

deny contains msg if {
	erases_people
	some name, value in input.args
	regex.match(`(?i)(?:^|_)all(?:_|$)`, name)
	value in {true, "true", "1", 1}
	msg := sprintf("%s would erase everybody: erasure is of one person's data (GDPR Art. 17, 5(1)(f))", [input.tool.name])
}

require_approval contains msg if {
	erases_people
	msg := sprintf("%s: somebody checks the request and the exceptions of Art. 17(3)", [input.tool.name])
}

notify contains msg if {
	erases_people
	some record in erased_records
	msg := sprintf("erasure attestation: %s erases record %s at %s (GDPR Art. 17)", [input.tool.name, record, time.format(input.now)])
}

erases_people if {
	input.tool.effect == "delete"
	some capability in ["crm_pii", "hr_data"]
	capability in input.tool.capabilities
}

erased_records contains record if {
	some slot in ["resource_param", "subject_param"]
	walk(input.tool.slots[slot], [_, value])
	not is_object(value)
	not is_array(value)
	record := sprintf("%v", [value])
	record != ""
}
