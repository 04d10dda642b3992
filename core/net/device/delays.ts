/**
 * How long a frame takes to cross a device, in microseconds: every crossing is an event of its own, so that time-outs, steps and
 * captures have an order to show. Orders of magnitude of a software network (5–20 µs per veth and bridge hop in real captures);
 * constants, so that a path always takes the same time.
 */
export const LOOPBACK_US = 2
export const VETH_US = 3
/** Between a bridge's port and the bridge itself. */
export const BRIDGE_US = 1
export const VLAN_US = 1
/** Putting a frame into a tunnel packet, or taking it out. */
export const TUNNEL_US = 2
/** A cable between two machines, when nothing else is said. */
export const WIRE_US = 200
