/** The host is killed at random moments; nothing that it had acknowledged may be lost, and what comes back must be the same world. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Random } from '../../core/sim/random.ts'
import { parseSessionFile } from '../../core/session/session-file.ts'
import { PageWithoutBrowser, startHost } from '../support/host-process.ts'

const data = mkdtempSync(join(tmpdir(), 'vethlab-kill-'))
afterAll(() => rmSync(data, { recursive: true, force: true }))

const ROUNDS = 4

test('nothing acknowledged is lost when the host is killed', { timeout: 240_000 }, async () => {
  const random = new Random(20261120)
  const acknowledged: string[] = []
  let session = ''
  for (let round = 0; round < ROUNDS; round += 1) {
    const host = await startHost(data)
    const page = await PageWithoutBrowser.connect(host.url)
    if (session === '') session = (await page.host.openSession({ kind: 'empty', workers: 1, cni: 'host-gw', proxyMode: 'iptables', seed: 7 })).id
    else {
      const { last } = await page.host.hello()
      expect(last).toBe(session)
      await page.host.openSession({ kind: 'session', session })
      expect(page.troubles).toEqual([])
    }
    const file = parseSessionFile(await page.host.exportSession(session))
    if (typeof file === 'string') throw new Error(file)
    const kept = file.journal.flatMap(({ input }) => (input.kind === 'file.write' ? [input.path] : []))
    for (const path of acknowledged) expect(kept).toContain(path)

    let dead = false
    const killed = new Promise<void>((resolve) => {
      setTimeout(() => {
        dead = true
        void host.kill().then(resolve)
      }, 200 + random.below(900))
    })
    for (let i = 0; !dead; i += 1) {
      const path = `/root/round-${round}-${i}.txt`
      const answer = page.host.submit({ kind: 'file.write', machine: 'workstation', path, content: 'x' })
      const settled = await Promise.race([answer.then(() => true, () => false), killed.then(() => false)])
      if (!settled) break
      acknowledged.push(path)
    }
    await killed
    page.close()
  }
  expect(acknowledged.length).toBeGreaterThan(ROUNDS * 5)
})

test('a terminal, its history and the time come back after a kill', { timeout: 120_000 }, async () => {
  const host = await startHost(data)
  const page = await PageWithoutBrowser.connect(host.url)
  const { id } = await page.host.openSession({ kind: 'empty', workers: 1, cni: 'host-gw', proxyMode: 'iptables', seed: 3 })
  await page.host.submit({ kind: 'tty.open', tty: 't1', machine: 'workstation', pod: '', columns: 80, rows: 24 })
  await page.until('a prompt', () => page.screen('t1').includes('$ '))
  await page.host.submit({ kind: 'tty.data', tty: 't1', data: 'echo before-$((40+2))\r' })
  await page.until('the answer', () => page.screen('t1').includes('before-42'))
  await page.host.pause()
  const { nowUs } = page.transport ?? { nowUs: 0 }
  await host.kill()
  page.close()

  const again = await startHost(data)
  const back = await PageWithoutBrowser.connect(again.url)
  await back.host.openSession({ kind: 'session', session: id })
  await back.until('the screen of before', () => back.screen('t1').includes('before-42'))
  expect(back.transport?.nowUs).toBeGreaterThanOrEqual(nowUs)
  expect(back.troubles).toEqual([])
  await back.host.submit({ kind: 'tty.data', tty: 't1', data: '\x1b[A\r' })
  await back.until('the line from the history', () => back.screen('t1').split('before-42').length >= 3)
  await again.end()
  back.close()
})
