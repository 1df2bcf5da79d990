// Go's own checksum-database packages read what the log gives out: checkpoint, proofs and tiles (JSON on standard input).
// They are of another hand than Markaz and follow the same public forms. It prints "ok" or what they refused.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index int64
	Data  []byte
	Path  []tlog.Hash
}

type consistency struct {
	Note string
	Path []tlog.Hash
}

type given struct {
	Vkey        string
	Note        string
	Inclusion   []inclusion
	Consistency []consistency
	Tiles       map[string][]byte // by C2SP path below the prefix
}

func main() {
	var in given
	must(json.NewDecoder(os.Stdin).Decode(&in))
	tree := open(in.Vkey, in.Note)
	reader := tlog.TileHashReader(tree, tiles{in.Tiles})
	for _, one := range in.Inclusion {
		must(tlog.CheckRecord(one.Path, tree.N, tree.Hash, one.Index, tlog.RecordHash(one.Data)))
		own, err := tlog.ProveRecord(tree.N, one.Index, reader)
		must(err)
		same(own, one.Path)
	}
	for _, one := range in.Consistency {
		old := open(in.Vkey, one.Note)
		must(tlog.CheckTree(one.Path, tree.N, tree.Hash, old.N, old.Hash))
		own, err := tlog.ProveTree(tree.N, old.N, reader)
		must(err)
		same(own, one.Path)
	}
	fmt.Println("ok")
}

func open(vkey, text string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	must(err)
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	must(err)
	var tree tlog.Tree
	lines := strings.Split(opened.Text, "\n")
	_, err = fmt.Sscan(lines[1], &tree.N)
	must(err)
	tree.Hash, err = tlog.ParseHash(lines[2])
	must(err)
	return tree
}

type tiles struct{ data map[string][]byte }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1) // C2SP leaves the height out
		data, ok := t.data[path]
		if !ok {
			return nil, fmt.Errorf("no tile %s", path)
		}
		found = append(found, data)
	}
	return found, nil
}

func same(own, ours interface{}) {
	if fmt.Sprint(own) != fmt.Sprint(ours) || reflect.ValueOf(own).Len() != reflect.ValueOf(ours).Len() {
		must(fmt.Errorf("Go proves it as %v, we as %v", own, ours))
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
