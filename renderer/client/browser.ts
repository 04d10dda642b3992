import { createBirpc, type BirpcReturn } from 'birpc'
import { HOST_METHODS, type HostApi, type PageApi } from '../../preload/contract.ts'
import { ConnectError, type HostClient } from './host-client.ts'

const PAGE_METHODS = ['onReset', 'onBatch', 'onTransport', 'onTrouble'] as const satisfies readonly (keyof PageApi)[]

/** Exchanges the one-time code in the address for a cookie, and takes it out of the address. */
async function exchangeCode(): Promise<void> {
  const code = new URLSearchParams(location.hash.slice(1)).get('code')
  if (code === null) return
  history.replaceState(null, '', location.pathname + location.search)
  const response = await fetch('/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code }),
  })
  if (response.status === 401) throw new ConnectError('code')
}

function openSocket(): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rpc`)
    socket.onopen = () => resolve(socket)
    // A refused upgrade and a missing host look the same to a page; asking over HTTP tells them apart.
    socket.onerror = () => {
      fetch('/healthz').then(
        (response) => reject(new ConnectError(response.ok ? 'code' : 'lost')),
        () => reject(new ConnectError('lost')),
      )
    }
  })
}

export async function browserClient(): Promise<HostClient> {
  await exchangeCode()
  const socket = await openSocket()
  // Calls that arrive before somebody listens wait here, in order.
  const early: (() => void)[] = []
  let listener: PageApi | null = null
  const page = Object.fromEntries(
    PAGE_METHODS.map((method) => [
      method,
      (...args: unknown[]) => {
        const run = () => (listener![method] as (...args: unknown[]) => void).apply(listener, args)
        if (listener === null) early.push(run)
        else run()
      },
    ]),
  ) as unknown as PageApi
  const rpc: BirpcReturn<HostApi, PageApi> = createBirpc<HostApi, PageApi>(page, {
    post: (data) => socket.send(data as string),
    on: (receive) => socket.addEventListener('message', (message) => receive(message.data)),
    serialize: (value) => JSON.stringify(value),
    deserialize: (text) => JSON.parse(text as string),
    timeout: -1,
  })
  const calls = rpc as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const api = Object.fromEntries(
    HOST_METHODS.map((method) => [method, (...args: unknown[]) => calls[method]!(...args).catch(rejectReadable)]),
  )
  return {
    api: api as unknown as HostApi,
    listen(next) {
      listener = next
      for (const run of early.splice(0)) run()
    },
    onLost(handler) {
      socket.addEventListener('close', handler)
    },
  }
}

/** An error crosses JSON as an object or a text: it becomes an `Error` again. */
function rejectReadable(error: unknown): never {
  if (error instanceof Error) throw error
  const message =
    typeof error === 'object' && error !== null ? ('message' in error ? String(error.message) : 'the host refused') : String(error)
  throw new Error(message)
}
