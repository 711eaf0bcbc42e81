package cfn

import "strings"

// Token is aws-native's token of a type: "aws-native:s3:Bucket". Pulumi's rule is in
// provider/pkg/schema/gen.go of pulumi-aws-native.
func Token(name string) string {
	service, kind := Service(name), name[strings.LastIndexByte(name, ':')+1:]
	module := strings.ToLower(service)
	if service == "Config" {
		module = "configuration" // "config" is the provider's own
	}
	kind = lowerAcronyms(kind)
	if strings.HasSuffix(kind, "Output") && name != "AWS::MediaConnect::FlowOutput" {
		kind += "Resource" // "XOutput" is the name of a type's output
	}
	return "aws-native:" + module + ":" + kind
}

// Property is aws-native's name of a property, at any depth: "kmsMasterKeyId" of
// KMSMasterKeyID (provider/pkg/naming of pulumi-aws-native).
func Property(name string) string {
	name = lowerAcronyms(name)
	if name == "" {
		return name
	}
	return strings.ToLower(name[:1]) + name[1:]
}

// topLevel is Property for one of the resource itself, which has an id already.
func topLevel(name string) string {
	if p := Property(name); p != "id" {
		return p
	}
	return "awsId"
}

// lowerAcronyms lowers a run of capitals and digits behind its first one. The last one
// begins the next word, unless nothing follows or the "s" of a plural does.
func lowerAcronyms(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		end := i
		for end < len(s) && isCapital(s[end]) {
			end++
		}
		if end-i < 2 {
			b.WriteByte(s[i])
			i++
			continue
		}
		if end < len(s) && !isPlural(s[end:]) {
			end--
		}
		b.WriteString(s[i : i+1])
		b.WriteString(strings.ToLower(s[i+1 : end]))
		if i = end; i < len(s) { // it is no run's first one
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}

func isCapital(c byte) bool { return c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' }

// isPlural tells whether what follows a run is an "s" that stands alone.
func isPlural(rest string) bool {
	return rest[0] == 's' && (len(rest) == 1 || isCapital(rest[1]))
}
