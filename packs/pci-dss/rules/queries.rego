# Queries over stored cardholder data.
# Requirements 7.2.6 and 3.4.1: such stores are asked by applications with a fixed purpose, not by statements a model writes.
# Naming the columns is how a statement gives away what it is after.
package tappass.decision

deny contains msg if {
	some capability in ["database_query", "sor_arbitrary_write"]
	capability in input.tool.capabilities
	walk(input.tool.slots.query_param, [_, statement])
	is_string(statement)
	regex.match(card_columns, statement)
	msg := sprintf("%s asks for columns with cardholder data (PCI DSS 7.2.6)", [input.tool.name])
}

card_columns := concat("", [
	`(?i)\b(?:[a-z]+_)?(?:card_?(?:holder_?name|no|num|number)|cardholder|cc_?(?:no|num|number)|credit_?card(?:_?(?:no|num|number))?`,
	`|cvc2?|cvv2?|pan|pin_?block|primary_?account_?number|track_?[123]?_?data)\b`,
])
