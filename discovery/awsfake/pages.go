package awsfake

import (
	"fmt"
	"strconv"
	"strings"
)

// window is the part of n items that this request asks for, and the token of
// the next part. Tokens are the index to go on from. Who asks for a window makes a
// list, which may lag behind.
func (q *request) window(token string, size, maxSize, n int) (from, to int, next string) {
	q.listing = true
	if q.faults.PageSize > 0 {
		maxSize = min(q.faults.PageSize, maxSize)
	}
	from, _ = strconv.Atoi(token)
	if size <= 0 || size > maxSize {
		size = maxSize
	}
	to = min(from+size, n)
	if to < n {
		next = fmt.Sprintf("%08d", to)
	}
	return max(0, min(from, n)-q.faults.Overlap), to, next
}

// each calls item for what a window holds, without what was removed.
func (q *request) each(from, to int, name func(i int) string, item func(i int)) {
	for i := from; i < to; i++ {
		if !q.gone(name(i)) {
			item(i)
		}
	}
}

// paged adds the token of the next part to an answer that is not the last one.
func paged(answer map[string]any, token, next string) map[string]any {
	if next != "" {
		answer[token] = next
	}
	return answer
}

// index is the number at the end of a generated name, out of n; ok is false for
// every other name.
func index(name, prefix string, n int) (i int, ok bool) {
	digits, found := strings.CutPrefix(name, prefix)
	i, err := strconv.Atoi(digits)
	return i, found && err == nil && i >= 0 && i < n
}

// index is that of a resource which was not removed.
func (q *request) index(name, prefix string, n int) (i int, ok bool) {
	i, ok = index(name, prefix, n)
	return i, ok && !q.gone(name)
}
