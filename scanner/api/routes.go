package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func (s *Server) refuse(w http.ResponseWriter, err error) {
	s.noted(err)
	writeProblem(w, err)
}

// noted writes what nobody is told into the log.
func (s *Server) noted(err error) {
	if schemas.CodeOf(err) == schemas.CodeInternal {
		s.c.Log.Error().Err(err).Msg("a request failed")
	}
}

func (s *Server) routes() {
	s.open()
	s.accountRoutes()
	s.scanRoutes()
	s.packRoutes()
	s.groupRoutes()
	s.tokenRoutes()
	s.deadLetterRoutes()
	s.webhookRoutes()
	s.reportRoutes()
	s.exportRoutes()
	s.findingRoutes()
	s.waiverRoutes()
	s.frameworkRoutes()
	s.historyRoutes()
	s.backupRoutes()
	s.document()
	s.mux.HandleFunc("/v1/", s.nothing)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if s.c.Console == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.nothing(w, r)
			return
		}
		s.c.Console.ServeHTTP(w, r)
	})
}

// nothing answers for paths that there are not, and for methods that a path has not.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	if allowed := s.methods(r); len(allowed) > 0 {
		writeProblem(w, notAllowed{schemas.Errorf(schemas.CodeInvalid, "%s takes no %s", r.URL.Path, r.Method), allowed})
		return
	}
	writeProblem(w, schemas.Errorf(schemas.CodeNotFound, "there is no %s %s", r.Method, r.URL.Path))
}

// methods are those that there are for a request's path.
func (s *Server) methods(r *http.Request) (list []string) {
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if _, pattern := s.mux.Handler(&http.Request{Method: m, URL: r.URL, Host: r.Host}); pattern != "" && pattern[0] != '/' {
			list = append(list, m)
		}
	}
	return list
}

// open are the requests that need no token and tell nothing of any account.
func (s *Server) open() {
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, "application/json", http.StatusOK, map[string]string{"status": "ok"})
	})
	s.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if s.c.Ready != nil {
			if err := s.c.Ready(r.Context()); err != nil {
				// The reason may name hosts; whoever asks here has shown no token.
				s.c.Log.Warn().Err(err).Msg("not ready")
				writeProblem(w, schemas.Errorf(schemas.CodeUnavailable, "not ready; the server's log says why"))
				return
			}
		}
		writeJSON(w, "application/json", http.StatusOK, map[string]string{"status": "ready"})
	})
	s.mux.HandleFunc("GET /v1/version", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, "application/json", http.StatusOK, map[string]string{"version": s.c.Version})
	})
}

func (s *Server) accountRoutes() {
	svc := s.c.Service
	s.op("ListAccounts", "GET /v1/accounts", ScopeRead, "Every registered account.", svc.ListAccounts)
	s.op("AddAccount", "POST /v1/accounts", ScopeWrite, "Register an account; which one it is its credentials tell.", svc.AddAccount).creates()
	s.op("GetAccount", "GET /v1/accounts/{account}", ScopeRead, "An account, by name or id.", svc.GetAccount)
	s.op("UpdateAccount", "PUT /v1/accounts/{account}", ScopeWrite, "Replace the settings of an account.", svc.UpdateAccount)
	s.op("RemoveAccount", "DELETE /v1/accounts/{account}", ScopeWrite, "End scans and judging of an account; what was found is kept.", svc.RemoveAccount)
	s.op("PurgeAccount", "DELETE /v1/accounts/{account}/results", ScopeAdmin, "Delete what was found in an account that was removed.", svc.PurgeAccount)
	s.op("CheckAccount", "POST /v1/accounts/{account}/check", ScopeWrite, "Try what scans of an account call, and say what its credentials may do.",
		func(ctx context.Context, account string, in checkRequest) ([]schemas.Permission, error) {
			return svc.CheckAccount(ctx, account, in.Regions)
		})
	s.op("SyncOrganization", "POST /v1/accounts/{account}/organization/sync", ScopeWrite, "List the accounts of an organization again, and add and mark those that joined and left.", svc.SyncOrganization)
	s.op("EffectivePacks", "GET /v1/accounts/{account}/packs", ScopeRead, "The packs that hold for an account.",
		func(ctx context.Context, account string) (effectiveReply, error) {
			e, err := svc.EffectivePacks(ctx, account)
			return effectiveReply{e, e.Revision}, err
		})
	s.op("ExplainPacks", "GET /v1/accounts/{account}/packs/explained", ScopeRead, "Which packs hold for an account, how they are configured, which groups asked for them, and which won and why.", svc.ExplainPacks)
	s.op("AccountGroups", "GET /v1/accounts/{account}/groups", ScopeRead, "The groups that hold an account, and why.", svc.AccountGroups)
	s.op("Retention", "GET /v1/retention", ScopeRead, "How long results are kept.", svc.Retention)
}

