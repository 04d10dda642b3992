/** The host without a page's network: what it keeps, what it refuses, and that it survives a world that does not answer. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PageApi } from '../../preload/contract.ts'
import { openDatabase } from '../storage/database.ts'
import { SessionStore } from '../storage/sessions.ts'
import { Service } from './service.ts'

const { db } = openDatabase(':memory:')
const store = new SessionStore(db)
const service = new Service(store, 'browser')
const troubles: string[] = []
const page: PageApi = { onReset: () => {}, onBatch: () => {}, onTransport: () => {}, onTrouble: (trouble) => void troubles.push(trouble.kind) }
let leave = (): void => {}
beforeAll(() => {
  leave = service.connect(page)
})
afterAll(async () => {
  leave()
  await service.end()
})

const write = (path: string) => service.submit({ kind: 'file.write', machine: 'workstation', path, content: 'x' })

test('a session is created, listed, renamed, exported, and remembered as the last', async () => {
  const info = await service.openSession({ kind: 'empty', workers: 1, cni: 'vxlan', proxyMode: 'iptables', seed: 5 })
  expect(info).toMatchObject({ seed: 5, cni: 'vxlan', lab: '', labText: null })
  await write('/root/a.txt')
  await service.renameSession(info.id, '  Mine ')
  expect(await service.listSessions()).toMatchObject([{ id: info.id, title: 'Mine', inputs: 1 }])
  expect((await service.hello()).last).toBe(info.id)
  expect((await service.exportSession(info.id)).split('\n')[0]).toContain('"format":"vethlab-session/1"')
  await expect(service.renameSession(info.id, ' ')).rejects.toThrow(/1 to 200/)
  await expect(service.openSession({ kind: 'lab', lab: 'none' })).rejects.toThrow(/no lab "none"/)
  await expect(service.openSession({ kind: 'session', session: 'gone' })).rejects.toThrow(/not there/)
})

test('the past takes no input; continuing from it makes a session of its own', async () => {
  const info = await service.openSession({ kind: 'empty', workers: 1, cni: 'host-gw', proxyMode: 'iptables', seed: 5 })
  await service.pause()
  await write('/root/first.txt')
  await service.play(100)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await write('/root/second.txt')
  await service.seek(info.bootUs + 1000)
  await expect(write('/root/past.txt')).rejects.toThrow(/This is the past/)
  const fork = await service.takeOver()
  expect(fork).toMatchObject({ forkedFrom: info.id, inputs: 1 })
  expect(store.journal(info.id)).toHaveLength(2)
  await write('/root/other.txt')
  expect(store.journal(fork.id)).toHaveLength(2)
  expect(troubles).toEqual([])
})

test('an input that the disk refuses is not acknowledged, and nothing is taken after it', async () => {
  await service.openSession({ kind: 'empty', workers: 1, cni: 'host-gw', proxyMode: 'iptables', seed: 6 })
  db.exec("CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
  await expect(write('/root/lost.txt')).rejects.toThrow(/could not be saved \(database or disk is full\)/)
  await expect(write('/root/after.txt')).rejects.toThrow(/could not be saved/)
  expect(troubles).toEqual(['storage'])
  db.exec('DROP TRIGGER full')
  await service.openSession({ kind: 'session', session: (await service.hello()).last })
  await write('/root/again.txt')
})

test('a world that never answers is ended with its thread, and another one opens', { timeout: 60_000 }, async () => {
  await service.openSession({ kind: 'empty', workers: 1, cni: 'host-gw', proxyMode: 'iptables', seed: 7 })
  // A thousand virtual seconds in each real one, and a shell that never waits: the thread is busy for long.
  await service.submit({ kind: 'exec', exec: 'busy', machine: 'workstation', line: 'while true; do :; done' })
  await service.play(1000)
  const info = await service.openSession({ kind: 'empty', workers: 1, cni: 'host-gw', proxyMode: 'iptables', seed: 8 })
  expect(info.seed).toBe(8)
})
