package storetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// Server is a PostgreSQL of one test, which stops and starts it.
type Server struct {
	t    testing.TB
	bin  string // the folder of its programs
	root string
	port string
}

// Private starts one on the loopback, from the programs that scripts/with-services uses.
func Private(t testing.TB) *Server {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps it out of PATH
	slices.Sort(found)
	if path, err := exec.LookPath("initdb"); len(found) == 0 && err == nil {
		found = []string{path}
	}
	if len(found) == 0 {
		t.Fatal("initdb is missing: install the server of PostgreSQL (Debian: apt-get install postgresql)")
	}
	root, err := os.MkdirTemp("", "postgres") // a folder of the test's own would be closed to the server's user
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, bin: filepath.Dir(found[len(found)-1]), root: root, port: freePort(t)}
	t.Cleanup(func() {
		_ = s.command("pg_ctl", "-D", s.data(), "-m", "immediate", "-w", "stop").Run() // it may be stopped
		_ = os.RemoveAll(root)
	})
	if os.Getuid() == 0 {
		if out, err := exec.Command("chown", "postgres", root).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	s.must("initdb", "-D", s.data(), "-U", "app", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
	s.Start()
	return s
}

// URL is where it listens, also after it was started again.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://app@127.0.0.1:%s/postgres?sslmode=disable", s.port)
}

// Start starts it, with what it had.
func (s *Server) Start() {
	s.t.Helper()
	s.must("pg_ctl", "-D", s.data(), "-w", "-s", "-l", filepath.Join(s.root, "log"),
		"-o", "-p "+s.port+" -c listen_addresses=127.0.0.1 -c unix_socket_directories="+s.root, "start")
}

// Stop ends it: "fast" takes back what is under way, "immediate" is a crash.
func (s *Server) Stop(mode string) {
	s.t.Helper()
	s.must("pg_ctl", "-D", s.data(), "-m", mode, "-w", "-s", "stop")
}

// Cut ends every connection, those at work too.
func (s *Server) Cut() {
	s.t.Helper()
	run(s.t, s.URL(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type='client backend' AND pid<>pg_backend_pid()`)
}

func (s *Server) data() string { return filepath.Join(s.root, "data") }

// command is one of its programs. The server refuses to run as root.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	words := append([]string{filepath.Join(s.bin, name)}, args...)
	if os.Getuid() == 0 {
		words = append([]string{"runuser", "-u", "postgres", "--"}, words...)
	}
	c := exec.Command(words[0], words[1:]...)
	c.Dir = "/"
	return c
}

func (s *Server) must(name string, args ...string) {
	s.t.Helper()
	// No pipe: the server would keep it open.
	if err := s.command(name, args...).Run(); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.root, "log"))
		s.t.Fatalf("%s: %v\n%s", name, err, log)
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String()) // an address of a listener has a port
	return port
}
