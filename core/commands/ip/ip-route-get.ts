/** `ip route get`: asks the kernel where a packet would go (RTM_GETROUTE). */
import type { Errno } from '../../base/errno.ts'
import { formatIp, type IpAddr, isUnspecified, isV6 } from '../../net/addr/ip.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import { wholeNumber } from '../options.ts'
import { answers, type IpCall, IpFailure, readPrefix } from './ip-call.ts'

export function ipRouteGet(call: IpCall): IpFailure | null {
  let dst: IpAddr | null = null
  let from: IpAddr | null = null
  let iif: NetDevice | null = null
  let oif: NetDevice | null = null
  let mark = 0
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (word === 'fibmatch' || word === 'notify') continue
    const takes = ['to', 'from', 'iif', 'oif', 'dev', 'mark', 'tos', 'uid', 'ipproto', 'sport', 'dport', 'vrf']
    const value = takes.includes(word) ? call.value() : word
    if (value instanceof IpFailure) return value
    if (word === 'iif' || word === 'oif' || word === 'dev') {
      const device = call.device(value)
      if (device instanceof IpFailure) return device
      if (word === 'iif') iif = device
      else oif = device
    } else if (word === 'mark') mark = wholeNumber(value) ?? Number(value)
    else if (!takes.includes(word) || word === 'to' || word === 'from') {
      const prefix = readPrefix(value, call.family)
      if (prefix instanceof IpFailure) return prefix
      if (word === 'from') from = prefix.addr
      else dst = prefix.addr
    }
  }
  if (dst === null) return new IpFailure('need at least a destination address\n', 1)
  const { ns } = call
  const v6 = isV6(dst)
  const any: IpAddr = v6 ? 0n : 0
  if (from !== null && iif === null && !isUnspecified(from) && !ns.fib.isLocal(from)) return answers('ENETUNREACH')
  const route = ns.fib.lookup({ dst, src: from ?? any, iif: iif?.ifindex ?? 0, oif: oif?.ifindex ?? 0, mark })
  const error = refusal(route.type, iif !== null)
  if (error) return answers(error)
  if (iif !== null && route.type === 'unicast' && ns.sysctl.get(`net.ipv4.conf.${iif.name}.forwarding`) === '0') return answers('EHOSTUNREACH')
  if (iif !== null && from === null) return answers('EINVAL')
  const local = route.type === 'local'
  const device = local ? (ns.link('lo') ?? route.dev) : route.dev
  const source = from ?? (iif ? null : (route.src ?? (local ? dst : device ? ns.sourceAddressFor(route.via ?? dst, device) : null)))
  const flags = local ? ['local'] : route.type === 'broadcast' ? ['local', 'brd'] : route.type === 'multicast' ? ['mc'] : []
  if (call.json) {
    call.printJson([
      {
        type: route.type === 'unicast' ? undefined : route.type,
        dst: formatIp(dst),
        from: from === null ? undefined : formatIp(from),
        gateway: route.via === null ? undefined : formatIp(route.via),
        dev: device?.name,
        prefsrc: source === null || from !== null ? undefined : formatIp(source),
        mark: mark === 0 ? undefined : mark,
        flags: [],
        uid: iif === null ? 0 : undefined,
        cache: flags,
        iif: iif?.name,
      },
    ])
    return null
  }
  let text = route.type === 'unicast' ? '' : `${route.type} `
  text += `${formatIp(dst)} `
  if (from !== null) text += `from ${formatIp(from)} `
  if (route.via !== null) text += `via ${formatIp(route.via)} `
  if (device) text += `dev ${device.name} `
  if (v6 && route.table === 254) text += `proto ${route.protocol} `
  if (source !== null && from === null) text += `src ${formatIp(source)} `
  if (mark !== 0) text += `mark ${mark < 16 ? mark : `0x${mark.toString(16)}`} `
  if (v6) text += `metric ${route.metric} pref medium`
  else {
    if (iif === null) text += 'uid 0 '
    text += `\n    cache ${flags.length > 0 ? `<${flags.join(',')}> ` : ''}`
    if (iif !== null) text += `iif ${iif.name} `
  }
  call.print(`${text}\n`)
  return null
}

function refusal(type: string, forwarded: boolean): Errno | null {
  if (type === 'none') return forwarded ? 'EHOSTUNREACH' : 'ENETUNREACH'
  if (type === 'unreachable') return 'EHOSTUNREACH'
  if (type === 'prohibit') return 'EACCES'
  return type === 'blackhole' ? 'EINVAL' : null
}
