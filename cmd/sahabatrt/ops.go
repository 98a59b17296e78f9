package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"

	"sahabatrt/store"
)

// healthyTime is how long healthy waits for the answer.
const healthyTime = 3 * time.Second

// opsPage is what operators see. There is no password: it listens where nobody else comes.
type opsPage struct {
	listener net.Listener // nil: nowhere
	server   *http.Server
}

// listenOps takes the address, so that one that is in use is said before anything else is done.
func listenOps(address string, h *health, registry *prometheus.Registry) (*opsPage, error) {
	if address == "" {
		return &opsPage{}, nil
	}
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("OPS_LISTEN: another program listens at %s already: name a free address, or none at all to do without", address)
	}
	if err != nil {
		return nil, fmt.Errorf("OPS_LISTEN: %w", err)
	}
	return &opsPage{listener, &http.Server{
		Handler:           opsHandler(h, registry),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}}, nil
}

func (o *opsPage) String() string {
	if o.listener == nil {
		return "OPS_LISTEN is empty: no page tells how it is"
	}
	return fmt.Sprintf("http://%s/readyz tells how it is", o.listener.Addr())
}

// serve shows the pages until ctx ends.
func (o *opsPage) serve(ctx context.Context) error {
	if o.listener == nil {
		return nil
	}
	defer context.AfterFunc(ctx, func() { _ = o.server.Close() })()
	if err := o.server.Serve(o.listener); ctx.Err() == nil {
		return fmt.Errorf("OPS_LISTEN: %w", err)
	}
	return nil
}

func opsHandler(h *health, registry *prometheus.Registry) http.Handler {
	pages := http.NewServeMux()
	pages.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "alive\n") // whoever asked may have gone
	})
	pages.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		faults := h.faults()
		if len(faults) == 0 {
			_, _ = io.WriteString(w, "ready\n")
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, strings.Join(faults, "\n")+"\n")
	})
	pages.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return pages
}

type healthyCmd struct{}

// Run asks /readyz of the process that listens at OPS_LISTEN, for the health check of a container.
func (healthyCmd) Run(ctx context.Context, m Main, c *Config) error {
	host, port, err := net.SplitHostPort(c.OpsListen)
	if err != nil {
		return errors.New("OPS_LISTEN names no address to ask")
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, healthyTime)
	defer cancel()
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("OPS_LISTEN: %w", err)
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(m.Stdout, answer.Body); err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return errors.New("not ready")
	}
	return nil
}

func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// pools shows how busy the connections are.
type pools struct {
	db    *store.DB
	redis redis.UniversalClient // nil: none
}

var (
	poolMax    = prometheus.NewDesc("sahabat_pool_max_connections", "Connections that may be open at most.", []string{"pool"}, nil)
	poolOpen   = prometheus.NewDesc("sahabat_pool_open_connections", "Connections that are open.", []string{"pool"}, nil)
	poolInUse  = prometheus.NewDesc("sahabat_pool_busy_connections", "Connections that are in use.", []string{"pool"}, nil)
	poolWaits  = prometheus.NewDesc("sahabat_pool_waits_total", "How often a connection had to be waited for.", []string{"pool"}, nil)
	poolWaited = prometheus.NewDesc("sahabat_pool_waited_seconds_total", "How long connections were waited for.", []string{"pool"}, nil)
)

func (p pools) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(p, to) }

func (p pools) Collect(to chan<- prometheus.Metric) {
	collect(to, "database", p.db.Pool())
	if p.redis == nil {
		return
	}
	s := p.redis.PoolStats()
	collect(to, "redis", store.Pool{ // its client does not tell how many it may open
		Open: int(s.TotalConns), InUse: int(s.TotalConns - min(s.IdleConns, s.TotalConns)),
		Waits: int64(s.WaitCount), Waited: time.Duration(s.WaitDurationNs),
	})
}

func collect(to chan<- prometheus.Metric, name string, p store.Pool) {
	if p.Max > 0 {
		to <- prometheus.MustNewConstMetric(poolMax, prometheus.GaugeValue, float64(p.Max), name)
	}
	to <- prometheus.MustNewConstMetric(poolOpen, prometheus.GaugeValue, float64(p.Open), name)
	to <- prometheus.MustNewConstMetric(poolInUse, prometheus.GaugeValue, float64(p.InUse), name)
	to <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, float64(p.Waits), name)
	to <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, p.Waited.Seconds(), name)
}
