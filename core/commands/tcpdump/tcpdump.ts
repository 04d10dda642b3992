/**
 * tcpdump 4.99 on the interfaces of its network namespace: live, by watching what crosses them.
 * Omits: reading and writing capture files (the app's packet panel saves pcapng), -XX and -x, promiscuous mode (there is none).
 */
import type { NetDevice } from '../../net/device/net-device.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { WaitQueue } from '../../linux/wait.ts'
import { strftime } from '../calendar.ts'
import { type Options, parseOptions } from '../options.ts'
import { type Captured, watchPackets } from './capture.ts'
import { Decoder } from './decode.ts'
import { parseFilter } from './filter.ts'
import { packetBytes } from './packet-bytes.ts'

const spec = { short: 'AaB:bc:C:dDeE:F:fG:hHi:IJj:KlLm:M:nNOpqr:Rs:StT:uUvV:w:W:xXy:Yz:Z:Q:#', long: { 'interface=': 'i', 'count=?': 'c', 'list-interfaces': 'D', version: 'version', help: 'h', 'immediate-mode': 'U', number: '#', 'no-promiscuous-mode': 'p', 'absolute-tcp-sequence-numbers': 'S', 'direction=': 'Q' } }

const SNAPLEN = 262144

export const tcpdump: Executable = {
  *program(proc, argv) {
    const options = parseOptions('tcpdump', argv.slice(1), spec)
    if (typeof options === 'string') {
      proc.error(`${options}\ntcpdump version 4.99.3\nUsage: tcpdump [-AbdDefhHIJKlLnNOpqStuUvxX#] [ -c count ] [ -i interface ] [ -s snaplen ] [ expression ]\n`)
      return 1
    }
    if (options.has('version', 'h')) {
      proc.print('tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)\n')
      return 0
    }
    if (options.has('D')) {
      proc.print(interfaceList(proc))
      return 0
    }
    if (options.has('w', 'r')) {
      proc.error('tcpdump: capture files are not simulated; the packet panel of the app exports pcapng\n')
      return 1
    }
    const name = options.value('i') ?? proc.netns.links().find((device) => device.up && device.kind !== 'loopback')?.name ?? 'lo'
    const any = name === 'any'
    const device = proc.netns.link(name) ?? (/^\d+$/.test(name) ? proc.netns.link(Number(name)) : undefined)
    if (!any && !device) {
      proc.error(`tcpdump: ${name}: No such device exists\n(No such device exists)\n`)
      return 1
    }
    if (device && !device.up) {
      proc.error(`tcpdump: ${name}: That device is not up\n`)
      return 1
    }
    const filter = parseFilter(options.operands.join(' '))
    if ('error' in filter) {
      proc.error(`tcpdump: can't parse filter expression: ${filter.error}\n`)
      return 1
    }
    const count = options.has('c') ? Number(options.value('c')) : Number.MAX_SAFE_INTEGER
    if (!(count >= 1)) {
      proc.error(`tcpdump: invalid packet count ${options.value('c')}\n`)
      return 1
    }
    const verbose = options.count('v')
    if (any) proc.error('tcpdump: data link type LINUX_SLL2\n')
    if (verbose === 0) proc.error('tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n')
    const linkType = any ? 'LINUX_SLL2 (Linux cooked v2)' : device?.kind === 'ipip' ? 'RAW (Raw IP)' : 'EN10MB (Ethernet)'
    proc.error(`${verbose > 0 ? 'tcpdump: ' : ''}listening on ${name}, link-type ${linkType}, snapshot length ${options.value('s') && options.value('s') !== '0' ? options.value('s') : SNAPLEN} bytes\n`)

    const printer = new Printer(proc, options, any, verbose)
    const queue: Captured[] = []
    const arrived = new WaitQueue()
    const direction = options.value('Q') ?? 'inout'
    let matched = 0
    const unwatch = watchPackets(proc.world.trace, proc.netns.id, (packet) => {
      if (device && packet.tap.ifindex !== device.ifindex) return
      if (direction !== 'inout' && packet.tap.dir !== direction) return
      if (!filter(packet)) return
      matched += 1
      queue.push(packet)
      arrived.wake()
    })
    const forget = proc.atExit(unwatch)
    let stop = false
    const interrupt = (): void => {
      stop = true
      arrived.wake()
    }
    proc.onSignal('SIGINT', interrupt)
    proc.onSignal('SIGTERM', interrupt)
    let captured = 0
    try {
      while (!stop && captured < count) {
        const packet = queue.shift()
        if (!packet) {
          yield arrived.wait
          continue
        }
        captured += 1
        proc.print(printer.text(packet))
        if (!(yield* proc.flush())) return 0
      }
    } finally {
      forget()
      unwatch()
    }
    // After Ctrl-C the terminal stands behind the echoed ^C.
    const packets = (number: number): string => `${number} packet${number === 1 ? '' : 's'}`
    proc.error(`${stop ? '\n' : ''}${packets(captured)} captured\n${packets(matched)} received by filter\n${packets(0)} dropped by kernel\n`)
    return 0
  },
  complete: (proc, words, index) => (words[index - 1] === '-i' ? ['any', ...proc.netns.links().map((device) => device.name)] : ['host', 'port', 'tcp', 'udp', 'icmp', 'arp', 'and', 'or', 'not', 'src', 'dst', 'net']),
}

