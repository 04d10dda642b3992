/**
 * A recorded session as a file: JSON lines. The first is the scenario, then inputs and digest marks in the order of their
 * moments, so that a file that was cut off is still a session up to there.
 */
import type { DigestMark, JournalEntry } from '../sim/input.ts'
import type { Scenario } from './scenario.ts'

export const SESSION_FORMAT = 'vethlab-session/1'

export interface RecordedSession {
  scenario: Scenario
  journal: JournalEntry[]
  marks: DigestMark[]
}

export function formatSessionFile({ scenario, journal, marks }: RecordedSession): string {
  const lines: { atUs: number; events: number; order: number; text: string }[] = []
  for (const entry of journal) lines.push({ atUs: entry.atUs, events: entry.events, order: entry.seq * 2 + 1, text: JSON.stringify({ entry }) })
  for (const mark of marks) lines.push({ atUs: mark.atUs, events: mark.events, order: mark.inputs * 2, text: JSON.stringify({ mark }) })
  lines.sort((a, b) => a.atUs - b.atUs || a.events - b.events || a.order - b.order)
  return `${[JSON.stringify({ format: SESSION_FORMAT, scenario }), ...lines.map((line) => line.text)].join('\n')}\n`
}

/** A text is the error, with its line. */
export function parseSessionFile(text: string): RecordedSession | string {
  const session: RecordedSession = { scenario: null as unknown as Scenario, journal: [], marks: [] }
  const lines = text.split('\n')
  for (let number = 0; number < lines.length; number += 1) {
    if (lines[number].trim() === '') continue
    let record: { format?: string; scenario?: Scenario; entry?: JournalEntry; mark?: DigestMark }
    try {
      record = JSON.parse(lines[number]) as typeof record
    } catch {
      if (number === lines.length - 1 && number > 0) break
      return `line ${number + 1} is not JSON; a session file has one JSON object in each line`
    }
    if (number === 0) {
      if (record.format !== SESSION_FORMAT || record.scenario?.format !== 'vethlab-scenario/1') return `line 1 does not say "format": "${SESSION_FORMAT}"; is this a session file?`
      session.scenario = record.scenario
    } else if (record.entry) {
      if (record.entry.seq !== session.journal.length) return `line ${number + 1}: input ${record.entry.seq} stands where ${session.journal.length} is due`
      session.journal.push(record.entry)
    } else if (record.mark) session.marks.push(record.mark)
    else return `line ${number + 1} is neither an entry nor a mark`
  }
  return session.scenario ? session : 'the file is empty'
}
