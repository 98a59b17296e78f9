package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"sahabatrt/bot/telegram/telegramtest"
	"sahabatrt/store/session/redistest"
)

// BenchmarkTelegram is the whole program, polled over sockets, on PostgreSQL and Redis, and 128 people who say the next thing
// as soon as they have read: they register workers, or only fill in a form, which writes no records. Beside it,
// in turns, the echo of echo_test.go, whose people write and press as often. It prints messages a second and seconds of
// processor a thousand messages, of the bots and of the two servers; all are medians, also the ratio of all that the
// program costs to all that the echo does. A delay is that of each call but the polls.
func BenchmarkTelegram(b *testing.B) {
	for _, script := range []script{registration, form} {
		for _, delay := range []time.Duration{0, 50 * time.Millisecond} {
			b.Run(fmt.Sprintf("%s/people=128/delay=%v", script.name, delay), func(b *testing.B) { besideEcho(b, script, 128, delay) })
		}
	}
}

// script is what people say over and over: what is written or pressed, and a word of the answer. "NIK" is the next one.
type script struct {
	name  string
	first [][2]string // only once
	again [][2]string
}

var registration = script{"registration", nil, [][2]string{
	{"daftar pekerja", "Pekerjaannya"}, {"[Tukang becak]", "Siapa"}, {"Pekerja Contoh", "NIK"}, {"NIK", "Saya baca"}, {"[Ya, benar]", "nomor HP"},
	{"tidak punya", "tinggal"}, {"di rt ini", "pihak lain"}, {"belum", "berapa bulan"}, {"1 bulan", "Simpan"}, {"[Simpan]", "Tersimpan"},
}}

var form = script{"form", registration.again[:1], [][2]string{
	{"[Tukang becak]", "Siapa"}, {"Pekerja Contoh", "NIK"}, {"kembali", "Siapa"}, {"kembali", "Pekerjaannya"},
}}

// lines are what comes one after the other.
func (s script) lines() func() [2]string {
	n := 0
	return func() [2]string {
		defer func() { n++ }()
		if n < len(s.first) {
			return s.first[n]
		}
		return s.again[(n-len(s.first))%len(s.again)]
	}
}

const (
	benchTurns = 3
	benchTurn  = 3 * time.Second
)

func besideEcho(b *testing.B, s script, people int, delay time.Duration) {
	redisURL := redistest.URL(b)
	tw := newTown(b, people, redisURL, telegramtest.Config{Lean: true, QueryAge: time.Hour})
	serving := tw.launch("bot", "")
	defer func() { must(b, tw.stopped(serving)) }()
	other := telegramtest.New(b, telegramtest.Config{Lean: true, QueryAge: time.Hour})
	echoing := startEcho(b, other, redisURL)
	defer func() { _ = echoing.Process.Kill(); _ = echoing.Wait() }()

	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	must(b, tw.all(ctx, func(ctx context.Context, p *citizen) error { return p.arrive(ctx) }))
	servers := servers{redisProcess(b, redisURL), postgresProcesses(b, tw.records)}
	var ours, echos []talker
	for _, p := range tw.people {
		ours = append(ours, p.saying(s))
		echos = append(echos, echoed(other.User("Orang Contoh"), s))
	}
	for _, srv := range []*telegramtest.Server{tw.srv, other} {
		for _, method := range []string{"sendMessage", "answerCallbackQuery", "editMessageReplyMarkup"} {
			srv.Inject(telegramtest.Fault{Method: method, Delay: delay})
		}
	}
	var rounds []map[string]float64
	talk(b, ctx, echos, benchTurn/3) // to warm up, and with something to press
	talk(b, ctx, ours, benchTurn/3)
	for range benchTurns {
		bot := measure(b, ctx, ours, serving.Process.Pid, servers)
		echo := measure(b, ctx, echos, echoing.Process.Pid, servers)
		rounds = append(rounds, map[string]float64{
			"msg/s": bot.rate, "echo-msg/s": echo.rate,
			"bot-s/1000": bot.own, "redis-s/1000": bot.redis, "postgres-s/1000": bot.postgres, "echo-s/1000": echo.own, "echo-redis-s/1000": echo.redis,
			"x-echo": (bot.own + bot.redis + bot.postgres) / (echo.own + echo.redis), "x-echo-alone": bot.own / echo.own,
		})
	}
	for name := range maps.Keys(rounds[0]) {
		var values []float64
		for _, r := range rounds {
			values = append(values, r[name])
		}
		slices.Sort(values)
		b.ReportMetric(values[len(values)/2], name)
	}
	b.ReportMetric(float64(memory(b, serving.Process.Pid))/1024, "MB")
	b.ReportMetric(0, "ns/op")
}

