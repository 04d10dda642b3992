/** `/dev/tcp/HOST/PORT` and `/dev/udp/HOST/PORT` of bash's redirections: a socket behind a descriptor. */
import { type Errno, isErrno, strerror } from '../base/errno.ts'
import { utf8Decode, utf8Encode } from '../base/utf8.ts'
import { resolveHost } from '../linux/libc/resolver.ts'
import { connectTcp, type TcpSocket, type UdpSocket } from '../linux/libc/sockets.ts'
import { OpenFile } from '../linux/open-file.ts'
import type { Wait } from '../linux/wait.ts'
import type { Shell } from './shell.ts'

/** The open socket, or bash's complaint. */
export function* openNetwork(shell: Shell, protocol: 'tcp' | 'udp', host: string, port: string): Generator<Wait, OpenFile | string> {
  const resolved = yield* resolveHost(shell.proc, host)
  if (typeof resolved === 'string') {
    return `${host}: ${resolved === 'EAI_NONAME' ? 'Name or service not known' : 'Temporary failure in name resolution'}`
  }
  if (!/^\d+$/.test(port) || Number(port) > 65535) return `${port}: Servname not supported for ai_socktype`
  const [address] = resolved.addresses
  if (protocol === 'udp') {
    const socket = shell.proc.netns.sockets.udpOpen({ owner: shell.proc.owner })
    if (isErrno(socket)) return `connect: ${strerror(socket)}`
    const error = socket.connect(address, Number(port))
    return error ? `connect: ${strerror(error)}` : new UdpFile(socket)
  }
  const socket = yield* connectTcp(shell.proc, address, Number(port))
  return isErrno(socket) ? `connect: ${strerror(socket)}` : new TcpFile(socket)
}

class TcpFile extends OpenFile {
  readonly #socket: TcpSocket

  constructor(socket: TcpSocket) {
    super()
    this.#socket = socket
    this.path = 'socket:[tcp]'
    socket.onChange = () => {
      this.readable.wake()
      this.writable.wake()
    }
  }

  protected override readNext(maxChars: number): string | null | undefined {
    const got = this.#socket.recv(maxChars)
    if (got === 'again') return undefined
    return got instanceof Uint8Array ? utf8Decode(got) : null
  }

  override write(text: string): Errno | null {
    const sent = this.#socket.send(utf8Encode(text))
    return isErrno(sent) ? sent : null
  }

  protected override release(): void {
    this.#socket.onChange = null
    this.#socket.close()
  }
}

class UdpFile extends OpenFile {
  readonly #socket: UdpSocket

  constructor(socket: UdpSocket) {
    super()
    this.#socket = socket
    this.path = 'socket:[udp]'
    socket.onChange = () => this.readable.wake()
  }

  protected override readNext(): string | null | undefined {
    const got = this.#socket.recv()
    if (got === 'again') return undefined
    return isErrno(got) ? null : utf8Decode(got.bytes)
  }

  override write(text: string): Errno | null {
    const sent = this.#socket.send(utf8Encode(text))
    return isErrno(sent) ? sent : null
  }

  protected override release(): void {
    this.#socket.onChange = null
    this.#socket.close()
  }
}
