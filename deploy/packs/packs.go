// Package packs holds the policy packs that the program carries: the one that a
// first scan is judged by, and those that new packs begin as.
package packs

import (
	"embed"
	"io/fs"
	"path"
	"slices"
)

//go:embed aws-foundations all:templates
var files embed.FS

// Starter is the pack aws_foundations, rooted at its PulumiPolicy.yaml. It is
// what a first scan is judged by.
func Starter() fs.FS { return sub("aws-foundations") }

// Languages are those that new packs can be written in.
var Languages = []string{"typescript", "javascript", "python", "opa"}

// Template is a pack in a language to begin a new one with, rooted at its
// PulumiPolicy.yaml. Its name is my-pack, in Rego my_pack; its .gitignore is
// called gitignore, so that it ignores nothing here. ok is false for a language
// that there is none in.
func Template(language string) (fsys fs.FS, ok bool) {
	if !slices.Contains(Languages, language) {
		return nil, false
	}
	return sub(path.Join("templates", language)), true
}

func sub(dir string) fs.FS {
	pack, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // only for a malformed path
	}
	return pack
}
