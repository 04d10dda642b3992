/**
 * A packet's way as hops: events of one stage in one namespace become one hop with a code and fields, which a catalogue words
 * in the reader's language.
 *
 * Truth: the `packet.*` trace events, in the order of the kernel.
 * Omits: rules that were looked at and did not match.
 */
import type { HookName, PacketRule } from '../sim/trace-event.ts'
import type { NamesFold } from './names.ts'
import type { PacketRecord, PacketStep } from './packets.ts'

export interface NatStep {
  nat: 'dnat' | 'snat' | 'un-dnat' | 'un-snat'
  from: string
  to: string
}

export interface Hop {
  index: number
  atUs: number
  netns: number
  /** Machine or pod. */
  where: string
  /** Device, hook, or a word of the catalogue: `routing`, `bridge`, `neighbour` … */
  stage: string
  /** Key of the sentence in the catalogue. */
  code: string
  params: Record<string, string | number>
  tone: 'plain' | 'nat' | 'ok' | 'drop'
  /** The device that it is at; 0 is the stack itself. */
  ifindex: number
  dir: 'in' | 'out' | ''
  rules: PacketRule[]
  nat: NatStep[]
  firstSeq: number
  lastSeq: number
}

export function journeyOf(record: PacketRecord, names: NamesFold): Hop[] {
  const hops: Hop[] = []
  const hookHops = new Map<string, Hop>()
  for (const step of record.steps) {
    const event = step.event
    if (event.kind === 'packet.conntrack' || event.kind === 'packet.rule' || event.kind === 'packet.nat') {
      intoHook(hops, hookHops, step, names)
      continue
    }
    hookHops.clear()
    const hop = plainHop(step, names)
    if (hop !== null) push(hops, hop)
  }
  return hops
}

function push(hops: Hop[], hop: Hop): void {
  hop.index = hops.length
  hops.push(hop)
}

function blank(step: PacketStep, names: NamesFold): Hop {
  return {
    index: 0,
    atUs: step.atUs,
    netns: step.event.netns,
    where: names.label(step.event.netns),
    stage: '',
    code: '',
    params: {},
    tone: 'plain',
    ifindex: 0,
    dir: '',
    rules: [],
    nat: [],
    firstSeq: step.seq,
    lastSeq: step.seq,
  }
}

function intoHook(hops: Hop[], open: Map<string, Hop>, step: PacketStep, names: NamesFold): void {
  const event = step.event as Extract<PacketStep['event'], { hook: HookName }>
  const key = `${event.netns} ${event.hook}`
  let hop = open.get(key)
  if (hop === undefined) {
    hop = { ...blank(step, names), stage: event.hook, code: 'hook.pass', params: { hook: event.hook } }
    open.set(key, hop)
    push(hops, hop)
  }
  hop.lastSeq = step.seq
  if (event.kind === 'packet.conntrack') {
    hop.params.conntrack = event.state
    hop.params.direction = event.direction
  } else if (event.kind === 'packet.rule') {
    hop.rules.push(event)
    hop.params.verdict = event.verdict
    hop.params.chain = event.chain
    if (event.mark !== 0) hop.params.mark = `0x${event.mark.toString(16)}`
    const chance = /--probability ([0-9.]+)/.exec(event.rule)
    if (chance !== null) hop.params.probability = Number(chance[1]).toFixed(2)
    if (hop.code === 'hook.pass') hop.code = 'hook.rules'
    if (event.verdict === 'DROP' || event.verdict === 'REJECT') {
      hop.tone = 'drop'
      hop.code = 'hook.killed'
    }
  } else {
    hop.nat.push({ nat: event.nat, from: event.from, to: event.to })
    hop.tone = 'nat'
    hop.code = `hook.${event.nat}`
    Object.assign(hop.params, natChange(event.from, event.to))
  }
}

/** What of a tuple changed: `{ side: 'dst', old, new }`. */
export function natChange(from: string, to: string): { side: 'src' | 'dst'; old: string; new: string } {
  const [fromSrc = '', fromDst = ''] = from.split('->')
  const [toSrc = '', toDst = ''] = to.split('->')
  return fromDst === toDst ? { side: 'src', old: fromSrc, new: toSrc } : { side: 'dst', old: fromDst, new: toDst }
}

function plainHop(step: PacketStep, names: NamesFold): Hop | null {
  const event = step.event
  const hop = blank(step, names)
  const dev = (ifindex: number) => names.link(event.netns, ifindex)
  switch (event.kind) {
    case 'packet.tap':
      return {
        ...hop,
        stage: dev(event.ifindex),
        ifindex: event.ifindex,
        dir: event.dir,
        code: event.dir === 'in' ? 'tap.in' : 'tap.out',
        params: { src: event.src, dst: event.dst, ttl: event.ttl, length: event.length },
      }
    case 'packet.route': {
      const params = {
        dst: event.dst,
        prefix: event.prefix,
        via: event.via,
        dev: dev(event.ifindex),
        table: event.table,
        result: event.result,
      }
      const code =
        event.result === 'unicast'
          ? event.via === ''
            ? 'route.link'
            : 'route.via'
          : event.result === 'local'
            ? 'route.local'
            : 'route.none'
      return { ...hop, stage: 'routing', code, params, tone: code === 'route.none' && event.result !== 'broadcast' ? 'drop' : 'plain' }
    }
    case 'packet.forward':
      return { ...hop, stage: 'forward', code: 'forward', params: { in: dev(event.inIfindex), out: dev(event.outIfindex), ttl: event.ttl } }
    case 'packet.neigh':
      return {
        ...hop,
        stage: 'neighbour',
        code: `neigh.${event.result}`,
        params: { ip: event.ip, mac: event.mac, dev: dev(event.ifindex) },
      }
    case 'packet.bridge':
      return {
        ...hop,
        stage: dev(event.bridge),
        ifindex: event.bridge,
        code: `bridge.${event.decision}`,
        params: { bridge: dev(event.bridge), in: dev(event.inPort), out: dev(event.outPort), mac: event.dmac },
      }
    case 'packet.encap':
    case 'packet.decap':
      return { ...hop, stage: dev(event.ifindex), ifindex: event.ifindex, code: event.kind.slice(7), params: { outer: event.outer } }
    case 'packet.deliver':
      return {
        ...hop,
        stage: 'socket',
        code: event.process === '' || event.to === 'arp' ? 'deliver.kernel' : event.to === 'icmp' ? 'deliver.process' : 'deliver.socket',
        tone: 'ok',
        params: { port: event.port, process: event.process || 'kernel', to: event.to },
      }
    case 'packet.drop':
      return { ...hop, stage: event.at, code: 'drop', tone: 'drop', params: { reason: event.reason, detail: event.detail, at: event.at } }
    default:
      return null
  }
}

/** Chains in the order they were entered: `KUBE-SERVICES › KUBE-SVC-… › KUBE-SEP-…`. */
export function chainTrail(hop: Hop): PacketRule[] {
  const trail: PacketRule[] = []
  for (const rule of hop.rules) {
    if (rule.number === 0) continue
    if (trail.at(-1)?.chain !== rule.chain) trail.push(rule)
  }
  return trail
}

/** `KUBE-SVC-ABCDEFGH12345678` is `SVC-ABCD` where room is short. */
export function shortChain(chain: string): string {
  const match = /^KUBE-(SVC|SEP|EXT|XLB|FW)-([A-Z0-9]{4})[A-Z0-9]*$/.exec(chain)
  return match === null ? chain : `${match[1]}-${match[2]}`
}
