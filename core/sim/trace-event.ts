/**
 * The only way out of the world. This file is the protocol: everything that anybody sees, saves, greps or grades is one of
 * these flat records of primitives. A record carries codes and fields, never a sentence: views word it in the reader's
 * language. Time and sequence number stand beside the event (`Batch`), not in it.
 *
 * Conventions: `netns` is the number of a network namespace, `ifindex` is unique inside it; addresses are text in their
 * usual notation (`10.244.1.2`, `0a:58:0a:f4:01:02`, `10.244.1.0/24`); 0 and '' stand for "none".
 */

// --- Machines and their networks: what the kernels say of themselves ---------------------------------------------------

export interface MachineAdd {
  kind: 'machine.add'
  machine: string
  role: 'control-plane' | 'worker' | 'host' | 'router'
  /** The machine's root network namespace. */
  netns: number
}

export interface MachineSet {
  kind: 'machine.set'
  machine: string
  running: boolean
}

export interface NetnsAdd {
  kind: 'netns.add'
  netns: number
  machine: string
  /** The machine's name for a root namespace, `cni-<uuid>` for a pod's, as `ip netns` lists it. */
  name: string
  /** `namespace/name` of the pod whose sandbox this is, or ''. */
  pod: string
}

export interface NetnsDel {
  kind: 'netns.del'
  netns: number
}

/** `link.add` and `link.set` carry the whole state of the link, so that a late reader needs no history. */
export interface LinkState {
  kind: 'link.add' | 'link.set'
  netns: number
  ifindex: number
  name: string
  linkKind: 'loopback' | 'veth' | 'bridge' | 'vxlan' | 'vlan' | 'ipip' | 'dummy' | 'nic'
  mac: string
  mtu: number
  up: boolean
  carrier: boolean
  /** ifindex of the bridge that this link is a port of, or 0. */
  master: number
  /** The other end of a veth pair or of the cable in a nic, or 0. */
  peerNetns: number
  peerIfindex: number
}

export interface LinkDel {
  kind: 'link.del'
  netns: number
  ifindex: number
}

export interface AddrChange {
  kind: 'addr.add' | 'addr.del'
  netns: number
  ifindex: number
  cidr: string
}

export interface RouteChange {
  kind: 'route.add' | 'route.del'
  netns: number
  table: string
  type: string
  prefix: string
  via: string
  ifindex: number
  src: string
  protocol: string
  metric: number
}

export interface NeighChange {
  kind: 'neigh.set' | 'neigh.del'
  netns: number
  ifindex: number
  ip: string
  mac: string
  /** NUD state (linux/neighbour.h): INCOMPLETE, REACHABLE, STALE, DELAY, PROBE, FAILED, PERMANENT, NOARP. */
  state: string
}

export interface FdbChange {
  kind: 'fdb.set' | 'fdb.del'
  netns: number
  bridge: number
  port: number
  mac: string
}

export interface WireState {
  kind: 'wire.set'
  wire: number
  aNetns: number
  aIfindex: number
  bNetns: number
  bIfindex: number
  latencyUs: number
  up: boolean
}

export interface RulesChange {
  kind: 'rules.set'
  netns: number
  family: 'ipv4' | 'ipv6'
  table: string
  chains: number
  rules: number
}

/** Which API object a chain was made for, said by the program that made it. */
export interface ChainOrigin {
  kind: 'rules.origin'
  netns: number
  table: string
  chain: string
  /** `Kind/namespace/name`, e.g. `Service/default/web`. */
  object: string
  by: string
}

export interface ConntrackChange {
  kind: 'conntrack.new' | 'conntrack.set' | 'conntrack.del'
  netns: number
  entry: number
  protocol: string
  /** `src:sport->dst:dport` of each direction. */
  original: string
  reply: string
  state: string
}

export interface SocketChange {
  kind: 'socket.listen' | 'socket.close'
  netns: number
  protocol: string
  address: string
  port: number
  pid: number
  process: string
}

// --- Packets -------------------------------------------------------------------------------------------------------------

/** The hooks of netfilter (linux/netfilter.h) that a packet of the IP stack passes. */
export type HookName = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING'

/**
 * A packet came into being. Here stands what never changes on its way; what does (addresses, ports, TTL, MACs) stands in
 * each `packet.tap`. With both, its bytes can be built again at every place.
 */
