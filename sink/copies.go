package sink

import "slices"

// Counting of events. A repeated write leaves copies of an event until they are merged.
// There are rarely any, and FINAL, which leaves them out, takes several times as long as counting.

// copies is how many rows of a group are copies of others in it. Two events that have one hash
// would count as copies too, which costs time only.
const copies = "count() - uniqExact(cityHash64(event_id))"

// countOnce asks about the events of accounts: first about every row, then once more, FINAL,
// about those accounts that ask says have copies, however often it says so. The later answer
// of an account is right.
func countOnce(ids []string, ask func(events string, ids []string) (copied []string, err error)) error {
	copied, err := ask("@db.violation_events", ids)
	if err != nil || len(copied) == 0 {
		return err
	}
	slices.Sort(copied)
	_, err = ask("@db.violation_events FINAL", slices.Compact(copied))
	return err
}
