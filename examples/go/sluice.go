// SPDX-License-Identifier: MIT

// Middleware for net/http that asks Sluice first. Copy this file.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

type Sluice struct {
	URL, Key string
	FailOpen bool
	Timeout  time.Duration
	Subject  func(request *http.Request) (kind, name string)
}

// NewSluice fails open and counts by remote address. Change that before Limit.
func NewSluice() Sluice {
	return Sluice{os.Getenv("SLUICE_URL"), os.Getenv("SLUICE_API_KEY"), true,
		250 * time.Millisecond, remoteAddress}
}

func remoteAddress(request *http.Request) (kind, name string) {
	host, _, _ := net.SplitHostPort(request.RemoteAddr)
	return "ip", host
}

func (sluice Sluice) Limit(next http.Handler) http.Handler {
	transport := &http.Transport{
		MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute} // Sluice closes after 75 s.
	if strings.HasPrefix(sluice.URL, "unix:") {
		path := strings.TrimPrefix(sluice.URL, "unix:")
		sluice.URL = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	}
	client := &http.Client{Timeout: sluice.Timeout, Transport: transport}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		status, fields := sluice.check(client, request)
		if status == 200 || status == 429 {
			for _, name := range []string{"Retry-After", "Ratelimit", "Ratelimit-Policy"} {
				response.Header()[name] = fields[name]
			}
		}
		switch {
		case status == 429:
			http.Error(response, "429 Too Many Requests", status)
		case status == 400 || status == 413 || status == 422:
			// Sluice cannot accept this subject, so the request must not pass.
			http.Error(response, "400 Bad Request", http.StatusBadRequest)
		case status == 200 || sluice.FailOpen:
			next.ServeHTTP(response, request)
		default:
			response.Header().Set("Retry-After", "1")
			http.Error(response, "503 Service Unavailable", http.StatusServiceUnavailable)
		}
	})
}

// Sluice's answer, or 0 if there is none.
func (sluice Sluice) check(client *http.Client, request *http.Request) (int, http.Header) {
	kind, name := sluice.Subject(request)
	route := (&url.URL{Path: request.URL.Path}).EscapedPath()
	if len(route) > 200 {
		route = route[:200]
	}
	body, _ := json.Marshal(map[string]string{kind: name, "route_key": route})
	check, err := http.NewRequest("POST", sluice.URL+"/check", bytes.NewReader(body))
	if err != nil {
		log.Print("sluice has not decided: ", err)
		return 0, nil
	}
	check.Header.Set("X-API-Key", sluice.Key)
	check.Header.Set("Content-Type", "application/json")
	// Not sent. With it net/http asks again if an idle connection was closed, never after a time-out.
	check.Header["Idempotency-Key"] = nil
	answer, err := client.Do(check)
	if err != nil {
		log.Print("sluice has not decided: ", err)
		return 0, nil
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body) // Read to its end, so that the connection is kept.
	if answer.StatusCode != 200 && answer.StatusCode != 429 {
		log.Print("sluice has not decided: ", answer.Status)
	}
	return answer.StatusCode, answer.Header
}
