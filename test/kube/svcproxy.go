package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Nothing routes cluster IPs here, so the API server's "cluster" egress (webhooks and aggregated APIs that name a Service,
// and nodes) goes through this HTTP CONNECT proxy on a unix socket. A Service says where its real server listens:
//
//	metadata.annotations["kubelab/target"]: "127.0.0.1:18443"
type svcProxy struct {
	cs   atomic.Pointer[kubernetes.Clientset]
	sock string
}

func startSvcProxy(ctx context.Context, dir string) (*svcProxy, string, error) {
	p := &svcProxy{sock: dir + "/egress.sock"}
	os.Remove(p.sock)
	l, err := net.Listen("unix", p.sock)
	if err != nil {
		return nil, "", err
	}
	cfg := dir + "/egress.yaml"
	err = os.WriteFile(cfg, []byte(fmt.Sprintf(`apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection:
    proxyProtocol: HTTPConnect
    transport: {uds: {udsName: %q}}
`, p.sock)), 0o600)
	go func() { <-ctx.Done(); l.Close() }()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(ctx, c)
		}
	}()
	return p, cfg, err
}

func (p *svcProxy) target(ctx context.Context, addr string) (string, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	// That of a node.
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return addr, nil
	}
	cs := p.cs.Load()
	if cs == nil {
		return "", fmt.Errorf("not ready")
	}
	// By its name where it has one, which is cheaper than to look through all.
	if parts := strings.Split(host, "."); len(parts) == 3 && parts[2] == "svc" {
		s, err := cs.CoreV1().Services(parts[1]).Get(ctx, parts[0], metav1.GetOptions{})
		if err == nil && s.Annotations["kubelab/target"] != "" {
			return s.Annotations["kubelab/target"], nil
		}
	}
	l, err := cs.CoreV1().Services("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	for _, s := range l.Items {
		if s.Spec.ClusterIP == host && s.Annotations["kubelab/target"] != "" {
			return s.Annotations["kubelab/target"], nil
		}
	}
	return "", fmt.Errorf("no Service with %s and a kubelab/target annotation", addr)
}

func (p *svcProxy) serve(ctx context.Context, c net.Conn) {
	defer c.Close()
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	t, err := p.target(ctx, r.Host)
	var up net.Conn
	if err == nil {
		up, err = net.Dial("tcp", t)
	}
	if err != nil {
		fmt.Fprintf(c, "HTTP/1.1 503 %s\r\n\r\n", err)
		return
	}
	defer up.Close()
	io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	go io.Copy(up, c)
	io.Copy(c, up)
}
