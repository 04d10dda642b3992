/**
 * CoreDNS: a DNS server on UDP and TCP out of its Corefile, with health and readiness endpoints.
 * Truth: coredns.io manual; kubeadm's manifests; log lines of the `log` plugin.
 */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import { Informer } from '../../api/client/informer.ts'
import type { EndpointSlice, Namespace, Pod, Service } from '../../api/types/index.ts'
import { type DnsMessage, RCODES, decodeDns, encodeDns } from '../../linux/libc/dns-message.ts'
import { textResponse } from '../../linux/libc/http-message.ts'
import { serveHttp } from '../../linux/libc/http-server.ts'
import { recvTcp, recvUdp, sendTcp, serveTcp } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { type Wait, WaitQueue, sleepWait } from '../../linux/wait.ts'
import type { IpAddr } from '../../net/addr/ip.ts'
import { installProgram } from '../base-image.ts'
import { clusterHandle } from '../cluster-handle.ts'
import type { Image } from '../image.ts'
import { hostPort } from '../web-server.ts'
import { type PluginConfig, type ServerBlock, normalName, parseCorefile } from './corefile.ts'
import { KubernetesZone } from './kubernetes-zone.ts'
import { type QueryContext, answerQuery } from './query.ts'

export const COREDNS_VERSION = '1.14.0'
const UDP_MAX = 512
const DEFAULT_TTL = 5
const RELOAD_US = 30_000_000
/** How long a query takes the server itself. */
const QUERY_US = 50

export const corednsImage: Image = {
  sizeBytes: 23_553_139,
  build: () => ({
    entrypoint: ['/coredns'],
    install: (fs) => installProgram(fs, '/coredns', coredns),
  }),
}

interface Running {
  blocks: ServerBlock[]
  contexts: Map<ServerBlock, QueryContext['zones']>
  informers: Informer[]
}

const coredns: Program = function* (proc, argv) {
  const at = argv.indexOf('-conf')
  const path = at > 0 ? argv[at + 1] : 'Corefile'
  const file = proc.path(path)
  const load = (): ServerBlock[] | string => parseCorefile(proc.fs.exists(file) ? proc.fs.read(file) : '.:53 {\n whoami\n log\n}\n', path)
  const blocks = load()
  if (typeof blocks === 'string') {
    proc.error(`${blocks}\n`)
    return 1
  }
  let text = proc.fs.exists(file) ? proc.fs.read(file) : ''
  let state = configure(proc, blocks)
  const failed = new WaitQueue()
  let problem = ''
  const fail = (port: number, errno: Errno): void => {
    problem = `Listen: listen tcp :${port}: bind: ${strerror(errno).toLowerCase()}`
    failed.wake()
  }
  const ports = [...new Set(blocks.map((b) => b.port))]
  for (const port of ports) {
    proc.thread((thread) => serveUdp(thread, port, () => state, (errno) => fail(port, errno)))
    proc.thread((thread) => serveTcpDns(thread, port, () => state, (errno) => fail(port, errno)))
  }
  const plugin = (name: string): PluginConfig | undefined => blocks.flatMap((b) => b.plugins).find((p) => p.name === name)
  if (plugin('health')) proc.thread((thread) => serveHttp(thread, portOf(plugin('health'), 8080), () => textResponse(200, 'OK')))
  if (plugin('ready')) {
    proc.thread((thread) => serveHttp(thread, portOf(plugin('ready'), 8181), () => {
      const zones = [...state.contexts.values()].flat()
      return zones.every((z) => z.zone.synced) ? textResponse(200, 'OK') : textResponse(503, 'kubernetes')
    }))
  }
  proc.onSignal('SIGTERM', () => {
    proc.print('[INFO] SIGTERM: Shutting down servers then terminating\n')
    const lameduck = plugin('health')?.block.find((words) => words[0] === 'lameduck')?.[1]
    if (!lameduck) return proc.exit(0)
    proc.print(`[INFO] plugin/health: Going into lameduck mode for ${lameduck}\n`)
    const seconds = Number.parseInt(lameduck, 10) || 0
    proc.world.clock.after(seconds * 1_000_000, () => proc.exit(0))
  })
  proc.onSignal('SIGINT', () => proc.exit(0))
  for (const block of blocks) for (const zone of block.zones) proc.print(`${zone === '' ? '.' : `${zone}.`}:${block.port}\n`)
  proc.print(`[INFO] plugin/reload: Running configuration SHA512 = ${fingerprint(text)}\nCoreDNS-${COREDNS_VERSION}\nlinux/amd64, go1.25.3, 51e11f1\n`)
  if (plugin('reload')) {
    proc.thread(function* (thread) {
      for (;;) {
        yield sleepWait(thread.world.clock, RELOAD_US)
        const now = proc.fs.exists(file) ? proc.fs.read(file) : ''
        if (now === text) continue
        text = now
        proc.print('[INFO] Reloading\n')
        const next = load()
        if (typeof next === 'string') {
          proc.print(`[ERROR] Restart failed: ${next}\n[ERROR] plugin/reload: Corefile changed but reload failed: ${next}\n`)
          continue
        }
        for (const informer of state.informers) informer.stop()
        state = configure(proc, next)
        proc.print(`[INFO] plugin/reload: Running configuration SHA512 = ${fingerprint(text)}\n[INFO] Reloading complete\n`)
      }
    })
  }
  while (problem === '') yield failed.wait
  proc.error(`${problem}\n`)
  return 1
}

