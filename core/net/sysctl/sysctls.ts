/**
 * `/proc/sys/net` of one namespace (Documentation/networking/ip-sysctl.rst). Values are text, as written; what the stack reads
 * on its way stands in `DeviceConf` and in the numbers below. Other parts of the network add their own names with `define`.
 *
 * Omits: names of features that are not modelled; a few are kept without effect because programs set them at start.
 */
import type { Errno } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import type { NetDevice } from '../device/net-device.ts'
import { copyDeviceConf, type DeviceConf, newDeviceConf } from './device-conf.ts'

/** Kept without effect, with the defaults of Linux 6.18. */
const INERT: readonly (readonly [string, string])[] = [
  ['net.core.somaxconn', '4096'],
  ['net.core.rmem_max', '212992'],
  ['net.core.wmem_max', '212992'],
  ['net.core.netdev_max_backlog', '1000'],
  ['net.ipv4.conf.all.send_redirects', '1'],
  ['net.ipv4.conf.all.accept_redirects', '1'],
  ['net.ipv4.conf.all.log_martians', '0'],
  ['net.ipv4.tcp_rmem', '4096\t131072\t33554432'],
  ['net.ipv4.tcp_wmem', '4096\t16384\t4194304'],
  ['net.ipv4.tcp_timestamps', '1'],
  ['net.ipv4.tcp_window_scaling', '1'],
  ['net.ipv4.tcp_sack', '1'],
  ['net.ipv4.tcp_tw_reuse', '2'],
  ['net.ipv4.tcp_keepalive_time', '7200'],
  ['net.ipv4.tcp_keepalive_intvl', '75'],
  ['net.ipv4.tcp_keepalive_probes', '9'],
  ['net.ipv4.tcp_congestion_control', 'cubic'],
  ['net.ipv4.neigh.default.gc_thresh1', '128'],
  ['net.ipv4.neigh.default.gc_thresh2', '512'],
  ['net.ipv4.neigh.default.gc_thresh3', '1024'],
  ['net.bridge.bridge-nf-call-arptables', '0'],
  ['net.bridge.bridge-nf-filter-vlan-tagged', '0'],
]

/** Read by the stack as whole numbers: name, default. */
const NUMBERS = {
  'net.ipv4.ip_default_ttl': 64,
  'net.ipv4.icmp_echo_ignore_all': 0,
  'net.ipv4.icmp_echo_ignore_broadcasts': 1,
  'net.ipv4.icmp_ratelimit': 1000,
  'net.ipv4.icmp_ratemask': 6168,
  'net.ipv6.icmp.ratelimit': 1000,
  'net.ipv4.ip_no_pmtu_disc': 0,
  'net.ipv4.ip_nonlocal_bind': 0,
  'net.ipv4.ip_unprivileged_port_start': 1024,
  'net.ipv4.ipfrag_time': 30,
  'net.ipv4.fib_multipath_hash_policy': 0,
  'net.ipv4.tcp_syn_retries': 6,
  'net.ipv4.tcp_syn_linear_timeouts': 4,
  'net.ipv4.tcp_synack_retries': 5,
  'net.ipv4.tcp_retries2': 15,
  'net.ipv4.tcp_orphan_retries': 0,
  'net.ipv4.tcp_fin_timeout': 60,
  'net.ipv4.tcp_max_syn_backlog': 1024,
  'net.ipv4.neigh.default.retrans_time_ms': 1000,
  'net.ipv4.neigh.default.base_reachable_time_ms': 30000,
  'net.ipv4.neigh.default.delay_first_probe_time': 5,
  'net.ipv4.neigh.default.mcast_solicit': 3,
  'net.ipv4.neigh.default.ucast_solicit': 3,
  'net.ipv4.neigh.default.unres_qlen': 101,
  'net.bridge.bridge-nf-call-iptables': 1,
  'net.bridge.bridge-nf-call-ip6tables': 1,
} as const

export type NumberName = keyof typeof NUMBERS

/** Leaf of `net.ipv4.conf.<device>.` or `net.ipv6.conf.<device>.`, the field that holds it. */
const CONF_FIELDS: readonly (readonly [string, string, keyof DeviceConf])[] = [
  ['ipv4', 'forwarding', 'forwarding'],
  ['ipv4', 'rp_filter', 'rpFilter'],
  ['ipv4', 'accept_local', 'acceptLocal'],
  ['ipv4', 'route_localnet', 'routeLocalnet'],
  ['ipv4', 'proxy_arp', 'proxyArp'],
  ['ipv4', 'arp_ignore', 'arpIgnore'],
  ['ipv4', 'arp_announce', 'arpAnnounce'],
  ['ipv6', 'forwarding', 'forwarding6'],
  ['ipv6', 'disable_ipv6', 'disableIpv6'],
]

interface Definition {
  value: string
  readonly apply: ((value: number) => void) | null
}

export class Sysctls {
  readonly all: DeviceConf = newDeviceConf()
  readonly default: DeviceConf = newDeviceConf()
  readonly #devices: () => NetDevice[]
  readonly #changed: (field: keyof DeviceConf, dev: NetDevice | null) => void
  readonly #values = new Map<string, Definition>()
  readonly #numbers = new Map<string, number>(Object.entries(NUMBERS))
  /** ip_local_port_range. */
  portMin = 32768
  portMax = 60999
  /** ip_default_ttl. */
  defaultTtl = 64
  /** net.bridge.bridge-nf-call-iptables and -ip6tables, ready for the bridge. */
  bridgeNfCallIptables = true
  bridgeNfCallIp6tables = true

