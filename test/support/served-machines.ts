/**
 * Three machines around a router, for tests of network tools: `alpha` asks, and so does `gamma`, which has busybox's tools only; `beta`
 * (10.2.0.1) serves HTTP on port 8080, hangs up on port 8081, and answers DNS for a small zone.
 */
import { PACKAGES } from '../../core/commands/packages.ts'
import { isErrno } from '../../core/base/errno.ts'
import { utf8Decode } from '../../core/base/utf8.ts'
import { parseIp } from '../../core/net/addr/ip.ts'
import { type DnsRecord, decodeDns, encodeDns } from '../../core/linux/libc/dns-message.ts'
import { httpReason, HttpHeaders, type HttpResponse, textResponse } from '../../core/linux/libc/http-message.ts'
import { serveHttp } from '../../core/linux/libc/http-server.ts'
import { recvTcp, recvUdp, serveTcp } from '../../core/linux/libc/sockets.ts'
import type { Machine, Process, Program } from '../../core/linux/index.ts'
import { linuxMachine, linuxWorld, type Outcome, run } from './linux.ts'

export interface ServedMachines {
  alpha: Machine
  router: Machine
  beta: Machine
  gamma: Machine
  /** Runs a shell line on alpha; what it printed, and its exit code when that is not 0. */
  sh(line: string, machine?: Machine): string
  run(line: string, machine?: Machine): Outcome
}

