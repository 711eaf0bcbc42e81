package main

import (
	"io"
	"time"

	"github.com/rs/zerolog"
)

// logger writes to standard error. A quiet one, for commands whose output is
// the point, logs warnings and worse unless a level was asked for.
func (a *app) logger(cfg Config, quiet bool) zerolog.Logger {
	level, err := zerolog.ParseLevel(cfg.Log.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if quiet && cfg.Log.Level == defaultConfig().Log.Level {
		level = zerolog.WarnLevel
	}
	return newLogger(a.err, cfg.Log.Format).Level(level)
}

func newLogger(w io.Writer, format string) zerolog.Logger {
	if format == "console" {
		w = zerolog.ConsoleWriter{Out: w, NoColor: !terminal(w), TimeFormat: time.TimeOnly}
	}
	return zerolog.New(w).With().Timestamp().Logger()
}
