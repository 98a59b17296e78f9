package conversations

// Commands are the words of a messenger's command menu, in its order: "/menu". Each is one that people may type anywhere;
// what it does is "channel.command.WORD" of the catalogue.
var Commands = []string{"menu", "daftar", "anggaran", "iuran", "manfaat", "bantuan", "petugas", "kembali", "batal"}
