// Calls integrationd with containerd's ttrpc client for Go: what a service in another language
// does, from the proto files alone. Exits with 1 at the first answer that is not as documented.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	health "grpc/health/v1"
	v1 "integration/v1"
)

const (
	tenants = "integration.v1.TenantService"
	keys    = "integration.v1.ApiKeyService"
)

var passed int

func check(name string, ok bool, detail ...interface{}) {
	if !ok {
		fmt.Println("FAILED", name, fmt.Sprint(detail...))
		os.Exit(1)
	}
	passed++
	fmt.Println("ok    ", name)
}

func dial(path string) net.Conn {
	conn, err := net.Dial("unix", path)
	if err != nil {
		fmt.Println("cannot connect:", err)
		os.Exit(1)
	}
	return conn
}

func main() {
	socket := os.Args[1]
	client := ttrpc.NewClient(dial(socket))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	var checked health.HealthCheckResponse
	err := client.Call(ctx, "grpc.health.v1.Health", "Check", &health.HealthCheckRequest{}, &checked)
	check("health check", err == nil && checked.Status == health.HealthCheckResponse_SERVING, err)

	var tenant v1.CreateTenantResponse
	err = client.Call(ctx, tenants, "CreateTenant", &v1.CreateTenantRequest{DisplayName: "Go Schule é"}, &tenant)
	check("create a tenant", err == nil && tenant.Tenant.DisplayName == "Go Schule é", err)
	id := tenant.Tenant.TenantId

	request := &v1.CreateApiKeyRequest{
		TenantId: id, KeyName: "from Go", RateLimitPerMinute: 5, RateLimitPerHour: 1000, IdempotencyKey: "go-1",
	}
	var key, again v1.CreateApiKeyResponse
	err = client.Call(ctx, keys, "CreateApiKey", request, &key)
	check("issue a key", err == nil && strings.HasPrefix(key.ApiKey, "sk_live_"), err)
	err = client.Call(ctx, keys, "CreateApiKey", request, &again)
	check("repeating with its idempotency key answers the same", err == nil && again.ApiKey == key.ApiKey, err)
	request.KeyName = "another"
	err = client.Call(ctx, keys, "CreateApiKey", request, &again)
	check("the key with another request is refused", status.Code(err) == codes.FailedPrecondition, err)

	// Five are admitted; the sixth not, unless the minute turned in between: then count anew.
	var verdict v1.VerifyApiKeyResponse
	allowed, limited := 0, false
	for i := 0; i < 11 && !limited; i++ {
		err = client.Call(ctx, keys, "VerifyApiKey", &v1.VerifyApiKeyRequest{ApiKey: key.ApiKey}, &verdict)
		if err != nil {
			break
		}
		if verdict.Allowed {
			allowed++
		}
		limited = verdict.Code == v1.VerificationCode_VERIFICATION_CODE_RATE_LIMITED_MINUTE
	}
	check("verify until the minute's limit", err == nil && limited && allowed >= 5 && allowed <= 10, err, allowed)

	var revoked v1.RevokeApiKeyResponse
	err = client.Call(ctx, keys, "RevokeApiKey", &v1.RevokeApiKeyRequest{TenantId: id, KeyId: key.Key.KeyId}, &revoked)
	check("revoke", err == nil && revoked.Key.State == v1.ApiKeyState_API_KEY_STATE_REVOKED, err)
	err = client.Call(ctx, keys, "VerifyApiKey", &v1.VerifyApiKeyRequest{ApiKey: key.ApiKey}, &verdict)
	check("a revoked key is refused", err == nil && verdict.Code == v1.VerificationCode_VERIFICATION_CODE_REVOKED, err)

	err = client.Call(ctx, "no.such.Service", "Do", &v1.GetTenantRequest{}, &v1.GetTenantResponse{})
	check("an unknown service is UNIMPLEMENTED", status.Code(err) == codes.Unimplemented, err)
	err = client.Call(ctx, tenants, "GetTenant", &v1.GetTenantRequest{TenantId: "x"}, &v1.GetTenantResponse{})
	check("a malformed id is INVALID_ARGUMENT", status.Code(err) == codes.InvalidArgument, err)
	missing := &v1.GetTenantRequest{TenantId: "00000000-0000-4000-8000-000000000000"}
	err = client.Call(ctx, tenants, "GetTenant", missing, &v1.GetTenantResponse{})
	check("an unknown id is NOT_FOUND", status.Code(err) == codes.NotFound, err)
	late, stop := context.WithTimeout(ctx, time.Nanosecond)
	err = client.Call(late, tenants, "ListTenants", &v1.ListTenantsRequest{}, &v1.ListTenantsResponse{})
	stop()
	check("a deadline that has passed ends the call", err != nil, err)

	var waiting sync.WaitGroup
	failures := make(chan error, 1000)
	for i := 0; i < 1000; i++ {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			var answer v1.GetTenantResponse
			err := client.Call(ctx, tenants, "GetTenant", &v1.GetTenantRequest{TenantId: id}, &answer)
			if err != nil {
				failures <- err
			} else if answer.Tenant.TenantId != id {
				failures <- fmt.Errorf("the answer of another call")
			}
		}()
	}
	waiting.Wait()
	close(failures)
	check("1,000 calls at once on one connection", len(failures) == 0, <-failures)

	hostile(socket)
	err = client.Call(ctx, "grpc.health.v1.Health", "Check", &health.HealthCheckRequest{}, &checked)
	check("the daemon still serves", err == nil && checked.Status == health.HealthCheckResponse_SERVING, err)
	if _, streams := reflect.TypeOf(client).MethodByName("NewStream"); !streams {
		fmt.Printf("skipped: streaming (Go ttrpc %s has none)\n", os.Args[2])
	} else {
		fmt.Printf("skipped: streaming (Go ttrpc %s has it, nothing here calls it)\n", os.Args[2])
	}
	fmt.Printf("%d passed, 0 failed\n", passed)
}

// The frame that ends the process of the Go server: a data frame for a stream that is unary.
func hostile(socket string) {
	conn := dial(socket)
	defer conn.Close()
	request := []byte("\x0a\x15grpc.health.v1.Health\x12\x05Watch")
	frames := append(frame(1, 0x01, 0x00, request), frame(1, 0x03, 0x00, nil)...)
	frames = append(frames, frame(1, 0x03, 0x01, nil)...)
	conn.Write(frames)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	header := make([]byte, 10)
	_, err := io.ReadFull(conn, header)
	check("data on a unary stream is answered", err == nil, err)
}

func frame(stream uint32, kind, flags byte, data []byte) []byte {
	header := make([]byte, 10, 10+len(data))
	binary.BigEndian.PutUint32(header, uint32(len(data)))
	binary.BigEndian.PutUint32(header[4:], stream)
	header[8], header[9] = kind, flags
	return append(header, data...)
}