function interfaceList(proc: Process): string {
  const flags = (device: NetDevice): string => {
    const words = [device.up ? 'Up' : '', device.up && device.carrier ? 'Running' : '', device.kind === 'loopback' ? 'Loopback' : device.carrier && device.up ? 'Connected' : 'Disconnected']
    return words.filter((word) => word !== '').join(', ')
  }
  const devices = proc.netns.links()
  const real = devices.filter((device) => device.kind !== 'loopback').map((device) => `${device.name} [${flags(device)}]`)
  const lines = [...real, 'any (Pseudo-device that captures on all interfaces) [Up, Running]', 'lo [Up, Running, Loopback]']
  return lines.map((line, i) => `${i + 1}.${line}\n`).join('')
}

class Printer {
  readonly #proc: Process
  readonly #options: Options
  readonly #any: boolean
  readonly #decoder: Decoder
  readonly #stamps: number
  #lastUs = -1
  #number = 0

  constructor(proc: Process, options: Options, any: boolean, verbose: number) {
    this.#proc = proc
    this.#options = options
    this.#any = any
    this.#stamps = options.count('t')
    this.#decoder = new Decoder({ verbose, quiet: options.has('q'), numeric: options.count('n') > 0, absoluteSeq: options.has('S') })
  }

  text(packet: Captured): string {
    const options = this.#options
    this.#number += 1
    let text = options.has('#') ? `${String(this.#number).padStart(5)}  ` : ''
    text += this.#stamp(packet.atUs)
    if (this.#any) text += `${(this.#proc.netns.link(packet.tap.ifindex)?.name ?? '?').padEnd(5)} ${direction(packet)} `
    const { smac, dmac, length, ifindex } = packet.tap
    const link = options.has('e')
    if (link) {
      const type = packet.born.etherType
      const name = type === 0x0806 ? 'ARP (0x0806)' : type === 0x86dd ? 'IPv6 (0x86dd)' : 'IPv4 (0x0800)'
      const head = this.#any ? `ifindex ${ifindex} ${smac}` : `${smac} > ${dmac},`
      text += `${head} ethertype ${name}, length ${length + (this.#any ? 20 : 14)}: `
    }
    text += `${this.#decoder.text(packet, link)}\n`
    if (options.has('X')) text += hexDump(packetBytes(packet))
    else if (options.has('A')) text += asciiText(packetBytes(packet))
    return text
  }

  #stamp(atUs: number): string {
    const epochMs = this.#proc.world.epochMs
    const us = String(atUs % 1_000_000).padStart(6, '0')
    const clock = strftime('%H:%M:%S', epochMs + atUs / 1000)
    const before = this.#lastUs < 0 ? atUs : this.#lastUs
    switch (this.#stamps) {
      case 0:
        return `${clock}.${us} `
      case 1:
        return ''
      case 2:
        return `${Math.floor(epochMs / 1000) + Math.floor(atUs / 1_000_000)}.${us} `
      case 3:
        this.#lastUs = atUs
        return ` ${strftime('%H:%M:%S', (atUs - before) / 1000)}.${String((atUs - before) % 1_000_000).padStart(6, '0')} `
      case 4:
        return `${strftime('%Y-%m-%d', epochMs + atUs / 1000)} ${clock}.${us} `
    }
    this.#lastUs = this.#lastUs < 0 ? atUs : this.#lastUs
    return ` ${strftime('%H:%M:%S', (atUs - before) / 1000)}.${String((atUs - before) % 1_000_000).padStart(6, '0')} `
  }
}

/** The packet type of LINUX_SLL2, as tcpdump writes it before a packet of `any`. */
function direction(packet: Captured): string {
  if (packet.tap.dir === 'out') return 'Out'
  if (packet.tap.dmac === 'ff:ff:ff:ff:ff:ff') return 'B  '
  return (Number.parseInt(packet.tap.dmac.slice(0, 2), 16) & 1) === 1 ? 'M  ' : 'In '
}

function printable(byte: number): string {
  return byte > 32 && byte < 127 ? String.fromCharCode(byte) : '.'
}

/** What -A shows: text as it is, without the carriage returns at the ends of lines. */
function asciiText(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === 13 && bytes[at + 1] === 10) continue
    text += byte === 9 || byte === 10 || byte === 32 ? String.fromCharCode(byte) : printable(byte)
  }
  return `${text}\n`
}

function hexDump(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 16) {
    const line = bytes.subarray(at, at + 16)
    let hex = ''
    for (let i = 0; i < line.length; i += 1) hex += (i % 2 === 0 ? ' ' : '') + line[i].toString(16).padStart(2, '0')
    text += `\t0x${at.toString(16).padStart(4, '0')}: ${hex.padEnd(41)} ${[...line].map(printable).join('')}\n`
  }
  return text
}