const ZONE: readonly DnsRecord[] = [
  { name: 'web.default.svc.cluster.local', ttl: 30, type: 'A', address: parseIp('10.2.0.1') as number },
  { name: 'two.cluster.local', ttl: 30, type: 'A', address: parseIp('10.1.1.1') as number },
  { name: 'two.cluster.local', ttl: 30, type: 'A', address: parseIp('10.1.1.2') as number },
  { name: 'alias.cluster.local', ttl: 30, type: 'CNAME', target: 'web.default.svc.cluster.local' },
  { name: 'web.default.svc.cluster.local', ttl: 30, type: 'SRV', priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' },
  { name: '1.0.2.10.in-addr.arpa', ttl: 30, type: 'PTR', target: 'web.default.svc.cluster.local' },
]
const SOA: DnsRecord = {
  name: 'cluster.local', ttl: 30, type: 'SOA', primary: 'ns.dns.cluster.local', mailbox: 'hostmaster.cluster.local', serial: 1767225600,
  refresh: 7200, retry: 1800, expire: 86400, minimum: 30,
}

export function servedMachines(): ServedMachines {
  const world = linuxWorld()
  const packages = Object.keys(PACKAGES).filter((name) => name !== 'busybox')
  const [alpha, router, beta] = ['alpha', 'router', 'beta'].map((name) => linuxMachine(world, name, packages))
  const gamma = linuxMachine(world, 'gamma', ['bash', 'busybox'])
  const card = (machine: Machine, name: string, mac: number) => {
    const device = machine.netns.addLink({ name, kind: 'nic', mac, up: true })
    if (isErrno(device)) throw new Error(device)
    return device
  }
  const cards = [card(alpha, 'eth0', 0x02000000000a), card(router, 'eth0', 0x020000000001), card(router, 'eth1', 0x020000000002), card(beta, 'eth0', 0x02000000000b)]
  const thirdSegment = [card(router, 'eth2', 0x020000000003), card(gamma, 'eth0', 0x02000000000c)]
  world.net.connect(cards[0], cards[1], { latencyUs: 100 })
  world.net.connect(cards[2], cards[3], { latencyUs: 100 })
  world.net.connect(thirdSegment[0], thirdSegment[1], { latencyUs: 100 })
  const result: ServedMachines = {
    alpha, router, beta, gamma,
    run: (line, machine = alpha) => run(machine, ['/bin/bash', '-c', line]),
    sh(line, machine = alpha) {
      const { stdout, stderr, code } = run(machine, ['/bin/bash', '-c', `${line} 2>&1`])
      return stdout + stderr + (code === 0 ? '' : `(exit ${code})\n`)
    },
  }
  result.sh('ip addr add 10.1.0.1/24 dev eth0; ip route add default via 10.1.0.254')
  result.sh('ip addr add 10.1.0.254/24 dev eth0; ip addr add 10.2.0.254/24 dev eth1; ip addr add 10.3.0.254/24 dev eth2; sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0', router)
  result.sh('ip addr add 10.2.0.1/24 dev eth0; ip route add default via 10.2.0.254; sysctl -qw net.ipv4.icmp_ratelimit=0', beta)
  result.sh('ip addr add 10.3.0.1/24 dev eth0; ip route add default via 10.3.0.254', gamma)
  for (const machine of [alpha, gamma]) {
    machine.fs.write('/etc/resolv.conf', 'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.2.0.1\noptions ndots:5\n')
  }
  const serve = (name: string, program: Program): void => void beta.spawn({ argv: [name], program })
  serve('web', function* (proc) {
    yield* serveHttp(proc, 8080, (request) => answer(request.method, request.target, utf8Decode(request.body)), { server: 'test' })
    return 1
  })
  serve('mute', function* (proc) {
    const listener = proc.netns.sockets.tcpListen({ address: 0, port: 8081, owner: proc.owner })
    if (isErrno(listener)) return 1
    return yield* serveTcp(proc, listener, function* (thread, socket) {
      yield* recvTcp(thread, socket)
    })
  })
  serve('dns', dnsServer)
  world.clock.advance(world.clock.nowUs + 10_000, 100_000)
  return result
}

function answer(method: string, target: string, body: string): HttpResponse {
  const path = target.replace(/\?.*/, '')
  if (path === '/404') return textResponse(404, 'nope\n', 'text/plain')
  if (path === '/500') return textResponse(500, '', 'text/plain')
  if (path === '/redir') return { status: 302, reason: httpReason(302), version: 'HTTP/1.1', headers: new HttpHeaders([['Location', '/x']]), body: new Uint8Array(0) }
  if (method === 'POST' || method === 'PUT') return textResponse(201, `got ${body}\n`, 'text/plain')
  return textResponse(200, 'hello\n', 'text/plain')
}

function* dnsServer(proc: Process): ReturnType<Program> {
  const socket = proc.netns.sockets.udpOpen({ address: 0, port: 53, owner: proc.owner })
  if (isErrno(socket)) return 1
  for (;;) {
    const got = yield* recvUdp(proc, socket)
    if (got === 'timeout' || isErrno(got)) continue
    const query = decodeDns(got.bytes)
    if (!query || query.qr) continue
    const [question] = query.questions
    const name = question.name.toLowerCase()
    const known = ZONE.filter((record) => record.name === name)
    const answers = known.filter((record) => record.type === question.type || record.type === 'CNAME')
    for (const record of [...answers]) if (record.type === 'CNAME') answers.push(...ZONE.filter((other) => other.name === record.target && other.type === question.type))
    const rcode = name === 'fail.cluster.local' ? 2 : known.length > 0 ? 0 : 3
    const reply = { ...query, qr: true, aa: true, ra: true, rcode, answers, authorities: answers.length > 0 || rcode === 2 ? [] : [SOA] }
    if (query.edns) reply.edns = { ...query.edns, options: [] }
    socket.sendTo(encodeDns(reply), got.src, got.sport)
  }
}

/**
 * Runs the commands of a transcript again (`$ line` on alpha, `beta$ line` elsewhere) and writes down what they print, for comparison
 * with the transcript itself. Carriage returns show as ␍.
 */
export function replay(transcript: string): string {
  const machines = servedMachines()
  let text = ''
  for (const line of transcript.split('\n')) {
    const command = /^(alpha|router|beta|gamma)?\$ (.*)$/.exec(line)
    if (!command) continue
    const machine = machines[(command[1] ?? 'alpha') as 'alpha' | 'router' | 'beta' | 'gamma']
    text += `${line}\n${machines.sh(`{ ${command[2]}\n}`, machine).replaceAll('\r', '␍')}`
  }
  return text
}
