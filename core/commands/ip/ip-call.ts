/** What all objects of ip(8) share: the global options, the words still to read, and the ways of failing. */
import { type Errno, strerror } from '../../base/errno.ts'
import { type IpAddr, isV6, parseIp, parsePrefix, type Prefix } from '../../net/addr/ip.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import type { Process } from '../../linux/process.ts'
import { iproute2Json, type Json } from '../json-writer.ts'

/** 4, 6, `bridge`, or 0 for both. */
export type Family = 0 | 4 | 6

/** A command that cannot go on: its message and exit code. It is returned, never thrown. */
export class IpFailure {
  readonly message: string
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    this.message = message
    this.exitCode = exitCode
  }
}

export class IpCall {
  readonly proc: Process
  readonly ns: NetNamespace
  readonly words: string[]
  family: Family = 0
  json = false
  pretty = false
  brief = false
  oneline = false
  details = false
  stats = 0
  numeric = false

  constructor(proc: Process, words: readonly string[]) {
    this.proc = proc
    this.ns = proc.netns
    this.words = [...words]
  }

  next(): string | undefined {
    return this.words.shift()
  }

  /** The value that must follow a keyword; '' after which nothing else is read when it is missing. */
  value(): string | IpFailure {
    return this.words.shift() ?? new IpFailure('Command line is not complete. Try option "help"\n', 255)
  }

  print(text: string): void {
    this.proc.print(this.oneline ? `${text.replace(/\n(?=.)/gs, '\\')}` : text)
  }

  printJson(value: Json): void {
    this.proc.print(iproute2Json(value, this.pretty))
  }

  device(name: string): NetDevice | IpFailure {
    return this.ns.link(name) ?? new IpFailure(`Cannot find device "${name}"\n`, 1)
  }
}

/** What the kernel answers when it says no more than a number. */
export function answers(errno: Errno): IpFailure {
  return new IpFailure(`RTNETLINK answers: ${strerror(errno)}\n`, 2)
}

/** Extended acknowledgement of the kernel. */
export function kernelError(text: string): IpFailure {
  return new IpFailure(`Error: ${text}.\n`, 2)
}

export function invalidArgument(argument: string, why: string): IpFailure {
  return new IpFailure(`Error: argument "${argument}" is wrong: ${why}\n`, 255)
}

export function unknownCommand(command: string, object: string): IpFailure {
  return new IpFailure(`Command "${command}" is unknown, try "ip ${object} help".\n`, 255)
}

/** iproute2's `matches`: any beginning of a keyword will do; the first that fits wins. */
export function keyword(word: string, names: readonly string[]): string | null {
  if (word === '') return null
  return names.find((name) => name.startsWith(word)) ?? null
}

/** `default`, `10.244.0.0/16`, or an address. Short IPv4 forms (`10.1`) mean trailing zeros. */
export function readPrefix(text: string, family: Family): Prefix | IpFailure {
  if (text === 'default' || text === 'any' || text === 'all') return { addr: family === 6 ? 0n : 0, length: 0 }
  const [address, length] = text.split('/')
  const whole = /^\d+(\.\d+){0,2}$/.test(address) ? `${address}${'.0'.repeat(4 - address.split('.').length)}` : address
  const prefix = parsePrefix(length === undefined ? whole : `${whole}/${length}`)
  if (!prefix || (family !== 0 && isV6(prefix.addr) !== (family === 6))) {
    return new IpFailure(`Error: ${familyWord(family)} prefix is expected rather than "${text}".\n`, 1)
  }
  return prefix
}

export function readAddress(text: string, family: Family): IpAddr | IpFailure {
  const address = parseIp(text)
  if (address === null || (family !== 0 && isV6(address) !== (family === 6))) {
    return new IpFailure(`Error: ${familyWord(family)} address is expected rather than "${text}".\n`, 1)
  }
  return address
}

function familyWord(family: Family): string {
  return family === 4 ? 'inet' : family === 6 ? 'inet6' : 'any valid'
}

/** rt_tables(5). */
export function tableNumber(text: string): number | null {
  if (text === 'main') return 254
  if (text === 'local') return 255
  if (text === 'default') return 253
  return /^\d{1,10}$/.test(text) ? Number(text) : null
}
