package tappass.changes_test

import data.tappass.decision

# Wednesday 2026-11-18, 11:06 UTC, and twelve hours and three days later.
noon := 1795000000000000000

night := noon + ((12 * 3600) * 1000000000)

saturday := noon + ((72 * 3600) * 1000000000)

change(args, now) := {
	"tool": {"name": "kubernetes.helm_install", "capabilities": ["deployment"], "effect": "write"},
	"args": args,
	"now": now,
}

test_a_moving_version_is_denied if {
	every image in ["acme/web:latest", "registry.example.com/web:latest"] {
		msgs := decision.deny with input as change({"values": {"image": image}}, noon)
		count(msgs) == 1
	}
}

test_a_named_version_is_not if {
	every image in ["acme/web:1.4.2", "acme/latest:2", "acme/web:latest-tested"] {
		msgs := decision.deny with input as change({"values": {"image": image}}, noon)
		count(msgs) == 0
	}
}

test_changes_at_night_and_at_the_weekend_are_noticed if {
	every now in [night, saturday] {
		msgs := decision.notify with input as change({}, now)
		count(msgs) == 1
	}
}

test_changes_by_day_are_not if {
	msgs := decision.notify with input as change({}, noon)
	count(msgs) == 0
}

test_reading_at_night_is_not if {
	msgs := decision.notify with input as {
		"tool": {"name": "kubernetes.pods_list", "capabilities": ["deployment"], "effect": "read"},
		"args": {},
		"now": night,
	}
	count(msgs) == 0
}

test_a_moving_model_is_noticed if {
	msgs := decision.notify with input as {"call": {"kind": "model", "model": "mistral-large-latest"}, "now": noon}
	count(msgs) == 1
}

test_a_named_model_is_not if {
	msgs := decision.notify with input as {"call": {"kind": "model", "model": "mistral-large-2411"}, "now": noon}
	count(msgs) == 0
}
