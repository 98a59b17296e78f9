package store

// audit notes who did what to which record, by ids only. what is "noun.verb".
func (tx *Tx) audit(by, what, subject, op string) error {
	return tx.exec("write the audit", `INSERT INTO audit(id, at, by_person, what, subject, op) VALUES($1, $2, $3, $4, $5, $6)`,
		newID(), tx.Now.UnixMicro(), by, what, subject, op)
}