function portOf(plugin: PluginConfig | undefined, fallback: number): number {
  return Number(/:(\d+)$/.exec(plugin?.args[0] ?? '')?.[1] ?? fallback)
}

function configure(proc: Process, blocks: ServerBlock[]): Running {
  const running: Running = { blocks, contexts: new Map(), informers: [] }
  for (const block of blocks) {
    const zones: QueryContext['zones'][number][] = []
    for (const plugin of block.plugins) {
      if (plugin.name !== 'kubernetes') continue
      const client = clusterHandle(proc).client('coredns')
      const option = (name: string): string[] | undefined => plugin.block.find((words) => words[0] === name)
      const pods = option('pods')?.[1]
      const mode = pods === 'insecure' || pods === 'verified' ? pods : 'disabled'
      const names = (plugin.args.length > 0 ? plugin.args : block.zones).map(normalName)
      const sources = {
        services: new Informer<Service>(client, 'services'),
        slices: new Informer<EndpointSlice>(client, 'endpointslices.discovery.k8s.io'),
        namespaces: new Informer<Namespace>(client, 'namespaces'),
        pods: mode === 'verified' ? new Informer<Pod>(client, 'pods') : null,
      }
      const zone = new KubernetesZone(sources, {
        zone: names.find((n) => !n.endsWith('arpa')) ?? 'cluster.local', ttl: Number(option('ttl')?.[1] ?? DEFAULT_TTL), pods: mode,
        serial: Math.floor(proc.world.epochMs / 1000),
      })
      for (const informer of [sources.services, sources.slices, sources.namespaces, sources.pods]) {
        if (!informer) continue
        informer.start()
        running.informers.push(informer as unknown as Informer)
        proc.atExit(() => informer.stop())
      }
      const through = option('fallthrough')
      zones.push({ plugin, zone, names, fallthrough: through ? (through.length > 1 ? through.slice(1).map(normalName) : ['']) : [] })
    }
    running.contexts.set(block, zones)
  }
  return running
}

/** The block with the longest zone that the name is in. */
function chooseBlock(running: Running, port: number, name: string): ServerBlock | undefined {
  let best: ServerBlock | undefined
  let length = -1
  for (const block of running.blocks) {
    if (block.port !== port) continue
    for (const zone of block.zones) {
      if (!(zone === '' || name === zone || name.endsWith(`.${zone}`)) || zone.length <= length) continue
      best = block
      length = zone.length
    }
  }
  return best
}

