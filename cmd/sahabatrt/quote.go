package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"sahabatrt/program"
)

type quoteCmd struct{}

// question is one line of input: a contribution, or the premium of a project by its value without PPN.
type question struct {
	Sector       program.Sector  `json:"sector"`
	Funding      program.Funding `json:"funding"`
	Months       []program.Month `json:"months"`
	Workers      int             `json:"workers"`
	ProjectValue *program.Rupiah `json:"project_value"`
}

// quote is one line of output, in whole rupiah.
type quote struct {
	Total  program.Rupiah `json:"total,omitempty"`
	Months []quoteMonth   `json:"months,omitempty"`
	JKK    program.Rupiah `json:"jkk,omitempty"`
	JKM    program.Rupiah `json:"jkm,omitempty"`
	Rule   string         `json:"rule,omitempty"`
	Source string         `json:"source,omitempty"`
	Error  string         `json:"error,omitempty"`
}

// quoteMonth is the contribution of one worker for one month.
type quoteMonth struct {
	Month     program.Month  `json:"month"`
	PerWorker program.Rupiah `json:"per_worker"`
	JKK       program.Rupiah `json:"jkk"`
	JKM       program.Rupiah `json:"jkm"`
	Rule      string         `json:"rule"`
	Source    string         `json:"source"`
}

const (
	maxWorkers = 1_000_000
	maxMonths  = 120
)

func (quoteCmd) Run(ctx context.Context, m Main) error {
	lines, out := bufio.NewScanner(m.Stdin), json.NewEncoder(m.Stdout)
	failed := 0
	for lines.Scan() && ctx.Err() == nil {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		q, err := answerQuote(line)
		if err != nil {
			q = quote{Error: err.Error()}
			failed++
		}
		if err := out.Encode(q); err != nil {
			return fmt.Errorf("write a quote: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read a question: %w", err)
	}
	if failed > 0 {
		return fmt.Errorf("%d of the lines could not be computed", failed)
	}
	return nil
}

func answerQuote(line []byte) (quote, error) {
	var q question
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&q); err != nil {
		return quote{}, fmt.Errorf("not a question: %w", err)
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return quote{}, errors.New("more than one question on a line")
	}
	if q.ProjectValue != nil && (q.Workers != 0 || len(q.Months) > 0 || q.Sector != "" || q.Funding != "") {
		return quote{}, errors.New("project_value stands alone: a project is not paid by workers and months")
	}
	if q.ProjectValue != nil {
		b, err := program.JakonByValue(*q.ProjectValue)
		return quote{Total: b.Total(), JKK: b.JKK, JKM: b.JKM, Rule: b.Rule, Source: b.Source}, err
	}
	return contributions(q)
}

func contributions(q question) (a quote, err error) {
	if q.Workers < 1 || q.Workers > maxWorkers || len(q.Months) < 1 || len(q.Months) > maxMonths {
		return quote{}, errors.New("needs workers (1 to 1000000) and months (1 to 120, such as 2026-11)")
	}
	if q.Sector != program.Transport && q.Sector != program.Other {
		return quote{}, errors.New("sector is transport or other")
	}
	if q.Funding != program.APBD && q.Funding != program.Mandiri {
		return quote{}, errors.New("funding is apbd or mandiri")
	}
	for i, month := range q.Months {
		if slices.Contains(q.Months[:i], month) {
			return quote{}, errors.New("a month stands twice")
		}
		b, err := program.Contribution(month, q.Funding, q.Sector, false)
		if err != nil {
			return quote{}, err
		}
		a.Months = append(a.Months, quoteMonth{month, b.Total(), b.JKK, b.JKM, b.Rule, b.Source})
		a.Total += b.Total() * program.Rupiah(q.Workers)
	}
	return a, nil
}
