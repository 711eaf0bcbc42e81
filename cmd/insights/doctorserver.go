package main

import (
	"context"
	"fmt"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func checkServer(ctx context.Context, d *doctor) []finding {
	const name = "server"
	theirs, err := d.client.Version(ctx)
	if err != nil {
		return []finding{broken(name, err)}
	}
	out := []finding{fine(name, "%s answers, version %s", d.a.server, theirs)}
	if theirs != version {
		out[0] = warn(name, "Use the same version on both sides.", "%s answers, version %s; this program is %s", d.a.server, theirs, version)
	}
	if err := d.client.Ready(ctx); err != nil {
		return append(out, broken("stores", err))
	}
	return append(out, fine("stores", "the server reaches NATS and ClickHouse"))
}

// checkServerAccounts goes by the last scan of each account: only the server's
// workers have the credentials.
func checkServerAccounts(ctx context.Context, d *doctor) []finding {
	accounts, err := d.client.ListAccounts(ctx)
	if err != nil {
		return []finding{broken("token", err)}
	}
	if len(accounts) == 0 {
		return []finding{fine("accounts", "none yet. %s", addAccountText)}
	}
	var out []finding
	for _, a := range accounts {
		scan, scanned, err := lastScan(ctx, d.client, a.ID)
		if err != nil {
			return append(out, broken("account "+a.Name, err))
		}
		out = append(out, scanFinding(a, scan, scanned))
	}
	return out
}

func scanFinding(a schemas.Account, scan schemas.Scan, scanned bool) finding {
	name := "account " + a.Name
	if !scanned {
		return warn(name, "Scan it: insights scan start "+a.Name+".", "never scanned")
	}
	text := fmt.Sprintf("scan %s: %s", scan.ID, scan.State)
	if scan.Reason != "" {
		text += ": " + scan.Reason
	}
	switch scan.State {
	case schemas.ScanFailed, schemas.ScanPartial:
		return warn(name, "See 'insights scan show "+scan.ID+"'; for the credentials, run 'insights doctor' where the discovery worker runs.", "%s", text)
	default:
		return fine(name, "%s", text)
	}
}

func checkServerDead(ctx context.Context, d *doctor) []finding {
	list, err := d.client.ListDeadLetters(ctx, 0)
	if err != nil {
		return []finding{broken("dead letters", err)}
	}
	return []finding{deadFinding(uint64(len(list)))}
}
