// Package packs holds the policy packs that the program carries.
package packs

import (
	"embed"
	"io/fs"
)

//go:embed aws-foundations
var files embed.FS

// Starter is the pack aws_foundations, rooted at its PulumiPolicy.yaml. It is
// what a first scan is judged by.
func Starter() fs.FS {
	pack, err := fs.Sub(files, "aws-foundations")
	if err != nil {
		panic(err) // only for a malformed path
	}
	return pack
}