func startEcho(b *testing.B, srv *telegramtest.Server, redisURL string) *exec.Cmd {
	b.Helper()
	echoing := exec.Command(os.Args[0])
	echoing.Env = append(os.Environ(), "TEST_AS_ECHO=1", "REDIS_URL="+redisURL, "TELEGRAM_TOKEN="+srv.Token, "TELEGRAM_API_ENDPOINT="+srv.URL())
	echoing.Stderr = os.Stderr
	must(b, echoing.Start())
	return echoing
}

// talker is a person's next message and its answer.
type talker func(context.Context) error

func (p *citizen) saying(s script) talker {
	next := s.lines()
	return func(ctx context.Context) error {
		line := next()
		if line[0] == "NIK" {
			line[0] = p.nik()
			p.workers++
		}
		return p.turn(ctx, line[0], line[1])
	}
}

func echoed(u *telegramtest.User, s script) talker {
	next := s.lines()
	return func(ctx context.Context) error {
		says := next()[0]
		if strings.HasPrefix(says, "[") {
			says = "[Lanjut]"
		}
		_, err := u.Talk(ctx, says)
		return err
	}
}

// talk lets everybody talk for a while and returns how many messages were answered.
func talk(b *testing.B, ctx context.Context, people []talker, d time.Duration) int64 {
	b.Helper()
	var answered atomic.Int64
	var all sync.WaitGroup
	over := time.Now().Add(d)
	for _, say := range people {
		all.Go(func() {
			for time.Now().Before(over) {
				if err := say(ctx); err != nil {
					b.Error(err)
					return
				}
				answered.Add(1)
			}
		})
	}
	all.Wait()
	return answered.Load()
}

// servers are the processes of both.
type servers struct {
	redis    int
	postgres []int
}

// measured is a turn: messages a second, and seconds of processor a thousand of them.
type measured struct{ rate, own, redis, postgres float64 }

func measure(b *testing.B, ctx context.Context, people []talker, pid int, s servers) measured {
	b.Helper()
	used := func() []float64 {
		return []float64{processor(pid), processor(s.redis), processor(s.postgres...)}
	}
	before, began := used(), time.Now()
	n := float64(talk(b, ctx, people, benchTurn))
	took, after := time.Since(began).Seconds(), used()
	for i := range after {
		after[i] = (after[i] - before[i]) / n * 1000
	}
	return measured{n / took, after[0], after[1], after[2]}
}

// processor is how many seconds of it these processes have used, of all of which there are a hundred ticks each.
func processor(pids ...int) (seconds float64) {
	for _, pid := range pids {
		fields := stat(pid)
		if len(fields) < 13 {
			continue // it has ended
		}
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		seconds += float64(user+system) / 100
	}
	return seconds
}

// stat are the fields of a process behind its name: its state, its parent, and so on.
func stat(pid int) []string {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // it may have ended
	return strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
}

// memory is what a process holds, in kB.
func memory(b *testing.B, pid int) int {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(b, err)
	_, rest, _ := strings.Cut(string(raw), "VmRSS:")
	kb, _ := strconv.Atoi(strings.Fields(rest)[0])
	return kb
}

func redisProcess(b *testing.B, address string) int {
	b.Helper()
	o, err := redis.ParseURL(address)
	must(b, err)
	client := redis.NewClient(o)
	defer client.Close()
	info, err := client.Info(b.Context(), "server").Result()
	must(b, err)
	_, rest, _ := strings.Cut(info, "process_id:")
	pid, err := strconv.Atoi(strings.Fields(rest)[0])
	must(b, err)
	return pid
}

// postgresProcesses are those of the server, all of which have the same parent.
func postgresProcesses(b *testing.B, address string) (pids []int) {
	b.Helper()
	if u, err := url.Parse(address); err != nil || u.Hostname() != "127.0.0.1" {
		b.Fatal("the processes of a PostgreSQL elsewhere cannot be measured")
	}
	conn, err := pgx.Connect(b.Context(), address)
	must(b, err)
	defer conn.Close(b.Context())
	var mine int
	must(b, conn.QueryRow(b.Context(), `SELECT pg_backend_pid()`).Scan(&mine))
	all, err := filepath.Glob("/proc/[0-9]*")
	must(b, err)
	for _, folder := range all {
		pid, _ := strconv.Atoi(filepath.Base(folder))
		if fields := stat(pid); len(fields) > 1 && fields[1] == stat(mine)[1] && pid != mine {
			pids = append(pids, pid)
		}
	}
	return pids
}
