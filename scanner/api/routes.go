package api

import (
	"math"
	"net/http"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// operation answers a request with a status and a value, or an error. A nil
// value is no body; bytes are a tar.gz.
type operation func(r *http.Request) (int, any, error)

// route serves an operation without parameters to callers with a scope.
func (s *Server) route(pattern string, need TokenScope, op operation) {
	s.search(pattern, need, func(r *http.Request) (int, any, error) {
		if err := query(r).done(); err != nil {
			return 0, nil, err
		}
		return op(r)
	})
}

// search serves an operation that reads parameters itself.
func (s *Server) search(pattern string, need TokenScope, op operation) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		r, err := s.authorized(r, need)
		if err != nil {
			s.refuse(w, err)
			return
		}
		status, v, err := op(r)
		archive, packed := v.([]byte)
		switch {
		case err != nil:
			s.refuse(w, err)
		case v == nil:
			w.WriteHeader(status)
		case packed:
			w.Header().Set("Content-Type", "application/gzip")
			w.WriteHeader(status)
			_, _ = w.Write(archive) // an error is of the caller, who is gone
		default:
			writeJSON(w, "application/json", status, v)
		}
	})
}

func (s *Server) refuse(w http.ResponseWriter, err error) {
	if schemas.CodeOf(err) == schemas.CodeInternal {
		s.c.Log.Error().Err(err).Msg("a request failed")
	}
	writeProblem(w, err)
}

func (s *Server) routes() {
	s.open()
	s.accountRoutes()
	s.scanRoutes()
	s.packRoutes()
	s.groupRoutes()
	s.tokenRoutes()
	s.deadLetterRoutes()
	s.reportRoutes()
	s.findingRoutes()
	s.waiverRoutes()
	s.frameworkRoutes()
	s.historyRoutes()
	s.mux.HandleFunc("GET /v1/backup", s.backup)
	s.mux.HandleFunc("/v1/", nothing)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if s.c.Console == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
			nothing(w, r)
			return
		}
		s.c.Console.ServeHTTP(w, r)
	})
}

func nothing(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, schemas.Errorf(schemas.CodeNotFound, "there is no %s %s", r.Method, r.URL.Path))
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

// created, found and none shape the results of Service methods.
func created(v any, err error) (int, any, error) { return http.StatusCreated, v, err }
func found(v any, err error) (int, any, error)   { return http.StatusOK, v, err }
func none(err error) (int, any, error)           { return http.StatusNoContent, nil, err }

// items is a list on the wire, which may grow fields beside it.
type items[T any] struct {
	Items []T `json:"items"`
}

func listed[T any](list []T, err error) (int, any, error) {
	if list == nil {
		list = []T{}
	}
	return http.StatusOK, items[T]{list}, err
}

func (s *Server) accountRoutes() {
	svc := s.c.Service
	s.route("GET /v1/accounts", ScopeRead, func(r *http.Request) (int, any, error) {
		return listed(svc.ListAccounts(r.Context()))
	})
	s.route("POST /v1/accounts", ScopeWrite, func(r *http.Request) (int, any, error) {
		a, err := decode[schemas.Account](r)
		if err != nil {
			return 0, nil, err
		}
		return created(svc.AddAccount(r.Context(), a))
	})
	s.route("GET /v1/accounts/{account}", ScopeRead, func(r *http.Request) (int, any, error) {
		return found(svc.GetAccount(r.Context(), r.PathValue("account")))
	})
	s.route("PUT /v1/accounts/{account}", ScopeWrite, func(r *http.Request) (int, any, error) {
		a, err := decode[schemas.Account](r)
		if err != nil {
			return 0, nil, err
		}
		return found(svc.UpdateAccount(r.Context(), r.PathValue("account"), a))
	})
	s.route("DELETE /v1/accounts/{account}", ScopeWrite, func(r *http.Request) (int, any, error) {
		return none(svc.RemoveAccount(r.Context(), r.PathValue("account")))
	})
	s.route("POST /v1/accounts/{account}/organization/sync", ScopeWrite, func(r *http.Request) (int, any, error) {
		return found(svc.SyncOrganization(r.Context(), r.PathValue("account")))
	})
	s.route("POST /v1/accounts/{account}/check", ScopeWrite, func(r *http.Request) (int, any, error) {
		in, err := decode[checkRequest](r)
		if err != nil {
			return 0, nil, err
		}
		return listed(svc.CheckAccount(r.Context(), r.PathValue("account"), in.Regions))
	})
	s.route("DELETE /v1/accounts/{account}/results", ScopeAdmin, func(r *http.Request) (int, any, error) {
		return none(svc.PurgeAccount(r.Context(), schemas.AccountID(r.PathValue("account"))))
	})
	s.route("GET /v1/retention", ScopeRead, func(r *http.Request) (int, any, error) {
		return found(svc.Retention(r.Context()))
	})
	s.route("GET /v1/accounts/{account}/packs", ScopeRead, func(r *http.Request) (int, any, error) {
		e, err := svc.EffectivePacks(r.Context(), r.PathValue("account"))
		return found(effectiveReply{e, e.Revision}, err)
	})
	s.route("GET /v1/accounts/{account}/packs/explained", ScopeRead, func(r *http.Request) (int, any, error) {
		return found(svc.ExplainPacks(r.Context(), r.PathValue("account")))
	})
	s.route("GET /v1/accounts/{account}/groups", ScopeRead, func(r *http.Request) (int, any, error) {
		return listed(svc.AccountGroups(r.Context(), r.PathValue("account")))
	})
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
	Account string            `json:"account"`
	Limit   schemas.ScanLimit `json:"limit,omitzero"`
}

