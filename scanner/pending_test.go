package scanner

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What comes while an account is looked at is looked at once more.
func TestWhatComesMeanwhileIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	const a schemas.AccountID = "aws-123456789012"
	p := newPending()
	p.addComing(a)
	first := p.snapshot()[a]
	p.addComing(a)
	p.settle(a, first)
	second, still := p.snapshot()[a]
	if !still {
		t.Fatal("what was replayed meanwhile is forgotten")
	}
	p.add(a, 7)
	if p.settle(a, second); len(p.snapshot()) != 1 {
		t.Error("a change of packs meanwhile is forgotten")
	}
	if p.settle(a, p.snapshot()[a]); len(p.snapshot()) != 0 {
		t.Error("what was done is done again")
	}
}
