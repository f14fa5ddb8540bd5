# Personal data in addresses.
# Articles 5(1)(f), 32(1) and 44: the address of a request ends up in the logs of every host on the way, wherever that is.
package tappass.decision

deny contains msg if {
	"web_fetch" in input.tool.capabilities
	walk(input.tool.slots.url_param, [_, address])
	is_string(address)
	regex.match(names_a_person, address)
	msg := sprintf("%s would put personal data into an address (GDPR Art. 5(1)(f), 32)", [input.tool.name])
}

# What stands behind ? or #: an e-mail address, also encoded, or a parameter that is named after a person's data.
names_a_person := concat("", [
	`(?i)[?#](?:[^#]*[?&#=])?[A-Z0-9._%+-]{1,64}(?:@|%40)[A-Z0-9-]+(?:\.|%2e)[A-Z]{2,}`,
	`|[?&#](?:birth(?:day|date)|dob|e-?mail|first_?name|iban|last_?name|mobile|phone|ssn|surname)=[^&#]`,
])
