package tappass.untrusted_content_test

import data.tappass.decision

after(recent_tools, capabilities, effect) := {
	"tool": {"name": "gmail.send", "capabilities": capabilities, "effect": effect},
	"session": {"recent_tools": recent_tools},
}

test_mail_after_a_fetched_page_waits if {
	msgs := decision.require_approval with input as after(["fetch.fetch", "gmail.get"], ["external_messaging"], "write")
	count(msgs) == 1
}

test_a_wiki_page_after_a_search_waits if {
	msgs := decision.require_approval with input as after(["brave-search.brave_web_search"], ["knowledge_write"], "write")
	count(msgs) == 1
}

test_mail_without_the_web_goes_through if {
	msgs := decision.require_approval with input as after(["gmail.get"], ["external_messaging"], "write")
	count(msgs) == 0
}

test_reading_after_the_web_goes_through if {
	msgs := decision.require_approval with input as after(["fetch.fetch"], ["knowledge_write"], "read")
	count(msgs) == 0
}

test_a_tool_that_is_only_named_like_a_fetcher_is_none if {
	msgs := decision.require_approval with input as after(["acme.fetch"], ["external_messaging"], "write")
	count(msgs) == 0
}
