package tappass.backups_test

import data.tappass.decision

delete(name, effect, args) := {
	"tool": {"name": name, "capabilities": ["destructive"], "effect": effect},
	"args": args,
}

test_deleting_backups_is_denied if {
	every example in [
		delete("rds.delete_snapshot", "delete", {"id": "s1"}),
		delete("s3.delete_object", "delete", {"Bucket": "acme-backups", "Key": "a"}),
		delete("s3.delete_object", "delete", {"Bucket": "acme", "Key": "db/backup_2026.tar"}),
		delete("mongodb.drop-database", "delete", {"database": "replica"}),
	] {
		msgs := decision.deny with input as example
		count(msgs) == 1
	}
}

test_deleting_other_things_is_left_to_others if {
	every example in [
		delete("s3.delete_object", "delete", {"Bucket": "acme-tmp", "Key": "a"}),
		delete("mongodb.drop-collection", "delete", {"collection": "archived_by_design"}),
	] {
		msgs := decision.deny with input as example
		count(msgs) == 0
	}
}

test_making_a_backup_is_not_deleting_one if {
	msgs := decision.deny with input as delete("s3.copy_object", "write", {"Bucket": "acme-backups"})
	count(msgs) == 0
}
