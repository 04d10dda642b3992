/**
 * How `ip link` and `ip addr` show a link (ipaddress.c, iplink_bridge.c, iplink_bridge_slave.c, iplink_vxlan.c of iproute2 6.1).
 * Omits: queueing disciplines other than noqueue, groups, alternative names, spanning-tree state that the simulator does not have.
 */
import { formatIp, isV6 } from '../../net/addr/ip.ts'
import { BROADCAST_MAC, formatMac } from '../../net/addr/mac.ts'
import type { InterfaceAddress, NetDevice } from '../../net/device/net-device.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import type { Json } from '../json-writer.ts'
import type { IpCall } from './ip-call.ts'

const FOREVER = 4294967295

/** The link that this one is tied to, as the kernel reports it (IFLA_LINK, IFLA_LINK_NETNSID). */
interface Tie {
  /** `veth1`, or `if5` for an index of another namespace. */
  name: string
  foreign: NetNamespace | null
  index: number
}

function tieOf(device: NetDevice): Tie | null {
  if (device.kind !== 'veth') return device.kind === 'ipip' ? { name: 'NONE', foreign: null, index: 0 } : null
  const peer = device.peer
  if (!peer) return null
  if (peer.netns === device.netns) return { name: peer.name, foreign: null, index: peer.ifindex }
  return { name: `if${peer.ifindex}`, foreign: peer.netns, index: peer.ifindex }
}

export function fullName(device: NetDevice): string {
  const tie = tieOf(device)
  return tie ? `${device.name}@${tie.name}` : device.name
}

export function linkFlags(device: NetDevice): string[] {
  const flags: string[] = []
  const carrier = device.up && device.carrier
  if (device.up && !carrier) flags.push('NO-CARRIER')
  if (device.kind === 'loopback') flags.push('LOOPBACK')
  else if (device.kind === 'ipip') flags.push('NOARP')
  else if (device.kind === 'dummy') flags.push('BROADCAST', 'NOARP')
  else flags.push('BROADCAST', 'MULTICAST')
  if (device.up) flags.push('UP')
  if (carrier) flags.push('LOWER_UP')
  const tie = tieOf(device)
  if (tie && !tie.foreign && device.peer && !device.peer.up) flags.push('M-DOWN')
  return flags
}

/** Small numbers that a namespace gives to others it has a link into (`link-netnsid`): by age on the machine. */
export function namespaceId(from: NetNamespace, to: NetNamespace): number {
  let id = 0
  for (const other of from.world.namespaces.values()) {
    if (other === to) return id
    if (other.machine === from.machine && other !== from) id += 1
  }
  return 0
}

/** A process sees the names in /run/netns only on the machine itself; in a pod there are numbers. */
function foreignText(call: IpCall, device: NetDevice): string {
  const tie = tieOf(device)
  if (!tie?.foreign) return ''
  const { machine, context } = call.proc
  if (context.fs === machine.root.fs && call.ns === machine.netns) return ` link-netns ${tie.foreign.name}`
  return ` link-netnsid ${namespaceId(call.ns, tie.foreign)}`
}

function linkType(device: NetDevice): { type: string; address: string; broadcast: string } {
  if (device.kind === 'loopback') return { type: 'loopback', address: formatMac(0), broadcast: formatMac(0) }
  if (device.kind === 'ipip') return { type: 'ipip', address: '0.0.0.0', broadcast: '0.0.0.0' }
  return { type: 'ether', address: formatMac(device.mac), broadcast: formatMac(BROADCAST_MAC) }
}

/** `withMode`: `ip link` shows the link mode, `ip addr` does not. `headOnly`: `ip -6 addr` asks for less. */
export function linkText(call: IpCall, device: NetDevice, withMode: boolean): string {
  const plain = call.family === 6 && !withMode
  const master = device.master ? `master ${device.master.name} ` : ''
  const middle = plain ? '' : `qdisc ${device.up ? 'noqueue' : 'noop'} `
  let text = `${device.ifindex}: ${fullName(device)}: <${linkFlags(device).join(',')}> mtu ${device.mtu} ${middle}${plain ? '' : master}`
  text += `state ${device.operstate()} ${withMode ? 'mode DEFAULT ' : ''}${plain ? '' : 'group default '}qlen 1000`
  if (call.family !== 0 && !withMode) return `${text}\n`
  const { type, address, broadcast } = linkType(device)
  text += `\n    link/${type} ${address} brd ${broadcast}${foreignText(call, device)}`
  if (call.details) text += detailText(device, withMode)
  text += '\n'
  if (call.stats > 0 && withMode) text += statsText(device, call.stats > 1)
  return text
}

