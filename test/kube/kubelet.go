package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
)

// Annotations on a pod steer the fake kubelet:
//
//	kubelab/ready-after: "2s"    become Ready later      kubelab/never-ready: "true"  Running, never Ready
//	kubelab/waiting: "ImagePullBackOff"                  stay Pending with that container waiting reason
//	kubelab/exit-code: "1"       run to completion (Job pods default to exit code 0 after 100 ms)
func startKubelet(ctx context.Context, cs kubernetes.Interface, n int, version string, keys keyring, authority *ca) error {
	port, err := serveKubelet(ctx, cs, keys, authority)
	if err != nil {
		return err
	}
	for i := 0; i < n; i++ {
		name := fmt.Sprintf("node-%d", i)
		res := corev1.ResourceList{"cpu": resource.MustParse("64"), "memory": resource.MustParse("256Gi"), "pods": resource.MustParse("1000"), "ephemeral-storage": resource.MustParse("1Ti")}
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}}}
		if _, err := cs.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
		// The TaintNodesByCondition admission plugin taints a new node not-ready; the node-lifecycle controller, off here, would remove it.
		if err := changeNode(ctx, cs, name, "", func(node *corev1.Node) { node.Spec.Taints = nil }); err != nil {
			return err
		}
		now := metav1.Now()
		status := corev1.NodeStatus{Capacity: res, Allocatable: res,
			Conditions:      []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", LastHeartbeatTime: now, LastTransitionTime: now}},
			Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: port}},
			NodeInfo:        corev1.NodeSystemInfo{KubeletVersion: version, OperatingSystem: "linux", Architecture: "amd64"}}
		if err := changeNode(ctx, cs, name, "status", func(node *corev1.Node) { node.Status = status }); err != nil {
			return err
		}
	}
	f := informers.NewSharedInformerFactory(cs, 0)
	inf := f.Core().V1().Pods().Informer()
	ips, err := addressesAfter(ctx, cs)
	if err != nil {
		return err
	}
	var taken sync.Map
	handle := func(o any) {
		pod, ok := o.(*corev1.Pod)
		if !ok || pod.Spec.NodeName == "" {
			return
		}
		if pod.DeletionTimestamp != nil {
			zero := int64(0)
			go untilDone(func() error {
				err := cs.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &zero, Preconditions: &metav1.Preconditions{UID: &pod.UID}})
				if apierrors.IsConflict(err) {
					return nil // another pod has the name by now
				}
				return err
			})
			return
		}
		if settled(pod) {
			return
		}
		if _, again := taken.LoadOrStore(pod.UID, true); again {
			return
		}
		// A pod of an earlier process that was not done with it goes on, with the address that it has.
		address := pod.Status.PodIP
		if address == "" {
			address = ips()
		}
		go runPod(ctx, cs, pod, address)
	}
	inf.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: handle, UpdateFunc: func(_, o any) { handle(o) }})
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())
	return nil
}

// settled pods need nothing more: they run and are ready, or ended.
func settled(pod *corev1.Pod) bool {
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return true
	}
	if pod.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		return false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// addressesAfter hands out addresses of pods that no pod has yet.
func addressesAfter(ctx context.Context, cs kubernetes.Interface) (func() string, error) {
	pods, err := cs.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var last atomic.Int64
	for _, pod := range pods.Items {
		var third, fourth int64
		if n, _ := fmt.Sscanf(pod.Status.PodIP, "10.244.%d.%d", &third, &fourth); n == 2 {
			last.Store(max(last.Load(), third<<8|fourth))
		}
	}
	return func() string { i := last.Add(1); return fmt.Sprintf("10.244.%d.%d", (i>>8)&255, i&255) }, nil
}

// changeNode changes a node, or its status, that controllers may change at the same time.
func changeNode(ctx context.Context, cs kubernetes.Interface, name, subresource string, change func(*corev1.Node)) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		node, err := cs.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		change(node)
		if subresource == "status" {
			_, err = cs.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
		} else {
			_, err = cs.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{})
		}
		return err
	})
}

// untilDone tries again what a busy API server refuses, but not what is about a pod that is gone.
func untilDone(do func() error) {
	backoff := wait.Backoff{Duration: 20 * time.Millisecond, Factor: 2, Steps: 11}
	retry.OnError(backoff, func(err error) bool { return !apierrors.IsNotFound(err) }, do)
}

func runPod(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, ip string) {
	a := pod.Annotations
	phase := func(ready bool, done bool, code int32) {
		now := metav1.Now()
		c := func(t corev1.PodConditionType, ok bool) corev1.PodCondition {
			s := corev1.ConditionFalse
			if ok {
				s = corev1.ConditionTrue
			}
			return corev1.PodCondition{Type: t, Status: s, LastTransitionTime: now}
		}
		st := corev1.PodStatus{Phase: corev1.PodRunning, HostIP: "127.0.0.1", HostIPs: []corev1.HostIP{{IP: "127.0.0.1"}}, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, StartTime: &now,
			Conditions: []corev1.PodCondition{c(corev1.PodInitialized, true), c(corev1.PodReady, ready), c(corev1.ContainersReady, ready), c(corev1.PodScheduled, true)}}
		started := true
		for _, k := range pod.Spec.Containers {
			cs := corev1.ContainerStatus{Name: k.Name, Image: k.Image, ImageID: "fake://" + k.Image, ContainerID: "fake://" + string(pod.UID), Ready: ready, Started: &started}
			switch {
			case a["kubelab/waiting"] != "":
				st.Phase, started, cs.ContainerID = corev1.PodPending, false, ""
				cs.State.Waiting = &corev1.ContainerStateWaiting{Reason: a["kubelab/waiting"], Message: "asked for by annotation"}
			case done:
				st.Phase = corev1.PodSucceeded
				if code != 0 {
					st.Phase = corev1.PodFailed
				}
				cs.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: code, Reason: "Completed", StartedAt: now, FinishedAt: now}
			default:
				cs.State.Running = &corev1.ContainerStateRunning{StartedAt: now}
			}
			st.ContainerStatuses = append(st.ContainerStatuses, cs)
		}
		for _, k := range pod.Spec.InitContainers {
			cs := corev1.ContainerStatus{Name: k.Name, Image: k.Image, ImageID: "fake://" + k.Image, Ready: true}
			if k.RestartPolicy != nil && *k.RestartPolicy == corev1.ContainerRestartPolicyAlways {
				cs.State.Running = &corev1.ContainerStateRunning{StartedAt: now}
				cs.Started = &started
			} else {
				cs.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 0, Reason: "Completed", StartedAt: now, FinishedAt: now}
			}
			st.InitContainerStatuses = append(st.InitContainerStatuses, cs)
		}
		b, _ := json.Marshal(map[string]any{"status": st})
		untilDone(func() error {
			_, err := client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, b, metav1.PatchOptions{}, "status")
			return err
		})
	}
	if a["kubelab/waiting"] != "" || a["kubelab/never-ready"] != "" {
		phase(false, false, 0)
		return
	}
	if d, err := time.ParseDuration(a["kubelab/ready-after"]); err == nil {
		phase(false, false, 0)
		time.Sleep(d)
	}
	phase(true, false, 0)
	if pod.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		time.Sleep(100 * time.Millisecond)
		code := int32(0)
		fmt.Sscan(a["kubelab/exit-code"], &code)
		phase(false, true, code)
	}
}

func waitDefaultSA(ctx context.Context, cs kubernetes.Interface) {
	for ctx.Err() == nil {
		if _, err := cs.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{}); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