export interface PacketNew {
  kind: 'packet.new'
  packet: number
  netns: number
  /** The packet that provoked this one (the request of a reply, what an ICMP error quotes, the whole of a fragment), or 0. */
  cause: number
  /** The packet that this one carries in a tunnel, or 0. */
  inner: number
  etherType: number
  /** IP protocol number, 0 for ARP. */
  protocol: number
  src: string
  dst: string
  sport: number
  dport: number
  ttl: number
  ipId: number
  tos: number
  df: boolean
  /** In bytes, and whether more fragments follow. */
  fragmentOffset: number
  moreFragments: boolean
  /** TCP: sequence and acknowledgement numbers, flags as in the header, window as in the header, options. */
  seq: number
  ack: number
  flags: number
  window: number
  mss: number
  windowScale: number
  tsVal: number
  tsEcr: number
  sackOk: boolean
  /** ICMP: type, code, and the rest of the header (identifier and sequence number, or MTU). ARP: operation in `icmpType`. */
  icmpType: number
  icmpCode: number
  icmpId: number
  icmpSeq: number
  /** ARP: hardware addresses of the message, '' otherwise. VXLAN: VNI in `icmpId`. */
  arpSha: string
  arpTha: string
  /** Payload of the transport, one character per byte (Latin-1). */
  payload: string
  /** The process that sent it, '' when a kernel did. */
  process: string
}

/** A packet crosses an interface: what `tcpdump -i` on it sees, in the kernel's order. */
export interface PacketTap {
  kind: 'packet.tap'
  packet: number
  netns: number
  ifindex: number
  dir: 'in' | 'out'
  smac: string
  dmac: string
  src: string
  dst: string
  sport: number
  dport: number
  ttl: number
  /** IP total length in bytes (28 for ARP). */
  length: number
}

export interface PacketConntrack {
  kind: 'packet.conntrack'
  packet: number
  netns: number
  hook: HookName
  entry: number
  state: 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED'
  direction: 'original' | 'reply'
}

/** A rule matched. `number` is its place in the chain from 1; 0 is the chain's policy, and `rule` then reads `policy ACCEPT`. */
export interface PacketRule {
  kind: 'packet.rule'
  packet: number
  netns: number
  hook: HookName
  table: string
  chain: string
  number: number
  /** The rule as `iptables-save` prints it, `-A CHAIN …`. */
  rule: string
  /** ACCEPT, DROP, REJECT, RETURN, CONTINUE (non-terminating target), JUMP, GOTO, DNAT, SNAT, MASQUERADE … */
  verdict: string
  /** The chain that is jumped to, or ''. */
  to: string
  mark: number
}

export interface PacketNat {
  kind: 'packet.nat'
  packet: number
  netns: number
  hook: HookName
  /** `dnat` and `snat` as decided by a rule or conntrack entry; `un-…` where conntrack undoes it on the way back. */
  nat: 'dnat' | 'snat' | 'un-dnat' | 'un-snat'
  entry: number
  /** `src:sport->dst:dport` */
  from: string
  to: string
}

export interface PacketRoute {
  kind: 'packet.route'
  packet: number
  netns: number
  dst: string
  /** unicast, local, broadcast, multicast, unreachable, blackhole, prohibit; none when no route matched. */
  result: string
  prefix: string
  via: string
  ifindex: number
  src: string
  table: string
}

export interface PacketForward {
  kind: 'packet.forward'
  packet: number
  netns: number
  inIfindex: number
  outIfindex: number
  ttl: number
}

export interface PacketNeigh {
  kind: 'packet.neigh'
  packet: number
  netns: number
  ifindex: number
  ip: string
  mac: string
  result: 'resolved' | 'queued'
}

export interface PacketBridge {
  kind: 'packet.bridge'
  packet: number
  netns: number
  bridge: number
  inPort: number
  /** The port chosen from the FDB; 0 for `flood` and `local`. */
  outPort: number
  decision: 'forward' | 'flood' | 'local'
  dmac: string
}

/** A packet goes into, or comes out of, a tunnel packet. */
export interface PacketTunnel {
  kind: 'packet.encap' | 'packet.decap'
  packet: number
  netns: number
  ifindex: number
  outer: number
}

