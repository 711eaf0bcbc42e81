package api

import (
	"cmp"
	"io"
	"net/http"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Parameters of exports: those of the lists, and the format.
type (
	violationsExport struct {
		Format Format `query:"format"`
		schemas.ViolationQuery
	}
	resourcesExport struct {
		Format Format `query:"format"`
		schemas.ResourceQuery
	}
	reportExport struct {
		Format Format `query:"format"`
		schemas.ReportQuery
	}
)

var (
	tables  = map[string]string{"text/csv": "A row a line, with a header.", "application/jsonl": "A JSON object a line."}
	reports = map[string]string{"text/csv": "A policy a line, with a header.", "application/jsonl": "A policy a line.", "text/html": "A page that needs nothing else."}
)

func (s *Server) exportRoutes() {
	svc := s.c.Service
	s.streams("ExportViolations", "GET /v1/export/violations", ScopeRead, "All violations that the filters select: format csv, jsonl (default), or ocsf for Compliance Findings.",
		violationsExport{}, tables, func(w http.ResponseWriter, r *http.Request) {
			in, err := parametersOf[violationsExport](r)
			in.Format = cmp.Or(in.Format, JSONL)
			s.export(w, in.Format, err, func(w io.Writer) error {
				return ExportViolations(r.Context(), svc, in.ViolationQuery, in.Format, s.c.Version, w)
			})
		})
	s.streams("ExportResources", "GET /v1/export/resources", ScopeRead, "All resources that the filters select: format csv or jsonl (default).",
		resourcesExport{}, tables, func(w http.ResponseWriter, r *http.Request) {
			in, err := parametersOf[resourcesExport](r)
			in.Format = cmp.Or(in.Format, JSONL)
			s.export(w, in.Format, err, func(w io.Writer) error {
				return ExportResources(r.Context(), svc, in.ResourceQuery, in.Format, w)
			})
		})
	s.streams("ExportReport", "GET /v1/export/report", ScopeRead, "A report: format csv, jsonl (default), or html for a page to mail and to print.",
		reportExport{}, reports, func(w http.ResponseWriter, r *http.Request) {
			in, err := parametersOf[reportExport](r)
			in.Format = cmp.Or(in.Format, JSONL)
			s.export(w, in.Format, err, func(w io.Writer) error {
				if in.Format == HTML && s.c.Page != nil {
					return s.c.Page(r.Context(), in.ReportQuery, w)
				}
				return ExportReport(r.Context(), svc, in.ReportQuery, in.Format, w)
			})
		})
	s.streams("ExportFrameworkReport", "GET /v1/export/frameworks/{framework}/report", ScopeRead, "A report by section and control, as a page to mail and to print.",
		frameworkReportQuery{}, map[string]string{"text/html": "A page that needs nothing else."}, func(w http.ResponseWriter, r *http.Request) {
			in, err := parametersOf[frameworkReportQuery](r)
			s.export(w, HTML, err, func(w io.Writer) error {
				if s.c.FrameworkPage == nil {
					return schemas.Errorf(schemas.CodeNotFound, "this process makes no pages")
				}
				return s.c.FrameworkPage(r.Context(), schemas.FrameworkQuery{Framework: r.PathValue("framework"), Accounts: in.Accounts, AsOf: in.AsOf}, w)
			})
		})
}

var mediaTypes = map[Format]string{CSV: "text/csv; charset=utf-8", JSONL: "application/jsonl", OCSF: "application/jsonl", HTML: "text/html; charset=utf-8"}

// export streams. One that breaks off breaks the connection, so that half an
// export never looks like a whole one.
func (s *Server) export(w http.ResponseWriter, f Format, err error, write func(io.Writer) error) {
	out := &started{ResponseWriter: w}
	if err == nil {
		if media := mediaTypes[f]; media != "" {
			w.Header().Set("Content-Type", media)
		}
		err = write(out)
	}
	switch {
	case err == nil && !out.yes:
		w.WriteHeader(http.StatusOK) // nothing to tell of
	case err == nil:
	case !out.yes:
		s.refuse(w, err)
	default:
		s.c.Log.Error().Err(err).Msg("an export broke off")
		panic(http.ErrAbortHandler)
	}
}
