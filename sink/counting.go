package sink

import "sync"

// counting are the answers that somebody counts just now. Who asks the same meanwhile
// waits for them: after a change all that look at a report would count it at once.
type counting struct {
	mu  sync.Mutex
	now map[countingKey]*beingCounted
}

type countingKey struct {
	account, question string
	mark              uint64
}

// beingCounted is an answer to come.
type beingCounted struct {
	key      countingKey
	done     chan struct{}
	document string // when done: the answer, or "" when it could not be counted
}

// claim divides questions about accounts that have marks into those that are now the
// caller's to count and to release, and those that others count already.
func (c *counting) claim(ids []string, questions map[string]string, marks map[string]uint64) (mine, theirs map[string]*beingCounted) {
	mine, theirs = map[string]*beingCounted{}, map[string]*beingCounted{}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		k := countingKey{id, questions[id], marks[id]}
		if other := c.now[k]; other != nil {
			theirs[id] = other
			continue
		}
		if c.now == nil {
			c.now = map[countingKey]*beingCounted{}
		}
		mine[id] = &beingCounted{key: k, done: make(chan struct{})}
		c.now[k] = mine[id]
	}
	return mine, theirs
}

// answer gives those who wait what was counted, which is claimed no more.
func (c *counting) answer(mine map[string]*beingCounted, documents map[string]string) {
	counted := make(map[string]*beingCounted, len(documents))
	for id, doc := range documents {
		counted[id] = mine[id]
		counted[id].document = doc
		delete(mine, id)
	}
	c.release(counted)
}

// release tells those who wait that what was claimed is counted, or will not be.
func (c *counting) release(mine map[string]*beingCounted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range mine {
		delete(c.now, b.key)
		close(b.done)
	}
}
