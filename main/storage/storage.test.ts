import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backup, keepBackup, openDatabase } from './database.ts'
import { MIGRATIONS } from './migrations.ts'
import { SessionStore } from './sessions.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vethlab-storage-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (): string => join(folder, 'vethlab.db')
const SESSION = { id: 's1', title: 'One', lab: '', scenario: '{}', nowUs: 0, forkedFrom: '' }
const entry = (seq: number, atUs: number) => ({ seq, atUs, events: seq, input: { kind: 'note' as const, text: `n${seq}` } })

test('a new database has the pragmas that keep what is acknowledged', () => {
  const { db } = openDatabase(file())
  const pragmas = ['journal_mode', 'synchronous', 'foreign_keys', 'user_version'].map((name) => db.pragma(name, { simple: true }))
  expect(pragmas).toEqual(['wal', 2, 1, MIGRATIONS.length])
  db.close()
})

test('a journal comes back in its order, with its marks and steps', () => {
  const { db } = openDatabase(file())
  const store = new SessionStore(db)
  store.create(SESSION)
  store.append('s1', entry(0, 100))
  store.append('s1', entry(1, 250))
  store.mark('s1', { atUs: 300, events: 9, inputs: 2, digest: 'abc' })
  store.stepDone('s1', 'first')
  store.stepDone('s1', 'first')
  db.close()
  const again = new SessionStore(openDatabase(file()).db)
  expect(again.journal('s1')).toEqual([entry(0, 100), entry(1, 250)])
  expect(again.marks('s1')).toEqual([{ atUs: 300, events: 9, inputs: 2, digest: 'abc' }])
  expect(again.steps('s1')).toEqual(['first'])
  expect(again.list()).toMatchObject([{ id: 's1', nowUs: 300, inputs: 2, stepsDone: 1 }])
})

test('an input cannot be written twice, nor into a session that is not there', () => {
  const store = new SessionStore(openDatabase(file()).db)
  store.create(SESSION)
  store.append('s1', entry(0, 100))
  expect(() => store.append('s1', entry(0, 200))).toThrow(/UNIQUE/)
  expect(() => store.append('gone', entry(0, 200))).toThrow(/FOREIGN KEY/)
})

test('removing a session removes its journal', () => {
  const { db } = openDatabase(file())
  const store = new SessionStore(db)
  store.create(SESSION, [entry(0, 1)])
  store.remove('s1')
  expect(db.prepare('SELECT count(*) AS n FROM journal').get()).toEqual({ n: 0 })
})

test('a damaged file is set aside, not overwritten', () => {
  writeFileSync(file(), 'this is no database at all, but it is somebody’s data')
  const { db, setAside } = openDatabase(file())
  expect(setAside).toMatch(/vethlab\.db\.damaged-/)
  expect(readdirSync(folder).some((name) => name.includes('damaged'))).toBe(true)
  expect(new SessionStore(db).list()).toEqual([])
})

test('a file of a newer Vethlab is refused with a sentence', () => {
  const { db } = openDatabase(file())
  db.pragma('user_version = 99')
  db.close()
  expect(() => openDatabase(file())).toThrow(/newer Vethlab/)
})

test('a backup is kept beside the database, once a day', async () => {
  const { db } = openDatabase(file())
  const store = new SessionStore(db)
  store.create(SESSION)
  await keepBackup(db, folder)
  store.create({ ...SESSION, id: 's2' })
  await keepBackup(db, folder)
  expect(new SessionStore(openDatabase(join(folder, 'backup.db')).db).list().map(({ id }) => id)).toEqual(['s1'])
})

test('a backup holds what was there', async () => {
  const { db } = openDatabase(file())
  new SessionStore(db).create(SESSION)
  const copy = join(folder, 'copy.db')
  await backup(db, copy)
  expect(new SessionStore(openDatabase(copy).db).list()).toHaveLength(1)
})
