/**
 * The fields that a display filter knows, and their values in a packet record.
 *
 * Truth: Wireshark's field names (`tshark -G fields`). Our own, without a dot's prefix of Wireshark: `machine`, `pod`, `process`,
 * `drop`, `nat`, `rule`, `object`.
 * Omits: fields of headers that the simulator does not send.
 */
import type { PacketTap } from '../sim/trace-event.ts'
import { readDns } from './dns-info.ts'
import type { NamesFold } from './names.ts'
import { ETHERTYPE, PROTOCOL } from './packet-info.ts'
import type { PacketRecord } from './packets.ts'

export type FilterValue = string | number

export interface FilterWorld {
  names: NamesFold
  /** API object that a chain was made for, or ''. */
  originOf(netns: number, table: string, chain: string): string
}

type Reader = (record: PacketRecord, world: FilterWorld) => FilterValue[]

const isTcp = (record: PacketRecord) => record.head.protocol === PROTOCOL.tcp
const isUdp = (record: PacketRecord) => record.head.protocol === PROTOCOL.udp
const isIcmp = (record: PacketRecord) => record.head.protocol === PROTOCOL.icmp
const isArp = (record: PacketRecord) => record.head.etherType === ETHERTYPE.arp
const is4 = (record: PacketRecord) => record.head.etherType === ETHERTYPE.ipv4
const is6 = (record: PacketRecord) => record.head.etherType === ETHERTYPE.ipv6
const present =
  (test: (record: PacketRecord) => boolean): Reader =>
  (record) =>
    test(record) ? [1] : []
const when =
  (test: (record: PacketRecord) => boolean, read: Reader): Reader =>
  (record, world) =>
    test(record) ? read(record, world) : []
const flag = (bit: number): Reader => when(isTcp, (record) => [(record.head.flags & bit) === 0 ? 0 : 1])

function taps(record: PacketRecord): PacketTap[] {
  return record.steps.map((step) => step.event).filter((event) => event.kind === 'packet.tap')
}

/** The value at birth and at each interface crossed. */
function along<K extends 'src' | 'dst' | 'sport' | 'dport' | 'ttl'>(record: PacketRecord, ...keys: K[]): FilterValue[] {
  const values = new Set<FilterValue>()
  for (const key of keys) values.add(record.head[key])
  for (const tap of taps(record)) for (const key of keys) values.add(tap[key])
  return [...values]
}

function headerLine(record: PacketRecord, name: string): FilterValue[] {
  for (const line of record.head.payload.split('\r\n\r\n', 1)[0]!.split('\r\n')) {
    if (line.toLowerCase().startsWith(`${name}:`)) return [line.slice(name.length + 1).trim()]
  }
  return []
}

const isHttp = (record: PacketRecord) => record.protocol === 'HTTP'
const dns = (record: PacketRecord) =>
  record.protocol === 'DNS' ? readDns(isTcp(record) ? record.head.payload.slice(2) : record.head.payload) : null
const requestWord = (index: number): Reader =>
  when(isHttp, (record) => {
    const word = record.head.payload.startsWith('HTTP/') ? undefined : record.head.payload.split(/\s/, 3)[index]
    return word === undefined ? [] : [word]
  })

