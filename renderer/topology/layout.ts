import type { LinkModel, MachineModel, TopologyFold } from '../../core/view/topology.ts'
import type { PodView } from '../../core/view/pods.ts'

export interface Box {
  x: number
  y: number
  w: number
  h: number
}

export interface PodBox extends Box {
  key: string
  netns: number
  pod: PodView | null
  eth: LinkModel | null
  /** The host's end of the veth pair. */
  host: LinkModel | null
  /** Small square of a folded node. */
  folded: boolean
}

export interface CardBox extends Box {
  machine: MachineModel
  nic: (Box & { link: LinkModel }) | null
  stack: Box
  bridge: (Box & { link: LinkModel }) | null
  /** Other devices of the machine: tunnels, VLANs, dummies. */
  devices: (Box & { link: LinkModel })[]
  pods: PodBox[]
  hostPods: PodView[]
  row: number
  /** One of many in a rack: the same things in less room, pods as squares. */
  rack: boolean
}

export interface HostBox extends Box {
  machine: MachineModel
  link: LinkModel | null
}

export interface Bus {
  row: number
  y: number
  x1: number
  x2: number
}

export interface Layout {
  width: number
  height: number
  hosts: HostBox[]
  cards: CardBox[]
  buses: Bus[]
  trunkX: number
  network: string
  /** Namespaces that are drawn as the line of the node network: its switches. */
  switches: Set<number>
}

export interface LayoutOptions {
  rack?: boolean
  /** Width of the place for the picture over its height. */
  aspect?: number
}

interface Measures {
  pad: number
  minW: number
  nicW: number
  nicH: number
  nicTop: number
  stackH: number
  deviceH: number
  /** Between the network card, the stack, the devices, the squares, the card's end. */
  gaps: readonly [number, number, number, number]
  square: number
  squareGap: number
}

const PAD = 24
const POD_W = 94
const POD_H = 94
const POD_GAP = 8
const ROW_GAP = 44
const FOLD_ABOVE = 12
const CARD_PAD = 16
const CARD_GAP = 20
const CARD_MIN_W = CARD_PAD * 2 + 3 * POD_W + 2 * POD_GAP
const HOST_W = 120
const HOST_H = 40
/** From one row of cards to the next: the line of the node network and air. */
const BUS_ROOM = 34
const CARDS_PER_ROW_MAX = 10
const FULL: Measures = {
  pad: CARD_PAD,
  minW: CARD_MIN_W,
  nicW: 108,
  nicH: 36,
  nicTop: 10,
  stackH: 60,
  deviceH: 34,
  gaps: [16, 22, 18, 30],
  square: 18,
  squareGap: 5,
}
const RACK: Measures = {
  pad: 10,
  minW: 250,
  nicW: 98,
  nicH: 22,
  nicTop: 8,
  stackH: 38,
  deviceH: 20,
  gaps: [10, 10, 10, 10],
  square: 14,
  squareGap: 4,
}

export function layoutTopology(topology: TopologyFold, pods: readonly PodView[], options: LayoutOptions = {}): Layout {
  const measures = options.rack === true ? RACK : FULL
  const switches = findSwitches(topology)
  const podsByKey = new Map(pods.map((pod) => [pod.key, pod]))
  const netnsOfMachine = new Map<string, { netns: number; pod: string }[]>()
  for (const namespace of topology.namespaces.values()) {
    if (namespace.pod === '') continue
    const list = netnsOfMachine.get(namespace.machine) ?? []
    list.push({ netns: namespace.netns, pod: namespace.pod })
    netnsOfMachine.set(namespace.machine, list)
  }
  const drawn = [...topology.machines.values()].filter((machine) => !switches.has(machine.netns))
  const isCard = (machine: MachineModel) => machine.role === 'worker' || (netnsOfMachine.get(machine.machine)?.length ?? 0) > 0
  const cardMachines = drawn.filter(isCard).sort(byRoleAndName)
  const hostMachines = drawn.filter((machine) => !isCard(machine)).sort(byRoleAndName)

  const waitingOn = (machine: MachineModel) =>
    pods.filter(
      (pod) => pod.node === machine.machine && !pod.hostNetwork && pod.tone === 'waiting' && topology.namespaceOfPod(pod.key) === undefined,
    )
  const place = (machine: MachineModel, x: number, y: number, row: number) =>
    placeCard(topology, machine, netnsOfMachine.get(machine.machine) ?? [], podsByKey, waitingOn(machine), x, y, row, measures)
  const perRow = cardsPerRow(
    cardMachines.map((machine) => place(machine, 0, 0, 0)),
    options.aspect ?? 1.6,
  )
  const cards: CardBox[] = []
  const buses: Bus[] = []
  let y = hostMachines.length > 0 ? PAD + HOST_H + 30 : PAD + 10
  let width = PAD * 2 + CARD_MIN_W
  for (let start = 0; start < Math.max(cardMachines.length, 1); start += perRow) {
    const row = start / perRow
    const busY = y
    let x = PAD + (cardMachines.length > perRow ? 16 : 0)
    let bottom = busY
    for (const machine of cardMachines.slice(start, start + perRow)) {
      const card = place(machine, x, busY + BUS_ROOM, row)
      card.hostPods = pods.filter((pod) => pod.node === machine.machine && pod.hostNetwork)
      cards.push(card)
      x += card.w + CARD_GAP
      bottom = Math.max(bottom, card.y + card.h)
    }
    width = Math.max(width, x - CARD_GAP + PAD)
    buses.push({ row, y: busY, x1: 0, x2: 0 })
    y = bottom + BUS_ROOM
  }
  const hosts = placeHosts(topology, hostMachines, width)
  width = Math.max(width, ...hosts.map((host) => host.x + host.w + PAD))
  for (const bus of buses) {
    bus.x1 = PAD + 8
    bus.x2 = width - PAD
  }
  return { width, height: y - BUS_ROOM + PAD, hosts, cards, buses, trunkX: PAD + 8, network: networkOf(topology, drawn), switches }
}

