/** `vethlab bench`: figures as JSON lines, each with a ratio that holds on other machines too. Never a test. */
import { parseArgs } from 'node:util'
import { plainScenario } from '../../core/session/scenario.ts'
import { Simulation } from '../../core/session/simulation.ts'
import { timeStart } from './bench-start.ts'
import { UsageError } from './usage.ts'

const HELP = `Usage: vethlab bench [NAME…]

Runs the benchmarks (all, or the named) and prints a JSON line for each:
  start     from \`vethlab start\` to a lab with a prompt
  open      from nothing to a settled default world
  apply     a Deployment of 30 replicas, from apply to all Ready
  hops      packets through kube-proxy's rules, interface crossings per second
  replay    replay speed of a ten-minute session over real time
`

interface Figure {
  bench: string
  value: number
  unit: string
  detail: Record<string, number>
}

const RUNS = 5
const HOPS_CONNECTIONS = 300
const BENCH_LAB = '02-services/02-node-port'

const BENCHES: Record<string, () => Figure | Promise<Figure>> = { start: benchStart, open: benchOpen, apply: benchApply, hops: benchHops, replay: benchReplay }

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  for (const name of positionals) if (!Object.hasOwn(BENCHES, name)) throw new UsageError(`there is no benchmark "${name}"; there are ${Object.keys(BENCHES).join(', ')}`)
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    console.log(JSON.stringify(await bench()))
  }
  return 0
}

function timed<T>(work: () => T): { ms: number; result: T } {
  const from = performance.now()
  const result = work()
  return { ms: performance.now() - from, result }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}

/** Steps of a dependent integer multiply-add per millisecond: the yardstick that makes figures comparable between machines. */
function stepsPerMs(): number {
  const steps = 20_000_000
  const { ms, result } = timed(() => {
    let x = 1
    for (let i = 0; i < steps; i += 1) x = (Math.imul(x, 1664525) + 1013904223) | 0
    return x
  })
  return result === 0 ? 0 : steps / ms
}

async function benchStart(): Promise<Figure> {
  // The first start builds the app when its sources changed; the second is the one that is felt every day.
  await timeStart(BENCH_LAB)
  const { listeningMs, labMs } = await timeStart(BENCH_LAB)
  return { bench: 'start', value: Math.round(listeningMs + labMs), unit: 'ms', detail: { listeningMs: Math.round(listeningMs), labMs: Math.round(labMs) } }
}

function benchOpen(): Figure {
  const runs: number[] = []
  let events = 0
  for (let i = 0; i < RUNS; i += 1) {
    const { ms, result } = timed(() => Simulation.open(plainScenario({}), { keepEvents: false }))
    runs.push(ms)
    events = result.clock.eventsRun
  }
  const ms = median(runs)
  return { bench: 'open', value: Math.round(ms), unit: 'ms', detail: { first: Math.round(runs[0]), events, steps: Math.round(ms * stepsPerMs()) } }
}

function benchApply(): Figure {
  const simulation = Simulation.open(plainScenario({}), { keepEvents: false })
  const fromUs = simulation.nowUs
  const line = 'kubectl create deployment web --image=nginx --replicas=30 && kubectl rollout status deployment/web --timeout=300s'
  const { ms, result } = timed(() => simulation.runLine('workstation', line))
  if (result.exitCode !== 0) throw new Error(`the deployment did not become ready: ${result.stderr}`)
  return { bench: 'apply', value: Math.round(ms), unit: 'ms', detail: { virtualMs: Math.round((simulation.nowUs - fromUs) / 1000), steps: Math.round(ms * stepsPerMs()) } }
}

function benchHops(): Figure {
  const simulation = Simulation.open(plainScenario({}), { keepEvents: false })
  const setup = 'kubectl create deployment web --image=nginx --replicas=3 && kubectl expose deployment web --port=80 --type=NodePort && kubectl rollout status deployment/web --timeout=300s && sleep 3'
  const made = simulation.runLine('workstation', setup)
  if (made.exitCode !== 0) throw new Error(`the service was not made: ${made.stderr}`)
  const port = simulation.runLine('workstation', "kubectl get service web -o jsonpath='{.spec.ports[0].nodePort}'").stdout.trim()
  let taps = 0
  simulation.trace.observe((event) => {
    if (event.kind === 'packet.tap') taps += 1
  })
  const line = `for i in $(seq ${HOPS_CONNECTIONS}); do curl -s -o /dev/null http://172.18.0.3:${port}/; done`
  const { ms } = timed(() => simulation.runLine('client', line, 3_600_000_000))
  return { bench: 'hops', value: Math.round(taps / (ms / 1000)), unit: 'crossings/s', detail: { crossings: taps, connections: HOPS_CONNECTIONS, stepsPerCrossing: Math.round((ms * stepsPerMs()) / taps) } }
}

function benchReplay(): Figure {
  const simulation = Simulation.open(plainScenario({}), { keepEvents: false })
  simulation.submit({ kind: 'exec', exec: 'a', machine: 'workstation', line: 'kubectl create deployment web --image=nginx --replicas=4' })
  simulation.advance(simulation.nowUs + 600_000_000)
  const { ms } = timed(() => simulation.fork())
  return { bench: 'replay', value: Math.round(600_000 / ms), unit: 'x real time', detail: { ms: Math.round(ms) } }
}
