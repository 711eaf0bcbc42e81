package discovery

import (
	"strconv"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// headerSize is more than the fields of a batch take beside its entries.
const headerSize = 2 << 10

// sightingSize is an upper bound of a sighting's encoded size in bytes.
func sightingSize(k schemas.Key) int { return 128 + 2*(len(k.Region)+len(k.Type)+len(k.ID)) }

// resourceSize is about the encoded size of a resource in bytes. Encoding it to
// know would cost as much as publishing it; the message limit leaves room for
// the difference.
func resourceSize(r *schemas.Resource) int {
	n := sightingSize(r.Key) + 128 + len(r.Name) + size(r.Properties)
	for _, u := range r.Unknown {
		n += 64 + len(u.Path) + len(u.Call) + len(u.Reason)
	}
	return n
}

func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v) + len(v)/8 + 2 // some characters are escaped
	case map[string]any:
		n := 2
		for k, e := range v {
			n += len(k) + 4 + size(e)
		}
		return n
	case []any:
		n := 2
		for _, e := range v {
			n += 1 + size(e)
		}
		return n
	case []string:
		n := 2
		for _, e := range v {
			n += 3 + len(e)
		}
		return n
	case []map[string]any:
		n := 2
		for _, e := range v {
			n += 1 + size(e)
		}
		return n
	case map[string]string:
		n := 2
		for k, e := range v {
			n += len(k) + len(e) + 8
		}
		return n
	case int:
		return len(strconv.Itoa(v))
	default:
		return 24
	}
}
