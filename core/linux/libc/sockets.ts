/**
 * Waiting for sockets: what connect(2), accept(2), send(2), recv(2) do when they block. The sockets of core/net never block;
 * these generators stand between them and programs, and close what a killed program leaves open, as the kernel does.
 */
import { type Errno, isErrno } from '../../base/errno.ts'
import type { IpAddr } from '../../net/addr/ip.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import type { Process } from '../process.ts'
import { firstOf, sleepWait, type Wait } from '../wait.ts'

type Sockets = NetNamespace['sockets']
export type TcpSocket = Exclude<ReturnType<Sockets['tcpConnect']>, Errno>
export type TcpListener = Exclude<ReturnType<Sockets['tcpListen']>, Errno>
export type UdpSocket = Exclude<ReturnType<Sockets['udpOpen']>, Errno>
export type IcmpSocket = Exclude<ReturnType<Sockets['icmpOpen']>, Errno>

/** Anything with a readiness callback. */
export interface Changing {
  onChange: (() => void) | null
}

/** How long the kernel tries a connection with tcp_syn_retries 6: 1 + 2 + 4 + … + 64 s; the socket itself ends before. */
const CONNECT_MAX_US = 180_000_000

/** Ends at the next change of readiness. One waiter per socket. */
export function socketChange(socket: Changing): Wait {
  return {
    start(wake) {
      socket.onChange = () => wake()
      return () => {
        socket.onChange = null
      }
    },
  }
}

/** Waits for a change; false when the time is over first. Without a time-out it waits for ever. */
export function* waitSocket(proc: Process, socket: Changing, timeoutUs?: number): Generator<Wait, boolean> {
  const change = socketChange(socket)
  if (timeoutUs === undefined) {
    yield change
    return true
  }
  if (timeoutUs <= 0) return false
  return (yield firstOf(change, sleepWait(proc.world.clock, timeoutUs))) === 0
}

export function* connectTcp(
  proc: Process,
  dst: IpAddr,
  port: number,
  options: { timeoutUs?: number; src?: IpAddr; sport?: number; mark?: number } = {},
): Generator<Wait, TcpSocket | Errno> {
  const { timeoutUs, ...rest } = options
  const socket = proc.netns.sockets.tcpConnect({ dst, dport: port, owner: proc.owner, ...rest })
  if (isErrno(socket)) return socket
  const forget = proc.atExit(() => socket.close())
  const deadlineUs = proc.world.clock.nowUs + (timeoutUs ?? CONNECT_MAX_US)
  while (socket.state === 'SYN_SENT' || socket.state === 'SYN_RECV') {
    if (yield* waitSocket(proc, socket, deadlineUs - proc.world.clock.nowUs)) continue
    forget()
    socket.close()
    return 'ETIMEDOUT'
  }
  if (socket.error === null && socket.state !== 'CLOSED') {
    pruneClosed(proc, socket, forget)
    return socket
  }
  forget()
  socket.close()
  return socket.error ?? 'ECONNREFUSED'
}

/** The next bytes, at most `maxBytes`. */
export function* recvTcp(
  proc: Process,
  socket: TcpSocket,
  timeoutUs?: number,
  maxBytes?: number,
): Generator<Wait, Uint8Array | 'eof' | 'timeout' | Errno> {
  const deadlineUs = timeoutUs === undefined ? undefined : proc.world.clock.nowUs + timeoutUs
  for (;;) {
    const got = socket.recv(maxBytes)
    if (got !== 'again') return got
    if (!(yield* waitSocket(proc, socket, deadlineUs === undefined ? undefined : deadlineUs - proc.world.clock.nowUs))) return 'timeout'
  }
}

/** Hands over all of `bytes`; returns when the last of them is in the send buffer. */
export function* sendTcp(proc: Process, socket: TcpSocket, bytes: Uint8Array): Generator<Wait, Errno | null> {
  let sent = 0
  while (sent < bytes.length) {
    const taken = socket.send(sent === 0 ? bytes : bytes.subarray(sent))
    if (taken === 'EAGAIN' || taken === 0) yield* waitSocket(proc, socket)
    else if (isErrno(taken)) return taken
    else sent += taken
  }
  return null
}

export function* acceptTcp(proc: Process, listener: TcpListener): Generator<Wait, TcpSocket> {
  for (;;) {
    const socket = listener.accept()
    if (socket) return socket
    yield* waitSocket(proc, listener)
  }
}

/** A thread per connection, for ever. The connection is closed when its thread ends, the listener when the process does. */
export function* serveTcp(
  proc: Process,
  listener: TcpListener,
  onConnection: (thread: Process, socket: TcpSocket) => Generator<Wait, unknown>,
): Generator<Wait, number> {
  const forget = proc.atExit(() => listener.close())
  try {
    for (;;) {
      const socket = yield* acceptTcp(proc, listener)
      proc.thread(function* (thread) {
        try {
          yield* onConnection(thread, socket)
        } finally {
          socket.close()
        }
      })
    }
  } finally {
    forget()
    listener.close()
  }
}

type Datagram = { bytes: Uint8Array; src: IpAddr; sport: number }

/** The next datagram, or why there is none: an Errno is what an ICMP error left on the socket. */
export function* recvUdp(proc: Process, socket: UdpSocket, timeoutUs?: number): Generator<Wait, Datagram | 'timeout' | Errno> {
  const deadlineUs = timeoutUs === undefined ? undefined : proc.world.clock.nowUs + timeoutUs
  for (;;) {
    const got = socket.recv()
    if (got !== 'again') return got
    if (!(yield* waitSocket(proc, socket, deadlineUs === undefined ? undefined : deadlineUs - proc.world.clock.nowUs))) return 'timeout'
  }
}

/** Connections that a program closed itself need no closing at its end; forgets them as others come. */
function pruneClosed(proc: Process, socket: TcpSocket, forget: () => void): void {
  const open = proc.connections
  open.set(socket, forget)
  if (open.size < 32) return
  for (const [each, forgetEach] of open) {
    if (each.state !== 'CLOSED') continue
    forgetEach()
    open.delete(each)
  }
}
