package telegramtest

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif" // formats of pictures that are looked into
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"path"
	"strings"
	"time"
)

// files are what was uploaded, by people and by the bot. Guarded by Server.mu.
type files struct {
	byID   map[string]*stored
	byPath map[string]*stored
}

type stored struct {
	wire   wireFile
	photo  bool
	data   []byte
	path   string
	opened time.Time // when getFile gave its path last: the link holds for an hour
}

func (f *files) init() {
	f.byID, f.byPath = map[string]*stored{}, map[string]*stored{}
}

// keep stores a file. Call with mu held.
func (f *files) keep(kind, name, mime string, data []byte) *stored {
	n := len(f.byID) + 1
	st := &stored{
		wire:  wireFile{ID: fmt.Sprintf("%s-file-%06d", kind, n), UniqueID: fmt.Sprintf("unique-%06d", n), Size: len(data), Name: name, Mime: mime},
		photo: kind == "photos", data: data,
		path: fmt.Sprintf("%s/file_%d%s", kind, n, path.Ext(name)),
	}
	f.byID[st.wire.ID], f.byPath[st.path] = st, st
	return st
}

// keepPhoto stores a picture in the sizes in which Telegram keeps it; all have the same bytes.
func (f *files) keepPhoto(name string, data []byte, size image.Config) []wireFile {
	var out []wireFile
	for _, edge := range []int{90, 320, 1280} {
		st := f.keep("photos", name, "", data)
		st.wire.Name = ""
		longest := max(size.Width, size.Height)
		st.wire.Width, st.wire.Height = size.Width, size.Height
		if longest > edge {
			st.wire.Width, st.wire.Height = max(1, size.Width*edge/longest), max(1, size.Height*edge/longest)
		}
		out = append(out, st.wire)
		if longest <= edge {
			break
		}
	}
	return out
}

// seen is a file as a person sees it.
func (f *files) seen(id string) *File {
	st := f.byID[id]
	name := st.wire.Name
	if name == "" {
		name = path.Base(st.path)
	}
	return &File{ID: id, Name: name, Data: st.data}
}

const (
	maxPhoto    = 10 << 20
	maxDocument = 50 << 20
	maxDownload = 20 << 20
)

// attached finds the file of a call: uploaded with it, or the id of one that the server has.
func (c *call) attached(field string, most int) (*upload, string, *Answer) {
	if name, ok := strings.CutPrefix(c.params[field], "attach://"); ok {
		field = name
	}
	if up, ok := c.files[field]; ok {
		switch {
		case len(up.data) == 0:
			return nil, "", badRequest("file must be non-empty")
		case len(up.data) > most:
			return nil, "", &Answer{Code: 413, Description: "Request Entity Too Large"}
		}
		return &up, "", nil
	}
	id := c.params[field]
	switch {
	case id == "":
		return nil, "", badRequest("there is no %s in the request", field)
	case strings.Contains(id, "://"):
		return nil, "", own("files are not fetched from addresses")
	}
	return nil, id, nil
}

// again finds a file that is sent by its id. Call with mu held.
func (s *Server) again(id string, photo bool) (*stored, *Answer) {
	st := s.files.byID[id]
	switch {
	case st == nil:
		return nil, badRequest("wrong file identifier/HTTP URL specified")
	case st.photo && !photo:
		return nil, badRequest("can't use file of type Photo as Document")
	case !st.photo && photo:
		return nil, badRequest("can't use file of type Document as Photo")
	}
	return st, nil
}

func sendPhoto(c *call) (any, *Answer) {
	caption, entities, refused := c.caption()
	if refused != nil {
		return nil, refused
	}
	up, id, refused := c.attached("photo", maxPhoto)
	if refused != nil {
		return nil, refused
	}
	var photo []wireFile
	if up == nil {
		c.s.mu.Lock()
		st, refused := c.s.again(id, true)
		c.s.mu.Unlock()
		if refused != nil {
			return nil, refused
		}
		photo = []wireFile{st.wire}
	} else {
		size, _, err := image.DecodeConfig(bytes.NewReader(up.data))
		if err != nil {
			return nil, badRequest("IMAGE_PROCESS_FAILED")
		}
		if size.Width+size.Height > 10_000 || size.Width > 20*size.Height || size.Height > 20*size.Width {
			return nil, badRequest("PHOTO_INVALID_DIMENSIONS")
		}
		c.s.mu.Lock()
		photo = c.s.files.keepPhoto(up.name, up.data, size)
		c.s.mu.Unlock()
	}
	return c.send(&message{wireMessage: wireMessage{Photo: photo, Caption: caption, CaptionEntities: entities}})
}

func sendDocument(c *call) (any, *Answer) {
	caption, entities, refused := c.caption()
	if refused != nil {
		return nil, refused
	}
	up, id, refused := c.attached("document", maxDocument)
	if refused != nil {
		return nil, refused
	}
	c.s.mu.Lock()
	var st *stored
	if up == nil {
		st, refused = c.s.again(id, false)
	} else {
		st = c.s.files.keep("documents", up.name, http.DetectContentType(up.data), up.data)
	}
	c.s.mu.Unlock()
	if refused != nil {
		return nil, refused
	}
	return c.send(&message{wireMessage: wireMessage{Document: &st.wire, Caption: caption, CaptionEntities: entities}})
}

func getFile(c *call) (any, *Answer) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.files.byID[c.params["file_id"]]
	switch {
	case st == nil:
		return nil, badRequest("invalid file_id")
	case len(st.data) > maxDownload:
		return nil, badRequest("file is too big")
	}
	st.opened = s.config.Now()
	return wireFile{ID: st.wire.ID, UniqueID: st.wire.UniqueID, Size: st.wire.Size, Path: st.path}, nil
}

// download serves a file whose path getFile gave away: "<token>/<path>".
func (s *Server) download(w http.ResponseWriter, tokenAndPath string) {
	token, name, _ := strings.Cut(tokenAndPath, "/")
	if token != s.Token {
		write(w, nil, wrongToken(token))
		return
	}
	s.mu.Lock()
	st := s.files.byPath[name]
	found := st != nil && s.config.Now().Sub(st.opened) <= time.Hour
	s.mu.Unlock()
	if !found {
		write(w, nil, &Answer{Code: 404, Description: "Not Found"})
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(st.data) // the other side may have gone
}
