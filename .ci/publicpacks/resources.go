package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// scene is what packs are shown.
type scene struct {
	resources []evaluator.Input
	configs   map[string]map[string]map[string]any // by the end of a pack's name
	notes     map[string]string                    // likewise
}

// readScene reads the resources that discovery's tests have recorded, each once,
// and those of a file.
func readScene(golden, file string) (*scene, error) {
	s := &scene{}
	files, err := filepath.Glob(filepath.Join(golden, "*.json"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s holds no golden files: run this in the root of the repository", golden)
	}
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, f := range files {
		if err := s.readGolden(f, seen); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
	}
	return s, s.readFile(file)
}

func (s *scene) readGolden(file string, seen map[string]bool) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var list []struct {
		Key, Name  string
		Properties map[string]any
		Unknown    []schemas.UnknownPath
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	for _, o := range list {
		content, err := json.Marshal(o)
		if err != nil {
			return err
		}
		if key, ok := schemas.ParseKey(o.Key); ok && !seen[string(content)] {
			seen[string(content)] = true
			s.add(evaluator.Input{Region: key.Region, URN: key.URN("prod"), Type: key.Type, ID: key.ID, Name: o.Name, Properties: o.Properties, Unknown: o.Unknown})
		}
	}
	return nil
}

func (s *scene) add(in evaluator.Input) {
	in.Account = "prod"
	if in.Properties == nil {
		in.Properties = map[string]any{}
	}
	s.resources = append(s.resources, in)
}

func (s *scene) readFile(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc struct {
		Resources []struct {
			Type, Name string
			Properties map[string]any
			Unknown    []string
		}
		Configs map[string]map[string]map[string]any
		Notes   map[string]string
	}
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s.configs, s.notes = doc.Configs, doc.Notes
	for _, r := range doc.Resources {
		text, err := json.Marshal(r.Properties)
		if err != nil {
			return err
		}
		in := evaluator.Input{URN: "urn:insights:prod::" + strings.ReplaceAll(r.Type, ":", "::") + "::" + r.Name, Type: r.Type, Name: r.Name, ID: r.Name}
		if err := json.Unmarshal(text, &in.Properties); err != nil { // numbers as JSON has them
			return err
		}
		for _, path := range r.Unknown {
			in.Unknown = append(in.Unknown, schemas.UnknownPath{Path: path, State: schemas.FacetDenied})
		}
		s.add(in)
	}
	return nil
}

// config is the configuration of a pack, if it needs one.
func (s *scene) config(pack string) map[string]map[string]any { return ending(s.configs, pack) }

// note is what is to be said of a pack beside what it does.
func (s *scene) note(pack string) string { return ending(s.notes, pack) }

// ending is the value of the end that a name has.
func ending[V any](by map[string]V, name string) (v V) {
	for end, value := range by {
		if strings.HasSuffix(name, end) {
			return value
		}
	}
	return v
}
