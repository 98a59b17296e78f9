package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/jackc/pgx/v5"

	"sahabatrt/store/storetest"
)

// house is the root of the repository.
const house = "../.."

// filledIn are the secrets of a production that is filled in; all of it is invented.
func filledIn() types.Mapping {
	return types.Mapping{
		"TELEGRAM_TOKEN":    "123456:invented",
		"POSTGRES_PASSWORD": "5a1f00d2c0ffee",
		"SAHABAT_KEY":       base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)),
	}
}

func compose(t *testing.T, env types.Mapping) (*types.Project, error) {
	t.Helper()
	path, err := filepath.Abs(house + "/compose.yaml")
	must(t, err)
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: filepath.Dir(path), ConfigFiles: types.ToConfigFiles([]string{path}), Environment: env})
}

// What .env.example names is what has to be filled in, and no more; whatever is missing is said before anything starts.
func TestComposeSecrets(t *testing.T) {
	example, err := os.ReadFile(house + "/.env.example")
	must(t, err)
	var named []string
	for _, found := range regexp.MustCompile(`(?m)^([A-Z_]+)=(.*)$`).FindAllStringSubmatch(string(example), -1) {
		named = append(named, found[1])
		if found[2] != "" {
			t.Errorf("%s is filled in already", found[1])
		}
	}
	slices.Sort(named)
	if want := slices.Sorted(maps.Keys(filledIn())); !slices.Equal(named, want) {
		t.Errorf(".env.example names %v, want %v", named, want)
	}
	for _, name := range named {
		env := filledIn()
		env[name] = ""
		if _, err := compose(t, env); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	ignored, err := os.ReadFile(house + "/.gitignore")
	must(t, err)
	for _, file := range []string{"/.gitignore", "/.dockerignore"} {
		if ignored, err = os.ReadFile(house + file); err != nil || !slices.Contains(strings.Fields(string(ignored)), ".env") {
			t.Errorf("%s does not leave out .env: %v", file, err)
		}
	}
}

func TestComposeIsTight(t *testing.T) {
	project, err := compose(t, filledIn())
	must(t, err)
	if names := project.ServiceNames(); !slices.Equal(names, []string{"bot", "postgres", "redis"}) {
		t.Fatalf("services %v", names)
	}
	if !project.Networks["records"].Internal {
		t.Error("the network of the records reaches the outside")
	}
	for name, s := range project.Services {
		if len(s.Ports) > 0 {
			t.Errorf("%s publishes %v", name, s.Ports)
		}
		if s.Restart != "unless-stopped" || !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 || s.Privileged ||
			!slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s is not restricted: %+v", name, s)
		}
		if time.Duration(*s.StopGracePeriod) < drainTime+10*time.Second {
			t.Errorf("%s is killed after %v", name, *s.StopGracePeriod)
		}
		if name == "bot" {
			continue // its user and health check are those of its image
		}
		if s.User == "" || s.User == "root" || s.HealthCheck == nil {
			t.Errorf("%s: user %q, health check %v", name, s.User, s.HealthCheck)
		}
		if !regexp.MustCompile(`:\d+(\.\d+)?-`).MatchString(s.Image) {
			t.Errorf("%s takes whatever version there is: %s", name, s.Image)
		}
		if len(s.Networks) != 1 || len(s.Volumes) != 1 || s.Volumes[0].Type != types.VolumeTypeVolume {
			t.Errorf("%s: networks %v, volumes %v", name, s.Networks, s.Volumes)
		}
		if project.Services["bot"].DependsOn[name].Condition != types.ServiceConditionHealthy {
			t.Errorf("the bot does not wait for %s", name)
		}
	}
}

// dockerfile is its instructions, the stages one behind the other.
func dockerfile(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile(house + "/Dockerfile")
	must(t, err)
	text = regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAll(text, nil)
	var all [][]string
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		if word, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			all = append(all, []string{word, strings.TrimSpace(rest)})
		}
	}
	return all
}

// last returns the last instruction of a kind: that of the image.
func last(t *testing.T, all [][]string, word string) string {
	t.Helper()
	for _, i := range slices.Backward(all) {
		if i[0] == word {
			return i[1]
		}
	}
	t.Fatalf("no %s", word)
	return ""
}

// words reads the form that needs no shell.
func words(t *testing.T, text string) (list []string) {
	t.Helper()
	must(t, json.Unmarshal([]byte(text), &list))
	return list
}

func TestDockerfile(t *testing.T) {
	all := dockerfile(t)
	module, err := os.ReadFile(house + "/go.mod")
	must(t, err)
	least := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(module))[1]
	if builder := all[0][1]; !strings.Contains(builder, "golang:"+least) {
		t.Errorf("go.mod asks for Go %s, it is built by %s", least, builder)
	}
	if image := last(t, all, "FROM"); !strings.Contains(image, "static") || !strings.HasSuffix(image, ":nonroot") {
		t.Errorf("not small, or run by root: %s", image)
	}
	if uid, err := strconv.Atoi(strings.Split(last(t, all, "USER"), ":")[0]); err != nil || uid == 0 {
		t.Errorf("USER %s: %v", last(t, all, "USER"), err)
	}
	if build := last(t, all, "RUN"); !strings.Contains(build, "CGO_ENABLED=0") || !strings.Contains(build, " ./cmd/sahabatrt") {
		t.Errorf("the binary is not static, or another: %s", build)
	}
	check := strings.SplitN(last(t, all, "HEALTHCHECK"), " CMD ", 2)[1]
	if !slices.Equal(words(t, check), append(words(t, last(t, all, "ENTRYPOINT")), "healthy")) {
		t.Errorf("the health check is %s", check)
	}
}

