/** Runs a recorded session again and holds its digests against the recording. */
import type { RecordedSession } from './session-file.ts'
import { Simulation } from './simulation.ts'

export interface ReplayResult {
  digest: string
  simulation: Simulation
  /** The first mark at which the replay said something else, or null. */
  difference: { atUs: number; recorded: string; replayed: string } | null
}

/** Replays inputs and marks up to `untilUs` (infinity: to the end). */
export function replay({ scenario, journal, marks }: RecordedSession, untilUs: number): ReplayResult {
  const simulation = Simulation.open(scenario, { grade: false, keepEvents: false })
  let next = 0
  for (const mark of marks) {
    if (mark.atUs > untilUs) break
    for (; next < journal.length && journal[next].seq < mark.inputs; next += 1) simulation.replayEntry(journal[next])
    const replayed = simulation.replayMark(mark)
    if (replayed !== mark.digest) return { digest: replayed, simulation, difference: { atUs: mark.atUs, recorded: mark.digest, replayed } }
  }
  for (; next < journal.length && journal[next].atUs <= untilUs; next += 1) simulation.replayEntry(journal[next])
  if (Number.isFinite(untilUs)) simulation.advance(untilUs)
  return { digest: simulation.trace.digest(), simulation, difference: null }
}