export const FILTER_FIELDS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['frame.number', (record) => [record.no]],
  ['frame.len', (record) => [record.length]],
  ['frame.time_relative', (record) => [record.atUs / 1e6]],
  [
    'frame.interface_name',
    (record, world) =>
      taps(record).flatMap((tap) => {
        const device = world.names.link(tap.netns, tap.ifindex)
        return [device, `${world.names.label(tap.netns)}:${device}`]
      }),
  ],
  ['eth', present(() => true)],
  ['eth.addr', (record) => taps(record).flatMap((tap) => [tap.smac, tap.dmac])],
  ['eth.src', (record) => taps(record).map((tap) => tap.smac)],
  ['eth.dst', (record) => taps(record).map((tap) => tap.dmac)],
  ['arp', present(isArp)],
  ['arp.opcode', when(isArp, (record) => [record.head.icmpType])],
  ['arp.src.proto_ipv4', when(isArp, (record) => [record.head.src])],
  ['arp.dst.proto_ipv4', when(isArp, (record) => [record.head.dst])],
  ['ip', present(is4)],
  ['ip.addr', when(is4, (record) => along(record, 'src', 'dst'))],
  ['ip.src', when(is4, (record) => along(record, 'src'))],
  ['ip.dst', when(is4, (record) => along(record, 'dst'))],
  ['ip.ttl', when(is4, (record) => along(record, 'ttl'))],
  ['ip.proto', when(is4, (record) => [record.head.protocol])],
  ['ip.id', when(is4, (record) => [record.head.ipId])],
  ['ip.flags.df', when(is4, (record) => [record.head.df ? 1 : 0])],
  ['ip.flags.mf', when(is4, (record) => [record.head.moreFragments ? 1 : 0])],
  ['ip.frag_offset', when(is4, (record) => [record.head.fragmentOffset])],
  ['ipv6', present(is6)],
  ['ipv6.addr', when(is6, (record) => along(record, 'src', 'dst'))],
  ['ipv6.src', when(is6, (record) => along(record, 'src'))],
  ['ipv6.dst', when(is6, (record) => along(record, 'dst'))],
  ['tcp', present(isTcp)],
  ['tcp.port', when(isTcp, (record) => along(record, 'sport', 'dport'))],
  ['tcp.srcport', when(isTcp, (record) => along(record, 'sport'))],
  ['tcp.dstport', when(isTcp, (record) => along(record, 'dport'))],
  ['tcp.flags', when(isTcp, (record) => [record.head.flags])],
  ['tcp.flags.fin', flag(1)],
  ['tcp.flags.syn', flag(2)],
  ['tcp.flags.reset', flag(4)],
  ['tcp.flags.push', flag(8)],
  ['tcp.flags.ack', flag(16)],
  ['tcp.len', when(isTcp, (record) => [record.head.payload.length])],
  ['tcp.seq_raw', when(isTcp, (record) => [record.head.seq])],
  ['tcp.window_size_value', when(isTcp, (record) => [record.head.window])],
  ['udp', present(isUdp)],
  ['udp.port', when(isUdp, (record) => along(record, 'sport', 'dport'))],
  ['udp.srcport', when(isUdp, (record) => along(record, 'sport'))],
  ['udp.dstport', when(isUdp, (record) => along(record, 'dport'))],
  ['icmp', present(isIcmp)],
  ['icmp.type', when(isIcmp, (record) => [record.head.icmpType])],
  ['icmp.code', when(isIcmp, (record) => [record.head.icmpCode])],
  ['icmp.seq', when(isIcmp, (record) => [record.head.icmpSeq])],
  ['icmpv6', present((record) => record.head.protocol === PROTOCOL.icmp6)],
  ['vxlan', present((record) => record.protocol === 'VXLAN')],
  [
    'vxlan.vni',
    when(
      (record) => record.protocol === 'VXLAN',
      (record) => [record.head.icmpId],
    ),
  ],
  ['ssh', present((record) => record.protocol === 'SSH')],
  ['dns', present((record) => record.protocol === 'DNS')],
  [
    'dns.id',
    (record) => {
      const view = dns(record)
      return view === null ? [] : [view.id]
    },
  ],
  ['dns.qry.name', (record) => (dns(record)?.questions ?? []).map((question) => question.name)],
  [
    'dns.flags.response',
    (record) => {
      const view = dns(record)
      return view === null ? [] : [view.response ? 1 : 0]
    },
  ],
  [
    'dns.flags.rcode',
    (record) => {
      const view = dns(record)
      return view === null || !view.response ? [] : [view.rcode]
    },
  ],
  ['dns.a', (record) => (dns(record)?.answers ?? []).filter((answer) => answer.type === 'A').map((answer) => answer.data)],
  ['http', present(isHttp)],
  ['http.request', when(isHttp, (record) => (record.head.payload.startsWith('HTTP/') ? [] : [1]))],
  ['http.request.method', requestWord(0)],
  ['http.request.uri', requestWord(1)],
  ['http.response', when(isHttp, (record) => (record.head.payload.startsWith('HTTP/') ? [1] : []))],
  [
    'http.response.code',
    when(isHttp, (record) => (record.head.payload.startsWith('HTTP/') ? [Number(record.head.payload.slice(9, 12))] : [])),
  ],
  ['http.host', when(isHttp, (record) => headerLine(record, 'host'))],
  ['http.server', when(isHttp, (record) => headerLine(record, 'server'))],
  ['machine', (record, world) => unique(record.steps.map((step) => world.names.machine(step.event.netns)))],
  ['pod', (record, world) => unique(record.steps.map((step) => world.names.pod(step.event.netns)))],
  ['process', (record) => unique(record.steps.map((step) => ('process' in step.event ? step.event.process : '')))],
  ['drop', (record) => (record.drop === null ? [] : [record.drop.reason])],
  ['nat', (record) => unique(record.steps.map((step) => (step.event.kind === 'packet.nat' ? step.event.nat : '')))],
  ['rule', (record) => unique(record.steps.map((step) => (step.event.kind === 'packet.rule' ? step.event.chain : '')))],
  [
    'object',
    (record, world) =>
      unique(record.steps.map(({ event }) => (event.kind === 'packet.rule' ? world.originOf(event.netns, event.table, event.chain) : ''))),
  ],
])

export function fieldValues(field: string, record: PacketRecord, world: FilterWorld): FilterValue[] {
  return FILTER_FIELDS.get(field)?.(record, world) ?? []
}

function unique(values: string[]): string[] {
  return [...new Set(values)].filter((value) => value !== '')
}
