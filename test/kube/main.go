// kubelab is a Kubernetes cluster for tests in one process: embedded etcd + real kube-apiserver (+ controller-manager, scheduler, fake kubelet).
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	cliflag "k8s.io/component-base/cli/flag"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/klog/v2"
	apiserverapp "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apiserveropts "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	kcmapp "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kcmopts "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	schedapp "k8s.io/kubernetes/cmd/kube-scheduler/app"
	schedopts "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubelab:", err)
		os.Exit(1)
	}
}

var given sync.Map

// freePort is below what systems give to outgoing connections, which would take it again before it is used, and apart from the ports of
// the tests themselves.
func freePort() int {
	for {
		port := 10000 + rand.IntN(10000)
		if _, again := given.LoadOrStore(port, true); again {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			must(l.Close())
			return port
		}
	}
}

func flagsOf(nfs cliflag.NamedFlagSets, args []string) error {
	fs := pflag.NewFlagSet("x", pflag.ContinueOnError)
	for _, f := range nfs.FlagSets {
		fs.AddFlagSet(f)
	}
	return fs.Parse(args)
}

func main() {
	t0 := time.Now()
	dir := flag.String("dir", "", "state directory; that of an earlier start has its objects, keys and kubeconfig (default: a new temp dir)")
	port := flag.Int("port", 0, "API port on 127.0.0.1 (0: any free)")
	etcdURL := flag.String("etcd", "", "external etcd URL; empty: embedded etcd")
	authz := flag.String("authz", "RBAC", "authorization mode")
	workloads := flag.Bool("workloads", true, "run controller-manager, scheduler and the fake kubelet")
	controllers := flag.String("controllers", "*,-node-lifecycle-controller", "controller-manager --controllers")
	fake := flag.Bool("fake-kubelet", true, "with --workloads: the built-in fake kubelet (false: bring your own, e.g. kwok)")
	nodes := flag.Int("nodes", 1, "fake nodes")
	kubeletVersion := flag.String("kubelet-version", "v1.36.0-fake", "version that the fake nodes tell of their kubelet")
	extra := flag.String("apiserver-args", "", "extra kube-apiserver flags, space separated")
	stdinQuit := flag.Bool("quit-on-stdin-eof", false, "exit when standard input closes")
	verbose := flag.Bool("logs", false, "component logs on standard error")
	keep := flag.Bool("keep", false, "keep a temp state directory at the end")
	flag.Parse()

	if !*verbose {
		klog.LogToStderr(false)
		klog.SetOutput(io.Discard)
	}
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if *stdinQuit {
		go func() { io.Copy(io.Discard, os.Stdin); stop() }()
	}
	tmp := *dir == ""
	if tmp {
		d, err := os.MkdirTemp("", "kubelab-")
		must(err)
		*dir = d
	}
	must(os.MkdirAll(*dir, 0o700))
	keys := keyring{*dir}
	if *port == 0 {
		*port = freePort()
	}

	// etcd
	if *etcdURL == "" {
		c := embed.NewConfig()
		c.Dir = keys.path("etcd")
		c.LogLevel = "error"
		if !*verbose {
			c.LogOutputs = []string{keys.path("etcd.log")}
		}
		c.UnsafeNoFsync = true
		cu, _ := url.Parse(fmt.Sprintf("http://127.0.0.1:%d", freePort()))
		pu, _ := url.Parse(fmt.Sprintf("http://127.0.0.1:%d", freePort()))
		c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{*cu}, []url.URL{*cu}
		c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{*pu}, []url.URL{*pu}
		c.InitialCluster = c.InitialClusterFromName(c.Name)
		c.TickMs, c.ElectionMs = 20, 100 // single member: elect itself at once
		e, err := embed.StartEtcd(c)
		must(err)
		defer e.Close()
		*etcdURL = cu.String()
	}
	tEtcd := time.Since(t0)

	authority := keys.authority()
	caFile := keys.path("ca.crt")
	keys.both("apiserver.crt", "apiserver.key", func() ([]byte, []byte) { return authority.issue("kube-apiserver", nil, true) })
	keys.both("apiserver-kubelet.crt", "apiserver-kubelet.key", func() ([]byte, []byte) { return authority.issue("kube-apiserver-kubelet-client", nil, false) })
	saFile := keys.serviceAccountKey()
	tokens := keys.write("tokens.csv", []byte("admin-token,admin,admin,\"system:masters\"\nviewer-token,viewer,viewer,\"viewers\"\n"))
	server := fmt.Sprintf("https://127.0.0.1:%d", *port)
	kubeconfig := keys.kubeconfig(server, authority)

	// kube-apiserver
	args := []string{
		"--etcd-servers=" + *etcdURL, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", *port), "--cert-dir=" + *dir,
		"--tls-cert-file=" + keys.path("apiserver.crt"), "--tls-private-key-file=" + keys.path("apiserver.key"), "--client-ca-file=" + caFile,
		"--kubelet-client-certificate=" + keys.path("apiserver-kubelet.crt"), "--kubelet-client-key=" + keys.path("apiserver-kubelet.key"), "--kubelet-certificate-authority=" + caFile,
		"--token-auth-file=" + tokens, "--authorization-mode=" + *authz,
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + saFile, "--service-account-signing-key-file=" + saFile,
		"--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none", "--allow-privileged=true", "--profiling=false",
	}
	proxy, egress, err := startSvcProxy(ctx, *dir)
	must(err)
	args = append(args, "--egress-selector-config-file="+egress)
	args = append(args, strings.Fields(*extra)...)
	fail := make(chan error, 3)
	go func() {
		s := apiserveropts.NewServerRunOptions()
		if err := flagsOf(s.Flags(), args); err != nil {
			fail <- err
			return
		}
		if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
			fail <- err
			return
		}
		rest.SetDefaultWarningHandler(rest.NoWarnings{})
		c, err := s.Complete(ctx)
		if err == nil {
			err = utilerrors.NewAggregate(c.Validate())
		}
		if err == nil {
			err = apiserverapp.Run(ctx, c)
		}
		fail <- err
	}()

	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(err)
	cfg.QPS, cfg.Burst = 500, 1000
	hc, err := rest.HTTPClientFor(cfg)
	must(err)
	for {
		r, err := hc.Get(server + "/readyz")
		if err == nil {
			io.Copy(io.Discard, r.Body)
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case e := <-fail:
			must(fmt.Errorf("kube-apiserver: %w", e))
		case <-ctx.Done():
			os.Exit(1)
		case <-time.After(20 * time.Millisecond):
		}
	}
	tAPI := time.Since(t0)
	cs, err := kubernetes.NewForConfig(cfg)
	must(err)
	proxy.cs.Store(cs)

	if *workloads {
		go func() {
			s, err := kcmopts.NewKubeControllerManagerOptions()
			must(err)
			must(flagsOf(s.Flags(kcmapp.KnownControllers(), kcmapp.ControllersDisabledByDefault(), kcmapp.ControllerAliases()), []string{
				"--kubeconfig=" + kubeconfig, "--leader-elect=false", "--secure-port=0", "--bind-address=127.0.0.1", "--controllers=" + *controllers,
				"--service-account-private-key-file=" + saFile, "--root-ca-file=" + caFile, "--use-service-account-credentials=false",
				"--kube-api-qps=500", "--kube-api-burst=1000", "--profiling=false",
			}))
			must(s.ComponentGlobalsRegistry.Set())
			c, err := s.Config(ctx, kcmapp.KnownControllers(), kcmapp.ControllersDisabledByDefault(), kcmapp.ControllerAliases())
			must(err)
			if err := kcmapp.Run(ctx, c.Complete()); err != nil && ctx.Err() == nil {
				fail <- fmt.Errorf("kube-controller-manager: %w", err)
			}
		}()
		go func() {
			o := schedopts.NewOptions()
			must(flagsOf(*o.Flags, []string{"--kubeconfig=" + kubeconfig, "--leader-elect=false", "--secure-port=0", "--bind-address=127.0.0.1", "--kube-api-qps=500", "--kube-api-burst=1000"}))
			must(o.ComponentGlobalsRegistry.Set())
			cc, sched, err := schedapp.Setup(ctx, o)
			must(err)
			if err := schedapp.Run(ctx, cc, sched); err != nil && ctx.Err() == nil {
				fail <- fmt.Errorf("kube-scheduler: %w", err)
			}
		}()
		if *fake {
			must(startKubelet(ctx, cs, *nodes, *kubeletVersion, keys, authority))
		}
		// wait until the default service account exists: pods can then be created
		waitDefaultSA(ctx, cs)
	}

	must(json.NewEncoder(os.Stdout).Encode(map[string]any{"ready": true, "server": server, "kubeconfig": kubeconfig, "dir": *dir, "pid": os.Getpid(),
		"etcdMs": tEtcd.Milliseconds(), "apiserverMs": tAPI.Milliseconds(), "readyMs": time.Since(t0).Milliseconds()}))
	select {
	case <-ctx.Done():
		if !*keep && tmp {
			os.RemoveAll(*dir)
		}
		os.Exit(0) // a graceful stop would take about 7 s
	case err := <-fail:
		must(err)
	}
}
