package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const validity = 30 * 24 * time.Hour

// keyring is a state directory with all that clients were given. A start in a directory of an earlier one finds the same keys, so that
// clients of the earlier one, and tokens of service accounts, stay valid.
type keyring struct{ dir string }

func (k keyring) path(name string) string { return filepath.Join(k.dir, name) }

func (k keyring) write(name string, content []byte) string {
	must(os.WriteFile(k.path(name), content, 0o600))
	return k.path(name)
}

// both reads a pair of files, or makes both.
func (k keyring) both(a, b string, make func() (contentA, contentB []byte)) (contentA, contentB []byte) {
	contentA, errA := os.ReadFile(k.path(a))
	contentB, errB := os.ReadFile(k.path(b))
	if errA == nil && errB == nil {
		return contentA, contentB
	}
	contentA, contentB = make()
	k.write(a, contentA)
	k.write(b, contentB)
	return contentA, contentB
}

type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func pemBlock(t string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: t, Bytes: b}) }

func newKey() (*ecdsa.PrivateKey, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	der, err := x509.MarshalECPrivateKey(key)
	must(err)
	return key, pemBlock("EC PRIVATE KEY", der)
}

func (k keyring) authority() *ca {
	certPEM, keyPEM := k.both("ca.crt", "ca.key", func() ([]byte, []byte) {
		key, keyPEM := newKey()
		t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubelab-ca"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity), IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
		der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
		must(err)
		return pemBlock("CERTIFICATE", der), keyPEM
	})
	certBlock, _ := pem.Decode(certPEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certBlock == nil || keyBlock == nil {
		must(fmt.Errorf("%s and ca.key hold no PEM", k.path("ca.crt")))
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	must(err)
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	must(err)
	return &ca{cert, key, certPEM}
}

func (a *ca) issue(cn string, orgs []string, server bool) (certPEM, keyPEM []byte) {
	key, keyPEM := newKey()
	t := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: cn, Organization: orgs},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if server {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		t.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
		t.IPAddresses = []net.IP{net.ParseIP("127.0.0.1"), net.ParseIP("10.96.0.1")}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	must(err)
	return pemBlock("CERTIFICATE", der), keyPEM
}

// serviceAccountKey signs the tokens of service accounts.
func (k keyring) serviceAccountKey() string {
	if _, err := os.Stat(k.path("sa.key")); err != nil {
		_, keyPEM := newKey()
		k.write("sa.key", keyPEM)
	}
	return k.path("sa.key")
}

// kubeconfig has the users admin (client certificate, all rights) and viewer (token, no rights).
func (k keyring) kubeconfig(server string, a *ca) string {
	cert, key := k.both("admin.crt", "admin.key", func() ([]byte, []byte) { return a.issue("kubelab-admin", []string{"system:masters"}, false) })
	b64 := base64.StdEncoding.EncodeToString
	return k.write("kubeconfig", []byte(fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: kubelab
clusters:
- name: kubelab
  cluster: {server: %q, certificate-authority-data: %s}
users:
- name: admin
  user: {client-certificate-data: %s, client-key-data: %s}
- name: viewer
  user: {token: viewer-token}
contexts:
- name: kubelab
  context: {cluster: kubelab, user: admin}
- name: viewer
  context: {cluster: kubelab, user: viewer}
`, server, b64(a.pem), b64(cert), b64(key))))
}
