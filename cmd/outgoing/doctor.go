package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
)

func (c *cli) doctorCommand() *cobra.Command {
	var record string
	s := &session{cli: c}
	var cmd *cobra.Command
	cmd = s.gatewayCommand("doctor", doctorFlags, func() error { return s.examine(cmd.Root().Version, record) })
	s.concurrency, s.attempts, s.line = 1, 1, nil
	cmd.Flags().Var(textFlag{text: &record, kind: "directory"}, "record", "write the shape of each distinct answer into this new or empty directory")
	return cmd
}

// examine prints the results as they come, and what they add up to.
func (s *session) examine(version, record string) error {
	what := cmp.Or(knownGateways[s.url], "at another base URL") + ", asked by " + version // the URL is the user's business
	cfg := doctor.Config{BaseURL: s.url, Gateway: what, Token: s.token, Transport: s.drainer}
	var err, unrecorded error
	if record != "" {
		if cfg.Record, err = doctor.NewRecorder(record, &unrecorded); err != nil {
			return fmt.Errorf("--record: %w", err)
		}
	}
	verdicts := map[doctor.Verdict]int{}
	results := func(yield func(doctor.Result) bool) {
		doctor.Run(s.ctx, cfg)(func(result doctor.Result) bool {
			verdicts[result.Verdict]++
			s.unsettled = verdicts[doctor.Fail] > 0
			return yield(result)
		})
	}
	if err := printAll(s, output.Findings, results); err != nil {
		return err
	}
	s.note("%d ok, %s, %d FAIL, %d skipped", verdicts[doctor.OK], display.Plural(verdicts[doctor.Note], "note", "notes"),
		verdicts[doctor.Fail], verdicts[doctor.Skipped])
	if unrecorded != nil {
		return fmt.Errorf("--record: %w", unrecorded)
	}
	return nil
}
