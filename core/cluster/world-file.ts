/**
 * Reads a world file (`apiVersion: vethlab.dev/v1`, `kind: World`): every key optional, unknown keys and impossible values
 * refused with line and column.
 */
import { type YamlDocument, lineColumn, readYaml, yamlEntryOf, yamlNodeAt } from '../base/yaml-gate.ts'
import { type Prefix, networkOf, parseIp, parsePrefix, prefixContains } from '../net/addr/ip.ts'
import {
  ADDONS, CNI_NAMES, type HostDraft, IP_FAMILIES, type LinkSettings, type NodeDraft, PROXY_MODES, SIMULATED_IP_FAMILIES,
  SIMULATED_PROXY_MODES, type Taint, WORKERS_MAX, type WorldDraft, type WorldOptions, type WorldSpec, completeWorld, draftWorld, overlaps,
} from './world-defaults.ts'
import { type YamlPath, YamlRefusal, YamlSection } from './yaml-section.ts'

export interface WorldError {
  message: string
  /** From 1. */
  line: number
  column: number
}

const API_VERSION = 'vethlab.dev/v1'
/** RFC 1123 label, as Kubernetes asks of node names without dots. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const
const IPVS_SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sh', 'dh', 'sed', 'nq'] as const
/** resource.Quantity in the forms that capacities have. */
const QUANTITY = /^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/

/** Reads a world file; options given on the command line override what it says. */
export function parseWorld(text: string, overrides: WorldOptions = {}): WorldSpec | { error: WorldError } {
  const yaml = readYaml(text)
  if ('error' in yaml) return { error: { message: yaml.error.message, line: yaml.error.line, column: yaml.error.column } }
  const documents = yaml.documents
  if (documents.length > 1) return { error: { message: 'a world file has one document', line: documents[1].startLine, column: 1 } }
  try {
    const draft = readWorld(new YamlSection(documents[0]?.value, []))
    checkSimulated(draft, overrides)
    return completeWorld(draft, overrides)
  } catch (refusal) {
    if (!(refusal instanceof YamlRefusal)) throw refusal
    return { error: { message: refusal.message, ...positionOf(text, documents[0], refusal.path) } }
  }
}

/** Where the last key of a path stands, or the nearest thing above it that the text has. */
function positionOf(text: string, document: YamlDocument | undefined, path: YamlPath): { line: number; column: number } {
  if (!document) return { line: 1, column: 1 }
  for (let length = path.length; length > 0; length -= 1) {
    const parent = yamlNodeAt(document.root, path.slice(0, length - 1))
    if (!parent) continue
    const step = path[length - 1]
    const offset = typeof step === 'number' ? parent.items[step]?.start : yamlEntryOf(parent, step)?.keyStart
    if (offset !== undefined) return lineColumn(text, offset)
  }
  return lineColumn(text, document.root.start)
}

function readWorld(top: YamlSection): WorldDraft {
  const draft = draftWorld()
  if ((top.text('apiVersion') ?? API_VERSION) !== API_VERSION) top.refuse('apiVersion', `expected ${API_VERSION}`)
  if ((top.text('kind') ?? 'World') !== 'World') top.refuse('kind', 'expected World')
  const metadata = top.section('metadata')
  draft.name = metadata.text('name') ?? draft.name
  metadata.end()
  draft.seed = top.whole('seed', 0, 0xffffffff) ?? draft.seed
  draft.cni = top.oneOf('cni', CNI_NAMES) ?? draft.cni
  draft.ipFamily = top.oneOf('ipFamily', IP_FAMILIES) ?? draft.ipFamily
  readNetworks(top.section('networks'), draft)
  readProxy(top.section('proxy'), draft)
  draft.nodes = top.sections('nodes')?.map((s) => readNode(s, draft)) ?? null
  draft.hosts = top.sections('hosts')?.map((s) => readHost(s, draft)) ?? []
  readLinks(top.section('links'), draft)
  draft.addons = top.texts('addons') ?? draft.addons
  for (const addon of draft.addons) {
    if (!ADDONS.some((a) => a === addon)) top.refuse('addons', `${addon} is not one of ${ADDONS.join(', ')}`)
  }
  top.end()
  checkNames(top, draft)
  return draft
}

