// Reads an audit log with what others wrote for transparency logs: the checkpoint with
// golang.org/x/mod/sumdb/note, tiles with sumdb/tlog, a proof with transparency-dev/merkle.
//
//	main LOG VKEY OLD-CHECKPOINT PROOF INDEX
//
// Prints how many entries were verified; says what is wrong and exits with 1.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Go's own tiles have the height in their path, and data where there are entries.
func path(tile tlog.Tile) string {
	p := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return strings.Replace(p, "tile/data/", "tile/entries/", 1)
}

type reader struct{ folder string }

func (r reader) Height() int                      { return height }
func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}
func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		bytes, err := os.ReadFile(filepath.Join(r.folder, path(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, bytes)
	}
	return all, nil
}

func open(file string, verifier note.Verifier) tlog.Tree {
	text, err := os.ReadFile(file)
	check(err)
	return parse(text, verifier)
}

func parse(text []byte, verifier note.Verifier) tlog.Tree {
	signed, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		check(fmt.Errorf("a checkpoint of another form: %q", signed.Text))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: root}
}

func main() {
	folder, vkey, old, proofFile := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	index, err := strconv.ParseInt(os.Args[5], 10, 64)
	check(err)
	verifier, err := note.NewVerifier(vkey)
	check(err)
	tree := open(filepath.Join(folder, "checkpoint"), verifier)
	hashes := tlog.TileHashReader(tree, reader{folder})

	// Every entry is the one whose hash stands in the tree.
	var entry []byte
	for n := int64(0); n*256 < tree.N; n++ {
		width := int(min(256, tree.N-n*256))
		bundle, err := os.ReadFile(filepath.Join(folder, path(tlog.Tile{H: height, L: -1, N: n, W: width})))
		check(err)
		var indexes []int64
		var leaves []tlog.Hash
		for i := 0; i < width; i++ {
			size := int(binary.BigEndian.Uint16(bundle))
			leaves = append(leaves, tlog.RecordHash(bundle[2:2+size]))
			if n*256+int64(i) == index {
				entry = bundle[2 : 2+size]
			}
			bundle = bundle[2+size:]
			indexes = append(indexes, tlog.StoredHashIndex(0, n*256+int64(i)))
		}
		if len(bundle) != 0 {
			check(fmt.Errorf("bundle %d is too long", n))
		}
		stored, err := hashes.ReadHashes(indexes)
		check(err)
		for i := range stored {
			if stored[i] != leaves[i] {
				check(fmt.Errorf("entry %d is not the one that was hashed", n*256+int64(i)))
			}
		}
	}

	// The tree of an earlier checkpoint is the beginning of this one.
	earlier := open(old, verifier)
	consistency, err := tlog.ProveTree(tree.N, earlier.N, hashes)
	check(err)
	check(tlog.CheckTree(consistency, tree.N, tree.Hash, earlier.N, earlier.Hash))

	// The proof that ztp wrote (c2sp.org/tlog-proof).
	text, err := os.ReadFile(proofFile)
	check(err)
	head, signed, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", index) {
		check(fmt.Errorf("a proof of another form: %q", head))
	}
	var inclusion [][]byte
	for _, line := range lines[2:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		check(err)
		inclusion = append(inclusion, hash)
	}
	at := parse([]byte(signed), verifier)
	check(proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(at.N),
		rfc6962.DefaultHasher.HashLeaf(entry), inclusion, at.Hash[:]))
	fmt.Println(tree.N)
}
