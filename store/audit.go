package store

// audit notes who did what to which record, by ids only. what is "noun.verb".
func (tx *Tx) audit(by, what, subject, op string) error {
	return tx.exec("write the audit", `INSERT INTO audit(id, at, by_person, what, subject, op) VALUES($1, $2, $3, $4, $5, $6)`,
		newID(), tx.Now.UnixMicro(), by, what, subject, op)
}

// NoteReading notes that an official read what tells who people are: of an RT, or of one worker by his id. Officers of
// the RT read their own records, which is not noted.
func (tx *Tx) NoteReading(by Person, subject string) error {
	return tx.audit(by.ID, "record.read", subject, "")
}
