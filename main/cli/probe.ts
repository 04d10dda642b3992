/** `vethlab probe`: a world, a setup script, and flows sent through it, one after another. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeWorld, toKernelLabResult } from '../../core/session/kernel-lab.ts'
import { parseFlows } from '../../core/session/flow-file.ts'
import { Probe } from '../../core/session/probe.ts'
import { Simulation } from '../../core/session/simulation.ts'
import type { FlowResult } from '../../core/lab/flow.ts'
import { UsageError } from './usage.ts'
import { readText, scenarioOf, WORLD_HELP, WORLD_OPTIONS } from './world-options.ts'

const HELP = `Usage: vethlab probe [WORLD OPTIONS] [--setup FILE] --flows FILE [--describe FILE] [-o json|table|kernel-lab]

Makes the world, runs the setup script on \`workstation\`, waits until it has settled, sends each flow of FILE and prints what
happened to it: verdict, server, source seen, NAT, path, rules, and where it was dropped.

  --setup FILE     shell text to run first
  --flows FILE     {"flows": [{"id": "f1", "from": "pod/ns/name", "to": "service/ns/name", "protocol": "TCP", "port": 80}, …]}
  --describe FILE  write the network and the flows as a kernel-lab/1 description. With this, or -o kernel-lab, what kernels have
                   learned so far (neighbours, connections, stations of bridges) is forgotten first, as the copy will not know it
  -o FORMAT        json (default), table, or kernel-lab (kernel-lab-result/1)

${WORLD_HELP}`

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...WORLD_OPTIONS,
      setup: { type: 'string' },
      flows: { type: 'string' },
      describe: { type: 'string' },
      output: { type: 'string', short: 'o' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (positionals.length > 0) throw new UsageError(`probe does not take "${positionals[0]}"`)
  if (values.flows === undefined) throw new UsageError('probe needs --flows FILE')
  const output = values.output ?? 'json'
  if (!['json', 'table', 'kernel-lab'].includes(output)) throw new UsageError(`-o takes json, table or kernel-lab, not "${output}"`)
  const flows = parseFlows(readText(values.flows))
  if (typeof flows === 'string') throw new UsageError(`${values.flows}: ${flows}`)
  const setup = values.setup === undefined ? '' : readText(values.setup)
  const simulation = Simulation.open(scenarioOf(values), { keepEvents: false })
  if (setup !== '') {
    const { stdout, stderr, exitCode } = simulation.runLine('workstation', setup)
    process.stderr.write(stdout + stderr)
    if (exitCode !== 0) {
      console.error(`vethlab: the setup script ended with ${exitCode}`)
      return 1
    }
  }
  if (!simulation.settle())
    console.error('vethlab: the world did not settle within ten minutes of virtual time; sending the flows all the same')
  const probe = new Probe(simulation)
  probe.check(flows)
  // The kernel's copy of the network begins with nothing learned; so must ours.
  if (values.describe !== undefined || output === 'kernel-lab') probe.startCold()
  if (values.describe !== undefined) writeFileSync(values.describe, `${JSON.stringify(describeWorld(simulation, flows, probe), null, 1)}\n`)
  const sent = probe.sendAll(flows)
  const results = sent.map(([first, ...more]) =>
    more.length > 0 ? { ...first.report, attempts: [first, ...more].map(({ report }) => report) } : first.report,
  )
  if (output === 'kernel-lab') console.log(JSON.stringify(toKernelLabResult(simulation, sent, probe), null, 1))
  else if (output === 'json') console.log(JSON.stringify(results, null, 2))
  else printTable(results)
  return 0
}

function printTable(results: FlowResult[]): void {
  const rows = [['FLOW', 'VERDICT', 'SERVER', 'SEEN SOURCE', 'DROP']]
  for (const { id, verdict, server, seenSource, drop } of results)
    rows.push([id, verdict, server || '-', seenSource || '-', drop ? `${drop.at}: ${drop.reason}` : '-'])
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
}