/** As many beside each other as make the whole picture largest. */
function cardsPerRow(cards: readonly CardBox[], aspect: number): number {
  const w = Math.max(1, ...cards.map((card) => card.w)) + CARD_GAP
  const h = Math.max(1, ...cards.map((card) => card.h)) + BUS_ROOM * 2
  const scale = (count: number) => Math.min(aspect / (PAD * 2 + count * w), 1 / (PAD * 2 + HOST_H + Math.ceil(cards.length / count) * h))
  let best = 1
  for (let count = 2; count <= Math.min(cards.length, CARDS_PER_ROW_MAX); count += 1) if (scale(count) >= scale(best)) best = count
  return best
}

function placeHosts(topology: TopologyFold, machines: readonly MachineModel[], width: number): HostBox[] {
  // The outside stands at the left, the control plane at the right.
  const outside = machines.filter((machine) => machine.role !== 'control-plane')
  const control = machines.filter((machine) => machine.role === 'control-plane')
  const place = (machine: MachineModel, x: number): HostBox => ({
    machine,
    link: mainNic(topology, machine.netns),
    x,
    y: PAD - 8,
    w: HOST_W,
    h: HOST_H,
  })
  const left = outside.map((machine, index) => place(machine, PAD + 20 + index * (HOST_W + 28)))
  const leftEnd = PAD + 20 + outside.length * (HOST_W + 28)
  const rightStart = Math.max(leftEnd, width - PAD - 20 - control.length * (HOST_W + 28) + 28)
  return [...left, ...control.map((machine, index) => place(machine, rightStart + index * (HOST_W + 28)))]
}