  constructor(devices: () => NetDevice[], changed: (field: keyof DeviceConf, dev: NetDevice | null) => void) {
    this.#devices = devices
    this.#changed = changed
    for (const [name, value] of INERT) this.#values.set(name, { value, apply: null })
  }

  number(name: NumberName): number {
    return this.#numbers.get(name) as number
  }

  /** Adds a name of another part of the network; `apply` is called when a number is written to it. */
  define(name: string, value: string, apply: ((value: number) => void) | null): void {
    this.#values.set(name, { value, apply })
  }

  get(name: string): string | null {
    const dotted = canonical(name)
    const number = this.#numbers.get(dotted)
    if (number !== undefined) return String(number)
    if (dotted === 'net.ipv4.ip_forward') return String(this.all.forwarding)
    if (dotted === 'net.ipv4.ip_local_port_range') return `${this.portMin}\t${this.portMax}`
    const conf = this.#conf(dotted)
    if (conf) return String(conf.conf[conf.field])
    return this.#values.get(dotted)?.value ?? null
  }

  set(name: string, value: string): Errno | null {
    const dotted = canonical(name)
    const text = value.trim()
    if (dotted === 'net.ipv4.ip_local_port_range') return this.#setPortRange(text)
    const conf = this.#conf(dotted)
    const isNumber = /^-?\d{1,10}$/.test(text)
    if (conf || dotted === 'net.ipv4.ip_forward' || this.#numbers.has(dotted)) {
      if (!isNumber) return 'EINVAL'
      const number = Number(text)
      if (conf) this.#setConf(conf.field, conf.conf, conf.dev, number)
      else if (dotted === 'net.ipv4.ip_forward') this.#setConf('forwarding', this.all, 'all', number)
      else this.#setNumber(dotted, number)
      return null
    }
    const definition = this.#values.get(dotted)
    if (!definition) return 'ENOENT'
    if (definition.apply) {
      if (!isNumber) return 'EINVAL'
      definition.apply(Number(text))
    }
    definition.value = text
    return null
  }

  /** Dotted names in byte order; a dot inside an interface's name is printed as a slash (sysctl(8)). */
  names(): string[] {
    const names = [...this.#numbers.keys(), ...this.#values.keys(), 'net.ipv4.ip_forward', 'net.ipv4.ip_local_port_range']
    const owners = ['all', 'default', ...this.#devices().map((dev) => dev.name.replaceAll('.', '/'))]
    for (const owner of owners) for (const [family, leaf] of CONF_FIELDS) names.push(`net.${family}.conf.${owner}.${leaf}`)
    return [...new Set(names)].sort(byText)
  }

  /** A new device starts with the defaults of its namespace. */
  newDeviceConf(): DeviceConf {
    const conf = newDeviceConf()
    copyDeviceConf(this.default, conf)
    return conf
  }

  #setNumber(name: string, value: number): void {
    this.#numbers.set(name, value)
    if (name === 'net.bridge.bridge-nf-call-iptables') this.bridgeNfCallIptables = value !== 0
    else if (name === 'net.bridge.bridge-nf-call-ip6tables') this.bridgeNfCallIp6tables = value !== 0
    else if (name === 'net.ipv4.ip_default_ttl') this.defaultTtl = value
  }

  #setPortRange(text: string): Errno | null {
    const match = /^(\d{1,5})\s+(\d{1,5})$/.exec(text)
    if (!match || Number(match[1]) < 1 || Number(match[2]) > 65535 || Number(match[1]) > Number(match[2])) return 'EINVAL'
    this.portMin = Number(match[1])
    this.portMax = Number(match[2])
    return null
  }

  /** Forwarding and disable_ipv6 of `all` are copied to every device (inet_forward_change); the others are read beside it. */
  #setConf(field: keyof DeviceConf, conf: DeviceConf, owner: NetDevice | 'all' | 'default', value: number): void {
    conf[field] = value
    const copies = field === 'forwarding' || field === 'forwarding6' || field === 'disableIpv6'
    if (owner === 'all' && copies) {
      this.default[field] = value
      for (const dev of this.#devices()) dev.conf[field] = value
    }
    this.#changed(field, typeof owner === 'string' ? null : owner)
  }

  #conf(dotted: string): { conf: DeviceConf; field: keyof DeviceConf; dev: NetDevice | 'all' | 'default' } | null {
    const match = /^net\.(ipv[46])\.conf\.(.+)\.([a-z0-9_]+)$/.exec(dotted)
    if (!match) return null
    const field = CONF_FIELDS.find(([family, leaf]) => family === match[1] && leaf === match[3])?.[2]
    if (!field) return null
    if (match[2] === 'all') return { conf: this.all, field, dev: 'all' }
    if (match[2] === 'default') return { conf: this.default, field, dev: 'default' }
    const dev = this.#devices().find((candidate) => candidate.name === match[2])
    return dev ? { conf: dev.conf, field, dev } : null
  }
}

/**
 * Dots or slashes (sysctl(8)): when the first separator is a slash, all are swapped, so that `net/ipv4/conf/eth0.5/forwarding`
 * and `net.ipv4.conf.eth0/5.forwarding` name the same file.
 */
function canonical(name: string): string {
  const slash = name.indexOf('/')
  const dot = name.indexOf('.')
  if (slash >= 0 && (dot < 0 || slash < dot)) {
    const parts = name.replace(/^\/*(proc\/sys\/)?/, '').split('/')
    return parts.join('.')
  }
  return name.replaceAll('/', '.')
}
