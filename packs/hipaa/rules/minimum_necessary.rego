# The minimum necessary.
# 45 CFR 164.502(b) and 164.514(d): a request reaches one patient, named well enough to be the right one. The numbers are
# this Pack's; the rule asks for reasonable ones. Treatment is exempt from the standard, but an agent is not a clinician.
package tappass.decision

deny contains msg if {
	searches_patients
	not names_one_patient
	msg := sprintf("%s by name alone finds other people too: add a birth date or an identifier (45 CFR 164.502(b), 164.514(h))", [input.tool.name])
}

deny contains msg if {
	"phi_scope" in input.tool.capabilities
	walk(input.args, [path, size])
	regex.match(`(?i)^[_$-]*(?:count|limit|max[_-]?results|page[_-]?size|per[_-]?page)$`, sprintf("%v", [path[count(path) - 1]]))
	asks_for_many(size)
	msg := sprintf("%s asks for %v health records at once, 50 at most (45 CFR 164.502(b))", [input.tool.name, size])
}

searches_patients if {
	"phi_scope" in input.tool.capabilities
	"search" in input.tool.capabilities
	input.tool.effect == "read"
}

# In FHIR a comma is an or, and ge1900-01-01 is any day since: neither names one patient.
names_one_patient if {
	some name in ["_id", "id", "identifier", "mrn", "patient", "subject"]
	regex.match(`^[^,*%]*[A-Za-z0-9][^,*%]*$`, sprintf("%v", [one_value(input.args[name])]))
	count(trim_space(sprintf("%v", [input.args[name]]))) >= 3
}

names_one_patient if regex.match(`^\s*(?:eq)?[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$`, input.args.birthdate)

one_value(value) := value if is_string(value)

one_value(value) := value if is_number(value)

asks_for_many(size) if {
	is_number(size)
	size > 50
}

asks_for_many(size) if {
	is_number(size)
	size < 0
}

# Services read numbers of more forms than one, so a text that begins like one must be one that is small.
asks_for_many(size) if {
	is_string(size)
	regex.match(`^\s*[+-]?\.?[0-9]`, size)
	not regex.match(`^\s*0*(?:[0-9]|[1-4][0-9]|50)\s*$`, size)
}
