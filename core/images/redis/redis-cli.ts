/** redis-cli: one command from its words, or lines as they come. Omits: subscriptions, clusters, scripts. */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import { connectTcp, recvTcp, sendTcp } from '../../linux/libc/sockets.ts'
import type { Program } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { list } from './resp.ts'

const PORT = 6379

/** redis-cli -h HOST -p PORT COMMAND…; without a command it reads lines. */
export const redisCli: Program = function* (proc, argv) {
  let host = '127.0.0.1'
  let port = PORT
  let password = ''
  const words = argv.slice(1)
  while (words[0]?.startsWith('-')) {
    const option = words.shift()
    if (option === '-h') host = words.shift() ?? host
    else if (option === '-p') port = Number(words.shift())
    else if (option === '-a' || option === '--pass') password = words.shift() ?? ''
    else if (option === '-n' || option === '--user') words.shift()
  }
  const found = yield* resolveHost(proc, host)
  if (typeof found === 'string') {
    proc.error(`Could not connect to Redis at ${host}:${port}: Name or service not known\n`)
    return 1
  }
  const socket = yield* connectTcp(proc, found.addresses[0], port)
  if (isErrno(socket)) {
    proc.error(`Could not connect to Redis at ${host}:${port}: ${strerror(socket)}\n`)
    return 1
  }
  const ask = function* (command: readonly string[], silent = false): Generator<Wait, boolean, unknown> {
    yield* sendTcp(proc, socket, utf8Encode(list(command)))
    let text = ''
    for (;;) {
      const bytes = yield* recvTcp(proc, socket, 5_000_000)
      if (!(bytes instanceof Uint8Array)) return false
      text += utf8Decode(bytes)
      const shown = show(text, proc.tty !== null)
      if (shown === null) continue
      if (!silent) proc.print(shown)
      return true
    }
  }
  if (password !== '') yield* ask(['AUTH', password], true)
  if (words.length > 0) return (yield* ask(words)) ? 0 : 1
  for (;;) {
    if (proc.tty) proc.print(`${host}:${port}> `)
    const line = yield* proc.readLine()
    if (line === null || line.trim() === 'exit' || line.trim() === 'quit') return 0
    if (line.trim() !== '' && !(yield* ask(line.trim().split(/\s+/)))) {
      proc.error('Error: Server closed the connection\n')
      return 1
    }
  }
}

/** Null while the answer is not complete. */
function show(text: string, pretty: boolean): string | null {
  const end = text.indexOf('\r\n')
  if (end < 0) return null
  const head = text.slice(1, end)
  const rest = text.slice(end + 2)
  if (text[0] === '+') return `${head}\n`
  if (text[0] === '-') return pretty ? `(error) ${head}\n` : `${head}\n`
  if (text[0] === ':') return pretty ? `(integer) ${head}\n` : `${head}\n`
  if (text[0] === '$') {
    if (head === '-1') return pretty ? '(nil)\n' : '\n'
    return rest.endsWith('\r\n') ? (pretty ? `${JSON.stringify(rest.slice(0, -2))}\n` : `${rest.slice(0, -2)}\n`) : null
  }
  const parts = rest.split('\r\n')
  if (parts.length < Number(head) * 2 + 1) return null
  const values = parts.filter((_, i) => i % 2 === 1).slice(0, Number(head))
  if (values.length === 0) return pretty ? '(empty array)\n' : ''
  return values.map((v, i) => (pretty ? `${i + 1}) ${JSON.stringify(v)}\n` : `${v}\n`)).join('')
}
