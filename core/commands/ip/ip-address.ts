/** `ip address` (ipaddress.c). Omits: lifetimes, labels by pattern, `save` and `restore`, flags such as noprefixroute (ignored). */
import { addressBits, type IpAddr, isV6, type Prefix, prefixContains } from '../../net/addr/ip.ts'
import type { InterfaceAddress, NetDevice } from '../../net/device/net-device.ts'
import { answers, type IpCall, IpFailure, kernelError, keyword, readAddress, readPrefix, unknownCommand } from './ip-call.ts'
import { linkPasses, readLinkFilter } from './ip-link.ts'
import { addressJson, addressText, briefAddresses, linkJson, linkText } from './link-text.ts'

const COMMANDS = ['add', 'change', 'chg', 'replace', 'delete', 'show', 'lst', 'list', 'flush', 'help']

export function ipAddress(call: IpCall): IpFailure | null {
  const word = call.next() ?? 'show'
  switch (keyword(word, COMMANDS)) {
    case 'add':
    case 'change':
    case 'chg':
    case 'replace':
      return change(call, word.startsWith('a') ? 'add' : 'replace')
    case 'delete':
      return change(call, 'delete')
    case 'show':
    case 'lst':
    case 'list':
      return show(call)
    case 'flush':
      return flush(call)
    case 'help':
      return new IpFailure('Usage: ip address {add|change|replace} IFADDR dev IFNAME\n       ip address del IFADDR dev IFNAME\n       ip address {show|flush} [ dev IFNAME ] [ scope SCOPE-ID ] [ to PREFIX ] [ up ]\n', 255)
  }
  return unknownCommand(word, 'address')
}

function addressesOf(call: IpCall, device: NetDevice, to: Prefix | null, scope: string): InterfaceAddress[] {
  const all = device.addresses.filter((address) => {
    if (call.family !== 0 && isV6(address.ip) !== (call.family === 6)) return false
    if (to && !prefixContains(to, address.ip)) return false
    return scope === '' || address.scope === scope
  })
  // The kernel is asked for IPv4 first.
  return [...all.filter((address) => !isV6(address.ip)), ...all.filter((address) => isV6(address.ip))]
}

function show(call: IpCall): IpFailure | null {
  let to: Prefix | null = null
  let scope = ''
  const filter = readLinkFilter(call, (word) => {
    if (word === 'to') {
      const value = call.value()
      const prefix = value instanceof IpFailure ? value : readPrefix(value, call.family)
      if (prefix instanceof IpFailure) return prefix
      to = prefix
      return null
    }
    if (word === 'scope') {
      const value = call.value()
      if (value instanceof IpFailure) return value
      scope = value
      return null
    }
    return word === 'primary' || word === 'permanent' || word === 'dynamic' ? null : undefined
  })
  if (filter instanceof IpFailure) return filter
  const narrowed = call.family !== 0 || to !== null || scope !== ''
  const shown: { device: NetDevice; addresses: InterfaceAddress[] }[] = []
  for (const device of call.ns.links()) {
    if (!linkPasses(device, filter)) continue
    const addresses = addressesOf(call, device, to, scope)
    if (!narrowed || addresses.length > 0) shown.push({ device, addresses })
  }
  if (call.json) {
    const records = shown.map(({ device, addresses }) => ({
      ...linkJson(call, device, false),
      addr_info: addresses.map((address) => addressJson(address, device)),
    }))
    call.printJson(records)
    return null
  }
  for (const { device, addresses } of shown) {
    if (call.brief) call.proc.print(briefAddresses(device, addresses))
    else if (call.oneline) {
      for (const address of addresses) call.print(`${device.ifindex}: ${device.name}${addressText(address, device)}`)
    } else {
      const head = to !== null || scope !== '' ? headOnly(call, device) : linkText(call, device, false)
      call.print(head + addresses.map((address) => addressText(address, device)).join(''))
    }
  }
  return null
}

