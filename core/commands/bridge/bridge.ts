/**
 * bridge(8) of iproute2 6.1: link, fdb, vlan.
 * Omits: mdb, vlan filtering, monitor, multicast listeners (`33:33:…` and `01:00:5e:…` entries of the devices themselves).
 */
import { formatIp, parseIp } from '../../net/addr/ip.ts'
import { formatMac, parseMac } from '../../net/addr/mac.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { immediate } from '../command.ts'
import { iproute2Json, type Json } from '../json-writer.ts'

const USAGE = `Usage: bridge [ OPTIONS ] OBJECT { COMMAND | help }
       bridge [ -force ] -batch filename
where  OBJECT := { link | fdb | mdb | vlan | vni | monitor }
       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] |
                    -o[neline] | -t[imestamp] | -n[etns] name |
                    -com[pressvlans] -c[olor] -p[retty] -j[son] }
`

interface Call {
  proc: Process
  ns: NetNamespace
  json: boolean
  pretty: boolean
  stats: boolean
  details: boolean
}

const program = immediate((proc, argv) => {
  const call: Call = { proc, ns: proc.netns, json: false, pretty: false, stats: false, details: false }
  const words = argv.slice(1)
  while (words[0]?.startsWith('-')) {
    const option = (words.shift() as string).replace(/^--?/, '')
    if (option === 'V' || option === 'Version') {
      proc.print('bridge utility, 6.1.0\n')
      return 0
    }
    if (option.startsWith('j')) call.json = true
    else if (option.startsWith('p')) call.pretty = true
    else if (option.startsWith('s')) call.stats = true
    else if (option.startsWith('d')) call.details = true
  }
  const [object, command = 'show', ...rest] = words
  if (object === undefined || object === 'help') {
    proc.error(USAGE)
    return object === undefined ? 255 : 0
  }
  const is = (word: string): boolean => word.startsWith(object)
  if (is('link')) return link(call, command, rest)
  if (is('fdb')) return fdb(call, command, rest)
  if (is('vlan')) {
    if (!call.json) proc.print('port              vlan-id  \n')
    return 0
  }
  proc.error(`Object "${object}" is unknown, try "bridge help".\n`)
  return 255
})

export const bridge: Executable = {
  ...program,
  complete: (proc, words, index) => {
    if (index === 1) return ['fdb', 'link', 'vlan']
    if (index === 2) return words[1] === 'fdb' ? ['add', 'append', 'del', 'replace', 'show'] : ['set', 'show']
    return [...proc.netns.links().map((device) => device.name), 'dev', 'br', 'master']
  },
}

function fail(proc: Process, message: string, exitCode: number): number {
  proc.error(message)
  return exitCode
}

function link(call: Call, command: string, words: readonly string[]): number {
  const { proc, ns } = call
  if ('set'.startsWith(command)) {
    const device = ns.link(words[words.indexOf('dev') + 1] ?? '')
    if (!device) return fail(proc, `Cannot find bridge device "${words[words.indexOf('dev') + 1] ?? ''}"\n`, 255)
    const change: { hairpin?: boolean; isolated?: boolean } = {}
    for (const name of ['hairpin', 'isolated'] as const) {
      const at = words.indexOf(name)
      if (at >= 0) change[name] = words[at + 1] === 'on'
    }
    const error = ns.setLink(device, change)
    return error ? fail(proc, 'RTNETLINK answers: Operation not supported\n', 255) : 0
  }
  const wanted = words.find((word) => word !== 'dev')
  const ports = ns.links().filter((device) => device.master?.kind === 'bridge' && (wanted === undefined || device.name === wanted))
  if (call.json) {
    proc.print(
      iproute2Json(
        ports.map((port): Json => ({
          ifindex: port.ifindex, ifname: port.name, flags: flags(port), mtu: port.mtu, master: port.master?.name ?? '', state: state(port), priority: 32, cost: 2,
          ...(call.details ? { hairpin: port.hairpin, guard: false, root_block: false, fastleave: false, learning: true, flood: true, isolated: port.isolated } : {}),
        })),
        call.pretty,
      ),
    )
    return 0
  }
  for (const port of ports) {
    proc.print(`${port.ifindex}: ${port.name}${tied(port)}: <${flags(port).join(',')}> mtu ${port.mtu} master ${port.master?.name} state ${state(port)} priority 32 cost 2 \n`)
    if (call.details) {
      const onOff = (value: boolean): string => (value ? 'on' : 'off')
      proc.print(`    hairpin ${onOff(port.hairpin)} guard off root_block off fastleave off learning on flood on mcast_flood on bcast_flood on mcast_router 1 mcast_to_unicast off neigh_suppress off vlan_tunnel off isolated ${onOff(port.isolated)} locked off \n`)
    }
  }
  return 0
}

function tied(device: NetDevice): string {
  if (device.kind !== 'veth' || !device.peer) return ''
  // bridge(8) looks the peer's index up among its own links, whatever namespace it is in.
  const own = device.netns.link(device.peer.ifindex)
  return `@${own ? own.name : `if${device.peer.ifindex}`}`
}

function state(port: NetDevice): string {
  return port.up && port.carrier ? 'forwarding' : 'disabled'
}

function flags(device: NetDevice): string[] {
  const carrier = device.up && device.carrier
  return [...(device.up && !carrier ? ['NO-CARRIER'] : []), 'BROADCAST', 'MULTICAST', ...(device.up ? ['UP'] : []), ...(carrier ? ['LOWER_UP'] : [])]
}

