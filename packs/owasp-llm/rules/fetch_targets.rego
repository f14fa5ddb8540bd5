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
	regex.match(`^[A-Za-z][A-Za-z0-9+.-]*:[/\\]*[^/?#]*@`, address)
	msg := sprintf("%s: an address must not carry a user name or password (LLM02:2025)", [input.tool.name])
}

deny contains msg if {
	some address in addresses
	count(address) > 2000
	msg := sprintf("%s: an address of more than 2,000 characters can carry data out (LLM02:2025)", [input.tool.name])
}

# Readers of addresses leave out blanks around and line breaks in them, and some put http:// before one without a scheme.
addresses contains address if {
	"web_fetch" in input.tool.capabilities
	walk(input.tool.slots.url_param, [_, text])
	is_string(text)
	address := regex.replace(text, `[\x00-\x20]`, "")
}

# They also skip extra slashes, decode %31, fold digits and letters of other forms into plain ones, leave out marks that are
# not seen, and take 0177.1 or 0x7f000001 for 127.0.0.1. A name that leads inside by DNS cannot be seen here: the sandbox's
# egress refuses that.
inside := concat("", [
	`(?i)^(?:[a-z][a-z0-9+.-]*:)?[/\\]*(?:[^/?#]*@)?(?:`,
	`localhost\.?(?:[:/?#\\]|$)|\[|[^/?#]*(?:%|(?-i:[`, folded, `]))`,
	`|(?:0|10|127)\.[0-9]|100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.`,
	`|(?:(?:0x[0-9a-f]*|[0-9]+)\.){0,2}(?:0x[0-9a-f]*|[0-9]+)\.?(?:[:/?#\\]|$)`,
	`|(?:[0-9a-fx]+\.){0,3}0[0-9x][0-9a-fx]*\.(?:[0-9a-fx]+\.){0,2}(?:0x[0-9a-f]*|[0-9]+)\.?(?:[:/?#\\]|$)`,
	`|(?:[0-9a-fx]+\.){0,3}0[0-9x][0-9a-f]*\.?(?:[:/?#\\]|$)`,
	`|[^/:?#]*\.(?:home\.arpa|internal|intranet|lan|local|localdomain|localhost)\.?(?:[:/?#\\]|$))`,
	`|^(?:ftp|https?|wss?):[/\\]*(?:[^/?#]*@)?[^/:?#.@\\]+\.?(?::[0-9]*)?(?:[/?#\\]|$)`,
])

folded := concat("", [
	`\p{Cf}\p{Lm}\p{Nl}\p{No}\p{So}\x{aa}\x{ba}\x{17f}\x{34f}\x{2100}-\x{214f}\x{3002}\x{fb00}-\x{fb4f}\x{fe00}-\x{fe0f}`,
	`\x{ff00}-\x{ffef}\x{1d400}-\x{1d7ff}\x{1f100}-\x{1f1ff}\x{e0100}-\x{e01ef}`,
])
