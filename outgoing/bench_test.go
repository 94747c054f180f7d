package outgoing_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// The benchmarks measure ratios: to the floor, which is the least that any client must do, or to the ideal, which is what the
// latency would take. Times depend on the machine, ratios hardly do. make bench prints them as a table, beside
// the limits that docs/rules.md (P1 to P4, W6) sets.

// BenchmarkP1 has the floor and the library take turns, so that noise meets both; then each runs alone for a second, with warm
// caches.
func BenchmarkP1(b *testing.B) {
	for _, c := range contests(b) {
		b.Run(c.name, func(b *testing.B) {
			var floors, ours []time.Duration
			for b.Loop() {
				start := time.Now()
				c.floor()
				between := time.Now()
				c.library()
				floors, ours = append(floors, between.Sub(start)), append(ours, time.Since(between))
			}
			b.ReportMetric(float64(median(ours))/float64(median(floors)), "time/floor")
			b.ReportMetric(c.allocations(), "allocations/floor")
			b.ReportMetric(timeLimit, "limit:time/floor")
			b.ReportMetric(allocationsLimit, "limit:allocations/floor")
			b.ReportMetric(0, "ns/op") // is not shown, then
		})
		b.Run(c.name+" alone", func(b *testing.B) {
			for b.Loop() {
				floor, library := alone(c.floor), alone(c.library)
				b.ReportMetric(float64(library)/float64(floor), "time/floor")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func BenchmarkP2(b *testing.B) {
	b.Run("GetByIDs of 10,000", func(b *testing.B) {
		url := wireServer(b, func(body, method, target []byte) []byte {
			time.Sleep(latency)
			return appendAsked(body, method, target)
		})
		client := newClient(b, closing(b, &http.Transport{MaxIdleConnsPerHost: 8}), outgoing.WithBaseURL(url), outgoing.WithConcurrency(8))
		asked := ids(10_000)
		var times []time.Duration
		for b.Loop() {
			start := time.Now()
			result, err := client.GetByIDs(b.Context(), asked)
			if err != nil || len(result.Messages) != len(asked) {
				b.Fatalf("%d messages, %v", len(result.Messages), err)
			}
			times = append(times, time.Since(start))
		}
		b.ReportMetric(float64(median(times))/float64(25*latency), "time/ideal") // 200 requests, 8 at once
		b.ReportMetric(bulkLimit, "limit:time/ideal")
		b.ReportMetric(0, "ns/op")
	})
}

func BenchmarkP3(b *testing.B) {
	b.Run("StreamByIDs of 1,000,000", func(b *testing.B) {
		client := newClient(b, closing(b, &http.Transport{MaxIdleConnsPerHost: 8}), outgoing.WithBaseURL(wireServer(b, appendAsked)))
		var heap uint64
		for b.Loop() {
			heap = max(heap, streamHeap(b, client, 1_000_000))
		}
		b.ReportMetric(float64(heap)/(1<<20), "MiB-heap")
		b.ReportMetric(heapLimit, "limit:MiB-heap")
		b.ReportMetric(0, "ns/op")
	})
}

func BenchmarkP4(b *testing.B) {
	b.Run("All of 100,000", func(b *testing.B) {
		client, requests := slowGateway(b, 100_000)
		var ratios []float64
		for b.Loop() {
			start, before, n := time.Now(), requests.Load(), 0
			for _, err := range client.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != 100_000 {
				b.Fatalf("%d messages", n)
			}
			took, ideal := time.Since(start), time.Duration(requests.Load()-before)*latency/8
			ratios = append(ratios, float64(took)/float64(ideal))
		}
		b.ReportMetric(median(ratios), "time/ideal")
		b.ReportMetric(historyLimit, "limit:time/ideal")
		b.ReportMetric(0, "ns/op")
	})
}

// BenchmarkW6 looks each ID up four times, over no network, and the watch and GetByIDs take turns.
func BenchmarkW6(b *testing.B) {
	const looks = 4
	client := newClient(b, roundTrip(echo), outgoing.WithConcurrency(1))
	asked := ids(500)
	b.Run("Watch, looks of 50", func(b *testing.B) {
		var watches, gets []time.Duration
		for b.Loop() {
			start, seen := time.Now(), 0
			until := func(outgoing.Message) bool { seen++; return seen > (looks-1)*len(asked) }
			for _, err := range client.Watch(b.Context(), outgoing.WatchRequest{IDs: asked, Until: until, InitialInterval: 1, MaxInterval: 1}) {
				if err != nil {
					b.Fatal(err)
				}
			}
			between := time.Now()
			for range looks {
				if result, err := client.GetByIDs(b.Context(), asked); err != nil || len(result.Messages) != len(asked) {
					b.Fatal(err)
				}
			}
			watches, gets = append(watches, between.Sub(start)), append(gets, time.Since(between))
			if seen != looks*len(asked) {
				b.Fatalf("%d looks at %d IDs", seen, len(asked))
			}
		}
		b.ReportMetric(float64(median(watches))/float64(median(gets)), "time/GetByIDs")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("Watch of 1,000,000", func(b *testing.B) {
		var beginning, held float64
		for b.Loop() {
			beginning, held = watchHeap(b, 1_000_000)
		}
		b.ReportMetric(max(beginning, held), "bytes-heap/ID")
		b.ReportMetric(watchLimit, "limit:bytes-heap/ID")
		b.ReportMetric(0, "ns/op")
	})
}