function detailText(device: NetDevice, withMode: boolean): string {
  const port = device.master !== null
  const queues = device.kind === 'veth' ? 2 : 1
  let text = ` promiscuity ${port ? 1 : 0}  allmulti ${port ? 1 : 0} minmtu ${device.kind === 'loopback' ? 0 : 68} maxmtu ${device.kind === 'loopback' ? 0 : 65535} `
  if (device.kind === 'veth') text += '\n    veth '
  else if (device.kind === 'dummy') text += '\n    dummy '
  else if (device.kind === 'bridge') text += `\n    ${bridgeText(device)}`
  else if (device.kind === 'vxlan' && device.vxlan) {
    const vxlan = device.vxlan
    const underlay = vxlan.dev ? `dev ${vxlan.dev} ` : ''
    text += `\n    vxlan id ${vxlan.vni} local ${formatIp(vxlan.local)} ${underlay}srcport 0 0 dstport ${vxlan.port} ${vxlan.learning ? '' : 'no'}learning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx `
  } else if (device.kind === 'ipip') text += '\n    ipip any remote any local any ttl inherit nopmtudisc '
  if (device.master?.kind === 'bridge') text += `\n    ${bridgePortText(device, device.master)}`
  return `${text}${withMode ? 'addrgenmode eui64 ' : ''}numtxqueues ${queues} numrxqueues ${queues} gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 `
}

/** A bridge identifier prints its address without leading zeros. */
function bridgeId(bridge: NetDevice): string {
  const address = formatMac(bridge.mac).split(':').map((octet) => Number.parseInt(octet, 16).toString(16)).join(':')
  return `8000.${address}`
}

function bridgeText(bridge: NetDevice): string {
  const id = bridgeId(bridge)
  return (
    `bridge forward_delay 1500 hello_time 200 max_age 2000 ageing_time 30000 stp_state 0 priority 32768 vlan_filtering 0 bridge_id ${id} designated_root ${id} ` +
    'root_port 0 root_path_cost 0 topology_change 0 topology_change_detected 0 hello_timer    0.00 tcn_timer    0.00 topology_change_timer    0.00 ' +
    'gc_timer    0.00 group_fwd_mask 0 group_address 01:80:c2:00:00:00 mcast_snooping 1 no_linklocal_learn 0 mcast_vlan_snooping 0 mcast_router 1 ' +
    'mcast_query_use_ifaddr 0 mcast_querier 0 mcast_hash_elasticity 16 mcast_hash_max 4096 mcast_last_member_count 2 mcast_startup_query_count 2 ' +
    'mcast_last_member_interval 100 mcast_membership_interval 26000 mcast_querier_interval 25500 mcast_query_interval 12500 mcast_query_response_interval 1000 ' +
    'mcast_startup_query_interval 3124 mcast_stats_enabled 0 mcast_igmp_version 2 mcast_mld_version 1 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0 '
  )
}

function bridgePortText(port: NetDevice, bridge: NetDevice): string {
  const number = (bridge.bridge?.ports().indexOf(port) ?? 0) + 1
  const id = `8000.${formatMac(bridge.mac)}`
  const onOff = (value: boolean): string => (value ? 'on' : 'off')
  return (
    `bridge_slave state ${port.up && port.carrier ? 'forwarding' : 'disabled'} priority 32 cost 2 hairpin ${onOff(port.hairpin)} guard off root_block off fastleave off learning on flood on ` +
    `port_id 0x80${number.toString(16).padStart(2, '0')} port_no 0x${number.toString(16)} designated_port ${32768 + number} designated_cost 0 designated_bridge ${id} designated_root ${id} ` +
    'hold_timer    0.00 message_age_timer    0.00 forward_delay_timer    0.00 topology_change_ack 0 config_pending 0 proxy_arp off proxy_arp_wifi off mcast_router 1 mcast_fast_leave off ' +
    `mcast_flood on bcast_flood on mcast_to_unicast off neigh_suppress off group_fwd_mask 0 group_fwd_mask_str 0x0 vlan_tunnel off isolated ${onOff(port.isolated)} locked off `
  )
}

/** Columns are as wide as their heads or their largest number. */
function statsText(device: NetDevice, errors: boolean): string {
  const { stats } = device
  const rx = [stats.rxBytes, stats.rxPackets, 0, stats.rxDropped, 0, 0]
  const tx = [stats.txBytes, stats.txPackets, 0, stats.txDropped, 0, 0]
  const widths = [10, 7, 6, 7, 7, 7].map((width, i) => Math.max(width, String(rx[i]).length, String(tx[i]).length))
  const head = (mark: string, names: readonly string[]): string =>
    `    ${mark}${names.map((name, i) => name.padStart(widths[i] - (i === 0 ? mark.length : 0))).join(' ')}`
  const row = (values: readonly number[]): string => `    ${values.map((value, i) => String(value).padStart(widths[i])).join(' ')} \n`
  let text = `${head('RX:', ['bytes', 'packets', 'errors', 'dropped', 'missed', 'mcast'])}           \n${row(rx)}`
  if (errors) {
    text += `${head('RX errors:', ['', 'length', 'crc', 'frame', 'fifo', 'overrun'])}\n    ${' '.repeat(widths[0])}`
    text += `${widths.slice(1).map((width) => ` ${'0'.padStart(width)}`).join('')} \n`
  }
  text += `${head('TX:', ['bytes', 'packets', 'errors', 'dropped', 'carrier', 'collsns'])}           \n${row(tx)}`
  if (errors) {
    text += `${head('TX errors:', ['', 'aborted', 'fifo', 'window', 'heartbt', 'transns'])}\n    ${' '.repeat(widths[0])}`
    text += `${widths.slice(1).map((width) => ` ${'0'.padStart(width)}`).join('')} \n`
  }
  return text
}

