# Where a tool may fetch from.
# LLM05 and LLM06: a model writes the address, so it is checked like any other input from outside. Addresses inside are
# reached by tools of their own; a long address is a way out for data (LLM02).
package tappass.decision

deny contains msg if {
	some address in addresses
	regex.match(inside, address)
	msg := sprintf("%s would reach an address inside the network or one that is written as a number (LLM05:2025)", [input.tool.name])
}

deny contains msg if {
	some address in addresses
	regex.match(`^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@`, address)
	msg := sprintf("%s: an address must not carry a user name or password (LLM02:2025)", [input.tool.name])
}

deny contains msg if {
	some address in addresses
	count(address) > 2000
	msg := sprintf("%s: an address of more than 2,000 characters can carry data out (LLM02:2025)", [input.tool.name])
}

addresses contains address if {
	"web_fetch" in input.tool.capabilities
	address := input.tool.slots.url_param
	is_string(address)
}

inside := concat("", [
	`(?i)^[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?(?:`,
	`localhost(?:[:/?#]|$)|\[|0\.|10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.`,
	`|(?:0x[0-9a-f]+|\d+)(?:[:/?#]|$)`,
	`|[^/:?#]*\.(?:home\.arpa|internal|intranet|lan|local|localdomain|localhost)\.?(?:[:/?#]|$))`,
])
