package main

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// plug stands between the program and a server, so that a test can pull it. Its address stays the same.
type plug struct {
	t      testing.TB
	at, to string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	stuck    bool
}

// plugIn returns the address of a server, behind a plug.
func plugIn(t testing.TB, address string) (string, *plug) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p := &plug{t: t, at: "127.0.0.1:0", to: u.Host}
	p.put()
	t.Cleanup(p.pull)
	u.Host = p.at
	return u.String(), p
}

// put lets connections through again.
func (p *plug) put() {
	p.t.Helper()
	l, err := net.Listen("tcp", p.at)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.listener, p.stuck = l.Addr().String(), l, false
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.carry(conn)
		}
	}()
}

// pull cuts what is open and refuses what comes.
func (p *plug) pull() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener.Close()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// stick carries nothing any more and says nothing of it.
func (p *plug) stick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stuck = true
}

func (p *plug) carry(from net.Conn) {
	to, err := net.Dial("tcp", p.to)
	if err != nil {
		from.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, from, to)
	p.mu.Unlock()
	go p.copy(from, to)
	p.copy(to, from)
}

func (p *plug) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		stuck := p.stuck
		p.mu.Unlock()
		if stuck {
			_, _ = io.Copy(io.Discard, from) // until it is cut
			return
		}
		if _, failed := to.Write(buf[:n]); failed != nil || err != nil {
			return
		}
	}
}
