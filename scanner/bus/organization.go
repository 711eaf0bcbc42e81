package bus

import (
	"context"
	"encoding/json"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// organizationPages lists an organization in as many messages as it takes: one of
// thousands of accounts, with their tags, has more than NATS carries in one.
func organizationPages(ctx context.Context, data []byte, p Planner) []any {
	list, failed := done(ctx, data, func(ctx context.Context, r schemas.OrganizationRequest) ([]schemas.OrganizationAccount, error) {
		return p.Organization(ctx, r.Account)
	})
	if failed != nil {
		return []any{schemas.OrganizationReply{Page: 1, Error: failed}}
	}
	pages, page, size := []any{}, schemas.OrganizationReply{Page: 1}, 0
	for _, a := range list {
		n := encodedSize(a)
		if size+n > schemas.MaxBatchBytes-batchOverhead && size > 0 {
			page.More = true
			pages = append(pages, page)
			page, size = schemas.OrganizationReply{Page: page.Page + 1}, 0
		}
		page.Accounts = append(page.Accounts, a)
		size += n + 1
	}
	return append(pages, page)
}

// batchOverhead is room for what stands around the entries of a message.
const batchOverhead = 4 << 10

func encodedSize(v any) int {
	raw, _ := json.Marshal(v) // what cannot be encoded fails when it is sent
	return len(raw)
}

// Organization asks a discovery worker for the accounts of the organization that
// an account's credentials list: all of them, or an error. Errors as in Plan.
func (b *Bus) Organization(ctx context.Context, a schemas.Account) (list []schemas.OrganizationAccount, err error) {
	data, err := json.Marshal(schemas.OrganizationRequest{Account: a})
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "encode request: %w", err)
	}
	var failed error // that was answered
	err = again(ctx, schemas.RequestOrganization, planTries, func() (err error) {
		list, failed, err = b.organization(ctx, data)
		return err
	})
	if err != nil {
		return nil, errNoWorker(err)
	}
	return list, failed
}

// OrganizationalUnits asks a discovery worker for the organizational units of the organization that
// an account's credentials list. Errors as in Plan.
func (b *Bus) OrganizationalUnits(ctx context.Context, a schemas.Account) ([]schemas.OrganizationUnit, error) {
	var out schemas.UnitsReply
	if err := b.askWorker(ctx, schemas.RequestUnits, schemas.OrganizationRequest{Account: a}, &out); err != nil {
		return nil, err
	}
	return out.Units, coded(out.Error)
}

// organization gathers the pages of one answer; err is of an answer that did not come
// whole.
func (b *Bus) organization(ctx context.Context, request []byte) (list []schemas.OrganizationAccount, failed, err error) {
	inbox := b.nc.NewInbox()
	sub, err := b.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := b.nc.PublishRequest(schemas.RequestOrganization, inbox, request); err != nil {
		return nil, nil, err
	}
	limit := organizationTimeout
	for page := 1; ; page++ {
		m, err := awaitAnswer(ctx, sub, limit)
		if err != nil {
			return nil, nil, err
		}
		var r schemas.OrganizationReply
		if err := decodeAnswer(schemas.RequestOrganization, m, &r); err != nil {
			return nil, err, nil
		}
		if r.Error != nil {
			return nil, r.Error, nil
		}
		if r.Page != page {
			return nil, nil, schemas.Errorf(schemas.CodeUnavailable, "page %d of the organization is missing: page %d came", page, r.Page)
		}
		list = append(list, r.Accounts...)
		if !r.More {
			return list, nil, nil
		}
		limit = storeTimeout // what follows is there already
	}
}

func awaitAnswer(ctx context.Context, sub *nats.Subscription, limit time.Duration) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return sub.NextMsgWithContext(ctx)
}
