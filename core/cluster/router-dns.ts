/**
 * The router's name server, as dnsmasq is on small networks: it answers for the machines' names out of /etc/hosts and says of
 * everything else that there is no such name. Truth: dnsmasq(8).
 *
 * Omits: forwarding (there is no internet), DHCP, TCP.
 */
import { isErrno } from '../base/errno.ts'
import { decodeDns, encodeDns } from '../linux/libc/dns-message.ts'
import { recvUdp } from '../linux/libc/sockets.ts'
import type { Program } from '../linux/program.ts'
import { type IpAddr, isV6, parseIp } from '../net/addr/ip.ts'

const PORT = 53
const TTL = 0
const NXDOMAIN = 3

export const dnsmasq: Program = function* (proc) {
  const socket = proc.netns.sockets.udpOpen({ port: PORT, owner: proc.owner })
  if (isErrno(socket)) {
    proc.error(`dnsmasq: failed to create listening socket for port ${PORT}: ${socket}\n`)
    return 2
  }
  proc.atExit(() => socket.close())
  for (;;) {
    const got = yield* recvUdp(proc, socket)
    if (typeof got === 'string') continue
    const request = decodeDns(got.bytes)
    const question = request?.questions[0]
    if (!request || request.qr || !question) continue
    const name = question.name.toLowerCase()
    const known = hosts(proc.fs.exists('/etc/hosts') ? proc.fs.read('/etc/hosts') : '').get(name)
    const answers = (known ?? []).filter((ip) => (isV6(ip) ? question.type === 'AAAA' : question.type === 'A'))
    const reply = encodeDns({
      ...request, qr: true, aa: known !== undefined, ra: true, rcode: known ? 0 : NXDOMAIN,
      answers: answers.map((address) => ({ type: isV6(address) ? 'AAAA' as const : 'A' as const, name: question.name, ttl: TTL, address })),
      authorities: [], additionals: [],
    })
    socket.sendTo(reply, got.src, got.sport)
  }
}

function hosts(text: string): Map<string, IpAddr[]> {
  const names = new Map<string, IpAddr[]>()
  for (const line of text.split('\n')) {
    const [address, ...rest] = line.replace(/#.*/, '').trim().split(/\s+/)
    const ip = parseIp(address ?? '')
    if (ip !== null) for (const name of rest) names.set(name.toLowerCase(), [...(names.get(name.toLowerCase()) ?? []), ip])
  }
  return names
}
