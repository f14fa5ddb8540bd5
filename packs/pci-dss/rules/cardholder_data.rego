# Cardholder data in the arguments of tools.
# Requirements 3.3.1 (sensitive authentication data), 3.5.1 and 4.2.2 (account numbers): an agent carries neither. Card
# numbers are told from other long numbers by issuer range, length and check digit, so that order numbers go through.
package tappass.decision

deny contains msg if {
	count(account_numbers) > 0
	msg := sprintf("%s was given a card number: use the token of the payment provider (PCI DSS 3.5.1, 4.2.2)", [input.tool.name])
}

deny contains msg if {
	count(authentication_data) > 0
	msg := sprintf("%s was given sensitive authentication data (%s): it is never kept or passed on (PCI DSS 3.3.1)", [input.tool.name, concat(", ", authentication_data)])
}

account_numbers contains digits if {
	some text in texts
	some shape in [
		`\b[0-9](?:[ .-]?[0-9]){12,18}\b`,
		`\b[0-9]{4}[ .-]?[0-9]{4}[ .-]?[0-9]{4}[ .-]?[0-9]{4}\b`,
		`\b3[47][0-9]{2}[ .-]?[0-9]{6}[ .-]?[0-9]{5}\b`,
	]
	some found in regex.find_n(shape, text, 100)
	digits := regex.replace(found, `[^0-9]`, "")
	is_account_number(digits)
}

texts contains plain(value) if {
	walk(input.args, [_, value])
	is_string(value)
}

# A number may stand in the name of an argument as well.
texts contains plain(name) if {
	walk(input.args, [path, _])
	some name in path
	is_string(name)
}

# Groups may be parted by blanks and dashes of any kind; a letter beside a number does not hide it.
plain(text) := regex.replace(
	regex.replace(text, `[\s_/\x{a0}\x{2000}-\x{200d}\x{2010}-\x{2015}\x{202f}\x{2060}]`, " "),
	`[A-Za-z]`,
	"|",
)

account_numbers contains digits if {
	walk(input.args, [_, value])
	is_number(value)
	digits := format_int(value, 10)
	is_account_number(digits)
}

is_account_number(digits) if {
	regex.match(issuer_ranges, digits)
	total := sum([weight |
		some position, digit in split(digits, "")
		weight := luhn_weight(to_number(digit), ((count(digits) - 1) - position) % 2)
	])
	total % 10 == 0
}

luhn_weight(digit, 0) := digit

luhn_weight(digit, 1) := digit * 2 if digit < 5

luhn_weight(digit, 1) := (digit * 2) - 9 if digit >= 5

# Visa, Mastercard (two ranges), American Express, Diners, JCB, Discover, UnionPay.
issuer_ranges := concat("", [
	`^(?:4[0-9]{12}(?:[0-9]{3}){0,2}|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}`,
	`|3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}`,
	`|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}|62[0-9]{14,17})$`,
])

authentication_data contains "card verification code" if {
	walk(input.args, [path, value])
	regex.match(`(?i)^(?:card[_-]?)?(?:cvv2?|cvc2?|cvn2?|cav2|csc|security[_-]?code)$`, last_name(path))
	regex.match(`^[0-9]{3,4}$`, sprintf("%v", [value]))
}

authentication_data contains "PIN" if {
	walk(input.args, [path, value])
	regex.match(`(?i)^pin(?:[_-]?(?:block|code|number))?$`, last_name(path))
	regex.match(`^(?:[0-9]{4,12}|[0-9A-Fa-f]{16})$`, sprintf("%v", [value]))
}

authentication_data contains "track data" if {
	walk(input.args, [_, value])
	is_string(value)
	regex.match(`%B[0-9]{12,19}\^|;[0-9]{12,19}=[0-9]{4}`, value)
}

last_name(path) := sprintf("%v", [path[count(path) - 1]])
