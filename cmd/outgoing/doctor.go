package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/output"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func (c *cli) doctorCommand() *cobra.Command {
	var f flags
	var record string
	cmd := &cobra.Command{
		Use:               "doctor",
		Short:             "Find out how a gateway behaves, and which promises hold there",
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			f.concurrency, f.attempts = 1, 1 // which has no flag here
			if err := f.check(); err != nil {
				return err
			}
			s, err := c.connect(&f)
			if err != nil {
				return err
			}
			return s.examine(record)
		},
	}
	f.registerResults(cmd)
	cmd.Flags().Var(textFlag{&record, "directory"}, "record", "write the shape of each distinct answer into this new or empty directory")
	return cmd
}

// examine prints the results as they come, and what they add up to.
func (s *session) examine(record string) error {
	gateway := map[string]string{outgoing.ProductionURL: "production", outgoing.SandboxURL: "the sandbox"}[s.url]
	if s.demo {
		gateway = "the demo gateway, in memory"
	}
	cfg := doctor.Config{
		BaseURL: s.url, Gateway: cmp.Or(gateway, "a gateway at another base URL"), // which is the user's business
		Version: version(), Token: s.token, Transport: s.drainer,
	}
	var err, unrecorded error
	if record != "" {
		if cfg.Record, err = doctor.NewRecorder(record, &unrecorded); err != nil {
			return fmt.Errorf("--record: %w", err)
		}
	}
	out, err := output.New(s.format, s.screen.Out(), output.Findings, s.screen.Style())
	if err != nil {
		return err
	}
	defer s.handleInterrupts(s.sayUnwritten)()
	verdicts := map[doctor.Verdict]int{}
	for result := range doctor.Run(s.ctx, cfg) {
		if err := out.Write(result); err != nil {
			return err
		}
		verdicts[result.Verdict]++
	}
	if err := out.Close(); err != nil {
		return err
	}
	s.note("%d ok, %s, %d FAIL, %d skipped", verdicts[doctor.OK], display.Plural(verdicts[doctor.Note], "note", "notes"),
		verdicts[doctor.Fail], verdicts[doctor.Skipped])
	switch {
	case unrecorded != nil:
		return fmt.Errorf("--record: %w", unrecorded)
	case s.interrupted.Load():
		return statusError(exitInterrupted)
	case verdicts[doctor.Fail] > 0:
		return statusError(exitUnsettled)
	}
	return nil
}
