/** `vethlab session`: what a recorded session holds, and whether replaying it ends in the same digests. */
import { parseArgs } from 'node:util'
import { parseSessionFile, type RecordedSession } from '../../core/session/session-file.ts'
import { replay } from '../../core/session/replay.ts'
import { UsageError } from './usage.ts'
import { readText } from './world-options.ts'

const HELP = `Usage: vethlab session info FILE
       vethlab session replay FILE [--until TIME]

info     prints the world, the inputs and the length of a recorded session
replay   runs it again and compares the digests at each mark; prints the last digest.
         Ends with 1 and the first differing time where they differ.
  --until TIME   stop there: seconds of virtual time, such as 12.5
`

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { until: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const [verb, file, ...more] = positionals
  if ((verb !== 'info' && verb !== 'replay') || file === undefined || more.length > 0) throw new UsageError('session takes `info FILE` or `replay FILE`')
  const session = parseSessionFile(readText(file))
  if (typeof session === 'string') throw new UsageError(`${file}: ${session}`)
  return verb === 'info' ? info(session) : replayFile(session, values.until)
}

function info({ scenario, journal, marks }: RecordedSession): number {
  const last = marks.at(-1)
  console.log(`lab      ${scenario.lab?.id ?? '(none)'}`)
  console.log(`options  ${JSON.stringify(scenario.options)}${scenario.world === '' ? '' : ' and a world file'}`)
  console.log(`inputs   ${journal.length}`)
  console.log(`length   ${((last?.atUs ?? journal.at(-1)?.atUs ?? 0) / 1e6).toFixed(6)} s`)
  console.log(`marks    ${marks.length}`)
  if (last) console.log(`digest   ${last.digest}`)
  for (const entry of journal) console.log(`${(entry.atUs / 1e6).toFixed(6).padStart(14)}  ${JSON.stringify(entry.input)}`)
  return 0
}

function replayFile(session: RecordedSession, until: string | undefined): number {
  const seconds = until === undefined ? Number.POSITIVE_INFINITY : Number(until)
  if (Number.isNaN(seconds) || seconds < 0) throw new UsageError(`--until takes seconds of virtual time, not "${until}"`)
  const result = replay(session, seconds * 1e6)
  if (result.difference) {
    const { atUs, recorded, replayed } = result.difference
    console.error(`vethlab: the replay differs at ${(atUs / 1e6).toFixed(6)} s: recorded ${recorded}, replayed ${replayed}`)
    return 1
  }
  console.log(result.digest)
  return 0
}
