/** arping(8) by Thomas Habets, as Debian's `arping`, and busybox's. Omits: pinging MAC addresses, VLAN tags, raw modes. */
import { isErrno } from '../../base/errno.ts'
import { formatIp, networkOf, parseIp, prefixContains } from '../../net/addr/ip.ts'
import { BROADCAST_MAC, formatMac } from '../../net/addr/mac.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import { ARP_REPLY, ARP_REQUEST, sendArp } from '../../net/neigh/arp.ts'
import type { PacketSocket } from '../../net/socket/packet-socket.ts'
import { socketChange } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { firstOf, sleepWait, type Wait, WaitQueue } from '../../linux/wait.ts'
import { type Options, parseOptions } from '../options.ts'

export function arping(style: 'habets' | 'busybox' = 'habets'): Executable {
  return {
    *program(proc, argv) {
      const options = parseOptions(argv[0], argv.slice(1), { short: 'c:i:I:w:W:s:S:fqbDUA0dp' })
      if (typeof options === 'string' || options.operands.length === 0) {
        proc.error(`${typeof options === 'string' ? `${options}\n` : ''}Usage: arping [-fqbDUA] [-c CNT] [-w TIMEOUT] [-I IFACE] [-s SRC_IP] DST_IP\n`)
        return 1
      }
      const target = parseIp(options.operands[0])
      if (typeof target !== 'number') {
        proc.error(`arping: Can't resolve ${options.operands[0]}, or if you want to ping by MAC, it's an invalid MAC address.\n`)
        return 1
      }
      const device = chosenDevice(proc, options, target)
      if (typeof device === 'string') {
        proc.error(device)
        return 1
      }
      return yield* run(proc, style, options, target, device)
    },
  }
}

function chosenDevice(proc: Process, options: Options, target: number): NetDevice | string {
  const name = options.value('I') ?? options.value('i')
  if (name !== undefined) return proc.netns.link(name) ?? `arping: libnet_init(LIBNET_LINK, ${name}): No such device\n`
  for (const device of proc.netns.links()) {
    for (const address of device.addresses) if (device.up && prefixContains(networkOf(address.ip, address.prefixLength), target)) return device
  }
  return proc.netns.fib.lookup({ dst: target }).dev ?? 'arping: lookup dev: No matching interface found using getifaddrs().\n'
}

interface Tally {
  sent: number
  received: number
  extra: number
  timesUs: number[]
}

function* run(proc: Process, style: 'habets' | 'busybox', options: Options, target: number, device: NetDevice): Generator<Wait, number, unknown> {
  const { clock } = proc.world
  const socket = proc.netns.sockets.packetOpen(device)
  if (isErrno(socket)) return 1
  const forget = proc.atExit(() => socket.close())
  const busybox = style === 'busybox'
  const count = options.has('c') ? Number(options.value('c')) : Number.MAX_SAFE_INTEGER
  const endUs = options.has('w') ? clock.nowUs + Math.round(Number(options.value('w')) * 1e6) : Number.MAX_SAFE_INTEGER
  const given = parseIp(options.value('s') ?? options.value('S') ?? '')
  const own = typeof given === 'number' ? given : proc.netns.sourceAddressFor(target, device)
  const source = options.has('D') ? 0 : options.has('U', 'A') ? target : typeof own === 'number' ? own : 0
  const quiet = options.has('q')
  const tally: Tally = { sent: 0, received: 0, extra: 0, timesUs: [] }
  const stopped = new WaitQueue()
  let stop = false
  proc.onSignal('SIGINT', () => {
    stop = true
    stopped.wake()
  })
  if (!quiet) proc.print(busybox ? `ARPING ${formatIp(target)} from ${formatIp(source)} ${device.name}\n` : `ARPING ${formatIp(target)}\n`)
  try {
    while (!stop && tally.sent < count && clock.nowUs < endUs) {
      const sentUs = clock.nowUs
      sendArp(proc.netns, device, options.has('A') ? ARP_REPLY : ARP_REQUEST, source, target, BROADCAST_MAC, 0, 0)
      tally.sent += 1
      const untilUs = Math.min(sentUs + 1_000_000, endUs)
      let answered = false
      while (!stop && clock.nowUs < untilUs) {
        if (hear(proc, socket, busybox, target, sentUs, tally, quiet, answered)) {
          answered = true
          if (tally.sent >= count || options.has('f')) break
          continue
        }
        yield firstOf(socketChange(socket), stopped.wait, sleepWait(clock, untilUs - clock.nowUs))
      }
      if (!answered && !stop && !busybox && !quiet && !options.has('U', 'A')) proc.print('Timeout\n')
      if (answered && options.has('f', 'D')) break
      if (!(yield* proc.flush())) return 141
    }
  } finally {
    forget()
    socket.close()
  }
  proc.print(busybox ? busyboxSummary(tally) : summary(formatIp(target), tally))
  if (options.has('D')) return tally.received > 0 ? 1 : 0
  return tally.received > 0 || options.has('U', 'A') ? 0 : 1
}

function hear(
  proc: Process, socket: PacketSocket, busybox: boolean, target: number, sentUs: number, tally: Tally, quiet: boolean, again: boolean,
): boolean {
  for (let packet = socket.recv(); packet !== 'again'; packet = socket.recv()) {
    if (packet.icmpType !== ARP_REPLY || packet.src !== target) continue
    const us = proc.world.clock.nowUs - sentUs
    const mac = formatMac(packet.arpSha)
    if (again) tally.extra += 1
    else tally.received += 1
    tally.timesUs.push(us)
    if (quiet) return true
    if (busybox) proc.print(`Unicast reply from ${formatIp(target)} [${mac}] ${(us / 1000).toFixed(3)}ms\n`)
    else proc.print(`42 bytes from ${mac} (${formatIp(target)}): index=${tally.timesUs.length - 1} time=${duration(us)}\n`)
    return true
  }
  return false
}

function duration(us: number): string {
  if (us < 1000) return `${us.toFixed(3)} usec`
  return us < 1_000_000 ? `${(us / 1000).toFixed(3)} msec` : `${(us / 1e6).toFixed(3)} sec`
}

function summary(target: string, tally: Tally): string {
  const lost = tally.sent === 0 ? 0 : Math.floor(100 - (100 * tally.received) / tally.sent)
  const head = `\n--- ${target} statistics ---\n${tally.sent} packets transmitted, ${tally.received} packets received, ${String(lost).padStart(3)}% unanswered (${tally.extra} extra)\n`
  const times = tally.timesUs
  if (times.length === 0) return `${head}\n`
  const average = times.reduce((sum, us) => sum + us, 0) / times.length
  const variance = times.reduce((sum, us) => sum + (us - average) * (us - average), 0) / times.length
  const ms = (us: number): string => (us / 1000).toFixed(3)
  return `${head}rtt min/avg/max/std-dev = ${ms(Math.min(...times))}/${ms(average)}/${ms(Math.max(...times))}/${ms(root(variance))} ms\n`
}

/** Newton's square root: enough digits for three decimals. */
function root(value: number): number {
  let x = value > 1 ? value : 1
  for (let i = 0; i < 60; i += 1) x = (x + value / x) / 2
  return value <= 0 ? 0 : x
}

function busyboxSummary(tally: Tally): string {
  return `Sent ${tally.sent} probe(s) (${tally.sent} broadcast(s))\nReceived ${tally.received} response(s) (0 request(s), 0 broadcast(s))\n`
}
