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

const PAD = 24
const POD_W = 94
const POD_H = 94
const POD_GAP = 8
const ROW_GAP = 44
const SQUARE = 18
const SQUARE_GAP = 5
const FOLD_ABOVE = 12
const CARD_PAD = 16
const CARD_GAP = 20
const CARD_MIN_W = CARD_PAD * 2 + 3 * POD_W + 2 * POD_GAP
const HOST_W = 120
const HOST_H = 40
const NIC_W = 108
const NIC_H = 36
const STACK_H = 60
const BRIDGE_H = 34
const CARDS_PER_ROW = 4

export function layoutTopology(topology: TopologyFold, pods: readonly PodView[]): Layout {
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

  const cards: CardBox[] = []
  const buses: Bus[] = []
  let y = hostMachines.length > 0 ? PAD + HOST_H + 30 : PAD + 10
  let width = PAD * 2 + CARD_MIN_W
  for (let start = 0; start < Math.max(cardMachines.length, 1); start += CARDS_PER_ROW) {
    const row = start / CARDS_PER_ROW
    const busY = y
    let x = PAD + (cardMachines.length > CARDS_PER_ROW ? 16 : 0)
    let bottom = busY
    for (const machine of cardMachines.slice(start, start + CARDS_PER_ROW)) {
      const waiting = pods.filter(
        (pod) =>
          pod.node === machine.machine && !pod.hostNetwork && pod.tone === 'waiting' && topology.namespaceOfPod(pod.key) === undefined,
      )
      const card = placeCard(topology, machine, netnsOfMachine.get(machine.machine) ?? [], podsByKey, waiting, x, busY + 34, row)
      card.hostPods = pods.filter((pod) => pod.node === machine.machine && pod.hostNetwork)
      cards.push(card)
      x += card.w + CARD_GAP
      bottom = Math.max(bottom, card.y + card.h)
    }
    width = Math.max(width, x - CARD_GAP + PAD)
    buses.push({ row, y: busY, x1: 0, x2: 0 })
    y = bottom + 34
  }
  const hosts = placeHosts(topology, hostMachines, width)
  width = Math.max(width, ...hosts.map((host) => host.x + host.w + PAD))
  for (const bus of buses) {
    bus.x1 = PAD + 8
    bus.x2 = width - PAD
  }
  return { width, height: y - 34 + PAD, hosts, cards, buses, trunkX: PAD + 8, network: networkOf(topology, drawn), switches }
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
): CardBox {
  const links = topology.linksOf(machine.netns)
  const bridge = links.find((link) => link.linkKind === 'bridge') ?? null
  const total = namespaces.length + waiting.length
  const folded = total > FOLD_ABOVE
  const columns = folded ? 14 : total <= 3 ? 3 : total <= 6 ? 3 : 4
  const w = folded ? CARD_PAD * 2 + columns * (SQUARE + SQUARE_GAP) - SQUARE_GAP : CARD_PAD * 2 + columns * POD_W + (columns - 1) * POD_GAP
  const cardW = Math.max(w, CARD_MIN_W)
  const inner = cardW - CARD_PAD * 2
  const nicLink = mainNic(topology, machine.netns)
  const nic = nicLink === null ? null : { x: x + Math.round(cardW * 0.57 - NIC_W / 2), y: y + 10, w: NIC_W, h: NIC_H, link: nicLink }
  const stack = { x: x + CARD_PAD, y: y + 10 + NIC_H + 16, w: inner, h: STACK_H }
  let below = stack.y + STACK_H + 22
  const others = links.filter((link) => link !== nicLink && link !== bridge && link.linkKind !== 'loopback' && link.linkKind !== 'veth')
  const rowDevices = [...(bridge === null ? [] : [bridge]), ...others]
  const deviceW = rowDevices.length === 0 ? 0 : (inner - (rowDevices.length - 1) * 8) / rowDevices.length
  const placed = rowDevices.map((link, index) => ({ link, x: x + CARD_PAD + index * (deviceW + 8), y: below, w: deviceW, h: BRIDGE_H }))
  if (rowDevices.length > 0) below += BRIDGE_H
  const pods: PodBox[] = []
  const startY = below + (folded ? 18 : ROW_GAP + 8)
  const used = folded ? inner : Math.min(columns, Math.max(total, 1)) * (POD_W + POD_GAP) - POD_GAP
  const offset = Math.max(0, Math.round((inner - used) / 2))
  const cells = [...namespaces.map((one) => ({ netns: one.netns, key: one.pod })), ...waiting.map((pod) => ({ netns: 0, key: pod.key }))]
  cells.forEach((cell, index) => {
    const column = index % columns
    const line = Math.floor(index / columns)
    const eth = cell.netns === 0 ? null : (topology.linksOf(cell.netns).find((link) => link.linkKind !== 'loopback') ?? null)
    const host = eth === null || eth.peerNetns === 0 ? null : (topology.link(eth.peerNetns, eth.peerIfindex) ?? null)
    const base = { key: cell.key, netns: cell.netns, pod: podsByKey.get(cell.key) ?? null, eth, host, folded }
    pods.push(
      folded
        ? { ...base, x: x + CARD_PAD + column * (SQUARE + SQUARE_GAP), y: startY + line * (SQUARE + SQUARE_GAP), w: SQUARE, h: SQUARE }
        : { ...base, x: x + CARD_PAD + offset + column * (POD_W + POD_GAP), y: startY + line * (POD_H + ROW_GAP), w: POD_W, h: POD_H },
    )
  })
  const lastPod = pods.at(-1)
  const bottom = lastPod === undefined ? below + ROW_GAP + 8 + POD_H : lastPod.y + lastPod.h
  return {
    machine,
    nic,
    stack,
    bridge: placed.find((one) => one.link === bridge) ?? null,
    devices: placed.filter((one) => one.link !== bridge),
    pods,
    hostPods: [],
    row,
    x,
    y,
    w: cardW,
    h: bottom + 30 - y,
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
