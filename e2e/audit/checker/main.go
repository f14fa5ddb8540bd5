// Checks a log of ours with the code that Go checks its own module database with, and nothing of ours:
//
//	checker <directory> <vkey> [<older checkpoint>]
//
// The checkpoint by sumdb/note. The root, and every tile byte for byte, by what sumdb/tlog makes of our entries. Of a sample
// of entries the inclusion proof, and of the older checkpoint the consistency proof, made and checked by sumdb/tlog out of
// our tiles. Prints one line and exits 0, or says on stderr what is wrong and exits 1.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	// Inclusion proofs that are made and checked: each verifies its tiles anew, which is slow.
	sample = 500
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 || len(args) > 3 {
		return errors.New("usage: checker <directory> <vkey> [<older checkpoint>]")
	}
	verifier, err := note.NewVerifier(args[1])
	if err != nil {
		return fmt.Errorf("vkey: %w", err)
	}
	tree, err := readCheckpoint(filepath.Join(args[0], "checkpoint"), verifier)
	if err != nil {
		return err
	}
	// Its own proofs verify every tile against the signed root before a hash of it is used.
	hashes := tlog.TileHashReader(tree, &tiles{directory: args[0]})
	leaves, err := readLeaves(args[0], tree.N)
	if err != nil {
		return err
	}
	if err := derive(args[0], tree, leaves); err != nil {
		return err
	}
	proved := 0
	for n := int64(0); n < tree.N; n += 1 + tree.N/sample {
		leaf := leaves[n]
		proved++
		proof, err := tlog.ProveRecord(tree.N, n, hashes)
		if err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, tlog.RecordHash(leaf)); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
	}
	since := int64(0)
	if len(args) == 3 {
		older, err := readCheckpoint(args[2], verifier)
		if err != nil {
			return err
		}
		if older.N > tree.N {
			return fmt.Errorf("the log had %d entries and has %d", older.N, tree.N)
		}
		if older.N > 0 {
			proof, err := tlog.ProveTree(tree.N, older.N, hashes)
			if err != nil {
				return fmt.Errorf("consistency: %w", err)
			}
			if err := tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash); err != nil {
				return fmt.Errorf("consistency with size %d: %w", older.N, err)
			}
		}
		since = older.N
	}
	fmt.Printf("verified %d entries, %d proofs, consistent with %d\n", tree.N, proved, since)
	return nil
}

// derive builds the tree out of the entries alone and compares the root and all tiles.
func derive(directory string, tree tlog.Tree, leaves [][]byte) error {
	var stored []tlog.Hash
	hashes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		read := make([]tlog.Hash, len(indexes))
		for at, index := range indexes {
			read[at] = stored[index]
		}
		return read, nil
	})
	for index, leaf := range leaves {
		added, err := tlog.StoredHashes(int64(index), leaf, hashes)
		if err != nil {
			return err
		}
		stored = append(stored, added...)
	}
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("the root is not that of the entries")
	}
	ours := &tiles{directory: directory}
	for _, tile := range tlog.NewTiles(tileHeight, 0, tree.N) {
		wanted, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return err
		}
		read, err := ours.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return err
		}
		if !bytes.Equal(read[0], wanted) {
			return fmt.Errorf("%s differs", tile.Path())
		}
	}
	return nil
}

func readCheckpoint(path string, verifier note.Verifier) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("%s: not a checkpoint of %s", filepath.Base(path), verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("%s: its root is not a hash", filepath.Base(path))
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, nil
}

// tiles reads tiles of our layout, whose paths lack the height that Go's have.
type tiles struct{ directory string }

func (t *tiles) Height() int { return tileHeight }

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for at, tile := range wanted {
		data, err := t.read(tile)
		if err != nil {
			return nil, err
		}
		read[at] = data
	}
	return read, nil
}

// read takes the beginning of a wider tile where a partial one is not there: older Go asks for the width that it needs, and a
// log keeps the width that it has.
func (t *tiles) read(tile tlog.Tile) ([]byte, error) {
	for wide := tile; ; wide.W++ {
		path := strings.Replace(wide.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.directory, path))
		if errors.Is(err, os.ErrNotExist) && wide.W < 1<<tileHeight {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(data) != wide.W*tlog.HashSize {
			return nil, fmt.Errorf("%s: %d bytes where %d belong", path, len(data), wide.W*tlog.HashSize)
		}
		return data[:tile.W*tlog.HashSize], nil
	}
}

func readLeaves(directory string, size int64) ([][]byte, error) {
	var leaves [][]byte
	for int64(len(leaves)) < size {
		width := size - int64(len(leaves))
		if width > 1<<tileHeight {
			width = 1 << tileHeight
		}
		// The path of a lowest tile, with another word for its level.
		tile := tlog.Tile{H: tileHeight, L: 0, N: int64(len(leaves)) >> tileHeight, W: int(width)}
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", tileHeight), "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(directory, path))
		if err != nil {
			return nil, err
		}
		before := len(leaves)
		for len(data) > 0 {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s: ends within entry %d", path, len(leaves))
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			leaves = append(leaves, data[2:end])
			data = data[end:]
		}
		if len(leaves)-before != int(width) {
			return nil, fmt.Errorf("%s: %d entries where %d belong", path, len(leaves)-before, width)
		}
	}
	return leaves, nil
}
