export const HELP = `embedded-mongodb: a MongoDB-compatible server that keeps its data in one directory.

  embedded-mongodb --data DIR [--port 27017] [--host 127.0.0.1]
  embedded-mongodb backup FILE [--port 27017] [--host 127.0.0.1]
  embedded-mongodb restore FILE [--port 27017] [--host 127.0.0.1]

  --data DIR    where the data live; made when missing, used by one process at a time
  --port PORT   port to listen on, 0 for any free one (default 27017)
  --host HOST   address to listen on (default 127.0.0.1; there are no passwords, so keep it)
  --help        this text

backup copies the data of a running server into FILE; restore replaces its data by those of FILE.
`