function readNetworks(s: YamlSection, draft: WorldDraft): void {
  const n = draft.networks
  n.nodes = networks(s, 'nodes') ?? n.nodes
  n.pods = networks(s, 'pods') ?? n.pods
  n.services = networks(s, 'services') ?? n.services
  n.domain = s.text('domain') ?? n.domain
  n.podsPerNode = s.whole('podsPerNode', 1, 126) ?? n.podsPerNode
  const pods = parsePrefix(n.pods[0]) as Prefix
  if (n.podsPerNode <= pods.length) s.refuse('podsPerNode', `a block of /${n.podsPerNode} per node does not fit into ${n.pods[0]}`)
  const all = [n.nodes[0], n.pods[0], n.services[0]]
  for (let i = 0; i < 3; i += 1) {
    for (let j = i + 1; j < 3; j += 1) {
      if (!overlaps(parsePrefix(all[i]) as Prefix, parsePrefix(all[j]) as Prefix)) continue
      s.refuse(['nodes', 'pods', 'services'][j], `${all[j]} overlaps ${all[i]}`)
    }
  }
  s.end()
}

function networks(s: YamlSection, key: string): string[] | undefined {
  const list = s.texts(key)
  if (list === undefined) return undefined
  if (list.length === 0) s.refuse(key, 'expected at least one network')
  for (const text of list) {
    const prefix = text.includes('/') ? parsePrefix(text) : null
    if (!prefix) s.refuse(key, `${text} is not a network in CIDR notation`)
    else if (networkOf(prefix.addr, prefix.length).addr !== prefix.addr) s.refuse(key, `${text} has bits set beyond its prefix`)
  }
  return list
}

function readProxy(s: YamlSection, draft: WorldDraft): void {
  const p = draft.proxy
  p.mode = s.oneOf('mode', PROXY_MODES) ?? p.mode
  p.masqueradeAll = s.truth('masqueradeAll') ?? p.masqueradeAll
  p.nodePortAddresses = s.texts('nodePortAddresses') ?? p.nodePortAddresses
  p.localhostNodePorts = s.truth('localhostNodePorts') ?? p.localhostNodePorts
  p.ipvsScheduler = s.oneOf('ipvsScheduler', IPVS_SCHEDULERS) ?? p.ipvsScheduler
  s.end()
}

function readNode(s: YamlSection, draft: WorldDraft): NodeDraft {
  const node: NodeDraft = {
    name: nameOf(s),
    roles: s.texts('roles'),
    addresses: addresses(s, draft.networks.nodes),
    podCIDRs: networks(s, 'podCIDRs'),
    labels: s.textMap('labels'),
    taints: s.has('taints') ? readTaints(s) : undefined,
    capacity: s.textMap('capacity'),
  }
  for (const cidr of node.podCIDRs ?? []) {
    const inside = parsePrefix(cidr) as Prefix
    if (!draft.networks.pods.some((p) => overlaps(parsePrefix(p) as Prefix, inside))) {
      s.refuse('podCIDRs', `${cidr} is outside of the pod network ${draft.networks.pods.join(', ')}`)
    }
  }
  for (const [resource, quantity] of node.capacity ?? []) {
    if (!QUANTITY.test(quantity)) s.refuse('capacity', `${resource}: ${quantity} is not a quantity`)
  }
  s.end()
  return node
}

function readTaints(s: YamlSection): Taint[] {
  const value = s.value('taints')
  if (!Array.isArray(value)) return s.refuse('taints', 'expected a list')
  return value.map((item, index): Taint => {
    if (typeof item === 'string') {
      const match = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(item)
      const effect = EFFECTS.find((e) => e === match?.[3])
      if (!match || !effect) return s.refuse('taints', `${item} is not key=value:effect`)
      return { key: match[1], value: match[2] ?? '', effect }
    }
    const taint = new YamlSection(item, [...s.path, 'taints', index])
    const key = taint.text('key') ?? taint.refuse('key', 'is required')
    const effect = taint.oneOf('effect', EFFECTS) ?? taint.refuse('effect', 'is required')
    const read = { key, value: taint.text('value') ?? '', effect }
    taint.end()
    return read
  })
}

