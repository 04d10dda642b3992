import { expect, test } from 'vitest'
import { ipBytes, prefixHolds } from './address-bytes.ts'
import { buildFrame, internetChecksum, type FrameSource } from './frame-bytes.ts'
import { tapsOf } from './packets.ts'
import { writePcapng } from './pcapng.ts'
import { SampleRecorder, sampleConversation, sampleLostPing, sampleWorld } from './sample-trace.ts'
import { WorldView } from './world-view.ts'

const none: FrameSource = () => null
const hex = (bytes: Uint8Array) =>
  [...bytes]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .replace(/(.{32})/g, '$1\n')

function frameOf(packet: number, tap: number) {
  const recorder = sampleWorld()
  sampleConversation(recorder)
  sampleLostPing(recorder)
  const view = new WorldView()
  view.apply(recorder.drain())
  const record = view.packets.list[packet]!
  return buildFrame(record.head, tapsOf(record)[tap]!.event, none)
}

/** Independent of the writer: a header with its checksum in place sums to zero. */
function verifies(bytes: Uint8Array): { ip: boolean; transport: boolean } {
  const ip = [...bytes.slice(14, 34)]
  const segment = [...bytes.slice(34)]
  const protocol = ip[9]!
  const pseudo = protocol === 1 ? [] : [...ip.slice(12, 20), 0, protocol, segment.length >> 8, segment.length & 255]
  return { ip: internetChecksum(ip) === 0, transport: internetChecksum([...pseudo, ...segment]) === 0 }
}

test('a SYN is the 74 bytes that Linux sends, checksums right', () => {
  const { bytes, fields } = frameOf(0, 0)
  expect(`\n${hex(bytes)}\n`).toMatchInlineSnapshot(`
    "
    0a58000000020a580000000108004500
    003c123440004006cffcac120064ac12
    0003a03e791a000003e800000000a002
    faf0d6f50000020405b40402080a0000
    004d0000000001030307
    "
  `)
  expect(bytes.length).toBe(74)
  expect(fields.map((field) => `${field.layer} ${field.start}-${field.end}`)).toEqual(['eth 0-14', 'ip 14-34', 'tcp 34-74'])
  expect(verifies(bytes)).toEqual({ ip: true, transport: true })
})

test('after translation the same packet has other addresses and still right checksums', () => {
  const before = frameOf(3, 0).bytes
  const after = frameOf(3, 2).bytes
  expect([...before.slice(26, 38)]).toEqual([172, 18, 0, 100, 172, 18, 0, 3, 41022 >> 8, 41022 & 255, 31002 >> 8, 31002 & 255])
  expect([...after.slice(26, 38)]).toEqual([172, 18, 0, 3, 10, 244, 2, 4, 51893 >> 8, 51893 & 255, 8080 >> 8, 8080 & 255])
  expect(after[22]).toBe(before[22]! - 1)
  expect(verifies(before)).toEqual({ ip: true, transport: true })
  expect(verifies(after)).toEqual({ ip: true, transport: true })
})

test('an echo request', () => {
  const { bytes } = frameOf(5, 0)
  expect(bytes.length).toBe(98)
  expect([...bytes.slice(34, 42)].filter((_, index) => index !== 2 && index !== 3)).toEqual([8, 0, 0, 3, 0, 1])
  expect(verifies(bytes)).toEqual({ ip: true, transport: true })
})

test('ARP and an error that quotes', () => {
  const recorder = new SampleRecorder()
  const head = { netns: 1, sport: 0, dport: 0, flags: 0, seq: 0, mss: 0, tsVal: 0, sackOk: false, windowScale: 0, process: '' }
  const arp = recorder.packet({
    ...head,
    etherType: 0x0806,
    protocol: 0,
    src: '10.244.1.1',
    dst: '10.244.1.2',
    icmpType: 1,
    arpSha: '0a:58:0a:f4:01:01',
    arpTha: '00:00:00:00:00:00',
  })
  recorder.tap(arp, 1, 2, 'out', ['10.244.1.1', 0, '10.244.1.2', 0], 0, 28)
  const udp = recorder.packet({ ...head, protocol: 17, src: '10.0.0.1', dst: '10.0.0.2', sport: 4000, dport: 9, payload: 'abc' })
  recorder.tap(udp, 1, 2, 'in', ['10.0.0.1', 4000, '10.0.0.2', 9], 64, 31)
  const error = recorder.packet({ ...head, cause: udp, protocol: 1, src: '10.0.0.2', dst: '10.0.0.1', icmpType: 3, icmpCode: 3 })
  recorder.tap(error, 1, 2, 'out', ['10.0.0.2', 0, '10.0.0.1', 0], 64, 56)
  const view = new WorldView()
  view.apply(recorder.drain())
  const source: FrameSource = (packet) => {
    const record = view.packets.byId.get(packet)!
    return { head: record.head, tap: tapsOf(record)[0]!.event }
  }
  const [first, second, third] = view.packets.list.map((record) => buildFrame(record.head, tapsOf(record)[0]!.event, source).bytes)
  expect(hex(first!)).toBe('0a58000000020a580000000108060001\n080006040001' + '0a580af40101' + '0af40101\n' + '0000000000000af40102')
  expect(verifies(second!)).toEqual({ ip: true, transport: true })
  expect(third!.length).toBe(14 + 20 + 8 + 28)
  expect([...third!.slice(42, 70)]).toEqual([...second!.slice(14, 42)])
  expect(verifies(third!)).toEqual({ ip: true, transport: true })
})

test('a capture file: blocks add up, lengths stand at both ends', () => {
  const bytes = frameOf(0, 0).bytes
  const file = writePcapng(
    [{ name: 'client:eth0', description: 'client' }],
    [{ interface: 0, atUs: 1_767_225_600_000_000, bytes, comment: 'rückwärts' }],
  )
  const data = new DataView(file.buffer)
  const blocks: string[] = []
  for (let at = 0; at < file.length; ) {
    const length = data.getUint32(at + 4, true)
    expect(data.getUint32(at + length - 4, true)).toBe(length)
    blocks.push(data.getUint32(at, true).toString(16))
    at += length
  }
  expect(blocks).toEqual(['a0d0d0a', '1', '6'])
})

test('addresses as bytes, and prefixes', () => {
  expect(ipBytes('2001:db8::1')).toEqual([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  expect([ipBytes('1.2.3'), ipBytes('1.2.3.256'), ipBytes('::1::2'), ipBytes('12345::')]).toEqual([null, null, null, null])
  expect([
    prefixHolds('10.244.0.0/16', '10.244.9.1'),
    prefixHolds('10.244.0.0/17', '10.244.129.1'),
    prefixHolds('fd00::/8', 'fd12::1'),
    prefixHolds('10.0.0.0/8', '::1'),
  ]).toEqual([true, false, true, false])
})
