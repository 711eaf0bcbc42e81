package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// printTable is the form for people: no borders, as kubectl prints. On a
// terminal it is made to fit; elsewhere it is whole. A header that ends in "?"
// is of a column that a narrow terminal can do without.
func printTable(w io.Writer, header []string, rows [][]string) error {
	table, optional := newTable(header, rows)
	if width := terminalWidth(w); width > 0 {
		table = fit(table, optional, width)
	}
	var buf bytes.Buffer
	if err := renderTable(&buf, table); err != nil {
		return fmt.Errorf("print table: %w", err)
	}
	// The renderer pads the last column too; nobody wants those spaces.
	for line := range strings.Lines(buf.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// newTable is header and rows as they print, and which columns are optional.
func newTable(header []string, rows [][]string) (table [][]string, optional []bool) {
	table = make([][]string, 0, len(rows)+1)
	for _, row := range append([][]string{header}, rows...) {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = oneLine(c)
		}
		table = append(table, cells)
	}
	optional = make([]bool, len(header))
	for i, h := range table[0] {
		h, optional[i] = strings.CutSuffix(h, "?")
		table[0][i] = strings.ToUpper(h)
	}
	return table, optional
}

func renderTable(w io.Writer, table [][]string) error {
	padding := tw.CellPadding{Global: tw.Padding{Right: "  ", Overwrite: true}}
	cells := tw.CellConfig{
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft},
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Padding:    padding,
	}
	t := tablewriter.NewTable(w,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithConfig(tablewriter.Config{Header: cells, Row: cells}))
	t.Header(table[0])
	if err := t.Bulk(table[1:]); err != nil {
		return err
	}
	return t.Render()
}

// oneLine makes foreign text safe for a line of a terminal: names and messages
// come from the cloud and from packs, and may hold line ends and control codes.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		default:
			return r
		}
	}, s)
}

const (
	columnGap    = 2
	narrowColumn = 16 // no column is cut below this
	narrowLast   = 24 // nor the last one below this
)

// fit makes the lines of a table at most width columns long, as far as that goes.
// The last column gives way first: it is the one that explains, and what it
// belongs to must stay readable. Then go the optional columns, from the left;
// then the widest ones are cut.
func fit(table [][]string, optional []bool, width int) [][]string {
	for i := 0; i < len(optional); {
		if !optional[i] || tableWidth(columnWidths(table), narrowLast) <= width {
			i++
			continue
		}
		for r := range table {
			table[r] = slices.Delete(table[r], i, i+1)
		}
		optional = slices.Delete(slices.Clone(optional), i, i+1)
	}
	widths := columnWidths(table)
	last := len(widths) - 1
	over := tableWidth(widths, widths[last]) - width
	give := func(i, floor int) {
		n := max(0, min(over, widths[i]-floor))
		widths[i] -= n
		over -= n
	}
	give(last, narrowLast)
	for over > 0 && last > 0 {
		widest := 0
		for i := range widths[:last] {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= narrowColumn {
			break
		}
		give(widest, widths[widest]-1)
	}
	for _, row := range table {
		for i, c := range row {
			row[i] = cut(c, widths[i])
		}
	}
	return table
}

// tableWidth is how long the lines of a table are when its last column has at
// most so many.
func tableWidth(widths []int, last int) int {
	n := columnGap * (len(widths) - 1)
	for i, w := range widths {
		if i == len(widths)-1 {
			w = min(w, last)
		}
		n += w
	}
	return n
}

func columnWidths(table [][]string) []int {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, c := range row {
			widths[i] = max(widths[i], twwidth.Width(c))
		}
	}
	return widths
}

// cut shortens a text to width columns. Sentences lose their end, names their
// middle: of an ARN both ends tell.
func cut(s string, width int) string {
	if twwidth.Width(s) <= width {
		return s
	}
	if strings.Contains(s, " ") {
		return head(s, width-1) + "…"
	}
	tail := (width - 1) / 2
	return head(s, width-1-tail) + "…" + reverse(head(reverse(s), tail))
}

// head is the beginning of a text, at most width columns of it.
func head(s string, width int) string {
	n := 0
	for i, r := range s {
		if n += twwidth.Width(string(r)); n > width {
			return s[:i]
		}
	}
	return s
}

func reverse(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// wrap breaks a text between words into lines of at most width columns. A word
// that is longer stays whole: it may be an id to copy.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case twwidth.Width(line)+1+twwidth.Width(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line == "" {
		return lines
	}
	return append(lines, line)
}
