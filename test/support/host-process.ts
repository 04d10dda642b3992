/** A real host in a process of its own, and a page without a browser that talks to it. For tests that start, kill and return. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { type BirpcReturn, createBirpc } from 'birpc'
import { WebSocket } from 'ws'
import type { HostApi, PageApi, SessionInfo, Transport } from '../../preload/contract.ts'
import type { Batch, TraceEvent } from '../../core/sim/trace-event.ts'
import { ROOT } from './sources.ts'

const START_MS_MAX = 120_000

export interface HostProcess {
  url: string
  pid: number
  kill(): Promise<void>
  /** As Ctrl-C does. */
  end(): Promise<void>
}

export function startHost(data: string): Promise<HostProcess> {
  const child: ChildProcess = spawn(process.execPath, [join(ROOT, 'main', 'bin.js'), 'start', '--browser', '--no-open', '--data', data], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: 'true' },
  })
  const over = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await over
  }
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`the host did not start: ${said}`)), START_MS_MAX)
    const hear = (chunk: unknown): void => {
      said += String(chunk)
      const match = /listening (http:\S+)/.exec(said)
      if (!match) return
      clearTimeout(timer)
      resolve({ url: match[1], pid: child.pid ?? 0, kill: () => end('SIGKILL'), end: () => end('SIGTERM') })
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', (code) => reject(new Error(`the host ended with ${code}: ${said}`)))
  })
}

export class PageWithoutBrowser {
  readonly events: TraceEvent[] = []
  readonly troubles: string[] = []
  transport: Transport | null = null
  info: SessionInfo | null = null
  readonly host: BirpcReturn<HostApi, PageApi>
  readonly #socket: WebSocket

  static async connect(url: string): Promise<PageWithoutBrowser> {
    const { origin, host, hash } = new URL(url)
    const answer = await fetch(`${origin}/session`, { method: 'POST', headers: { Origin: origin }, body: JSON.stringify({ code: hash.slice('#code='.length) }) })
    const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0]
    const socket = new WebSocket(`ws://${host}/rpc`, { headers: { Cookie: cookie, Origin: origin }, maxPayload: 1 << 28 })
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return new PageWithoutBrowser(socket)
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('error', () => {})
    const page: PageApi = {
      onReset: (info, transport) => {
        this.info = info
        this.transport = transport
        this.events.length = 0
      },
      onBatch: (batch: Batch) => void this.events.push(...batch.events),
      onTransport: (transport) => {
        this.transport = transport
      },
      onTrouble: (trouble) => void this.troubles.push(`${trouble.kind}: ${trouble.message}`),
    }
    this.host = createBirpc<HostApi, PageApi>(page, {
      post: (data) => socket.send(data),
      on: (receive) => socket.on('message', (data) => receive(String(data))),
      serialize: (value) => JSON.stringify(value),
      deserialize: (text) => JSON.parse(text as string) as never,
      timeout: -1,
    })
  }

  /** What a terminal has shown so far. */
  screen(tty: string): string {
    return this.events.map((event) => (event.kind === 'tty.out' && event.tty === tty ? event.text : '')).join('')
  }

  async until(what: string, holds: () => boolean, timeoutMs = 30_000): Promise<void> {
    const endMs = Date.now() + timeoutMs
    while (!holds()) {
      if (Date.now() > endMs) throw new Error(`waited ${timeoutMs} ms for: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  close(): void {
    this.#socket.terminate()
  }
}