export function briefLink(device: NetDevice): string {
  const { address } = linkType(device)
  return `${fullName(device).padEnd(16)} ${device.operstate().padEnd(14)} ${address} <${linkFlags(device).join(',')}> \n`
}

export function briefAddresses(device: NetDevice, addresses: readonly InterfaceAddress[]): string {
  const list = addresses.map((address) => `${formatIp(address.ip)}/${address.prefixLength} `).join('')
  return `${fullName(device).padEnd(16)} ${device.operstate().padEnd(14)} ${list}\n`
}

export function addressText(address: InterfaceAddress, device: NetDevice): string {
  const v6 = isV6(address.ip)
  const broadcast = address.broadcast === null || v6 ? '' : `brd ${formatIp(address.broadcast)} `
  const secondary = address.secondary ? 'secondary ' : ''
  const label = v6 ? '' : address.label || device.name
  const head = `    inet${v6 ? '6' : ''} ${formatIp(address.ip)}/${address.prefixLength} ${broadcast}scope ${address.scope} ${secondary}${label}`
  return `${head}\n       valid_lft forever preferred_lft forever\n`
}

export function linkJson(call: IpCall, device: NetDevice, withMode: boolean): { [key: string]: Json | undefined } {
  const tie = tieOf(device)
  const { type, address, broadcast } = linkType(device)
  const plain = call.family === 6 && !withMode
  const whole = call.family === 0 || withMode
  const { stats } = device
  return {
    ifindex: device.ifindex,
    link: tie && !tie.foreign ? (tie.name === 'NONE' ? undefined : tie.name) : undefined,
    link_index: tie?.foreign ? tie.index : undefined,
    ifname: device.name,
    flags: linkFlags(device),
    mtu: device.mtu,
    qdisc: plain ? undefined : device.up ? 'noqueue' : 'noop',
    master: plain ? undefined : device.master?.name,
    operstate: device.operstate(),
    linkmode: withMode ? 'DEFAULT' : undefined,
    group: plain ? undefined : 'default',
    txqlen: 1000,
    link_type: whole ? type : undefined,
    address: whole ? address : undefined,
    broadcast: whole ? broadcast : undefined,
    ...(tie?.foreign && whole ? foreignJson(call, tie.foreign) : {}),
    ...(call.details && whole ? detailJson(device) : {}),
    stats64:
      call.stats > 0
        ? {
            rx: { bytes: stats.rxBytes, packets: stats.rxPackets, errors: 0, dropped: stats.rxDropped, over_errors: 0, multicast: 0 },
            tx: { bytes: stats.txBytes, packets: stats.txPackets, errors: 0, dropped: stats.txDropped, carrier_errors: 0, collisions: 0 },
          }
        : undefined,
  }
}

function foreignJson(call: IpCall, foreign: NetNamespace): { [key: string]: Json } {
  const { machine, context } = call.proc
  if (context.fs === machine.root.fs && call.ns === machine.netns) return { link_netns: foreign.name }
  return { link_netnsid: namespaceId(call.ns, foreign) }
}

function detailJson(device: NetDevice): { [key: string]: Json } {
  const port = device.master !== null
  const known = device.kind !== 'nic' && device.kind !== 'loopback'
  const vxlan = device.vxlan
  const data: Json | undefined = vxlan
    ? { id: vxlan.vni, local: formatIp(vxlan.local), port: vxlan.port, learning: vxlan.learning, ttl: 0, ageing: 300 }
    : device.kind === 'bridge'
      ? { forward_delay: 1500, ageing_time: 30000, stp_state: 0, vlan_filtering: 0, bridge_id: bridgeId(device) }
      : undefined
  return {
    promiscuity: port ? 1 : 0,
    allmulti: port ? 1 : 0,
    min_mtu: device.kind === 'loopback' ? 0 : 68,
    max_mtu: device.kind === 'loopback' ? 0 : 65535,
    ...(known
      ? {
          linkinfo: {
            info_kind: device.kind,
            ...(data ? { info_data: data } : {}),
            ...(port ? { info_slave_kind: 'bridge', info_slave_data: { state: device.up ? 'forwarding' : 'disabled', hairpin: device.hairpin } } : {}),
          },
        }
      : {}),
    inet6_addr_gen_mode: 'eui64',
    num_tx_queues: device.kind === 'veth' ? 2 : 1,
    num_rx_queues: device.kind === 'veth' ? 2 : 1,
  }
}

export function addressJson(address: InterfaceAddress, device: NetDevice): Json {
  const v6 = isV6(address.ip)
  return {
    family: v6 ? 'inet6' : 'inet',
    local: formatIp(address.ip),
    prefixlen: address.prefixLength,
    broadcast: address.broadcast === null || v6 ? undefined : formatIp(address.broadcast),
    scope: address.scope,
    secondary: address.secondary ? true : undefined,
    label: v6 ? undefined : address.label || device.name,
    valid_life_time: FOREVER,
    preferred_life_time: FOREVER,
  }
}
