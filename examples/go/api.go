// SPDX-License-Identifier: MIT

// A toy API behind the middleware: go run . [PORT]
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// A toy: counts any user name. In a real API use a name that has been verified.
func subject(request *http.Request) (kind, name string) {
	if user := request.Header.Get("X-User"); user != "" {
		return "user_id", user
	}
	return remoteAddress(request)
}

func main() {
	port := "8000"
	if len(os.Args) > 1 {
		port = os.Args[1]
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(setting("LISTEN", "127.0.0.1"), port))
	if err != nil {
		log.Fatal(err)
	}
	timeout, err := strconv.Atoi(setting("TIMEOUT_MS", "250"))
	if err != nil {
		log.Fatal(err)
	}
	sluice := NewSluice()
	sluice.FailOpen = setting("FAIL", "open") == "open"
	sluice.Timeout = time.Duration(timeout) * time.Millisecond
	sluice.Subject = subject
	hello := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		_, _ = fmt.Fprintln(response, "hello")
	})
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, sluice.Limit(hello)))
}