// effectiveReply adds what the stored form does not hold.
type effectiveReply struct {
	schemas.Effective
	Revision uint64 `json:"revision"`
}

// checkRequest asks for a probe of an account; without regions those of a scan.
type checkRequest struct {
	Regions []string `json:"regions"`
}

// startRequest asks for a scan, of the whole account unless there is a limit.
type startRequest struct {
	Account string            `json:"account" api:"required"`
	Limit   schemas.ScanLimit `json:"limit,omitzero"`
}

// scansQuery names an account, or none for the scans of all; 0 is no bound.
type scansQuery struct {
	Account string `query:"account"`
	Limit   int    `query:"limit"`
}

func (s *Server) scanRoutes() {
	svc := s.c.Service
	s.op("ListScans", "GET /v1/scans", ScopeRead, "Scans, newest first.",
		func(ctx context.Context, q scansQuery) ([]schemas.Scan, error) {
			return svc.ListScans(ctx, q.Account, q.Limit)
		})
	s.op("StartScan", "POST /v1/scans", ScopeWrite, "Begin to read an account, or a part of it.",
		func(ctx context.Context, in startRequest) (schemas.Scan, error) {
			if in.Account == "" {
				return schemas.Scan{}, schemas.Errorf(schemas.CodeInvalid, "account: is missing")
			}
			return svc.StartScan(ctx, in.Account, in.Limit)
		}).accepts()
	s.op("GetScan", "GET /v1/scans/{scan}", ScopeRead, "A scan and how far it is.", svc.GetScan)
	s.op("CancelScan", "POST /v1/scans/{scan}/cancel", ScopeWrite, "Ask a scan to end early.", svc.CancelScan).accepts()
	s.streams("FollowScan", "GET /v1/scans/{scan}/events", ScopeRead, "The scan as server-sent events, one whenever it changes, until it has ended.",
		nil, map[string]string{eventStream: "Events named \"scan\" whose data is a Scan in JSON."}, s.followScan)
}

func (s *Server) packRoutes() {
	svc := s.c.Service
	s.op("ListPacks", "GET /v1/packs", ScopeRead, "Every published version of every pack, newest first per pack.", svc.ListPacks)
	s.op("PublishPack", "POST /v1/packs", ScopeWrite, "Publish a version of a pack: a tar.gz rooted at package/.", svc.PublishPack).creates()
	s.op("PackVersions", "GET /v1/packs/{pack}", ScopeRead, "The versions of a pack, newest first, removed ones too.", svc.PackVersions)
	s.op("GetPack", "GET /v1/packs/{pack}/{version}", ScopeRead, "A version of a pack, or the latest.", svc.GetPack)
	s.op("RemovePack", "DELETE /v1/packs/{pack}/{version}", ScopeWrite, "Take a version off the list; it stays used for ever.", svc.RemovePack)
	s.op("PullPack", "GET /v1/packs/{pack}/{version}/archive", ScopeRead, "The archive of a version as it was published.", svc.PullPack)
	s.op("ValidateConfig", "POST /v1/packs/{pack}/{version}/validate-config", ScopeRead, "What each policy would run with under a configuration.",
		func(ctx context.Context, pack, version string, in configRequest) (map[string]schemas.PolicyConfig, error) {
			return svc.ValidateConfig(ctx, pack, version, in.Config)
		})
	s.op("PreviewPack", "POST /v1/preview", ScopeWrite, "What an enrolment would change of the open violations; nothing is recorded.", svc.PreviewPack).upTo(maxPreview)
}

// configRequest is a configuration as schemas.Enrolment has it.
type configRequest struct {
	Config map[string]map[string]any `json:"config"`
}