func (s *Server) scanRoutes() {
	svc := s.c.Service
	s.search("GET /v1/scans", ScopeRead, func(r *http.Request) (int, any, error) {
		q := query(r)
		account, limit := q.text("account"), q.number("limit")
		if err := q.done(); err != nil {
			return 0, nil, err
		}
		return listed(svc.ListScans(r.Context(), account, limit))
	})
	s.route("POST /v1/scans", ScopeWrite, func(r *http.Request) (int, any, error) {
		in, err := decode[startRequest](r)
		if err != nil {
			return 0, nil, err
		}
		if in.Account == "" {
			return 0, nil, schemas.Errorf(schemas.CodeInvalid, "account: is missing")
		}
		scan, err := svc.StartScan(r.Context(), in.Account, in.Limit)
		return http.StatusAccepted, scan, err
	})
	s.route("GET /v1/scans/{scan}", ScopeRead, func(r *http.Request) (int, any, error) {
		return found(svc.GetScan(r.Context(), r.PathValue("scan")))
	})
	s.route("POST /v1/scans/{scan}/cancel", ScopeWrite, func(r *http.Request) (int, any, error) {
		scan, err := svc.CancelScan(r.Context(), r.PathValue("scan"))
		return http.StatusAccepted, scan, err
	})
	s.mux.HandleFunc("GET /v1/scans/{scan}/events", s.followScan)
}

func (s *Server) packRoutes() {
	svc := s.c.Service
	s.route("GET /v1/packs", ScopeRead, func(r *http.Request) (int, any, error) {
		return listed(svc.ListPacks(r.Context()))
	})
	s.route("POST /v1/packs", ScopeWrite, func(r *http.Request) (int, any, error) {
		archive, err := archiveOf(r)
		if err != nil {
			return 0, nil, err
		}
		return created(svc.PublishPack(r.Context(), archive))
	})
	s.route("POST /v1/preview", ScopeWrite, func(r *http.Request) (int, any, error) {
		q, err := decodeUpTo[schemas.PreviewRequest](r, maxPreview)
		if err != nil {
			return 0, nil, err
		}
		return found(svc.PreviewPack(r.Context(), q))
	})
	s.route("GET /v1/packs/{pack}", ScopeRead, func(r *http.Request) (int, any, error) {
		return listed(svc.PackVersions(r.Context(), r.PathValue("pack")))
	})
	s.route("GET /v1/packs/{pack}/{version}", ScopeRead, func(r *http.Request) (int, any, error) {
		return found(svc.GetPack(r.Context(), r.PathValue("pack"), r.PathValue("version")))
	})
	s.route("DELETE /v1/packs/{pack}/{version}", ScopeWrite, func(r *http.Request) (int, any, error) {
		return none(svc.RemovePack(r.Context(), r.PathValue("pack"), r.PathValue("version")))
	})
	s.route("GET /v1/packs/{pack}/{version}/archive", ScopeRead, func(r *http.Request) (int, any, error) {
		return found(svc.PullPack(r.Context(), r.PathValue("pack"), r.PathValue("version")))
	})
	s.route("POST /v1/packs/{pack}/{version}/validate-config", ScopeRead, func(r *http.Request) (int, any, error) {
		in, err := decode[configRequest](r)
		if err != nil {
			return 0, nil, err
		}
		return found(svc.ValidateConfig(r.Context(), r.PathValue("pack"), r.PathValue("version"), in.Config))
	})
}