/** With a filter on addresses the link-layer line is left out. */
function headOnly(call: IpCall, device: NetDevice): string {
  return `${linkText(call, device, false).split('\n')[0]}\n`
}

function change(call: IpCall, how: 'add' | 'replace' | 'delete'): IpFailure | null {
  let local: Prefix | null = null
  let device: NetDevice | null = null
  let scope: 'global' | 'link' | 'host' | undefined
  let label: string | undefined
  // The kernel makes no broadcast address by itself; `brd +` asks for the network's last.
  let broadcast: IpAddr | null | undefined = null
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (['noprefixroute', 'nodad', 'home', 'mngtmpaddr', 'autojoin', 'optimistic'].includes(word)) continue
    const takes = ['dev', 'local', 'broadcast', 'brd', 'scope', 'label', 'peer', 'remote', 'metric', 'valid_lft', 'preferred_lft', 'proto', 'anycast']
    const value = takes.includes(word) ? call.value() : word
    if (value instanceof IpFailure) return value
    switch (word) {
      case 'dev': {
        const found = call.device(value)
        if (found instanceof IpFailure) return found
        device = found
        break
      }
      case 'brd':
      case 'broadcast': {
        if (value === '+' || value === '-') {
          broadcast = value === '+' ? undefined : null
          break
        }
        const address = readAddress(value, call.family)
        if (address instanceof IpFailure) return address
        broadcast = address
        break
      }
      case 'scope':
        if (value !== 'global' && value !== 'link' && value !== 'host') return new IpFailure(`Error: argument "${value}" is wrong: invalid scope value.\n\n`, 255)
        scope = value
        break
      case 'label':
        label = value
        break
      case 'peer':
      case 'remote':
      case 'metric':
      case 'valid_lft':
      case 'preferred_lft':
      case 'proto':
      case 'anycast':
        break
      default: {
        if (local) return new IpFailure(`Error: either "local" is duplicate, or "${value}" is a garbage.\n`, 255)
        const prefix = readPrefix(value, call.family)
        if (prefix instanceof IpFailure) return prefix
        local = prefix
      }
    }
  }
  if (!device) return new IpFailure('Not enough information: "dev" argument is required.\n', 1)
  if (!local) return answers('EINVAL')
  const { addr, length } = local
  const v6 = isV6(addr)
  if (how === 'delete') {
    // Without a prefix length any that has the address will do.
    const own = device.addresses.find((address) => address.ip === addr && (length === addressBits(addr) || address.prefixLength === length))
    const error = own ? call.ns.delAddress(device, addr, own.prefixLength) : 'EADDRNOTAVAIL'
    if (error === 'EADDRNOTAVAIL') return kernelError(v6 ? 'ipv6: address not found' : 'ipv4: Address not found')
    return error ? answers(error) : null
  }
  if (!v6 && scope === undefined && (addr as number) >>> 24 === 127) scope = 'host'
  const error = call.ns.addAddress(device, addr, length, { scope, label, broadcast })
  if (error === 'EEXIST') return how === 'replace' ? null : kernelError(v6 ? 'ipv6: address already assigned' : 'ipv4: Address already assigned')
  return error ? answers(error) : null
}

function flush(call: IpCall): IpFailure | null {
  if (call.words.length === 0) return new IpFailure('Flush requires arguments.\n', 255)
  let to: Prefix | null = null
  let scope = ''
  const filter = readLinkFilter(call, (word) => {
    if (word !== 'to' && word !== 'scope') return undefined
    const value = call.value()
    if (value instanceof IpFailure) return value
    if (word === 'scope') scope = value
    else {
      const prefix = readPrefix(value, call.family)
      if (prefix instanceof IpFailure) return prefix
      to = prefix
    }
    return null
  })
  if (filter instanceof IpFailure) return filter
  for (const device of call.ns.links()) {
    if (!linkPasses(device, filter)) continue
    for (const address of addressesOf(call, device, to, scope)) call.ns.delAddress(device, address.ip, address.prefixLength)
  }
  return null
}
