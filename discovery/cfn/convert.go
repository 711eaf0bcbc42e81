package cfn

// Convert gives a document that CloudFormation returned the names of aws-native. What people
// named themselves stays as it is: keys of maps, and everything below a document such as a
// policy. Properties that the data does not know follow the rule, as with the provider.
func (t *Type) Convert(doc map[string]any) map[string]any {
	out := make(map[string]any, len(doc))
	for name, v := range doc {
		out[topLevel(name)] = convert(v, t.field(name))
	}
	return out
}

// PropertyName is the name of one of the type's properties or attributes.
func (t *Type) PropertyName(name string) string { return topLevel(name) }

func (t *Type) field(name string) field {
	if f, ok := t.fields[name]; ok {
		return f
	}
	return field{below: none}
}

func convert(v any, f field) any {
	if f.free {
		return v
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = convert(e, f)
		}
		return out
	case map[string]any:
		return convertMap(v, f)
	}
	return v
}

func convertMap(m map[string]any, f field) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		if f.keyed {
			out[k] = convert(v, field{below: f.below})
			continue
		}
		of := field{below: none}
		if f.below != none {
			if said, ok := load().more[f.below][k]; ok {
				of = said
			}
		}
		out[Property(k)] = convert(v, of)
	}
	return out
}
