package awsfake

import "fmt"

// certificateARN has the index where ACM has a random number.
func (q *request) certificateARN(i int) string {
	return fmt.Sprintf("arn:aws:acm:%s:%s:certificate/00000000-0000-0000-0000-%012d", q.region, q.pop.AccountID, i)
}
