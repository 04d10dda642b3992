/**
 * The file on disk: SQLite through better-sqlite3. Write-ahead log, every commit on disk before it is acknowledged
 * (`synchronous=FULL`), foreign keys on, one writer, numbered migrations. A damaged file is set aside, never overwritten; a
 * file of a newer Vethlab is refused.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import type BetterSqlite3 from 'better-sqlite3'
import { MIGRATIONS } from './migrations.ts'

export type Database = BetterSqlite3.Database

/** better-sqlite3 13 is built for Node-API 10; on an older Node its first call kills the process. */
const NODE_API_MIN = 10

export class StorageError extends Error {
  override readonly name = 'StorageError'
}

export interface OpenedDatabase {
  db: Database
  /** What had to be done to open it: the path of a damaged file that was set aside, or ''. */
  setAside: string
}

/** Opens (creating the folder and the file), checks and migrates the database at `path`; `:memory:` for none. */
export function openDatabase(path: string): OpenedDatabase {
  if (Number(process.versions.napi) < NODE_API_MIN) {
    throw new StorageError(`Vethlab needs Node 22.14 or newer to keep sessions; this is Node ${process.versions.node}.`)
  }
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let setAside = ''
  let db = tryOpen(path)
  if (!db) {
    setAside = `${path}.damaged-${Date.now()}`
    for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
    db = tryOpen(path)
    if (!db) throw new StorageError(`cannot create a database at ${path}`)
  }
  migrate(db, path)
  return { db, setAside }
}

/** A copy of the whole database as it stands, made while it is in use. */
export async function backup(db: Database, path: string): Promise<void> {
  const unfinished = `${path}.unfinished`
  await db.backup(unfinished)
  renameSync(unfinished, path)
}

const BACKUP_EVERY_MS = 24 * 60 * 60 * 1000

/** Keeps `backup.db` beside the database at most a day old. */
export async function keepBackup(db: Database, folder: string): Promise<void> {
  const path = join(folder, 'backup.db')
  if (existsSync(path) && Date.now() - statSync(path).mtimeMs < BACKUP_EVERY_MS) return
  await backup(db, path)
}

function load(): typeof BetterSqlite3 {
  return createRequire(import.meta.url)('better-sqlite3') as typeof BetterSqlite3
}

function tryOpen(path: string): Database | null {
  const Sqlite = load()
  let db: Database
  try {
    db = new Sqlite(path)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    db.pragma('busy_timeout = 2000')
    const verdict = db.pragma('quick_check', { simple: true })
    if (verdict === 'ok') return db
    db.close()
    return null
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') return null
    throw new StorageError(`cannot open ${path}: ${(error as Error).message}`)
  }
}

function migrate(db: Database, path: string): void {
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > MIGRATIONS.length) {
    db.close()
    throw new StorageError(`${path} was written by a newer Vethlab (schema ${version}, this one knows ${MIGRATIONS.length}). Update Vethlab, or start it with --data and another folder.`)
  }
  if (version > 0 && version < MIGRATIONS.length && path !== ':memory:') {
    db.pragma('wal_checkpoint(TRUNCATE)')
    copyFileSync(path, join(dirname(path), `before-schema-${version + 1}.db`))
  }
  for (let next = version; next < MIGRATIONS.length; next += 1) {
    db.transaction(() => {
      db.exec(MIGRATIONS[next])
      db.pragma(`user_version = ${next + 1}`)
    })()
  }
}
