import { expect, test } from 'vitest'
import type { HostApi } from '../../preload/contract.ts'
import { callHost } from './call.ts'

const said: unknown[][] = []
const api = new Proxy({} as HostApi, { get: (_target, method) => (...args: unknown[]) => Promise.resolve(said.push([method, ...args])) })

const refused = (method: unknown, args: unknown): Promise<string> => callHost(api, method, args).then(() => 'accepted', (error: Error) => error.message)

test('only the methods of the contract exist', async () => {
  expect(await refused('constructor', [])).toBe('the host has no method "constructor"')
  expect(await refused('__proto__', [])).toMatch(/no method/)
  expect(await refused({ toString: () => 'hello' }, [])).toMatch(/no method/)
  expect(await refused(undefined, [])).toMatch(/no method/)
})

test('arguments must have their shape', async () => {
  const bad: [string, unknown][] = [
    ['hello', [1]], ['play', []], ['play', ['1']], ['play', [0]], ['play', [Number.NaN]], ['seek', [-1]], ['seek', [1.5]], ['step', ['all']],
    ['openSession', [{ kind: 'lab' }]], ['openSession', [{ kind: 'empty', workers: 1e9, cni: 'host-gw', proxyMode: 'iptables', seed: 1 }]],
    ['submit', [{ kind: 'file.write', machine: 'workstation', path: 'relative', content: '' }]],
    ['submit', [{ kind: 'tty.data', tty: 't', data: 'x', extra: 1 }]], ['submit', [{ kind: 'nothing' }]], ['submit', 'text'], ['submit', null],
    ['setPreferences', [{ theme: 'pink' }]], ['setPreferences', [{ '.last-session': 'x' }]],
  ]
  for (const [method, args] of bad) expect(await refused(method, args), `${method} ${JSON.stringify(args)}`).not.toBe('accepted')
  expect(said).toEqual([])
})

test('what fits is passed on', async () => {
  await callHost(api, 'submit', [{ kind: 'tty.data', tty: 't', data: 'ls\r' }])
  expect(said).toEqual([['submit', { kind: 'tty.data', tty: 't', data: 'ls\r' }]])
})