/** The end of a good journey: a socket or the kernel itself (ICMP echo, ARP) took it. */
export interface PacketDeliver {
  kind: 'packet.deliver'
  packet: number
  netns: number
  /** `tcp`, `udp`, `icmp`, `arp`, `tunnel`. */
  to: string
  port: number
  pid: number
  process: string
}

export interface PacketDrop {
  kind: 'packet.drop'
  packet: number
  netns: number
  /** Where it died: a stage such as `ip_forward`, a hook, `bridge`, `neigh`, `wire`. */
  at: string
  /** One of net's `DropReason`. */
  reason: string
  /** `table chain: rule` when a rule killed it, or a device's name, or ''. */
  detail: string
}

// --- The cluster's machinery ---------------------------------------------------------------------------------------------

export interface ApiObject {
  kind: 'api.object'
  change: 'ADDED' | 'MODIFIED' | 'DELETED'
  apiVersion: string
  objectKind: string
  /** Plural resource name, e.g. `pods`. */
  resource: string
  namespace: string
  name: string
  uid: string
  revision: number
  /** Who wrote it: `kubectl`, `deployment-controller`, `kubelet/worker-1` … */
  actor: string
  /** The whole object as JSON. */
  body: string
}

export interface ControlStep {
  kind: 'control.step'
  controller: string
  /** `namespace/name` of the object reconciled. */
  key: string
  /** `done`, `requeued`, or the error's reason. */
  result: string
}

export interface ProcessChange {
  kind: 'process.start' | 'process.exit'
  machine: string
  pid: number
  netns: number
  /** Words of the command line, joined by spaces. */
  command: string
  exitCode: number
}

// --- Terminals, files, commands ------------------------------------------------------------------------------------------

export interface TtyOpen {
  kind: 'tty.open'
  tty: string
  machine: string
}

export interface TtyOut {
  kind: 'tty.out'
  tty: string
  text: string
}

export interface TtyClose {
  kind: 'tty.close'
  tty: string
  exitCode: number
}

/** A file in the workstation's home folder: the editor's tree. Contents of at most 1 MiB. */
export interface FileChange {
  kind: 'file.set' | 'file.del'
  machine: string
  path: string
  content: string
}

/** Output and end of a line run by an `exec` input (the Apply button, a lab's check). */
export interface ExecOut {
  kind: 'exec.out'
  exec: string
  stream: 'stdout' | 'stderr'
  text: string
}

export interface ExecExit {
  kind: 'exec.exit'
  exec: string
  exitCode: number
}

/** A program asks the person's editor to open a file. */
export interface EditorOpen {
  kind: 'editor.open'
  path: string
}

// --- Labs and the world as a whole ---------------------------------------------------------------------------------------

export interface LabCheck {
  kind: 'lab.check'
  step: string
  check: string
  state: 'pass' | 'fail' | 'waiting'
  /** Code and parameters of what was seen, as JSON: the view words it. */
  seen: string
}

export interface LabStep {
  kind: 'lab.step'
  step: string
  state: 'open' | 'done' | 'hint'
  /** For `hint`: how many hints are shown. */
  hints: number
}

export interface WorldState {
  kind: 'world.state'
  settled: boolean
  /** Boot is over: what follows is the person's time. */
  booted: boolean
}

export type TraceEvent =
  | MachineAdd | MachineSet | NetnsAdd | NetnsDel | LinkState | LinkDel | AddrChange | RouteChange | NeighChange | FdbChange
  | WireState | RulesChange | ChainOrigin | ConntrackChange | SocketChange
  | PacketNew | PacketTap | PacketConntrack | PacketRule | PacketNat | PacketRoute | PacketForward | PacketNeigh
  | PacketBridge | PacketTunnel | PacketDeliver | PacketDrop
  | ApiObject | ControlStep | ProcessChange
  | TtyOpen | TtyOut | TtyClose | FileChange | ExecOut | ExecExit | EditorOpen
  | LabCheck | LabStep | WorldState

/** A run of consecutive events: `events[i]` has sequence number `firstSeq + i` and happened at `atUs[i]`. */
export interface Batch {
  firstSeq: number
  atUs: number[]
  events: TraceEvent[]
  /** Virtual time at the end of the batch. */
  nowUs: number
  /** Digest of everything up to here. */
  digest: string
}
