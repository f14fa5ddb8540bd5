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
	some name, size in input.args
	lower(trim_left(name, "_")) in {"count", "limit", "maxresults", "pagesize"}
	record_count(size) > 50
	msg := sprintf("%s asks for %v health records at once, 50 at most (45 CFR 164.502(b))", [input.tool.name, size])
}

searches_patients if {
	"phi_scope" in input.tool.capabilities
	"search" in input.tool.capabilities
	input.tool.effect == "read"
}

names_one_patient if {
	some name in ["_id", "birthdate", "id", "identifier", "mrn", "patient", "subject"]
	count(trim_space(sprintf("%v", [input.args[name]]))) >= 3
}

record_count(size) := size if is_number(size)

record_count(size) := to_number(size) if {
	is_string(size)
	regex.match(`^[0-9]{1,9}$`, size)
}
