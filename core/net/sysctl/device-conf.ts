/** What the stack reads of `net.ipv4.conf.<device>.*`, as numbers ready for the hot path (struct ipv4_devconf). */
export interface DeviceConf {
  forwarding: number
  rpFilter: number
  acceptLocal: number
  routeLocalnet: number
  proxyArp: number
  arpIgnore: number
  arpAnnounce: number
  forwarding6: number
  disableIpv6: number
}

export function newDeviceConf(): DeviceConf {
  return {
    forwarding: 0,
    rpFilter: 0,
    acceptLocal: 0,
    routeLocalnet: 0,
    proxyArp: 0,
    arpIgnore: 0,
    arpAnnounce: 0,
    forwarding6: 0,
    disableIpv6: 1,
  }
}

export function copyDeviceConf(from: DeviceConf, to: DeviceConf): void {
  to.forwarding = from.forwarding
  to.rpFilter = from.rpFilter
  to.acceptLocal = from.acceptLocal
  to.routeLocalnet = from.routeLocalnet
  to.proxyArp = from.proxyArp
  to.arpIgnore = from.arpIgnore
  to.arpAnnounce = from.arpAnnounce
  to.forwarding6 = from.forwarding6
  to.disableIpv6 = from.disableIpv6
}
