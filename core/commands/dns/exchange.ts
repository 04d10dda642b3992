/** One question to one server over UDP, without the resolver's search and retries: what dig, nslookup and host do themselves. */
import { type Errno, isErrno } from '../../base/errno.ts'
import { decodeDns, type DnsMessage, dnsQueryMessage, encodeDns } from '../../linux/libc/dns-message.ts'
import { recvUdp } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Wait } from '../../linux/wait.ts'
import type { IpAddr } from '../../net/addr/ip.ts'

export interface Question {
  server: IpAddr
  port: number
  name: string
  type: string
  timeoutUs: number
  recurse?: boolean
  /** EDNS buffer size; 0 for none. */
  udpSize?: number
}

export function* exchange(proc: Process, question: Question): Generator<Wait, { message: DnsMessage; size: number } | 'timeout' | Errno, unknown> {
  const { clock } = proc.world
  const socket = proc.netns.sockets.udpOpen({ owner: proc.owner })
  if (isErrno(socket)) return socket
  const forget = proc.atExit(() => socket.close())
  try {
    const id = proc.world.random.stream('commands/dns').below(65536)
    const edns = question.udpSize ? { udpSize: question.udpSize, version: 0, dnssecOk: false, options: [] } : null
    const message = dnsQueryMessage(id, question.name, question.type, edns)
    message.rd = question.recurse !== false
    const connected = socket.connect(question.server, question.port)
    if (connected) return connected
    const sent = socket.send(encodeDns(message))
    if (isErrno(sent)) return sent
    const endUs = clock.nowUs + question.timeoutUs
    for (;;) {
      const got = yield* recvUdp(proc, socket, endUs - clock.nowUs)
      if (got === 'timeout' || isErrno(got)) return got
      const answer = decodeDns(got.bytes)
      if (answer?.qr && answer.id === id) return { message: answer, size: got.bytes.length }
    }
  } finally {
    forget()
    socket.close()
  }
}
