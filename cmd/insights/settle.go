package main

import (
	"context"
	"fmt"
)

// settle waits until what is held is judged by what applies now, without
// reading any cloud. Accounts that a scan holds are left to it.
func (n *node) settle(ctx context.Context) error {
	accounts, err := n.service.ListAccounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		left, err := n.parts.control.Refresh(ctx, a.ID)
		if err != nil {
			return fmt.Errorf("judge account %s anew: %w", a.Name, err)
		}
		if left > 0 {
			n.log.Warn().Str("account", a.Name).Uint64("resources", left).Msg("resources could not be judged; the next scan or change tries again")
		}
	}
	return nil
}