function* serveUdp(proc: Process, port: number, state: () => Running, fail: (errno: Errno) => void): Generator<Wait, void, unknown> {
  const socket = proc.netns.sockets.udpOpen({ port, owner: proc.owner })
  if (isErrno(socket)) return fail(socket)
  proc.atExit(() => socket.close())
  for (;;) {
    const datagram = yield* recvUdp(proc, socket)
    if (typeof datagram === 'string') continue
    const request = decodeDns(datagram.bytes)
    if (!request || request.qr) continue
    proc.thread(function* (thread) {
      const limit = Math.max(UDP_MAX, request.edns?.udpSize ?? UDP_MAX)
      const bytes = yield* respond(thread, request, port, state(), { address: datagram.src, port: datagram.sport }, 'udp', datagram.bytes.length, limit)
      socket.sendTo(bytes, datagram.src, datagram.sport)
    })
  }
}

function* serveTcpDns(proc: Process, port: number, state: () => Running, fail: (errno: Errno) => void): Generator<Wait, void, unknown> {
  const listener = proc.netns.sockets.tcpListen({ address: null, port, owner: proc.owner })
  if (isErrno(listener)) return fail(listener)
  yield* serveTcp(proc, listener, function* (thread, socket) {
    let pending: number[] = []
    for (;;) {
      const bytes = yield* recvTcp(thread, socket, 10_000_000)
      if (!(bytes instanceof Uint8Array)) return
      pending = [...pending, ...bytes]
      while (pending.length >= 2 && pending.length >= 2 + pending[0] * 256 + pending[1]) {
        const length = pending[0] * 256 + pending[1]
        const request = decodeDns(Uint8Array.from(pending.slice(2, 2 + length)))
        pending = pending.slice(2 + length)
        if (!request) return
        const client = { address: socket.remoteAddress as IpAddr, port: socket.remotePort }
        const reply = yield* respond(thread, request, port, state(), client, 'tcp', length, 65535)
        yield* sendTcp(thread, socket, Uint8Array.from([reply.length >> 8, reply.length & 255, ...reply]))
      }
    }
  })
}

function* respond(
  proc: Process, request: DnsMessage, port: number, running: Running, client: { address: IpAddr; port: number }, protocol: 'udp' | 'tcp',
  size: number, limit: number,
): Generator<Wait, Uint8Array, unknown> {
  const beganUs = proc.world.clock.nowUs
  const question = request.questions[0]
  const block = chooseBlock(running, port, normalName(question?.name ?? ''))
  yield* proc.work(QUERY_US)
  let reply: DnsMessage
  if (block) reply = yield* answerQuery(request, { block, zones: running.contexts.get(block) ?? [], proc, client })
  else reply = { ...request, qr: true, rcode: 5 }
  let bytes = encodeDns(reply)
  while (bytes.length > limit && reply.additionals.length + reply.authorities.length + reply.answers.length > 0) {
    if (reply.additionals.length > 0) reply.additionals = []
    else if (reply.authorities.length > 0) reply.authorities = []
    else reply.answers.pop()
    reply.tc = reply.additionals.length === 0
    bytes = encodeDns(reply)
  }
  if (block?.plugins.some((p) => p.name === 'log') && question) {
    const flags = ['qr', 'aa', 'tc', 'rd', 'ra'].filter((f) => reply[f as 'qr']).join(',')
    const seconds = ((proc.world.clock.nowUs - beganUs) / 1e6).toFixed(9).replace(/0+$/, '').replace(/\.$/, '')
    proc.print(`[INFO] ${hostPort(client.address, client.port)} - ${request.id} "${question.type} ${question.class} ${question.name}. ${protocol} ${size} ${request.edns?.dnssecOk ?? false} ${limit}" ${RCODES[reply.rcode] ?? reply.rcode} ${flags} ${bytes.length} ${seconds}s\n`)
  }
  return bytes
}

/** A recognisable stand-in for the SHA-512 that CoreDNS prints. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  let out = ''
  for (let round = 0; round < 16; round += 1) {
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    hash = Math.imul(hash ^ round, 0x85ebca6b)
    out += (hash >>> 0).toString(16).padStart(8, '0')
  }
  return out
}
