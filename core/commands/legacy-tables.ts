/** Tables that route(8), netstat(8) and their busybox namesakes print alike (net-tools 2.10). */
import type { Process } from '../linux/process.ts'
import { formatIp, maskV4 } from '../net/addr/ip.ts'

/** IPv4 routes of the main table. Longer prefixes first within the kernel's order. */
export function routeTable(proc: Process, numeric: boolean, style: 'netstat' | 'route'): string {
  let text = 'Kernel IP routing table\n'
  text += style === 'route' ? 'Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n' : 'Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n'
  for (const route of proc.netns.fib.list(254)) {
    const { addr, length } = route.prefix
    if (typeof addr !== 'number') continue
    const rejects = route.type === 'unreachable' || route.type === 'blackhole' || route.type === 'prohibit'
    const flags = `${rejects ? '!' : 'U'}${route.via !== null ? 'G' : ''}${length === 32 ? 'H' : ''}`
    const destination = length === 0 && !numeric ? 'default' : formatIp(addr)
    const gateway = rejects ? '-' : route.via === null ? '0.0.0.0' : formatIp(route.via)
    const head = `${destination.padEnd(15)} ${gateway.padEnd(15)} ${formatIp(maskV4(0xffffffff, length)).padEnd(15)} ${flags.padEnd(5)}`
    const device = route.dev?.name ?? '-'
    text += style === 'route' ? `${head} ${String(route.metric).padEnd(6)} 0        0 ${device}\n` : `${head}     0 0          0 ${device}\n`
  }
  return text
}

/** `netstat -i`, by name as net-tools sorts them. */
export function interfaceTable(proc: Process): string {
  let text = 'Kernel Interface table\nIface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n'
  const devices = proc.netns.links().filter((device) => device.up)
  devices.sort((a, b) => (a.name < b.name ? -1 : 1))
  const number = (value: number, width: number): string => String(value).padStart(width)
  for (const device of devices) {
    const { stats } = device
    text += `${device.name.padEnd(14)}${number(device.mtu, 7)} ${number(stats.rxPackets, 8)} ${number(0, 6)} ${number(stats.rxDropped, 6)} ${String(0).padEnd(6)} `
    text += `${number(stats.txPackets, 8)} ${number(0, 6)} ${number(stats.txDropped, 6)} ${number(0, 6)} ${device.kind === 'loopback' ? 'LRU' : 'BMRU'}\n`
  }
  return text
}