// configRequest is a configuration as schemas.Enrolment has it.
type configRequest struct {
	Config map[string]map[string]any `json:"config"`
}

// groupRequest asks for a new group.
type groupRequest struct {
	Name string `json:"name"`
}

// selectRequest says whom a group holds by labels; an empty selector nobody.
type selectRequest struct {
	Selector *string `json:"selector"`
}

// enrolRequest asks for a pack to be enforced.
type enrolRequest struct {
	Version string                    `json:"version,omitempty"`
	Config  map[string]map[string]any `json:"config,omitempty"`
}

func (s *Server) groupRoutes() {
	svc := s.c.Service
	s.route("GET /v1/groups", ScopeRead, func(r *http.Request) (int, any, error) {
		return listed(svc.ListGroups(r.Context()))
	})
	s.route("POST /v1/groups", ScopeWrite, func(r *http.Request) (int, any, error) {
		in, err := decode[groupRequest](r)
		if err != nil {
			return 0, nil, err
		}
		return created(svc.CreateGroup(r.Context(), in.Name))
	})
	s.route("GET /v1/groups/{group}", ScopeRead, func(r *http.Request) (int, any, error) {
		return found(svc.GetGroup(r.Context(), r.PathValue("group")))
	})
	s.route("DELETE /v1/groups/{group}", ScopeWrite, func(r *http.Request) (int, any, error) {
		return none(svc.DeleteGroup(r.Context(), r.PathValue("group")))
	})
	s.route("PUT /v1/groups/{group}/accounts/{account}", ScopeWrite, func(r *http.Request) (int, any, error) {
		return found(svc.AddGroupAccount(r.Context(), r.PathValue("group"), r.PathValue("account")))
	})
	s.route("DELETE /v1/groups/{group}/accounts/{account}", ScopeWrite, func(r *http.Request) (int, any, error) {
		return found(svc.RemoveGroupAccount(r.Context(), r.PathValue("group"), r.PathValue("account")))
	})
	s.route("PUT /v1/groups/{group}/selector", ScopeWrite, func(r *http.Request) (int, any, error) {
		in, err := decode[selectRequest](r)
		if err != nil {
			return 0, nil, err
		}
		if in.Selector == nil {
			return 0, nil, schemas.Errorf(schemas.CodeInvalid, "selector: is missing")
		}
		return found(svc.SelectGroupAccounts(r.Context(), r.PathValue("group"), *in.Selector))
	})
	s.route("PUT /v1/groups/{group}/packs/{pack}", ScopeWrite, func(r *http.Request) (int, any, error) {
		in, err := decode[enrolRequest](r)
		if err != nil {
			return 0, nil, err
		}
		e := schemas.Enrolment{Pack: r.PathValue("pack"), Version: in.Version, Config: in.Config}
		return found(svc.EnrolPack(r.Context(), r.PathValue("group"), e))
	})
	s.route("DELETE /v1/groups/{group}/packs/{pack}", ScopeWrite, func(r *http.Request) (int, any, error) {
		return found(svc.WithdrawPack(r.Context(), r.PathValue("group"), r.PathValue("pack")))
	})
}

// tokenRequest asks for a token; TTLSeconds 0 is for ever.
type tokenRequest struct {
	Name       string     `json:"name"`
	Scope      TokenScope `json:"scope"`
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
	s.route("GET /v1/tokens", ScopeAdmin, func(r *http.Request) (int, any, error) {
		return listed(svc.ListTokens(r.Context()))
	})
	s.route("POST /v1/tokens", ScopeAdmin, func(r *http.Request) (int, any, error) {
		in, err := decode[tokenRequest](r)
		if err != nil {
			return 0, nil, err
		}
		if in.TTLSeconds > maxTTLSeconds {
			return 0, nil, schemas.Errorf(schemas.CodeInvalid, "ttlSeconds: must be at most %d", maxTTLSeconds)
		}
		ttl := time.Duration(max(in.TTLSeconds, -1)) * time.Second
		secret, t, err := svc.CreateToken(r.Context(), in.Name, in.Scope, ttl)
		return created(tokenReply{secret, t}, err)
	})
	s.route("DELETE /v1/tokens/{token}", ScopeAdmin, func(r *http.Request) (int, any, error) {
		return none(svc.RevokeToken(r.Context(), r.PathValue("token")))
	})
}
