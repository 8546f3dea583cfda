// The same echo on Go's ttrpc, the reference implementation, as Debian ships it.
//
//	peer-ttrpc SOCKET
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/containerd/ttrpc"
	"github.com/gogo/protobuf/types"
)

func echo(_ context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var message types.Any
	if err := unmarshal(&message); err != nil {
		return nil, err
	}
	return &message, nil
}

func main() {
	os.Remove(os.Args[1])
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		panic(err)
	}
	server, err := ttrpc.NewServer()
	if err != nil {
		panic(err)
	}
	server.Register("bench.Echo", map[string]ttrpc.Method{"Echo": echo})
	fmt.Println("ready")
	panic(server.Serve(context.Background(), listener))
}