function placeCard(
  topology: TopologyFold,
  machine: MachineModel,
  namespaces: readonly { netns: number; pod: string }[],
  podsByKey: ReadonlyMap<string, PodView>,
  waiting: readonly PodView[],
  x: number,
  y: number,
  row: number,
  m: Measures,
): CardBox {
  const rack = m === RACK
  const cell = m.square + m.squareGap
  const links = topology.linksOf(machine.netns)
  const bridge = links.find((link) => link.linkKind === 'bridge') ?? null
  const total = namespaces.length + waiting.length
  const folded = rack || total > FOLD_ABOVE
  const columns = folded ? Math.floor((m.minW - m.pad * 2 + m.squareGap) / cell) : total <= 3 || total === 5 || total === 6 ? 3 : 4
  const cardW = folded ? m.minW : Math.max(m.minW, m.pad * 2 + columns * POD_W + (columns - 1) * POD_GAP)
  const inner = cardW - m.pad * 2
  const nicLink = mainNic(topology, machine.netns)
  const nicX = x + (rack ? cardW - m.pad - m.nicW : Math.round(cardW * 0.57 - m.nicW / 2))
  const nic = nicLink === null ? null : { x: nicX, y: y + m.nicTop, w: m.nicW, h: m.nicH, link: nicLink }
  const stack = { x: x + m.pad, y: y + m.nicTop + m.nicH + m.gaps[0], w: inner, h: m.stackH }
  let below = stack.y + m.stackH + m.gaps[1]
  const others = links.filter((link) => link !== nicLink && link !== bridge && link.linkKind !== 'loopback' && link.linkKind !== 'veth')
  const rowDevices = [...(bridge === null ? [] : [bridge]), ...others]
  const deviceW = rowDevices.length === 0 ? 0 : (inner - (rowDevices.length - 1) * 8) / rowDevices.length
  const placed = rowDevices.map((link, index) => ({ link, x: x + m.pad + index * (deviceW + 8), y: below, w: deviceW, h: m.deviceH }))
  if (rowDevices.length > 0) below += m.deviceH
  const pods: PodBox[] = []
  const startY = below + (folded ? m.gaps[2] : ROW_GAP + 8)
  const used = folded ? inner : Math.min(columns, Math.max(total, 1)) * (POD_W + POD_GAP) - POD_GAP
  const offset = Math.max(0, Math.round((inner - used) / 2))
  const cells = [...namespaces.map((one) => ({ netns: one.netns, key: one.pod })), ...waiting.map((pod) => ({ netns: 0, key: pod.key }))]
  cells.forEach((one, index) => {
    const column = index % columns
    const line = Math.floor(index / columns)
    const eth = one.netns === 0 ? null : (topology.linksOf(one.netns).find((link) => link.linkKind !== 'loopback') ?? null)
    const host = eth === null || eth.peerNetns === 0 ? null : (topology.link(eth.peerNetns, eth.peerIfindex) ?? null)
    const base = { key: one.key, netns: one.netns, pod: podsByKey.get(one.key) ?? null, eth, host, folded }
    pods.push(
      folded
        ? { ...base, x: x + m.pad + column * cell, y: startY + line * cell, w: m.square, h: m.square }
        : { ...base, x: x + m.pad + offset + column * (POD_W + POD_GAP), y: startY + line * (POD_H + ROW_GAP), w: POD_W, h: POD_H },
    )
  })
  const lastPod = pods.at(-1)
  const bottom = lastPod === undefined ? below + (rack ? m.gaps[2] + m.square : ROW_GAP + 8 + POD_H) : lastPod.y + lastPod.h
  return {
    machine,
    nic,
    stack,
    bridge: placed.find((one) => one.link === bridge) ?? null,
    devices: placed.filter((one) => one.link !== bridge),
    pods,
    hostPods: [],
    row,
    rack,
    x,
    y,
    w: cardW,
    h: bottom + m.gaps[3] - y,
  }
}

/** The address that a person means: not the link-local one that every device has. */
export function shownAddresses(link: LinkModel | null): string[] {
  const all = link?.addresses ?? []
  const global = all.filter((cidr) => !cidr.startsWith('fe80:'))
  return [...(global.length > 0 ? global : all)]
}

export function mainNic(topology: TopologyFold, netns: number): LinkModel | null {
  const links = topology.linksOf(netns)
  return links.find((link) => link.linkKind === 'nic') ?? links.find((link) => link.linkKind === 'veth' && link.master === 0) ?? null
}

/** A namespace that only joins cables on a bridge is a switch: it is drawn as the line itself. */
function findSwitches(topology: TopologyFold): Set<number> {
  const switches = new Set<number>()
  for (const namespace of topology.namespaces.values()) {
    if (namespace.pod !== '') continue
    const links = topology.linksOf(namespace.netns).filter((link) => link.linkKind !== 'loopback')
    const bridges = links.filter((link) => link.linkKind === 'bridge')
    const ports = links.filter((link) => link.master !== 0)
    const cabled = ports.filter((link) => link.peerNetns !== 0 && topology.namespaces.get(link.peerNetns)?.machine !== namespace.machine)
    if (bridges.length > 0 && cabled.length > 1 && cabled.length === ports.length) switches.add(namespace.netns)
  }
  return switches
}

function networkOf(topology: TopologyFold, machines: readonly MachineModel[]): string {
  for (const machine of machines) {
    const cidr = mainNic(topology, machine.netns)?.addresses.find((one) => one.includes('.'))
    if (cidr === undefined) continue
    const [ip = '', length = '32'] = cidr.split('/')
    const parts = ip.split('.').map(Number)
    const kept = parts.map((part, index) => part & (0xff << Math.max(0, Math.min(8, 8 - (Number(length) - index * 8)))) & 0xff)
    return `${kept.join('.')}/${length}`
  }
  return ''
}

const RANK = { host: 0, router: 1, worker: 2, 'control-plane': 3 }

function byRoleAndName(a: MachineModel, b: MachineModel): number {
  return RANK[a.role] - RANK[b.role] || a.machine.localeCompare(b.machine, 'en', { numeric: true })
}
