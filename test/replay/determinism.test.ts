/** Same seed and inputs, same digest: twice in a row, and under other locales and time zones. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { replay } from '../../core/session/replay.ts'
import { plainScenario } from '../../core/session/scenario.ts'
import { parseSessionFile, formatSessionFile } from '../../core/session/session-file.ts'
import { Simulation } from '../../core/session/simulation.ts'
import type { DigestMark, Input } from '../../core/sim/input.ts'
import { ROOT } from '../support/sources.ts'

const INPUTS: readonly { afterUs: number; input: Input }[] = [
  { afterUs: 0, input: { kind: 'tty.open', tty: 't', machine: 'workstation', pod: '', columns: 100, rows: 30 } },
  { afterUs: 300_000, input: { kind: 'tty.data', tty: 't', data: 'kubectl create deployment web --image=nginx --replicas=3\r' } },
  { afterUs: 2_000_000, input: { kind: 'tty.data', tty: 't', data: 'kubectl expose deployment web --port=80 --type=NodePort\r' } },
  { afterUs: 1_500_000, input: { kind: 'tty.data', tty: 't', data: 'kubectl get pods -o wide; kubectl get svc web | cat\r' } },
  { afterUs: 333_333, input: { kind: 'file.write', machine: 'workstation', path: '/root/中文.yaml', content: 'a: 1\n' } },
  { afterUs: 0, input: { kind: 'exec', exec: 'e', machine: 'client', line: 'for i in 1 2 3; do ping -c 1 172.18.0.3; done' } },
  { afterUs: 4_000_000, input: { kind: 'tty.data', tty: 't', data: 'sleep 100\r' } },
  { afterUs: 1_000_000, input: { kind: 'tty.data', tty: 't', data: '\x03' } },
]

function record(seed: number): { simulation: Simulation; marks: DigestMark[] } {
  const simulation = Simulation.open(plainScenario({ seed }), { keepEvents: false })
  const marks: DigestMark[] = []
  for (const { afterUs, input } of INPUTS) {
    simulation.advance(simulation.nowUs + afterUs)
    marks.push(simulation.mark())
    simulation.submit(input)
  }
  simulation.advance(simulation.nowUs + 3_000_000)
  marks.push(simulation.mark())
  return { simulation, marks }
}

test('a replay says the same as the recording at every mark', { timeout: 120_000 }, () => {
  const { simulation, marks } = record(11)
  const file = formatSessionFile({ scenario: simulation.scenario, journal: simulation.journal, marks })
  const session = parseSessionFile(file)
  if (typeof session === 'string') throw new Error(session)
  const result = replay(session, Number.POSITIVE_INFINITY)
  expect(result.difference).toBe(null)
  expect(result.digest).toBe(simulation.trace.digest())
})

test('how the host slices time makes no difference', { timeout: 120_000 }, () => {
  const { simulation } = record(12)
  const slow = Simulation.open(simulation.scenario)
  for (const entry of simulation.journal) {
    while (slow.nowUs + 7_001 < entry.atUs) {
      slow.advance(slow.nowUs + 7_001, 3)
      if (slow.nowUs % 5 === 0) slow.drain()
    }
    slow.replayEntry(entry)
  }
  slow.advance(simulation.nowUs)
  expect(slow.trace.digest()).toBe(simulation.trace.digest())
})

test('a step inside an instant is replayed at its place', { timeout: 120_000 }, () => {
  const first = Simulation.open(plainScenario({ seed: 5 }), { keepEvents: false })
  first.submit({ kind: 'exec', exec: 'a', machine: 'client', line: 'ping -c 1 172.18.0.3' })
  for (let i = 0; i < 7; i += 1) first.step()
  first.submit({ kind: 'exec', exec: 'b', machine: 'workstation', line: 'ping -c 1 172.18.0.4' })
  first.settle()
  const twin = first.fork()
  expect(twin.trace.digest()).toBe(first.trace.digest())
})

test('another seed makes another world', { timeout: 120_000 }, () => {
  expect(record(1).simulation.trace.digest()).not.toBe(record(2).simulation.trace.digest())
})

test('locales and time zones make no difference', { timeout: 240_000 }, () => {
  const places = [
    { LC_ALL: 'C', TZ: 'UTC' }, { LC_ALL: 'tr_TR.UTF-8', TZ: 'Asia/Kolkata' }, { LC_ALL: 'zh_CN.UTF-8', TZ: 'America/St_Johns' },
    { LC_ALL: 'de_DE.UTF-8', TZ: 'UTC' }, { LC_ALL: 'ar_EG.UTF-8', TZ: 'Pacific/Chatham' },
  ]
  const digests = places.map((place) => {
    const env = { ...process.env, ...place, LANG: place.LC_ALL, LANGUAGE: place.LC_ALL }
    return execFileSync(process.execPath, [join(ROOT, 'test', 'support', 'print-digest.ts')], { env, encoding: 'utf8' }).trim()
  })
  expect(digests[0]).toMatch(/^[0-9a-f]{16}$/)
  expect(new Set(digests)).toEqual(new Set([digests[0]]))
})
