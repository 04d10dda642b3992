/**
 * The beginning of TLS, as far as the simulator speaks it: curl connects, sends a ClientHello, and looks at the answer. A server
 * of plain HTTP answers something that is no TLS record, which OpenSSL calls a wrong version number.
 * Omits: TLS itself. A server that answers a handshake record is left with OpenSSL's general complaint.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { type IpAddr, parseIp } from '../../net/addr/ip.ts'
import type { HttpClientEvent } from '../../linux/libc/http-client.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import { connectTcp, recvTcp, sendTcp } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Wait } from '../../linux/wait.ts'

/** Record header of a ClientHello (RFC 8446 section 5.1); curl's is 517 bytes long with it. */
const CLIENT_HELLO = new Uint8Array(517)
CLIENT_HELLO.set([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])
// An empty line at the end, so that a server that reads whole heads of requests notices at once that this is none.
CLIENT_HELLO.set([0x0d, 0x0a, 0x0d, 0x0a], 513)

export interface TlsTarget {
  host: string
  port: number
  address: IpAddr | undefined
  /** 0: none. */
  deadlineUs: number
  family: 'ipv4' | 'ipv6' | undefined
  dataMarks: boolean
}

export function* tlsAttempt(
  proc: Process, target: TlsTarget, hear: (event: HttpClientEvent) => void, say: (text: string) => void,
): Generator<Wait, { exitCode: number; message: string }, unknown> {
  const { host, port } = target
  const { clock } = proc.world
  const startUs = clock.nowUs
  const leftUs = (): number | undefined => (target.deadlineUs === 0 ? undefined : Math.max(target.deadlineUs - clock.nowUs, 1))
  const elapsedMs = (): number => Math.floor((clock.nowUs - startUs) / 1000)
  const end = (exitCode: number, message: string): { exitCode: number; message: string } => {
    if (exitCode !== 35) say(`* ${message}\n`)
    say('* Closing connection 0\n')
    return { exitCode, message }
  }
  let addresses = target.address === undefined ? [] : [target.address]
  if (addresses.length === 0) {
    const numeric = parseIp(host)
    const resolved = numeric === null ? yield* resolveHost(proc, host, { family: target.family }) : { addresses: [numeric] }
    if (typeof resolved === 'string') return end(6, `Could not resolve host: ${host}`)
    addresses = resolved.addresses
  }
  hear({ event: 'resolved', host, addresses })
  for (const address of addresses) {
    hear({ event: 'connecting', address, port })
    const socket = yield* connectTcp(proc, address, port, { timeoutUs: leftUs() })
    if (isErrno(socket)) {
      if (target.deadlineUs > 0 && clock.nowUs >= target.deadlineUs) return end(28, `Connection timed out after ${elapsedMs() + 1} milliseconds`)
      hear({ event: 'connect-failed', address, port, errno: socket })
      continue
    }
    try {
      hear({ event: 'connected', address, port, local: socket.localAddress, localPort: socket.localPort, firstPacketId: socket.firstPacketId })
      const mark = (bytes: number): string => (target.dataMarks ? `${bytes < 0 ? '{' : '}'} [${Math.abs(bytes)} bytes data]\n` : '')
      say(`* ALPN: offers h2,http/1.1\n${mark(5)}* TLSv1.3 (OUT), TLS handshake, Client hello (1):\n${mark(512)}`)
      say('*  CAfile: /etc/ssl/certs/ca-certificates.crt\n*  CApath: /etc/ssl/certs\n')
      const sent = yield* sendTcp(proc, socket, CLIENT_HELLO)
      const got = sent ?? (yield* recvTcp(proc, socket, leftUs()))
      if (got === 'timeout') return end(28, `SSL connection timeout`)
      if (got === 'eof' || isErrno(got)) {
        const errno = isErrno(got) ? strerror(got) : 'SSL_ERROR_SYSCALL'
        return end(35, `OpenSSL SSL_connect: ${errno} in connection to ${host}:${port} `)
      }
      const text = 'OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number'
      say(`${mark(-5)}* ${text}\n`)
      return end(35, text.replace('OpenSSL/3.0.19: ', ''))
    } finally {
      socket.close()
    }
  }
  return end(7, `Failed to connect to ${host} port ${port} after ${elapsedMs()} ms: Couldn't connect to server`)
}
