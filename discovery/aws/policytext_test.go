package aws

import "testing"

func TestCanonicalPolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, want string }{
		"principals":       {`{"Principal":{"AWS":["arn:b","arn:a"]}}`, `{"Principal":{"AWS":["arn:a","arn:b"]}}`},
		"conditions":       {`{"Condition":{"StringEquals":{"k":["2","10","1"]}}}`, `{"Condition":{"StringEquals":{"k":["1","10","2"]}}}`},
		"blanks":           {"{\n \"Action\" : [ \"b\" ,\t\"a\" ]\n}\n", `{"Action":["a","b"]}`},
		"order of names":   {`{"Version":"1","Statement":[],"Id":"x"}`, `{"Version":"1","Statement":[],"Id":"x"}`},
		"statements stay":  {`{"Statement":[{"Sid":"b"},{"Sid":"a"}]}`, `{"Statement":[{"Sid":"b"},{"Sid":"a"}]}`},
		"mixed lists stay": {`["b",1,"a"]`, `["b",1,"a"]`},
		"numbers":          {`{"n":[1e3,0.10,12345678901234567890]}`, `{"n":[1e3,0.10,12345678901234567890]}`},
		"other values":     {`[true,null,{},[]]`, `[true,null,{},[]]`},
		"HTML":             {`{"a":"<&>"}`, `{"a":"<&>"}`},
		"escapes":          {`{"a":"\u0041\"\\\n"}`, `{"a":"A\"\\\n"}`},
		"names twice":      {`{"a":"1","a":"2"}`, `{"a":"1","a":"2"}`},
		"nested lists":     {`[["b","a"],["d","c"]]`, `[["a","b"],["c","d"]]`},
		// What is no document of ours to write stays as it is.
		"no JSON":      {`Version: 1`, `Version: 1`},
		"cut short":    {`{"a":["b","a"`, `{"a":["b","a"`},
		"two values":   {`{} {}`, `{} {}`},
		"empty":        {``, ``},
		"bare text":    {`"b"`, `"b"`},
		"a name alone": {`{"a"}`, `{"a"}`},
	} {
		got := canonicalPolicy(c.given)
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if again := canonicalPolicy(got); again != got {
			t.Errorf("%s: a second time %s", name, again)
		}
	}
}

func TestPolicyTextIsDecoded(t *testing.T) {
	t.Parallel()
	// IAM encodes as RFC 3986 has it: "+" stands for itself.
	for given, want := range map[string]string{
		"%7B%22a%22%3A%22b+c%20d%22%7D": `{"a":"b+c d"}`, "%7B": "{", "100%": "100%", "": "",
	} {
		if got := policyText(&given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
	if got := policyText(nil); got != "" {
		t.Errorf("nothing became %q", got)
	}
}