// groupRequest asks for a new group.
type groupRequest struct {
	Name string `json:"name" api:"required"`
}

// selectRequest says whom a group holds by labels; an empty selector nobody.
type selectRequest struct {
	Selector *string `json:"selector" api:"required"`
}

// enrolRequest asks for a pack to be enforced.
type enrolRequest struct {
	Version string                    `json:"version,omitempty"`
	Config  map[string]map[string]any `json:"config,omitempty"`
}

func (s *Server) groupRoutes() {
	svc := s.c.Service
	s.op("ListGroups", "GET /v1/groups", ScopeRead, "Every policy group.", svc.ListGroups)
	s.op("CreateGroup", "POST /v1/groups", ScopeWrite, "Make a policy group.",
		func(ctx context.Context, in groupRequest) (schemas.Group, error) {
			return svc.CreateGroup(ctx, in.Name)
		}).creates()
	s.op("GetGroup", "GET /v1/groups/{group}", ScopeRead, "A policy group.", svc.GetGroup)
	s.op("DeleteGroup", "DELETE /v1/groups/{group}", ScopeWrite, "Delete a policy group.", svc.DeleteGroup)
	s.op("AddGroupAccount", "PUT /v1/groups/{group}/accounts/{account}", ScopeWrite, "Add an account, or a child of one, to a group.", svc.AddGroupAccount)
	s.op("RemoveGroupAccount", "DELETE /v1/groups/{group}/accounts/{account}", ScopeWrite, "Take an account, or a child of one, out of a group.", svc.RemoveGroupAccount)
	s.op("SelectGroupAccounts", "PUT /v1/groups/{group}/selector", ScopeWrite, "Make a group hold the accounts whose labels match, beside those that were added.",
		func(ctx context.Context, group string, in selectRequest) (schemas.Group, error) {
			if in.Selector == nil {
				return schemas.Group{}, schemas.Errorf(schemas.CodeInvalid, "selector: is missing")
			}
			return svc.SelectGroupAccounts(ctx, group, *in.Selector)
		})
	s.op("EnrolPack", "PUT /v1/groups/{group}/packs/{pack}", ScopeWrite, "Enforce a version of a pack, or always the latest, on the accounts of a group.",
		func(ctx context.Context, group, pack string, in enrolRequest) (schemas.Group, error) {
			return svc.EnrolPack(ctx, group, schemas.Enrolment{Pack: pack, Version: in.Version, Config: in.Config})
		})
	s.op("WithdrawPack", "DELETE /v1/groups/{group}/packs/{pack}", ScopeWrite, "Enforce a pack no longer on the accounts of a group.", svc.WithdrawPack)
}

// tokenRequest asks for a token; TTLSeconds 0 is for ever.
type tokenRequest struct {
	Name       string     `json:"name" api:"required"`
	Scope      TokenScope `json:"scope" api:"required"`
	TTLSeconds int64      `json:"ttlSeconds,omitempty"`
}

// tokenReply is the only place where a secret is ever shown.
type tokenReply struct {
	Secret string `json:"secret"`
	Token  Token  `json:"token"`
}

// maxTTLSeconds keeps the seconds from overflowing a duration.
const maxTTLSeconds = math.MaxInt64 / int64(time.Second)

func (s *Server) tokenRoutes() {
	svc := s.c.Service
	s.op("ListTokens", "GET /v1/tokens", ScopeAdmin, "Every API token, without secrets.", svc.ListTokens)
	s.op("CreateToken", "POST /v1/tokens", ScopeAdmin, "Make an API token; the secret is shown this once.",
		func(ctx context.Context, in tokenRequest) (tokenReply, error) {
			if in.TTLSeconds > maxTTLSeconds {
				return tokenReply{}, schemas.Errorf(schemas.CodeInvalid, "ttlSeconds: must be at most %d", maxTTLSeconds)
			}
			ttl := time.Duration(max(in.TTLSeconds, -1)) * time.Second
			secret, t, err := svc.CreateToken(ctx, in.Name, in.Scope, ttl)
			return tokenReply{secret, t}, err
		}).creates()
	s.op("RevokeToken", "DELETE /v1/tokens/{token}", ScopeAdmin, "End an API token.", svc.RevokeToken)
}
