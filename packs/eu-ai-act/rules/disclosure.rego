# Telling people that they deal with an AI system.
# Articles 13 and 26(11), with Article 50(1) behind them. Whether it is obvious from the context, or was said earlier in the
# thread, cannot be seen here; so silence raises a notice, and only an untruth is denied.
package tappass.decision

deny contains msg if {
	some text in texts_to_people
	regex.match(claims_to_be_human, text)
	msg := sprintf("%s would claim that a person is writing (EU AI Act Art. 50(1))", [input.tool.name])
}

notify contains msg if {
	count(texts_to_people) > 0
	every text in texts_to_people {
		not regex.match(names_the_system, text)
	}
	msg := sprintf("%s reaches people and does not say that an AI system writes (EU AI Act Art. 26(11), 50(1))", [input.tool.name])
}

texts_to_people contains text if {
	some capability in ["external_messaging", "thread_reply"]
	capability in input.tool.capabilities
	walk(input.tool.slots.content_param, [_, text])
	is_string(text)
}

claims_to_be_human := concat("", [
	`(?i)\b(?:i am|i'm) (?:a |an )?(?:actual |living |real )?(?:human|person)\b`,
	`|\b(?:i am|i'm) not (?:a |an )?(?:ai|bot|chatbot|machine|robot)\b`,
	`|\bich bin (?:ein |kein )(?:bot|computer|mensch)\b`,
	`|\bje (?:suis (?:un |une )(?:humain|humaine|personne)|ne suis pas un (?:robot|bot))\b`,
])

names_the_system := concat("", [
	`(?i)\b(?:AI|IA|KI|artificial intelligence|automated|automatically|automatisch\w*|automatis\w*|bot|chatbot`,
	`|intelligence artificielle|virtual assistant)\b`,
])
