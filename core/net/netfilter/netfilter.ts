/** The hooks of netfilter in one network namespace. */
import { Bug } from '../../base/assert.ts'
import type { HookName } from '../../sim/trace-event.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import type { Packet } from '../packet/packet.ts'
import { Conntrack } from './conntrack.ts'
import { Iptables } from './iptables/iptables.ts'

export type Verdict = 'ACCEPT' | 'DROP' | 'STOLEN'

export class Netfilter {
  readonly ns: NetNamespace
  readonly conntrack: Conntrack
  readonly #ipv4: Iptables
  readonly #ipv6: Iptables

  constructor(ns: NetNamespace) {
    this.ns = ns
    this.conntrack = new Conntrack(ns)
    this.#ipv4 = new Iptables(ns, 'ipv4')
    this.#ipv6 = new Iptables(ns, 'ipv6')
  }

  iptables(family: 'ipv4' | 'ipv6'): Iptables {
    return family === 'ipv4' ? this.#ipv4 : this.#ipv6
  }

  /** Everything that is hooked in at `hook`, in the kernel's order of priority. */
  run(hook: HookName, packet: Packet, inDev: NetDevice | null, outDev: NetDevice | null): Verdict {
    throw new Bug(`not yet ${hook} ${packet.id} ${inDev?.name} ${outDev?.name}`)
  }

  /** An interface went down or lost its address: connections masqueraded through it are forgotten (masq_device_event). */
  deviceDown(ifindex: number): void {
    throw new Bug(`not yet ${ifindex}`)
  }
}
