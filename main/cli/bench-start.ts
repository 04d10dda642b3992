/** From `vethlab start` to a lab in which somebody can type: the host in a process of its own, and a page that only waits for a prompt. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBirpc } from 'birpc'
import { WebSocket } from 'ws'
import type { HostApi, PageApi } from '../../preload/contract.ts'
import { projectRoot } from '../host/version.ts'

export interface StartTimes {
  /** Until the address is printed, the app being built already. */
  listeningMs: number
  /** From opening a lab until its terminal shows a prompt. */
  labMs: number
}

const WAIT_MS_MAX = 60_000

export async function timeStart(lab: string): Promise<StartTimes> {
  const data = mkdtempSync(join(tmpdir(), 'vethlab-bench-'))
  const from = performance.now()
  const host = spawn(process.execPath, [join(projectRoot(), 'main', 'bin.js'), 'start', '--browser', '--no-open', '--data', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, CI: 'true' },
  })
  try {
    const url = await new Promise<URL>((resolve, reject) => {
      let said = ''
      host.stdout.on('data', (chunk) => {
        said += String(chunk)
        const match = /listening (http:\S+)/.exec(said)
        if (match) resolve(new URL(match[1]))
      })
      host.once('exit', () => reject(new Error(`the host ended: ${said}`)))
    })
    const listeningMs = performance.now() - from
    return { listeningMs, labMs: await timeLab(url, lab) }
  } finally {
    host.kill('SIGTERM')
    await new Promise((done) => host.once('exit', done))
    rmSync(data, { recursive: true, force: true })
  }
}

async function timeLab(url: URL, lab: string): Promise<number> {
  const code = url.hash.slice('#code='.length)
  const answer = await fetch(`${url.origin}/session`, { method: 'POST', headers: { Origin: url.origin }, body: JSON.stringify({ code }) })
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0]
  const socket = new WebSocket(`ws://${url.host}/rpc`, { headers: { Cookie: cookie, Origin: url.origin } })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const from = performance.now()
  const prompted = new Promise<number>((resolve, reject) => {
    setTimeout(() => reject(new Error('no prompt appeared')), WAIT_MS_MAX).unref()
    const page: PageApi = {
      onReset: () => {},
      onBatch: (batch) => {
        if (batch.events.some((event) => event.kind === 'tty.out' && event.text.includes('$'))) resolve(performance.now() - from)
      },
      onTransport: () => {},
      onTrouble: (trouble) => reject(new Error(trouble.message)),
    }
    const rpc = createBirpc<HostApi, PageApi>(page, {
      post: (text) => socket.send(text),
      on: (receive) => socket.on('message', (text) => receive(String(text))),
      serialize: (value) => JSON.stringify(value),
      deserialize: (text) => JSON.parse(text as string) as never,
      timeout: -1,
    })
    const run = async (): Promise<void> => {
      await rpc.openSession({ kind: 'lab', lab })
      await rpc.submit({ kind: 'tty.open', tty: '1:workstation', machine: 'workstation', pod: '', columns: 80, rows: 24 })
    }
    run().catch(reject)
  })
  try {
    return await prompted
  } finally {
    socket.terminate()
  }
}