function readHost(s: YamlSection, draft: WorldDraft): HostDraft {
  const via = s.text('via')
  const host = { name: nameOf(s), via, addresses: addresses(s, via ? null : draft.networks.nodes) }
  if (via !== undefined && via !== 'router') s.refuse('via', 'only the router connects other networks')
  if (via && !host.addresses) s.refuse('via', 'a host behind the router needs addresses')
  s.end()
  return host
}

function readLinks(s: YamlSection, draft: WorldDraft): void {
  const fallback = draft.links.get('default') as LinkSettings
  for (const name of s.keys()) {
    const link = s.section(name)
    const from: LinkSettings = draft.links.get('default') ?? fallback
    draft.links.set(name, {
      latencyUs: link.whole('latencyUs', 0, 10_000_000) ?? from.latencyUs,
      mtu: link.whole('mtu', 576, 65_535) ?? from.mtu,
    })
    link.end()
  }
}

function nameOf(s: YamlSection): string {
  const name = s.text('name') ?? s.refuse('name', 'is required')
  if (!NAME.test(name)) s.refuse('name', `${name} is not a DNS label (small letters, digits and -)`)
  if (name === 'router') s.refuse('name', 'router is the machine that connects the node network')
  return name
}

function addresses(s: YamlSection, inside: string[] | null): string[] | undefined {
  const list = s.texts('addresses')
  if (list === undefined) return undefined
  if (list.length === 0) s.refuse('addresses', 'expected at least one address')
  for (const text of list) {
    const ip = parseIp(text)
    if (ip === null) s.refuse('addresses', `${text} is not an address`)
    else if (inside && !inside.some((p) => prefixContains(parsePrefix(p) as Prefix, ip))) {
      s.refuse('addresses', `${text} is outside of the node network ${inside.join(', ')}`)
    }
  }
  return list
}

function checkNames(top: YamlSection, draft: WorldDraft): void {
  const nodes = draft.nodes ?? []
  const names = new Set<string>()
  const seen = new Map<string, string>()
  const note = (key: string, name: string, values: readonly string[]): void => {
    for (const value of values) {
      const holder = seen.get(value)
      if (holder !== undefined) top.refuse(key, `${value} belongs to ${holder} already`)
      seen.set(value, name)
    }
  }
  for (const [key, list] of [['nodes', nodes], ['hosts', draft.hosts]] as const) {
    for (const one of list) {
      if (names.has(one.name)) top.refuse(key, `two machines are named ${one.name}`)
      names.add(one.name)
      note(key, one.name, one.addresses ?? [])
      if ('podCIDRs' in one) note(key, one.name, one.podCIDRs ?? [])
    }
  }
  const controls = nodes.filter((n) => n.roles?.includes('control-plane')).length
  if (draft.nodes && controls !== 1) top.refuse('nodes', `expected one node with the role control-plane, found ${controls}`)
  if (nodes.length > WORKERS_MAX) top.refuse('nodes', `at most ${WORKERS_MAX} nodes`)
}

function checkSimulated(draft: WorldDraft, overrides: WorldOptions): void {
  const mode = overrides.proxyMode ?? draft.proxy.mode
  const family = overrides.ipFamily ?? draft.ipFamily
  if (!SIMULATED_PROXY_MODES.includes(mode)) {
    throw new YamlRefusal(['proxy', 'mode'], `proxy.mode: ${mode} is not simulated yet; ${SIMULATED_PROXY_MODES.join(', ')} is`)
  }
  if (!SIMULATED_IP_FAMILIES.includes(family)) {
    throw new YamlRefusal(['ipFamily'], `ipFamily: ${family} is not simulated yet; ${SIMULATED_IP_FAMILIES.join(', ')} is`)
  }
}
