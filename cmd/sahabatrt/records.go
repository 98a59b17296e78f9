package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/lists"
	"sahabatrt/store/session"
)

type migrateCmd struct{}

func (migrateCmd) Run(ctx context.Context, m Main, c *Config) error {
	db, err := c.open(ctx, m, false)
	if err != nil {
		return err
	}
	n, err := db.Migrate(ctx)
	if err == nil {
		fmt.Fprintf(m.Stdout, "%d migrations applied\n", n)
	}
	return errors.Join(err, db.Close())
}

type checkCmd struct{}

func (checkCmd) Run(ctx context.Context, m Main, c *Config) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	db, err := c.open(ctx, m, true)
	if err != nil {
		return err
	}
	findings, err := db.Check(ctx)
	if err == nil {
		err = c.withRedis(ctx, m, db, func(r *session.Redis) error {
			aside, err := r.Aside(ctx)
			for _, chat := range aside {
				findings = append(findings, store.Finding{Table: "redis", Row: chat, Problem: "set_aside"})
			}
			return err
		})
	}
	for _, f := range findings {
		fmt.Fprintf(m.Stdout, "%s\t%s\t%s\n", f.Table, f.Row, f.Problem)
	}
	if err == nil && len(findings) == 0 {
		fmt.Fprintln(m.Stdout, "ok")
	}
	if err == nil && len(findings) > 0 {
		err = fmt.Errorf("%d findings", len(findings))
	}
	return errors.Join(err, db.Close())
}

type backupCmd struct {
	To string `arg:"" help:"The file to make; it must not exist."`
}

func (b backupCmd) Run(ctx context.Context, m Main, c *Config) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	db, err := c.open(ctx, m, true)
	if err != nil {
		return err
	}
	if err = db.Backup(ctx, b.To); errors.Is(err, store.ErrNoBackup) {
		err = errors.New("the records are in PostgreSQL: copy them with pg_dump, which works while the bot runs; the copy opens only with the same key")
	}
	if err == nil {
		fmt.Fprintf(m.Stdout, "%s written; it opens only with the same key, so keep that too\n", b.To)
	}
	return errors.Join(err, db.Close())
}

type importCmd struct {
	Files  []string   `arg:"" type:"existingfile" help:"CSV files; the heading row tells what each one is (docs/import.md)."`
	Kind   lists.Kind `help:"Say what the files are: rt, pejabat, pagu, pekerja or tercakup."`
	DryRun bool       `help:"Find all mistakes and count all changes, but record nothing."`
}

func (i importCmd) Run(ctx context.Context, m Main, c *Config) error {
	var files []lists.File
	for _, name := range i.Files {
		data, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read a list: %w", err)
		}
		files = append(files, lists.File{Name: name, Kind: i.Kind, Data: data})
	}
	db, err := c.open(ctx, m, true)
	if err != nil {
		return err
	}
	reports, err := lists.Import(ctx, db, files, lists.Options{DryRun: i.DryRun, Today: program.DateOf(c.clock(m.Now)())})
	for _, r := range reports {
		fmt.Fprintf(m.Stdout, "%s\t%s\t%d rows\t%d changed\n", r.Name, r.Kind, r.Rows, r.Changed)
	}
	if err == nil && i.DryRun {
		fmt.Fprintln(m.Stdout, "dry run: nothing was recorded")
	}
	return errors.Join(err, db.Close())
}

type inviteCmd struct {
	Role  program.Role `required:"" enum:"ketua,sekretaris,bendahara,kelurahan,kecamatan,city,bpjs,admin,worker" help:"${enum}."`
	Place string       `required:"" help:"What the office is for: an RT such as 1571071012-RT014, a kelurahan or kecamatan code, 1571 for the city, a worker's id."`
	Phone string       `help:"The number that the code is for; needed for everybody but a worker."`
	Name  string       `required:"" help:"Who it is for."`
}

func (i inviteCmd) Run(ctx context.Context, m Main, c *Config) error {
	invite := store.Invite{Role: i.Role, Place: i.Place, Name: i.Name}
	if i.Phone != "" {
		phone, err := program.ParsePhone(i.Phone)
		if err != nil {
			return fmt.Errorf("--phone: %w", err)
		}
		invite.Phone = phone
	}
	db, err := c.open(ctx, m, true)
	if err != nil {
		return err
	}
	var code string
	err = db.Update(ctx, func(tx *store.Tx) (err error) {
		if err := placed(tx, invite); err != nil {
			return err
		}
		code, err = tx.InviteAsOperator(invite)
		return err
	})
	if errors.Is(err, store.ErrNeedsPhone) {
		err = errors.New("this office sees others or moves money: give the person's number with --phone")
	}
	if err == nil {
		until := c.clock(m.Now)().Add(7 * 24 * time.Hour).In(program.WIB)
		fmt.Fprintf(m.Stdout, "%s\tvalid until %s, once\n", code, until.Format("2006-01-02 15:04"))
	}
	return errors.Join(err, db.Close())
}

// placed says whether there is such a place for such an office.
func placed(tx *store.Tx, i store.Invite) error {
	there, err := false, error(nil)
	switch i.Role {
	case program.Ketua, program.Sekretaris, program.Bendahara:
		var rt program.RT
		if rt, err = program.ParseRTCode(i.Place); err == nil {
			there, err = tx.HasRT(rt)
		}
	case program.Lurah:
		_, there = program.KelurahanByCode(i.Place)
	case program.Camat:
		_, there = program.KecamatanByCode(i.Place)
	case program.Worker:
		_, err = tx.Worker(i.Place)
		there = err == nil
	default:
		there = i.Place == program.CityCode
	}
	if err != nil {
		return fmt.Errorf("--place: %w", err)
	}
	if !there {
		return errors.New("--place: no such place in the records for this office")
	}
	return nil
}
