package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sahabatrt/bot/bottest"
	"sahabatrt/bot/telegram"
	"sahabatrt/bot/telegram/telegramtest"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/storetest"
)

// town is a Telegram full of people who use the program, which runs in processes of its own on PostgreSQL and Redis.
type town struct {
	t       testing.TB
	srv     *telegramtest.Server
	records string
	key     string
	env     []string
	began   time.Time
	people  []*citizen
	lurah   *telegramtest.User

	mu   sync.Mutex
	ends []time.Time // of processes that were killed
}

// newTown has a Telegram with so many people, two of each RT, and their lurah.
func newTown(t testing.TB, people int, redis string, config telegramtest.Config) *town {
	t.Helper()
	tw := &town{t: t, records: storetest.Postgres(t), key: base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))), began: time.Now()}
	inEmptyFolder(t)
	tw.srv = telegramtest.New(t, config)
	tw.env = append(os.Environ(), "TEST_AS_PROGRAM=1", "DATABASE_URL="+tw.records, "REDIS_URL="+redis, "SAHABAT_KEY="+tw.key,
		"TELEGRAM_TOKEN="+tw.srv.Token, "TELEGRAM_API_ENDPOINT="+tw.srv.URL(), "TELEGRAM_RATE=0", "OPS_LISTEN=", "LOG_LEVEL=error")
	tw.lurah = tw.srv.User("Lurah Contoh")
	for i := range people {
		tw.people = append(tw.people, &citizen{User: tw.srv.User(fmt.Sprint("Orang Contoh ", i)), town: tw, number: i, repeats: map[int]int{}})
	}
	tw.settle()
	return tw
}

// settle writes who they are, and money enough.
func (tw *town) settle() {
	tw.t.Helper()
	tw.change(func(tx *store.Tx) error {
		lurah, err := official(tx, tw.lurah, program.Office{Role: program.Lurah, Place: kelurahan})
		err = errors.Join(err, tx.LinkChat(telegram.Channel, strconv.FormatInt(tw.lurah.Chat(), 10), lurah, "contact"))
		for _, p := range tw.people {
			role := program.Sekretaris
			if p.number%2 == 0 {
				role = program.Ketua
				err = errors.Join(err, tx.PutRT(p.rt(), true), ceiling(tx, p.rt()))
			}
			_, hired := official(tx, p.User, program.Office{Role: role, Place: p.rt().String()})
			err = errors.Join(err, hired)
		}
		return err
	})
	tw.lurah.Write("halo") // so that he can be told
}

const kelurahan = "1571071012"

func ceiling(tx *store.Tx, rt program.RT) error {
	_, err := tx.SetCeiling(rt, 2026, store.Ceiling{Amount: 100_000_000_000, Source: "daftar contoh", AsOf: program.Date{Year: 2026, Month: 11, Day: 2}}, "")
	return err
}

func official(tx *store.Tx, u *telegramtest.User, office program.Office) (id string, err error) {
	phone, err := program.ParsePhone("+" + u.Phone)
	if err != nil {
		return "", err
	}
	id, _, err = tx.PutPerson(store.Person{Name: "Pengurus Contoh", Phone: phone, Honorific: "pak", Offices: []program.Office{office}})
	return id, err
}

func (tw *town) change(change func(*store.Tx) error) {
	tw.t.Helper()
	key, err := store.ParseKey(tw.key)
	if err != nil {
		tw.t.Fatal(err)
	}
	db, err := store.Open(context.Background(), store.Options{URL: tw.records, Key: key, Now: tw.now, Log: bottest.Quiet()})
	if err != nil {
		tw.t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(context.Background(), change); err != nil {
		tw.t.Fatal(err)
	}
}

// morning is when the towns' clocks start: notices go out by day.
var morning = time.Date(2026, 11, 23, 9, 0, 0, 0, program.WIB)

func (tw *town) now() time.Time { return morning.Add(time.Since(tw.began)) }

// living is a process of the program.
type living struct {
	*exec.Cmd
	errs syncBuffer
}

// launch starts one, under a name; kill is where it dies, "" nowhere.
func (tw *town) launch(name, kill string) *living {
	tw.t.Helper()
	p := &living{Cmd: exec.Command(os.Args[0], "serve")}
	p.Env = append(slices.Clone(tw.env), "SAHABAT_PROCESS="+name, "SAHABAT_KILL="+kill, "SAHABAT_NOW="+tw.now().Format(time.RFC3339Nano))
	p.Stderr = &p.errs
	if err := p.Start(); err != nil {
		tw.t.Fatal(err)
	}
	return p
}

// buried waits until a process is dead, and fails when it was not killed.
func (tw *town) buried(p *living) error {
	_ = p.Wait() // how it ended is in its state
	tw.mu.Lock()
	tw.ends = append(tw.ends, time.Now())
	tw.mu.Unlock()
	if status, ok := p.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		return fmt.Errorf("it ended by itself: %v %s", p.ProcessState, &p.errs)
	}
	return nil
}

