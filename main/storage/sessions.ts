/** Sessions, their journals and marks: what is read and written, each in one statement or one transaction. */
import type { DigestMark, Input, JournalEntry } from '../../core/sim/input.ts'
import type { Database } from './database.ts'

export interface SessionRow {
  id: string
  title: string
  lab: string
  scenario: string
  createdAt: string
  updatedAt: string
  nowUs: number
  forkedFrom: string
  inputs: number
  stepsDone: number
}

const COLUMNS = `
  id, title, lab, scenario, created_at AS createdAt, updated_at AS updatedAt, now_us AS nowUs, forked_from AS forkedFrom,
  (SELECT count(*) FROM journal WHERE session = session.id) AS inputs,
  (SELECT count(*) FROM progress WHERE session = session.id) AS stepsDone`

export class SessionStore {
  readonly #db: Database
  readonly #statements

  constructor(db: Database) {
    this.#db = db
    this.#statements = {
      append: db.prepare('INSERT INTO journal (session, seq, at_us, events, input) VALUES (?, ?, ?, ?, ?)'),
      touch: db.prepare('UPDATE session SET now_us = max(now_us, ?), updated_at = ? WHERE id = ?'),
      mark: db.prepare('INSERT OR REPLACE INTO mark (session, at_us, events, inputs, digest) VALUES (?, ?, ?, ?, ?)'),
    }
  }

  list(): SessionRow[] {
    return this.#db.prepare(`SELECT ${COLUMNS.replace('scenario,', "'' AS scenario,")} FROM session ORDER BY updated_at DESC, id`).all() as SessionRow[]
  }

  get(id: string): SessionRow | undefined {
    return this.#db.prepare(`SELECT ${COLUMNS} FROM session WHERE id = ?`).get(id) as SessionRow | undefined
  }

  create(row: Pick<SessionRow, 'id' | 'title' | 'lab' | 'scenario' | 'nowUs' | 'forkedFrom'>, journal: readonly JournalEntry[] = []): void {
    const now = new Date().toISOString()
    this.#db.transaction(() => {
      this.#db
        .prepare('INSERT INTO session (id, title, lab, scenario, created_at, updated_at, now_us, forked_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
        .run(row.id, row.title, row.lab, row.scenario, now, now, row.nowUs, row.forkedFrom)
      for (const entry of journal) this.#append(row.id, entry)
    })()
  }

  rename(id: string, title: string): void {
    this.#db.prepare('UPDATE session SET title = ? WHERE id = ?').run(title, id)
  }

  remove(id: string): void {
    this.#db.prepare('DELETE FROM session WHERE id = ?').run(id)
  }

  /** On disk when it returns: only then may the input be acknowledged. */
  append(id: string, entry: JournalEntry): void {
    this.#db.transaction(() => {
      this.#append(id, entry)
      this.#statements.touch.run(entry.atUs, new Date().toISOString(), id)
    })()
  }

  /** Remembers how far virtual time got, with the digest there. */
  mark(id: string, mark: DigestMark): void {
    this.#db.transaction(() => {
      this.#statements.touch.run(mark.atUs, new Date().toISOString(), id)
      this.#statements.mark.run(id, mark.atUs, mark.events, mark.inputs, mark.digest)
    })()
  }

  journal(id: string): JournalEntry[] {
    const rows = this.#db.prepare('SELECT seq, at_us AS atUs, events, input FROM journal WHERE session = ? ORDER BY seq').all(id) as {
      seq: number
      atUs: number
      events: number
      input: string
    }[]
    return rows.map((row) => ({ seq: row.seq, atUs: row.atUs, events: row.events, input: JSON.parse(row.input) as Input }))
  }

  marks(id: string): DigestMark[] {
    return this.#db.prepare('SELECT at_us AS atUs, events, inputs, digest FROM mark WHERE session = ? ORDER BY at_us').all(id) as DigestMark[]
  }

  stepDone(id: string, step: string): void {
    this.#db.prepare('INSERT OR IGNORE INTO progress (session, step, done_at) VALUES (?, ?, ?)').run(id, step, new Date().toISOString())
  }

  steps(id: string): string[] {
    return (this.#db.prepare('SELECT step FROM progress WHERE session = ? ORDER BY step').all(id) as { step: string }[]).map((row) => row.step)
  }

  preferences(): Map<string, unknown> {
    const rows = this.#db.prepare('SELECT name, value FROM preference').all() as { name: string; value: string }[]
    return new Map(rows.map((row) => [row.name, JSON.parse(row.value) as unknown]))
  }

  setPreference(name: string, value: unknown): void {
    this.#db.prepare('INSERT OR REPLACE INTO preference (name, value) VALUES (?, ?)').run(name, JSON.stringify(value))
  }

  #append(id: string, entry: JournalEntry): void {
    this.#statements.append.run(id, entry.seq, entry.atUs, entry.events, JSON.stringify(entry.input))
  }
}
