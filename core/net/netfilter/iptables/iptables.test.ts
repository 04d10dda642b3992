import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Clock } from '../../../sim/clock.ts'
import { RandomStreams } from '../../../sim/random.ts'
import { Trace } from '../../../sim/trace.ts'
import type { NetNamespace } from '../../net-namespace.ts'
import { Iptables } from './iptables.ts'

/** Recordings of the real programs (iptables 1.8.9, nft backend, Linux 6.18). */
function recorded(name: string): string {
  return readFileSync(new URL(`./recorded/${name}`, import.meta.url), 'utf8')
}

function iptables(family: 'ipv4' | 'ipv6' = 'ipv4'): Iptables {
  const clock = new Clock()
  const world = { clock, random: new RandomStreams(1), trace: new Trace(clock) }
  return new Iptables({ id: 1, world } as unknown as NetNamespace, family)
}

/** Splits a command line as a shell does. */
function words(line: string): string[] {
  const found: string[] = []
  for (const match of line.matchAll(/(?:[^\s"\\]|"(?:[^"\\]|\\.)*"|\\.)+/g)) {
    found.push(match[0].replace(/"((?:[^"\\]|\\.)*)"/g, (_, inner: string) => inner.replace(/\\(["\\])/g, '$1')))
  }
  return found
}

/**
 * One entry of the recording: the command on a line with `$`, what it says (`!` for standard error), its exit code, and when it
 * worked how the rules look in -S, -L -n -v (`v`), -L -n (`n`) and, where that differs, -L (`l`).
 */
function replay(line: string, family: 'ipv4' | 'ipv6'): string {
  const [program, , table, ...rest] = words(line.slice(2))
  const tool = iptables(family)
  expect(program).toBe(tool.program)
  for (const each of ['filter', 'nat', 'mangle', 'raw']) tool.command(['-t', each, '-N', 'FOO'])
  const result = tool.command(['-t', table, ...rest])
  const lines = [line]
  if (result.stdout) lines.push(result.stdout.trimEnd())
  if (result.stderr)
    lines.push(
      ...result.stderr
        .replace(/\n$/, '')
        .split('\n')
        .map((text) => `! ${text}`),
    )
  if (result.exitCode !== 0) {
    lines.push(`exit ${result.exitCode}`)
    return lines.join('\n')
  }
  const body = (...options: string[]) =>
    tool
      .command(['-t', table, ...options])
      .stdout.split('\n')
      .filter((text) => text !== '' && !/^(Chain|target| pkts)/.test(text))
  const saved = tool.command(['-t', table, '-S']).stdout.split('\n')
  lines.push(
    ...saved.filter((text) => text.startsWith('-A') || (text.startsWith('-P INPUT') && !text.endsWith('ACCEPT')) || text.includes('BAR')),
  )
  lines.push(...body('-L', '-n', '-v').map((text) => `v ${text}`))
  const numeric = body('-L', '-n')
  lines.push(...numeric.map((text) => `n ${text}`))
  const named = body('-L')
  if (line.includes(' -A ') && named.join() !== numeric.join()) lines.push(...named.map((text) => `l ${text}`))
  return lines.join('\n')
}

function entries(text: string): string[] {
  return text.replace(/\n$/, '').split(/\n(?=\$ )/)
}

test.each([
  ['iptables-1.8.9.txt', 'ipv4'],
  ['ip6tables-1.8.9.txt', 'ipv6'],
] as const)('every rule reads as in %s', (file, family) => {
  const entered = entries(recorded(file))
  expect(entered.map((entry) => replay(entry.split('\n')[0], family)).join('\n')).toBe(entered.join('\n'))
})

test('one command after another, each with its output, as recorded', () => {
  const tool = iptables()
  const lines: string[] = []
  for (const line of recorded('iptables-list-1.8.9.txt')
    .split('\n')
    .filter((text) => text.startsWith('$ '))) {
    const { stdout, stderr, exitCode } = tool.command(words(line.slice(2)).slice(1))
    lines.push(line, ...marked('> ', stdout), ...marked('! ', stderr))
    if (exitCode !== 0) lines.push(`exit ${exitCode}`)
  }
  expect(lines.join('\n')).toBe(recorded('iptables-list-1.8.9.txt').trimEnd())
})

function marked(mark: string, text: string): string[] {
  return text === ''
    ? []
    : text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => mark + line)
}

/** Each entry: options, `<` the input, `>` and `!` what it said, then the rules with counters. */
test('iptables-restore changes and refuses as recorded', () => {
  const tool = iptables()
  const replayed = entries(recorded('iptables-restore-1.8.9.txt')).map((entry) => {
    const [line, ...rest] = entry.split('\n')
    const input = rest.filter((text) => text.startsWith('< ')).map((text) => text.slice(2))
    const options = words(line.slice(2)).slice(1)
    const has = (...names: string[]) => names.some((name) => options.includes(name))
    const table = options.includes('-T') ? options[options.indexOf('-T') + 1] : undefined
    let printed = ''
    const failure = tool.restore(`${input.join('\n')}\n`, {
      noflush: has('-n', '--noflush'),
      counters: has('-c'),
      test: has('--test'),
      print: (text) => (printed += text),
      ...(table ? { table } : {}),
    })
    const lines = [line, ...input.map((text) => `< ${text}`), ...marked('> ', printed)]
    if (failure) lines.push(...marked('! ', failure.message), `exit ${failure.exitCode}`)
    lines.push(
      ...tool
        .save({ counters: true })
        .split('\n')
        .filter((text) => text !== '' && !text.startsWith('#')),
    )
    return lines.join('\n')
  })
  expect(replayed.join('\n')).toBe(recorded('iptables-restore-1.8.9.txt').trimEnd())
})

test('the nat table of a node with services comes out as it went in', () => {
  const saved = recorded('node2-nat.txt')
  const tool = iptables()
  expect(tool.restore(saved, { counters: true })).toBe(null)
  expect(
    tool
      .save({ table: 'nat' })
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n'),
  ).toBe(saved)
})