// stopped asks a process to end, and wants it to do so in order.
func (tw *town) stopped(p *living) error {
	_ = p.Process.Signal(syscall.SIGTERM) // it may have ended: the state tells
	if err := p.Wait(); err != nil {
		return fmt.Errorf("it was asked to end: %w: %s", err, &p.errs)
	}
	return nil
}

// killedBefore is how many processes had been killed at a moment.
func (tw *town) killedBefore(at time.Time) (n int) {
	tw.mu.Lock()
	defer tw.mu.Unlock()
	for _, end := range tw.ends {
		if end.Before(at) {
			n++
		}
	}
	return n
}

// citizen is one person of a town. He answers as soon as he has read.
type citizen struct {
	*telegramtest.User
	town    *town
	number  int
	workers int // registered so far
	held    int // of them
	heard   []telegramtest.Message
	repeats map[int]int // of what he had heard already: by how many processes had been killed before
}

func (p *citizen) rt() program.RT {
	return program.RT{Kelurahan: kelurahan, Number: p.number/2 + 1}
}

// turn is something that he says, or "[label]" that he presses, and the words of each message that answers it.
func (p *citizen) turn(ctx context.Context, does string, says ...string) error {
	if label, pressed := strings.CutPrefix(does, "["); pressed {
		p.Press(strings.TrimSuffix(label, "]"))
	} else {
		p.Write(does)
	}
	var answer []telegramtest.Message
	for len(answer) < len(says) {
		m, err := p.Wait(ctx)
		if err != nil {
			return fmt.Errorf("person %d, %q: %w", p.number, does, err)
		}
		if p.heardBefore(m, p.heard) || p.heardBefore(m, answer) {
			continue
		}
		if words := says[len(answer)]; !strings.Contains(m.Text, words) {
			return fmt.Errorf("person %d, %q: want %q:\n%s", p.number, does, words, p.Screen())
		}
		answer = append(answer, m)
	}
	p.heard = answer
	return nil
}

// heardBefore says whether a message is one of an answer once more, and counts answers that come again.
func (p *citizen) heardBefore(m telegramtest.Message, answer []telegramtest.Message) bool {
	i := slices.IndexFunc(answer, func(old telegramtest.Message) bool {
		return old.Text == m.Text && slices.EqualFunc(old.Buttons, m.Buttons, slices.Equal)
	})
	if i == 0 {
		p.repeats[p.town.killedBefore(m.At)]++
	}
	return i >= 0
}

// arrive opens the chat and shares his number.
func (p *citizen) arrive(ctx context.Context) error {
	if err := p.turn(ctx, "/start", "saya Sahabat RT"); err != nil {
		return err
	}
	return p.turn(ctx, "[Bagikan nomor saya]", "Selamat datang", "Ada yang bisa dibantu")
}

// work registers one worker after the other until it is over, and one at least.
func (p *citizen) work(ctx context.Context, over *atomic.Bool) error {
	if err := p.arrive(ctx); err != nil {
		return err
	}
	for !over.Load() || p.workers == 0 {
		if err := p.register(ctx); err != nil {
			return err
		}
	}
	return nil
}

