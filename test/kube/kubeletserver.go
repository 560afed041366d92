package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	criapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-streaming/pkg/streaming"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	kubeletserver "k8s.io/kubernetes/pkg/kubelet/server"
)

// Annotations on a pod say what its kubelet serves, since nothing runs in it:
//
//	kubelab/port-15000: "127.0.0.1:41234"   what forwarded connections to its port 15000 reach; without one, nothing listens there
//	kubelab/log-istio-proxy: "…"            the log of that container
type kubelet struct {
	kubeletserver.HostInterface // not called for what is served here
	pods                        pods
	runtime                     streaming.Server
}

// pods are read when they are asked about: what a test has just written counts.
type pods struct {
	ctx context.Context
	cs  kubernetes.Interface
}

func (p pods) find(namespace, name string) (*corev1.Pod, bool) {
	pod, err := p.cs.CoreV1().Pods(namespace).Get(p.ctx, name, metav1.GetOptions{})
	return pod, err == nil
}

// serveKubelet is the HTTPS server of the kubelet, and the streaming server of a container runtime behind it, as they are in Kubernetes. All
// nodes share it. It returns its port.
func serveKubelet(ctx context.Context, cs kubernetes.Interface, keys keyring, authority *ca) (int32, error) {
	certPEM, keyPEM := keys.both("kubelet.crt", "kubelet.key", func() ([]byte, []byte) { return authority.issue("kubelet", nil, true) })
	certificate, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return 0, err
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(authority.pem)
	k := &kubelet{pods: pods{ctx, cs}}
	config := streaming.DefaultConfig
	config.Addr = fmt.Sprintf("127.0.0.1:%d", freePort())
	if k.runtime, err = streaming.NewServer(config, &runtime{k.pods}); err != nil {
		return 0, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients})
	if err != nil {
		return 0, err
	}
	server := kubeletserver.NewServer(ctx, k, nil, nil, nil, nil, &kubeletconfig.KubeletConfiguration{EnableDebuggingHandlers: true})
	go func() { must(k.runtime.Start(true)) }()
	go func() { must(http.Serve(listener, &server)) }()
	return int32(listener.Addr().(*net.TCPAddr).Port), nil
}

func (k *kubelet) GetPodByName(namespace, name string) (*corev1.Pod, bool) {
	return k.pods.find(namespace, name)
}

func (k *kubelet) GetPortForward(_ context.Context, name, namespace string, _ types.UID, options portforward.V4Options) (*url.URL, error) {
	pod, found := k.pods.find(namespace, name)
	if !found || pod.Status.Phase != corev1.PodRunning {
		// Those that do not run are unknown to the runtime.
		return nil, fmt.Errorf("pod not found (%q)", name+"_"+namespace)
	}
	answer, err := k.runtime.GetPortForward(&criapi.PortForwardRequest{PodSandboxId: namespace + "/" + name, Port: options.Ports})
	if err != nil {
		return nil, err
	}
	return url.Parse(answer.Url)
}

func (k *kubelet) GetKubeletContainerLogs(_ context.Context, fullName, container string, _ *corev1.PodLogOptions, stdout, _ io.Writer) error {
	name, namespace, _ := strings.Cut(fullName, "_")
	pod, found := k.pods.find(namespace, name)
	if !found {
		return fmt.Errorf("pod %q not found", fullName)
	}
	_, err := io.WriteString(stdout, pod.Annotations["kubelab/log-"+container])
	return err
}

// runtime is a container runtime as far as a kubelet streams from it.
type runtime struct{ pods pods }

var errNothingRuns = errors.New("nothing runs in the pods of this cluster")

func (*runtime) Exec(context.Context, string, []string, io.Reader, io.WriteCloser, io.WriteCloser, bool, <-chan remotecommand.TerminalSize) error {
	return errNothingRuns
}

func (*runtime) Attach(context.Context, string, io.Reader, io.WriteCloser, io.WriteCloser, bool, <-chan remotecommand.TerminalSize) error {
	return errNothingRuns
}

// PortForward joins a stream with a connection, as containerd does: where one direction has ended, the other has a second left.
func (r *runtime) PortForward(_ context.Context, sandbox string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	conn, err := r.dial(sandbox, port)
	if err != nil {
		return fmt.Errorf("failed to execute portforward in network namespace %q: failed to connect to localhost:%d inside namespace %q, IPv4: %v IPv6 dial tcp6: address localhost: no suitable address found ", "/var/run/netns/"+sandbox, port, sandbox, err)
	}
	defer conn.Close()
	ended := make(chan error, 2)
	go func() { _, err := io.Copy(stream, conn); ended <- err }()
	go func() { _, err := io.Copy(conn, stream); ended <- err }()
	first := <-ended
	select {
	case second := <-ended:
		return errors.Join(first, second)
	case <-time.After(time.Second):
		return first
	}
}

func (r *runtime) dial(sandbox string, port int32) (net.Conn, error) {
	namespace, name, _ := strings.Cut(sandbox, "/")
	if pod, found := r.pods.find(namespace, name); found {
		if target := pod.Annotations[fmt.Sprintf("kubelab/port-%d", port)]; target != "" {
			return net.Dial("tcp4", target)
		}
	}
	return nil, fmt.Errorf("dial tcp4 127.0.0.1:%d: connect: connection refused", port)
}
