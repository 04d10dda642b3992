/** ifconfig(8), route(8) and arp(8) of net-tools 2.10. Omits: changes other than up, down, mtu and simple routes and entries. */
import { strerror } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import { formatIp, isV6, maskV4, networkOf, parseIp, parsePrefix } from '../../net/addr/ip.ts'
import { formatMac, parseMac } from '../../net/addr/mac.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import { immediate } from '../command.ts'
import { routeTable } from '../legacy-tables.ts'

export const ifconfig = immediate((proc, argv) => {
  const words = argv.slice(1)
  const all = words[0] === '-a'
  if (all || words[0] === '-s') words.shift()
  const { netns } = proc
  if (words.length === 0) {
    const devices = netns.links().filter((device) => all || device.up)
    devices.sort((a, b) => byText(a.name, b.name))
    for (const device of devices) proc.print(deviceText(device))
    return 0
  }
  const [name, ...changes] = words
  const device = netns.link(name)
  if (!device) {
    proc.error(`${name}: error fetching interface information: Device not found\n`)
    return 1
  }
  if (changes.length === 0) proc.print(deviceText(device))
  for (let at = 0; at < changes.length; at += 1) {
    const word = changes[at]
    const prefix = parsePrefix(word)
    const netmask = changes[changes.indexOf('netmask') + 1]
    let error = null
    if (word === 'up' || word === 'down') error = netns.setLink(device, { up: word === 'up' })
    else if (word === 'mtu') error = netns.setLink(device, { mtu: Number(changes[(at += 1)]) || 0 })
    else if (word === 'netmask' || word === 'broadcast') at += 1
    else if (prefix && !isV6(prefix.addr)) {
      const mask = changes.includes('netmask') ? parseIp(netmask ?? '') : null
      let length = word.includes('/') ? prefix.length : prefix.addr >>> 31 === 0 ? 8 : prefix.addr >>> 30 === 2 ? 16 : 24
      if (typeof mask === 'number') for (length = 0; length < 32 && maskV4(0xffffffff, length) !== mask; ) length += 1
      for (const old of [...device.addresses]) if (!isV6(old.ip)) netns.delAddress(device, old.ip, old.prefixLength)
      error = netns.addAddress(device, prefix.addr, length) ?? netns.setLink(device, { up: true })
    } else if (word !== 'add' && word !== 'inet6' && word !== 'inet') {
      proc.error(`${word}: Unknown host\nifconfig: \`--help' gives usage information.\n`)
      return 1
    }
    if (error) {
      proc.error(`SIOCSIFFLAGS: ${strerror(error)}\n`)
      return 255
    }
  }
  return 0
})

/** The flags of linux/if.h: value and names. */
function flagsOf(device: NetDevice): { value: number; names: string[] } {
  const names: string[] = []
  let value = 0
  const add = (bit: number, name: string): void => {
    value |= bit
    names.push(name)
  }
  const running = device.up && device.carrier
  if (device.up) add(0x1, 'UP')
  if (device.kind !== 'loopback' && device.kind !== 'ipip') add(0x2, 'BROADCAST')
  if (device.kind === 'loopback') add(0x8, 'LOOPBACK')
  if (running) add(0x40, 'RUNNING')
  if (device.kind === 'ipip' || device.kind === 'dummy') add(0x80, 'NOARP')
  if (!['loopback', 'ipip', 'dummy'].includes(device.kind)) add(0x1000, 'MULTICAST')
  return { value, names }
}