interface Row {
  mac: string
  device: NetDevice
  master: string
  dst: string
  vlan: string
  self: boolean
  permanent: 'permanent' | 'static' | ''
  ageS: number
}

function fdb(call: Call, command: string, words: readonly string[]): number {
  const { proc, ns } = call
  if (['add', 'append', 'replace', 'delete'].some((name) => name.startsWith(command)) && command !== '') return changeFdb(call, command, words)
  if (!'show'.startsWith(command) && !'list'.startsWith(command) && command !== 'lst') return fail(proc, `Command "${command}" is unknown, try "bridge fdb help".\n`, 255)
  let onlyBridge = ''
  let onlyDevice = ''
  for (let at = 0; at < words.length; at += 1) {
    const name = words[at]
    if (name === 'dynamic' || name === 'state') continue
    const value = ['br', 'brport', 'dev'].includes(name) ? (words[(at += 1)] ?? '') : name
    if (!ns.link(value)) return fail(proc, name === 'br' ? `Cannot find bridge device "${value}"\n` : `Cannot find device "${value}"\n`, 255)
    if (name === 'br') onlyBridge = value
    else onlyDevice = value
  }
  const nowUs = proc.world.clock.nowUs
  const rows: Row[] = []
  for (const device of ns.links()) {
    for (const entry of device.bridge?.fdb() ?? []) {
      rows.push({
        mac: formatMac(entry.mac), device: entry.port, master: device.name, dst: '', vlan: '', self: false,
        permanent: entry.state === 'learned' ? '' : entry.local || entry.state === 'permanent' ? 'permanent' : 'static', ageS: Math.floor((nowUs - entry.updatedUs) / 1e6),
      })
    }
    for (const entry of device.vxlan?.fdb() ?? []) {
      rows.push({
        mac: formatMac(entry.mac), device, master: '', dst: formatIp(entry.remote), vlan: '', self: true,
        permanent: entry.state === 'permanent' ? 'permanent' : '', ageS: Math.floor((nowUs - entry.updatedUs) / 1e6),
      })
    }
  }
  // The kernel dumps device by device.
  const shown = rows
    .map((row, i) => ({ row, i }))
    .filter(({ row }) => (onlyBridge === '' || row.master === onlyBridge) && (onlyDevice === '' || row.device.name === onlyDevice))
    .sort((a, b) => a.row.device.ifindex - b.row.device.ifindex || a.i - b.i)
    .map(({ row }) => row)
  if (call.json) {
    proc.print(
      iproute2Json(
        shown.map((row): Json => ({
          mac: row.mac, ifname: onlyDevice === '' ? row.device.name : undefined, dst: row.dst === '' ? undefined : row.dst,
          flags: row.self ? ['self'] : [], master: row.master === '' ? undefined : row.master, state: row.permanent,
        })),
        call.pretty,
      ),
    )
    return 0
  }
  for (const row of shown) {
    let text = row.mac
    if (onlyDevice === '') text += ` dev ${row.device.name}`
    if (row.dst !== '') text += ` dst ${row.dst}`
    if (call.stats) text += ` used ${row.ageS}/${row.ageS}`
    if (row.self) text += ' self'
    if (row.master !== '') text += ` master ${row.master}`
    proc.print(`${text} ${row.permanent}\n`)
  }
  return 0
}

function changeFdb(call: Call, command: string, words: readonly string[]): number {
  const { proc, ns } = call
  const mac = parseMac(words[0] ?? '')
  const dev = words[words.indexOf('dev') + 1]
  if (mac === null) return fail(proc, words.length === 0 ? 'Device and address are required arguments.\n' : `Invalid mac address ${words[0]}\n`, 255)
  if (!words.includes('dev') || dev === undefined) return fail(proc, 'Device and address are required arguments.\n', 255)
  const device = ns.link(dev)
  if (!device) return fail(proc, `Cannot find device "${dev}"\n`, 255)
  const removes = 'delete'.startsWith(command) && !'add'.startsWith(command)
  const at = words.indexOf('dst')
  if (device.vxlan) {
    const remote = at >= 0 ? parseIp(words[at + 1] ?? '') : null
    if (removes) return device.vxlan.delFdb(mac, remote ?? undefined) ? 0 : fail(proc, 'RTNETLINK answers: No such file or directory\n', 2)
    if (remote === null) return fail(proc, 'RTNETLINK answers: Invalid argument\n', 2)
    const known = device.vxlan.fdb().some((entry) => entry.mac === mac && (mac !== 0 || entry.remote === remote))
    if (known && command.startsWith('ad')) return fail(proc, 'RTNETLINK answers: File exists\n', 2)
    if (!known && mac !== 0) device.vxlan.delFdb(mac)
    device.vxlan.addFdb(mac, remote)
    return 0
  }
  const master = device.kind === 'bridge' ? device : device.master
  if (!master?.bridge) return fail(proc, 'RTNETLINK answers: Operation not supported\n', 2)
  if (removes) return master.bridge.delFdb(mac, device) ? 0 : fail(proc, 'RTNETLINK answers: No such file or directory\n', 2)
  master.bridge.addFdb(mac, device, words.includes('static') || words.includes('temp') ? 'static' : 'permanent')
  return 0
}