// register looks at what there is and registers one worker more; one in five waits for the kelurahan, which is told.
func (p *citizen) register(ctx context.Context) error {
	held := (p.number+p.workers)%5 == 0
	elsewhere, saved := "[Tidak, belum ada]", "terdaftar di catatan"
	if held {
		elsewhere, saved = "[Oleh Pemkot]", "dicatat, tetapi ditahan dulu"
	}
	for _, step := range [][]string{
		{"[Sisa anggaran]", "Sisa yang belum disisihkan"},
		{"daftar pekerja", "Pekerjaannya apa?"},
		{"[Tukang becak]", "Siapa namanya"},
		{"Pekerja Contoh", "Berapa NIK"},
		{p.nik(), "Sudah benar?"},
		{"[Ya, benar]", "nomor HP"},
		{"sisa anggaran berapa?", "Kita lanjut."},
		{"[Tidak punya HP]", "tinggal?"},
		{"[Di RT ini]", "sudah dibayar pihak lain?"},
		{elsewhere, "Iuran berapa bulan"},
		{"[1 bulan]", "Simpan?"},
		{"[Simpan]", "✅ Tersimpan. Pak Pekerja Contoh " + saved},
		{"lihat pekerja", "Pekerja RT"},
		{"[Menu]", "Ada yang bisa dibantu"},
	} {
		if err := p.turn(ctx, step[0], step[1:]...); err != nil {
			return err
		}
	}
	p.workers++
	if held {
		p.held++
	}
	return nil
}

// nik is one that nobody else has: born each on another day.
func (p *citizen) nik() string {
	return fmt.Sprintf("157107%02d%02d%02d%04d", 1+p.workers%28, 1+p.workers/28%12, 70+p.workers/28/12, p.number+1)
}

// all lets everybody do something at the same time, until all are done or one fails.
func (tw *town) all(ctx context.Context, do func(context.Context, *citizen) error) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var people sync.WaitGroup
	for _, p := range tw.people {
		people.Go(func() {
			if err := do(ctx, p); err != nil {
				fail(err)
			}
		})
	}
	people.Wait()
	return context.Cause(ctx)
}

// judge proves the promise: no record lost or doubled, no reply missing, at most one reply repeated in a chat for each
// process that was killed, every press answered, every notice told at most once.
func (tw *town) judge() {
	t := tw.t
	t.Helper()
	workers, money, registered, repeats := map[string]int{}, map[string]int{}, 0, 0
	for _, p := range tw.people {
		for _, m := range p.Read() {
			if !p.heardBefore(m, p.heard) {
				t.Errorf("person %d was told what he did not ask: %s", p.number, m.Text)
			}
		}
		for killed, n := range p.repeats {
			if repeats += n; killed == 0 || n > 1 {
				t.Errorf("person %d heard %d replies again after %d processes had been killed", p.number, n, killed)
			}
		}
		registered += p.workers
		workers[p.rt().String()] += p.workers
		money[p.rt().String()] += (p.workers - p.held) * 16_800
	}
	if n := tw.srv.Unanswered(); n > 0 {
		t.Errorf("%d of %d presses are not answered", n, len(tw.srv.Queries()))
	}
	niks, sent, notices := map[string]bool{}, 0, 0
	for _, row := range storetest.Rows(t, tw.records) {
		value := func(column string) string { return row.Values[slices.Index(row.Columns, column)] }
		switch row.Table {
		case "workers":
			workers[value("rt")]--
			if niks[value("nik_key")] {
				t.Error("a worker stands there twice")
			}
			niks[value("nik_key")] = true
		case "budgets":
			committed, _ := strconv.Atoi(value("committed"))
			money[value("rt")] -= committed
		case "notices":
			notices++
			if value("state") == string(store.NoticeSent) {
				sent++
			}
		}
	}
	for rt := range workers {
		if workers[rt] != 0 || money[rt] != 0 {
			t.Errorf("in %s %d workers and Rp%d are missing", rt, workers[rt], money[rt])
		}
	}
	tw.told(sent, notices)
	t.Logf("%d workers registered with %d replies and %d presses; %d processes killed, %d replies repeated",
		registered, tw.srv.Count("sendMessage"), len(tw.srv.Queries()), len(tw.ends), repeats)
}

// told: each alert was told at most once, and once when it is noted as sent.
func (tw *town) told(sent, notices int) {
	tw.t.Helper()
	alerts := map[string]bool{}
	for _, m := range tw.lurah.Messages() {
		if !m.FromBot || !strings.Contains(m.Text, "(peringatan nomor") {
			continue
		}
		if alerts[m.Text] {
			tw.t.Errorf("told twice: %s", m.Text)
		}
		alerts[m.Text] = true
	}
	held := 0
	for _, p := range tw.people {
		held += p.held
	}
	if len(alerts) < sent || notices != held {
		tw.t.Errorf("%d alerts were told, %d of %d are noted as told, %d workers are held", len(alerts), sent, notices, held)
	}
}
