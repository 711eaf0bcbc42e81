package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) deadLettersCmd() *cobra.Command {
	return parent("dead-letters", "Look at messages that were given up, and replay them",
		a.deadListCmd(), a.deadShowCmd(), a.deadReplayCmd(), a.deadRemoveCmd())
}

func (a *app) deadListCmd() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List the messages that were given up, newest first", Args: args(cobra.NoArgs),
		Long: `List shows the messages between the roles that could not be handled: one that
cannot be decoded is given up at once, one whose handling fails after ten tries
(60 while a dependency is down). A scan re-reads the unit, or ends partial and
says why; the message is kept for 14 days.`,
		Example: `  insights dead-letters list
  insights dead-letters list --server http://127.0.0.1:8080 -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usageError(cmd, fmt.Errorf("--limit %d: must be 1 or more", limit))
			}
			return a.with(cmd.Context(), "insights dead-letters list", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.ListDeadLetters(ctx, limit)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, orEmpty(list))
				}
				return a.printDeadLetters(ctx, s, list, limit)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "`HOW-MANY` at most")
	return cmd
}

func (a *app) deadShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a message that was given up, and why", Args: args(cobra.ExactArgs(1)),
		Long: `Show prints why the message ID (see 'insights dead-letters list') was given up, its
headers, and the message itself. Secret values in it stay sealed.`,
		Example: "  insights dead-letters show 12",
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := deadLetterID(cmd, given[0])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), "insights dead-letters show", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				m, err := s.GetDeadLetter(ctx, id)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, deadMessageDoc(m))
				}
				return a.printDeadMessage(m)
			})
		},
	}
}

func (a *app) deadReplayCmd() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "replay [ID]", Short: "Have a message handled again", Args: args(cobra.MaximumNArgs(1)),
		Long: `Replay puts the message ID, or with --all every one, back where it was published,
and removes the dead letter once that is stored. Do it when the reason is mended:
what fails again becomes a new dead letter.

A replay never undoes what is newer. A scan that has ended stays as it ended, and
a batch of an older attempt is fenced by its sequence number: it changes nothing
that a newer one has written. When in doubt, start a new scan instead.`,
		Example: `  insights dead-letters replay 12
  insights dead-letters replay --all --server http://127.0.0.1:8080`,
		RunE: func(cmd *cobra.Command, given []string) error {
			if all == (len(given) == 1) {
				return usageError(cmd, errors.New("name either an ID or --all"))
			}
			var id uint64
			if !all {
				var err error
				if id, err = deadLetterID(cmd, given[0]); err != nil {
					return err
				}
			}
			return a.with(cmd.Context(), "insights dead-letters replay", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				ids := []uint64{id}
				if all {
					var err error
					if ids, err = deadLetterIDs(ctx, s); err != nil {
						return err
					}
				}
				return a.replay(ctx, s, ids)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "replay every message that is there now, oldest first")
	return cmd
}

func (a *app) deadRemoveCmd() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Delete a message that was given up", Args: args(cobra.ExactArgs(1)),
		Long: `Remove deletes the message ID for good. What it would have changed is not changed;
the next scan of its account reads everything again.`,
		Example: "  insights dead-letters remove 12",
		RunE: func(cmd *cobra.Command, given []string) error {
			id, err := deadLetterID(cmd, given[0])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), "insights dead-letters remove", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				if err := s.RemoveDeadLetter(ctx, id); err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]uint64{"removed": id})
				}
				_, err := fmt.Fprintf(a.out, "Dead letter %d removed.\n", id)
				return err
			})
		},
	}
}

func deadLetterID(cmd *cobra.Command, text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, usageError(cmd, fmt.Errorf("ID %q: must be a whole number", text))
	}
	return id, nil
}

// deadLetterIDs are those of every dead letter, oldest first: what depends on
// each other was published in this order.
func deadLetterIDs(ctx context.Context, s api.Service) ([]uint64, error) {
	list, err := s.ListDeadLetters(ctx, 0)
	if err != nil {
		return nil, err
	}
	ids := make([]uint64, len(list))
	for i, l := range list {
		ids[len(list)-1-i] = l.ID
	}
	return ids, nil
}

// replay replays one after the other. One that cannot be replayed does not keep
// the others from it; the errors are joined.
func (a *app) replay(ctx context.Context, s api.Service, ids []uint64) error {
	done := []schemas.Replay{}
	var errs []error
	for _, id := range ids {
		r, err := s.ReplayDeadLetter(ctx, id)
		if err != nil {
			errs = append(errs, err)
			if ctx.Err() != nil {
				break
			}
			continue
		}
		done = append(done, r)
		if a.output != "json" {
			fmt.Fprintf(a.out, "Replayed %s\n", replayText(r))
		}
	}
	if a.output == "json" {
		if err := printJSON(a.out, done); err != nil {
			return err
		}
	} else {
		a.printReplayed(len(ids), len(done))
	}
	return errors.Join(errs...)
}

func (a *app) printReplayed(asked, done int) {
	switch {
	case asked == 0:
		fmt.Fprintln(a.out, noDeadLetters)
	case done > 0 && a.server == "":
		fmt.Fprintln(a.out, "What was replayed is handled when 'insights serve' or a scan runs.")
	}
}