// TestProduction runs what compose.yaml starts as plain processes, on ports and folders of the test's own: there is no
// container here. The doctor finds nothing to mend, the bot gets ready, and the health checks are content.
func TestProduction(t *testing.T) {
	storetest.Postgres(t) // its server may be elsewhere; its programs are needed here
	project, err := compose(t, filledIn())
	must(t, err)
	image := dockerfile(t)
	inEmptyFolder(t)
	bot, postgres, redis := project.Services["bot"], project.Services["postgres"], project.Services["redis"]
	databasePort, redisPort := freePort(t), freePort(t)

	startPostgres(t, postgres, databasePort)
	start(t, nil, append(slices.Clone(redis.Command), "--port", redisPort, "--bind", "127.0.0.1", "--dir", t.TempDir())...)
	until(t, "Redis answers its health check", func() bool {
		test := strings.ReplaceAll(redis.HealthCheck.Test[1], "redis-cli", "redis-cli -p "+redisPort)
		return redis.HealthCheck.Test[0] == "CMD-SHELL" && exec.Command("sh", "-c", test).Run() == nil
	})

	for name, value := range bot.Environment {
		if name == "TELEGRAM_TOKEN" {
			continue // a channel of the test stands for Telegram
		}
		moved := strings.NewReplacer("@postgres:5432/", "@127.0.0.1:"+databasePort+"/", "//redis:6379/", "//127.0.0.1:"+redisPort+"/").Replace(*value)
		t.Setenv(name, moved)
	}
	ok(t, "", "migrate")
	well(t)
	finds(t, "ok", "appendfsync always")
	finds(t, "ok", "it opens the database")
	if run := words(t, last(t, image, "CMD")); !slices.Equal(run, []string(bot.Command)) {
		t.Errorf("the image runs %v, compose.yaml %v", run, bot.Command)
	}
	s := serve(t, newPhone(), bot.Command...)
	s.ready(http.StatusOK, "ready")
	if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
		t.Errorf("the root is read-only, and it writes %v %v", files, err)
	}
	if code := s.end(); code != 0 {
		t.Errorf("exit %d: %s", code, s.errors)
	}
}

// startPostgres does what the image's entry point does, and then runs the command of the service.
func startPostgres(t *testing.T, s types.ServiceConfig, port string) {
	t.Helper()
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	must(t, err)
	folder := ""
	for _, p := range programs {
		if _, err := os.Stat(p + "/initdb"); err == nil {
			folder = p + "/"
		}
	}
	root, err := os.MkdirTemp("", "production")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(root) })
	owner := postgresUser(t, root)
	env := func(name string) string { return *s.Environment[name] }
	must(t, os.WriteFile(root+"/password", []byte(env("POSTGRES_PASSWORD")), 0o644))
	initdb := exec.Command(folder+"initdb", append([]string{"-D", root + "/data", "-U", env("POSTGRES_USER"), "--pwfile", root + "/password",
		"--auth-host", "scram-sha-256", "-N"}, strings.Fields(env("POSTGRES_INITDB_ARGS"))...)...)
	initdb.SysProcAttr, initdb.Dir = owner, root
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	command := append(slices.Clone(s.Command), "-D", root+"/data", "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+root)
	command[0] = folder + command[0]
	start(t, owner, command...)

	u := url.URL{Scheme: "postgres", User: url.UserPassword(env("POSTGRES_USER"), env("POSTGRES_PASSWORD")), Host: "127.0.0.1:" + port, Path: "/postgres"}
	var conn *pgx.Conn
	until(t, "PostgreSQL answers", func() bool {
		conn, err = pgx.Connect(context.Background(), u.String())
		return err == nil
	})
	_, err = conn.Exec(context.Background(), "CREATE DATABASE "+env("POSTGRES_DB"))
	must(t, errors.Join(err, conn.Close(context.Background())))
	if s.HealthCheck.Test[0] != "CMD" {
		t.Fatalf("the health check is %v", s.HealthCheck.Test)
	}
	check := exec.Command(folder+s.HealthCheck.Test[1], s.HealthCheck.Test[2:]...)
	check.Env = append(os.Environ(), "PGPORT="+port)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("the health check of PostgreSQL: %v %s", err, out)
	}
}

// postgresUser gives a folder to somebody who is not root, for whom the server refuses to work; nil for ourselves.
func postgresUser(t *testing.T, folder string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	must(t, err)
	uid, err := strconv.Atoi(u.Uid)
	must(t, err)
	gid, err := strconv.Atoi(u.Gid)
	must(t, err)
	must(t, os.Chown(folder, uid, gid))
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// start runs a server until the test ends.
func start(t *testing.T, as *syscall.SysProcAttr, command ...string) {
	t.Helper()
	var said syncBuffer
	server := exec.Command(command[0], command[1:]...)
	server.SysProcAttr, server.Stdout, server.Stderr, server.Dir = as, &said, &said, "/"
	must(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("%s: %s", filepath.Base(command[0]), &said)
		}
	})
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}