function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes.toFixed(1)} B`
  if (bytes < 1048576) return `${(Math.floor((bytes * 10) / 1024) / 10).toFixed(1)} KiB`
  return `${(Math.floor((bytes * 10) / 1048576) / 10).toFixed(1)} MiB`
}

function deviceText(device: NetDevice): string {
  const { stats } = device
  const flags = flagsOf(device)
  let text = `${device.name}: flags=${flags.value}<${flags.names.join(',')}>  mtu ${device.mtu}\n`
  for (const address of device.addresses.filter((one) => !isV6(one.ip)).slice(0, 1)) {
    const broadcast = device.kind === 'loopback' ? '' : `  broadcast ${address.broadcast === null ? '0.0.0.0' : formatIp(address.broadcast)}`
    text += `        inet ${formatIp(address.ip)}  netmask ${formatIp(maskV4(0xffffffff, address.prefixLength))}${broadcast}\n`
  }
  for (const address of device.addresses.filter((one) => isV6(one.ip))) {
    const scope = address.scope === 'link' ? '0x20<link>' : address.scope === 'host' ? '0x10<host>' : '0x0<global>'
    text += `        inet6 ${formatIp(address.ip)}  prefixlen ${address.prefixLength}  scopeid ${scope}\n`
  }
  if (device.kind === 'loopback') text += '        loop  txqueuelen 1000  (Local Loopback)\n'
  else if (device.kind === 'ipip') text += '        tunnel   txqueuelen 1000  (IPIP Tunnel)\n'
  else text += `        ether ${formatMac(device.mac)}  txqueuelen 1000  (Ethernet)\n`
  text += `        RX packets ${stats.rxPackets}  bytes ${stats.rxBytes} (${sizeText(stats.rxBytes)})\n        RX errors 0  dropped ${stats.rxDropped}  overruns 0  frame 0\n`
  text += `        TX packets ${stats.txPackets}  bytes ${stats.txBytes} (${sizeText(stats.txBytes)})\n        TX errors 0  dropped ${stats.txDropped} overruns 0  carrier 0  collisions 0\n`
  return `${text}\n`
}

export const route = immediate((proc, argv) => {
  const words = argv.slice(1)
  const numeric = words.some((word) => /^-[a-zA-Z]*n/.test(word))
  const [command, ...rest] = words.filter((word) => !/^-[a-zA-Z]*[nev46A]/.test(word))
  if (command === undefined) {
    proc.print(routeTable(proc, numeric, 'route'))
    return 0
  }
  if (command !== 'add' && command !== 'del') {
    proc.error('Usage: route [-nNvee] [-FC] [<AF>]           List kernel routing tables\n')
    return 3
  }
  const named = (key: string): string | undefined => (rest.includes(key) ? rest[rest.indexOf(key) + 1] : undefined)
  const target = rest.find((word) => word === 'default' || parsePrefix(word) !== null) ?? ''
  const prefix = target === 'default' ? { addr: 0, length: 0 } : parsePrefix(target)
  const gateway = named('gw') ?? named('via')
  const via = gateway === undefined ? null : parseIp(gateway)
  const device = named('dev') ?? rest.at(-1)
  const mask = parseIp(named('netmask') ?? '')
  if (!prefix) {
    proc.error(`${rest[0] ?? ''}: Unknown host\n`)
    return 6
  }
  let { length } = prefix
  if (typeof mask === 'number') for (length = 0; length < 32 && maskV4(0xffffffff, length) !== mask; ) length += 1
  const spec = { prefix: networkOf(prefix.addr, length), via, dev: proc.netns.link(device ?? '') ?? null }
  const error = command === 'add' ? proc.netns.fib.add(spec) : proc.netns.fib.del(spec)
  if (error) proc.error(`SIOC${command === 'add' ? 'ADD' : 'DEL'}RT: ${strerror(error)}\n`)
  return error ? 7 : 0
})

export const arp = immediate((proc, argv) => {
  const words = argv.slice(1)
  const { netns } = proc
  if (words[0] === '-d' || words[0] === '-s') {
    const ip = parseIp(words[1] ?? '')
    const entry = netns.neigh.list().find((one) => one.ip === ip)
    if (words[0] === '-d') {
      if (ip === null || !entry) {
        proc.error(`No ARP entry for ${words[1] ?? ''}\n`)
        return 255
      }
      netns.neigh.del(ip, entry.dev)
      return 0
    }
    const mac = parseMac(words[2] ?? '')
    const device = ip === null ? null : netns.fib.lookup({ dst: ip }).dev
    if (ip === null || mac === null || !device) {
      proc.error('arp: invalid hardware address\n')
      return 255
    }
    netns.neigh.set(ip, device, mac, 'PERMANENT')
    return 0
  }
  const bsd = words.some((word) => /^-[a-z]*a/.test(word))
  const entries = netns.neigh.list().filter((entry) => !isV6(entry.ip) && entry.state !== 'NOARP')
  const only = words.find((word) => parseIp(word) !== null)
  const shown = only === undefined ? entries : entries.filter((entry) => formatIp(entry.ip) === only)
  if (only !== undefined && shown.length === 0) {
    proc.print(`${only} (${only}) -- no entry\n`)
    return 1
  }
  if (!bsd && shown.length > 0) proc.print('Address                  HWtype  HWaddress           Flags Mask            Iface\n')
  for (const entry of shown) {
    const ip = formatIp(entry.ip)
    const mac = entry.mac !== null && entry.valid ? formatMac(entry.mac) : null
    const permanent = entry.state === 'PERMANENT'
    if (bsd) proc.print(`? (${ip}) at ${mac === null ? '<incomplete>' : `${mac} [ether]`}${permanent ? ' PERM' : ''} on ${entry.dev.name}\n`)
    else if (mac === null) proc.print(`${ip.padEnd(24)}         (incomplete)                              ${entry.dev.name}\n`)
    else proc.print(`${ip.padEnd(24)} ether   ${mac.padEnd(19)} ${permanent ? 'CM' : 'C '}                    ${entry.dev.name}\n`)
  }
  return 0
})
