package main_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheDemoNeedsNothingAndIsTheSameEachTime(t *testing.T) {
	run := func() result {
		cmd := command(t, "demo")
		cmd.Env = []string{"HTTPS_PROXY=http://127.0.0.1:1"} // nothing would get through
		return finish(t, cmd)
	}
	begun := time.Now()
	got := run()
	assert.Less(t, time.Since(begun), 2*time.Second)
	assert.Equal(t, 0, got.status, got.stderr)
	assert.Empty(t, got.stderr)
	for _, want := range []string{
		"missing: 7, 8\n120 found, 2 missing, 0 not settled, 0 not sent (3 requests, 3 attempts)\n",
		"(1 repeated ID counts once)",
		"GET    /rest/messages/43554,... (22 IDs)  ->  200",
		"43463       cancelled     204\n",
		"43456       rejected      400  DELIVERED   Only a message that is still scheduled can be cancelled",
		"DELETE /rest/messages/43463,... (5 IDs)  ->  429\n     DELETE /rest/messages/43463,... (5 IDs)  ->  200",
		"3 messages of 120, page 2 of 40",
		"43487       unknown       400  CANCELLED",
	} {
		assert.Contains(t, got.stdout, want)
	}
	assert.Equal(t, got.stdout, run().stdout)
}
