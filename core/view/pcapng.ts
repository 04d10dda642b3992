/**
 * Writes a capture file that Wireshark opens: one interface per device, microseconds, a comment beside frames that have a story.
 *
 * Truth: draft-ietf-opsawg-pcapng (section header, interface description, enhanced packet blocks; opt_comment, if_name, if_tsresol).
 * Omits: name resolution, statistics and decryption blocks.
 */
import { utf8Encode } from '../base/utf8.ts'

export interface CaptureInterface {
  /** `worker-1:eth0` */
  name: string
  description: string
}

export interface CaptureFrame {
  interface: number
  /** Microseconds since 1970. */
  atUs: number
  bytes: Uint8Array
  comment: string
}

const LINKTYPE_ETHERNET = 1
const SNAPLEN = 262_144
const OPTION = { end: 0, comment: 1, ifName: 2, ifDescription: 3, ifTsresol: 9, application: 4 } as const

export function writePcapng(interfaces: readonly CaptureInterface[], frames: readonly CaptureFrame[]): Uint8Array {
  const blocks: Uint8Array[] = [
    block(0x0a0d0d0a, [
      ...le32(0x1a2b3c4d),
      1,
      0,
      0,
      0,
      ...new Array<number>(8).fill(0xff),
      ...options([[OPTION.application, text('Vethlab')]]),
    ]),
  ]
  for (const device of interfaces) {
    const list = options([
      [OPTION.ifName, text(device.name)],
      [OPTION.ifDescription, text(device.description)],
      [OPTION.ifTsresol, [6]],
    ])
    blocks.push(block(1, [LINKTYPE_ETHERNET, 0, 0, 0, ...le32(SNAPLEN), ...list]))
  }
  for (const frame of frames) {
    const high = Math.floor(frame.atUs / 0x1_0000_0000)
    const low = frame.atUs - high * 0x1_0000_0000
    const head = [...le32(frame.interface), ...le32(high), ...le32(low), ...le32(frame.bytes.length), ...le32(frame.bytes.length)]
    const tail = frame.comment === '' ? [] : options([[OPTION.comment, text(frame.comment)]])
    blocks.push(block(6, [...head, ...padded([...frame.bytes]), ...tail]))
  }
  const whole = new Uint8Array(blocks.reduce((sum, one) => sum + one.length, 0))
  let offset = 0
  for (const one of blocks) {
    whole.set(one, offset)
    offset += one.length
  }
  return whole
}

function block(type: number, body: number[]): Uint8Array {
  const length = le32(body.length + 12)
  return Uint8Array.from([...le32(type), ...length, ...body, ...length])
}

function options(list: readonly [number, number[]][]): number[] {
  const out: number[] = []
  for (const [code, value] of list) {
    if (value.length > 0) out.push(code & 0xff, code >> 8, value.length & 0xff, value.length >> 8, ...padded(value))
  }
  return [...out, OPTION.end, 0, 0, 0]
}

function padded(bytes: number[]): number[] {
  while (bytes.length % 4 !== 0) bytes.push(0)
  return bytes
}

function le32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff]
}

function text(value: string): number[] {
  return [...utf8Encode(value)]
}
