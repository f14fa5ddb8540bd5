/**
 * `VERIFY.md` of an evidence pack: the same in every pack, with nothing of ours in its commands. Its `sh` blocks together are
 * one script; `e2e/evidence.service.test.ts` runs it as it stands.
 */
export const verifyPage: string = String.raw`# How to verify this pack

You need the verifier key of the audit log, one line "name+id+base64", from someone you trust: not from this pack. With it and
programs of Debian you can check everything here; nothing of TapPass is used.

    apt-get install bash coreutils diffutils findutils gawk golang-go golang-golang-x-mod-dev grep jq openssl sed

Unpack the archive into an empty directory, go there, and read the blocks below before you run them: this page came with the
pack, so whoever could change the pack could change the page. They are made to be read. To run them all, in a file of your own:

    sed -n '/^~~~sh$/,/^~~~$/{//!p}' VERIFY.md > ../verify.sh
    VKEY='name+id+base64' bash -eu ../verify.sh

The script stops at the first step that fails. Its last line is "the pack is what its key signed".

## 1. The key

An Ed25519 key as OpenSSL reads it, made from the verifier key: a fixed prefix (RFC 8410), then its last 32 bytes.

~~~sh
: "${'$'}{VKEY:?set VKEY to the verifier key that you were given}"
work=$(mktemp -d)
name=${'$'}{VKEY%%+*}
der() { # verifier key
	printf '\060\052\060\005\006\003\053\145\160\003\041\000'
	printf '%s' "$1" | cut -d+ -f3- | base64 -d | tail -c 32
}
der "$VKEY" > "$work/key.der"
openssl pkey -pubin -inform DER -in "$work/key.der" -out "$work/key.pem"
echo 'ok 1: the key'
~~~

## 2. The signature

MANIFEST.note is a signed note (c2sp.org/signed-note): a text, an empty line, signatures. The text says which log, the
checkpoint's size and root, the period, the framework, and the SHA-256 of MANIFEST.

~~~sh
sed '/^$/,$d' MANIFEST.note > "$work/claim"
awk -v name="$name" '$1 == "—" && $2 == name { print $3; exit }' MANIFEST.note | base64 -d | tail -c 64 > "$work/claim.sig"
openssl pkeyutl -verify -pubin -inkey "$work/key.pem" -rawin -in "$work/claim" -sigfile "$work/claim.sig"
test "$(sed -n 1p "$work/claim")" = tappass-evidence/1
test "$(sed -n 2p "$work/claim")" = "$name"
echo 'ok 2: the signature'
cat "$work/claim"
~~~

## 3. The files

Each file that is listed is there as it was signed, and there is no other.

~~~sh
test "$(sha256sum < MANIFEST | cut -d' ' -f1)" = "$(sed -n 6p "$work/claim")"
sha256sum --check --strict --quiet MANIFEST
sed 's/^[0-9a-f]\{64\}  //' MANIFEST | LC_ALL=C sort > "$work/listed"
find . ! -type d ! -path ./MANIFEST ! -path ./MANIFEST.note ! -path ./timestamp.tsr | sed 's|^\./||' | LC_ALL=C sort |
	diff "$work/listed" -
echo 'ok 3: the files'
~~~

## 4. The entries

With the code that Go checks its own module database with (golang.org/x/mod/sumdb): the checkpoint is signed by the key; each
line of entries.jsonl is in the log at the index of its proof; no index is missing in between; the first and the last are fifteen
seconds and more outside the period, or the log begins or ends there; the log continues the older checkpoint, when one was given.
When the key of the log was rotated since that one was signed, set SINCE_VKEY to the key it was signed with, from someone you trust
too.

~~~sh
mkdir -p "$work/go"
cat > "$work/go/main.go" <<'END'
package main

import "bytes"
import "encoding/base64"
import "encoding/json"
import "fmt"
import "os"
import "strings"
import "time"
import "golang.org/x/mod/sumdb/note"
import "golang.org/x/mod/sumdb/tlog"

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func require(holds bool, what string, values ...interface{}) {
	if !holds {
		must(fmt.Errorf(what, values...))
	}
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	must(err)
	return data
}

func checkpoint(data []byte, key note.Verifier) (tree tlog.Tree) {
	signed, err := note.Open(data, note.VerifierList(key))
	must(err)
	lines := strings.Split(signed.Text, "\n")
	require(len(lines) == 4 && lines[0] == key.Name(), "not a checkpoint of %s", key.Name())
	_, err = fmt.Sscan(lines[1], &tree.N)
	must(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	require(copy(tree.Hash[:], root) == tlog.HashSize, "the root is not a hash")
	return tree
}

func moment(text string) time.Time {
	parsed, err := time.Parse(time.RFC3339Nano, text)
	must(err)
	return parsed
}

func hashes(lines []string) (proof []tlog.Hash) {
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		must(err)
		proof = append(proof, hash)
	}
	return proof
}

func main() {
	key, err := note.NewVerifier(os.Getenv("VKEY"))
	must(err)
	tree := checkpoint(read("checkpoint"), key)
	claim := strings.Split(string(read(os.Args[1])), "\n")
	require(claim[2] == fmt.Sprintf("%d %s", tree.N, tree.Hash), "the claim stands on another checkpoint")
	from := moment(strings.Fields(claim[3])[0]).Add(-15 * time.Second)
	to := moment(strings.Fields(claim[3])[1]).Add(15 * time.Second)

	proofs, err := os.ReadDir("proofs")
	must(err)
	first := tree.N
	for _, file := range proofs {
		var index int64
		_, err := fmt.Sscanf(file.Name(), "%d.tlog-proof", &index)
		must(err)
		if index < first {
			first = index
		}
	}
	entries := bytes.Split(bytes.TrimSuffix(read("entries.jsonl"), []byte("\n")), []byte("\n"))
	require(len(entries) == len(proofs), "%d entries and %d proofs", len(entries), len(proofs))
	last := first + int64(len(entries)) - 1
	for place, entry := range entries {
		index := first + int64(place)
		file := string(read(fmt.Sprintf("proofs/%d.tlog-proof", index)))
		head := strings.SplitN(file, "\n\n", 2)
		require(len(head) == 2 && head[1] == string(read("checkpoint")), "proof %d stands on another checkpoint", index)
		lines := strings.Split(head[0], "\n")
		require(len(lines) >= 2 && lines[1] == fmt.Sprintf("index %d", index), "proof %d is of another entry", index)
		err := tlog.CheckRecord(hashes(lines[2:]), tree.N, tree.Hash, index, tlog.RecordHash(entry))
		if err != nil {
			must(fmt.Errorf("entry %d: %w", index, err))
		}
		var leaf struct{ Ts string }
		must(json.Unmarshal(entry, &leaf))
		at := moment(leaf.Ts)
		require(index != first || first == 0 || at.Before(from), "the period may begin before entry %d", index)
		require(index != last || last == tree.N-1 || !at.Before(to), "the period may go on behind entry %d", index)
	}
	fmt.Printf("%d entries, %d to %d, of a log of %d\n", len(entries), first, last, tree.N)

	if _, err := os.Stat("older"); err == nil {
		before := key
		if since := os.Getenv("SINCE_VKEY"); since != "" {
			before, err = note.NewVerifier(since)
			must(err)
			require(before.Name() == key.Name(), "SINCE_VKEY is the key of another log")
		}
		older := checkpoint(read("older/checkpoint"), before)
		if older.N > 0 {
			proof := hashes(strings.Fields(string(read("older/consistency"))))
			must(tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash))
		}
		fmt.Printf("continues the checkpoint of %d entries\n", older.N)
	}
}
END
VKEY="$VKEY" SINCE_VKEY="${'$'}{SINCE_VKEY:-}" GO111MODULE=off GOFLAGS= GOPATH="${'$'}{SUMDB:-/usr/share/gocode}" GOCACHE="${'$'}{GOCACHE:-$work/cache}" CGO_ENABLED=0 go run "$work/go/main.go" "$work/claim"
echo 'ok 4: the entries'
~~~

Entries are in the order in which the log took them, which follows their time within fifteen seconds: what takes longer is refused.
The pack stands on a checkpoint that was signed at least fifteen seconds after the period.

## 5. The root documents

They say which keys speak for the organisation. Each is a DSSE envelope (what is signed is in the function "pae"), signed by a
threshold of its own root keys and of those of the one before. The newest lists the key of the log; the key of an older checkpoint is
listed by one of them.

~~~sh
pae() { # type, file
	printf 'DSSEv1 %d %s %d ' "${'$'}{#1}" "$1" "$(stat -c %s "$2")"
	cat "$2"
}
payload() { # envelope
	jq -er .payload "$1" | base64 -d
}
# Whether an envelope is signed by a threshold of the keys that a root document lists for a role.
signed_by() { # envelope, root document, role
	payload "$1" > "$work/payload"
	pae "$(jq -er .payloadType "$1")" "$work/payload" > "$work/pae"
	good=0
	for id in $(jq -er --arg role "$3" '.roles[$role].keyids | unique[]' "$2"); do
		jq -er --arg id "$id" '.keys[$id].public' "$2" | base64 -d > "$work/role.der"
		test "$(sha256sum < "$work/role.der" | cut -d' ' -f1)" = "$id" || return 1
		jq -r --arg id "$id" '[.signatures[] | select(.keyid == $id).sig][0] // ""' "$1" | base64 -d > "$work/role.sig"
		if openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/role.der" -rawin -in "$work/pae" -sigfile "$work/role.sig" > /dev/null 2>&1; then good=$((good + 1)); fi
	done
	test "$good" -ge 1 && test "$good" -ge "$(jq -er --arg role "$3" '.roles[$role].threshold' "$2")"
}
version=0
while test -e "roots/$((version + 1)).json"; do
	version=$((version + 1))
	payload "roots/$version.json" > "$work/root.$version"
	test "$(jq -er .payloadType "roots/$version.json")" = application/vnd.tappass.root+json
	test "$(jq -er .version "$work/root.$version")" = "$version"
	signed_by "roots/$version.json" "$work/root.$version" root
	if test "$version" -gt 1; then signed_by "roots/$version.json" "$work/root.$((version - 1))" root; fi
done
test "$version" = "$(find roots -type f | wc -l)"
test "$version" -ge 1
jq -e --arg id "$(sha256sum < "$work/key.der" | cut -d' ' -f1)" '.roles.audit.keyids | index($id) != null' "$work/root.$version" > /dev/null
if test -n "${'$'}{SINCE_VKEY:-}"; then
	since=$(der "$SINCE_VKEY" | sha256sum | cut -d' ' -f1)
	cat "$work"/root.* | jq -es --arg id "$since" 'any(.[]; .roles.audit.keyids | index($id) != null)' > /dev/null
fi
echo "ok 5: $version root documents; SHA-256 of the newest: $(sha256sum < "$work/root.$version" | cut -d' ' -f1)"
~~~

## 6. The policies

Each statement that was in force is signed by the policy key of a root document, exactly as the host got it, and holds the
Compiled Policy of the file that its line names. That file has the policy, the effective pipeline and the Because trail of each
value; its name is its SHA-256. The sources are named by theirs.

~~~sh
while read -r line; do
	file=$(printf '%s' "$line" | jq -er .file)
	test "$(jq -er .payloadType "$file")" = application/vnd.tappass.policy+json
	found=no
	for root in "$work"/root.*; do
		if signed_by "$file" "$root" policy; then found=yes; fi
	done
	test "$found" = yes || { echo "$file: signed by no policy key"; exit 1; }
	payload "$file" > "$work/statement"
	test "$(sha256sum < "$work/statement" | cut -d' ' -f1)" = "$(printf '%s' "$line" | jq -er .sha256)"
	compiled=policy/compiled/$(printf '%s' "$line" | jq -er .compiled_sha256).json
	jq -e --slurpfile compiled "$compiled" '.compiled_policy == $compiled[0][0]' "$work/statement" > /dev/null
done < policy/statements.jsonl
test "$(find policy/statements -type f 2> /dev/null | wc -l)" = "$(wc -l < policy/statements.jsonl)"
find policy/compiled policy/sources -type f 2> /dev/null | while read -r file; do
	test "$(sha256sum < "$file" | cut -d' ' -f1)" = "$(basename "$file" .json)"
done
echo "ok 6: $(wc -l < policy/statements.jsonl) statements"
~~~

## 7. The time

When the pack has a time stamp (RFC 3161) it is over MANIFEST.note. Set TSA_CA to the certificates of the authority, from the
authority: then a pack without its time stamp fails as well.

~~~sh
if test -n "${'$'}{TSA_CA:-}"; then
	openssl ts -verify -data MANIFEST.note -in timestamp.tsr -CAfile "$TSA_CA"
	openssl ts -reply -in timestamp.tsr -text 2> /dev/null | grep '^Time stamp:'
	echo 'ok 7: the time'
elif test -e timestamp.tsr; then
	echo 'there is a time stamp, which is not checked: set TSA_CA'
fi
rm -rf "$work"
echo 'the pack is what its key signed'
~~~

## What to look at

clauses.md leads from each clause to rules and to what shows them. entries.jsonl has one entry a line: what was decided, by which
step, under which policy version, for which pseudonym. Denials by step and code:

    jq -r 'select(.decision == "block") | [.step, .code] | @tsv' entries.jsonl | sort | uniq -c

## What this shows, and what not

- The entries are what the key signed, at these places of one log. That others were shown the same log is shown by comparing
  checkpoints, or by witnesses whose lines are in the checkpoint.
- The statements are what the policy key signed. Sources and Because trails are what the control plane had: the signature in
  step 2 vouches for them, and for nothing that happened outside of it.
- What entries stand for beyond their clear fields is not in the pack. Sources and trails name the operators who wrote them.
- clauses.md is made from the Packs and tags of the program that made the pack. It is no statement that anyone complies.
- Evaluation reports are not yet part of a pack.
`;
