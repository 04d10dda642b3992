/** `vethlab sh`: terminal input on `workstation`, in virtual time, as fast as the machine can. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { formatSessionFile } from '../../core/session/session-file.ts'
import { Simulation } from '../../core/session/simulation.ts'
import type { Batch } from '../../core/sim/trace-event.ts'
import { CaptureFold } from '../../core/view/capture.ts'
import { UsageError } from './usage.ts'
import { readText, scenarioOf, WORLD_HELP, WORLD_OPTIONS } from './world-options.ts'

const HELP = `Usage: vethlab sh [WORLD OPTIONS] [-c TEXT | FILE] [--record FILE] [--pcap FILE] [--trace FILE]

Runs shell text on the machine \`workstation\` of a fresh world; standard input when neither -c nor FILE is given.
Prints what it prints; ends with the exit code of the last command.

  -c TEXT        the text to run
  --record FILE  write the session (vethlab-session/1), for \`vethlab session replay\`
  --pcap FILE    write all packets on all interfaces (pcapng)
  --trace FILE   write the trace events as JSON lines

${WORLD_HELP}`

/** Virtual time after which a script is ended: a day. */
const SCRIPT_US_MAX = 86_400_000_000
const EVENTS_PER_TURN = 50_000

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...WORLD_OPTIONS,
      c: { type: 'string', short: 'c' }, record: { type: 'string' }, pcap: { type: 'string' }, trace: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (positionals.length > 1 || (values.c !== undefined && positionals.length > 0)) throw new UsageError('sh takes one FILE, or -c TEXT')
  const text = values.c ?? readText(positionals[0] ?? '-')
  const simulation = Simulation.open(scenarioOf(values))
  const trace: string[] = []
  const pcap = values.pcap === undefined ? null : new CaptureFold()
  let exitCode = -1
  const handle = (batch: Batch): void => {
    for (let i = 0; i < batch.events.length; i += 1) {
      const event = batch.events[i]
      if (event.kind === 'exec.out' && event.exec === 'sh') (event.stream === 'stdout' ? process.stdout : process.stderr).write(event.text)
      if (event.kind === 'exec.exit' && event.exec === 'sh') exitCode = event.exitCode
      if (values.trace !== undefined) trace.push(JSON.stringify({ seq: batch.firstSeq + i, atUs: batch.atUs[i], ...event }))
      pcap?.add(event, batch.atUs[i])
    }
  }
  handle(simulation.drain())
  simulation.submit({ kind: 'exec', exec: 'sh', machine: 'workstation', line: text })
  const marks = [simulation.mark()]
  const endUs = simulation.nowUs + SCRIPT_US_MAX
  while (exitCode < 0) {
    const next = simulation.clock.nextAtUs
    if (next === undefined || next > endUs) break
    for (let i = 0; i < EVENTS_PER_TURN && exitCode < 0 && simulation.step(); i += 1) if (i % 64 === 0) handle(simulation.drain())
    handle(simulation.drain())
  }
  if (exitCode < 0) {
    console.error('vethlab: the script did not end within a day of virtual time')
    exitCode = 1
  }
  marks.push(simulation.mark())
  if (values.record !== undefined) writeFileSync(values.record, formatSessionFile({ scenario: simulation.scenario, journal: simulation.journal, marks }))
  if (values.trace !== undefined) writeFileSync(values.trace, `${trace.join('\n')}\n`)
  if (values.pcap !== undefined && pcap) writeFileSync(values.pcap, pcap.bytes())
  return exitCode
}
