// Publishes events through integrationd and measures: how many a second with many callers, and how
// long one takes from the call to its receiver. Prints `name value` lines.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/ttrpc"

	v1 "integration/v1"
)

var (
	socket  = flag.String("socket", "", "the daemon's socket")
	mode    = flag.String("mode", "publish", "setup, publish or latency")
	callers = flag.Int("callers", 64, "calls in flight")
	conns   = flag.Int("connections", 4, "connections they share")
	rate    = flag.Int("rate", 200, "events a second, for latency")
	seconds = flag.Int("seconds", 10, "how long")
	size    = flag.Int("bytes", 1024, "bytes of a payload")
	url     = flag.String("url", "", "where webhooks are, for setup")
	count   = flag.Int("webhooks", 3, "how many, for setup")
	tenant  = flag.String("tenant", "", "the tenant")
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func connect() *ttrpc.Client {
	conn, err := net.Dial("unix", *socket)
	fail(err)
	return ttrpc.NewClient(conn)
}

func call(c *ttrpc.Client, service, method string, in, out interface{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	return c.Call(ctx, "integration.v1."+service, method, in, out)
}

func payload(mark string) []byte {
	body := `{"mark":"` + mark + `","filler":"`
	return []byte(body + strings.Repeat("x", max(0, *size-len(body)-2)) + `"}`)
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func setup() {
	c := connect()
	var made v1.CreateTenantResponse
	fail(call(c, "TenantService", "CreateTenant", &v1.CreateTenantRequest{DisplayName: "bench"}, &made))
	for n := 0; n < *count; n++ {
		var webhook v1.CreateWebhookResponse
		fail(call(c, "WebhookService", "CreateWebhook", &v1.CreateWebhookRequest{
			TenantId: made.Tenant.TenantId, WebhookName: "w" + strconv.Itoa(n),
			WebhookUrl: *url, SubscribedEvents: []string{"*"},
		}, &webhook))
	}
	fmt.Println("tenant", made.Tenant.TenantId)
}

func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	index := int(q * float64(len(sorted)))
	if index >= len(sorted) {
		index = len(sorted) - 1
	}
	return float64(sorted[index].Microseconds()) / 1000
}

func publish() {
	clients := make([]*ttrpc.Client, *conns)
	for n := range clients {
		clients[n] = connect()
	}
	body := payload("p")
	var done int64
	var mutex sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	end := time.Now().Add(time.Duration(*seconds) * time.Second)
	begin := time.Now()
	for n := 0; n < *callers; n++ {
		group.Add(1)
		go func(c *ttrpc.Client) {
			defer group.Done()
			var own []time.Duration
			for time.Now().Before(end) {
				var out v1.PublishEventResponse
				start := time.Now()
				fail(call(c, "EventService", "PublishEvent", &v1.PublishEventRequest{
					TenantId: *tenant, EventType: "payment.captured", EventData: body}, &out))
				own = append(own, time.Since(start))
				atomic.AddInt64(&done, 1)
			}
			mutex.Lock()
			all = append(all, own...)
			mutex.Unlock()
		}(clients[n%len(clients)])
	}
	group.Wait()
	took := time.Since(begin).Seconds()
	sort.Slice(all, func(a, b int) bool { return all[a] < all[b] })
	fmt.Printf("publish_per_second %.0f\npublish_p50_ms %.2f\npublish_p99_ms %.2f\n",
		float64(done)/took, quantile(all, 0.5), quantile(all, 0.99))
}

// From the begin of PublishEvent to the begin of the request at the receiver.
func latency() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	fail(err)
	var mutex sync.Mutex
	sent := map[string]time.Time{}
	var all []time.Duration
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		body, _ := io.ReadAll(r.Body)
		mark := strings.SplitN(string(body), `"`, 5)[3]
		mutex.Lock()
		if begin, ok := sent[mark]; ok {
			all = append(all, now.Sub(begin))
			delete(sent, mark)
		}
		mutex.Unlock()
		w.WriteHeader(204)
	}))
	*url = "http://" + listener.Addr().String() + "/"
	c := connect()
	var made v1.CreateTenantResponse
	fail(call(c, "TenantService", "CreateTenant", &v1.CreateTenantRequest{DisplayName: "latency"}, &made))
	var webhook v1.CreateWebhookResponse
	fail(call(c, "WebhookService", "CreateWebhook", &v1.CreateWebhookRequest{
		TenantId: made.Tenant.TenantId, WebhookName: "w", WebhookUrl: *url,
		SubscribedEvents: []string{"*"}}, &webhook))
	ticker := time.NewTicker(time.Second / time.Duration(*rate))
	var group sync.WaitGroup
	total := *rate * *seconds
	for n := 0; n < total; n++ {
		<-ticker.C
		group.Add(1)
		go func(mark string) {
			defer group.Done()
			mutex.Lock()
			sent[mark] = time.Now()
			mutex.Unlock()
			var out v1.PublishEventResponse
			fail(call(c, "EventService", "PublishEvent", &v1.PublishEventRequest{
				TenantId: made.Tenant.TenantId, EventType: "a.b", EventData: payload(mark)}, &out))
		}(strconv.Itoa(n))
	}
	group.Wait()
	for wait := 0; wait < 200; wait++ {
		mutex.Lock()
		left := len(sent)
		mutex.Unlock()
		if left == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	mutex.Lock()
	defer mutex.Unlock()
	sort.Slice(all, func(a, b int) bool { return all[a] < all[b] })
	fmt.Printf("latency_received %d\nlatency_missing %d\nlatency_p50_ms %.2f\nlatency_p95_ms %.2f\nlatency_p99_ms %.2f\n",
		len(all), len(sent), quantile(all, 0.5), quantile(all, 0.95), quantile(all, 0.99))
}

func main() {
	flag.Parse()
	switch *mode {
	case "setup":
		setup()
	case "publish":
		publish()
	case "latency":
		latency()
	}
}
