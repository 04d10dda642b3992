/** `ip rule` (iprule.c). Omits: rules by port, protocol, uid or tunnel, `goto`, suppressors. */
import { addressBits, formatIp, formatPrefix, type Prefix } from '../../net/addr/ip.ts'
import { type RoutingRule, type RuleSpec, tableName } from '../../net/route/route.ts'
import type { Json } from '../json-writer.ts'
import { wholeNumber } from '../options.ts'
import { answers, type IpCall, IpFailure, invalidArgument, keyword, readPrefix, tableNumber, unknownCommand } from './ip-call.ts'

const SELECTORS = [
  'from', 'to', 'iif', 'dev', 'oif', 'fwmark', 'table', 'lookup', 'pref', 'preference', 'priority', 'order', 'type', 'tos', 'dsfield', 'proto', 'protocol',
]

const COMMANDS = ['list', 'lst', 'show', 'add', 'delete', 'flush', 'help']

export function ipRule(call: IpCall): IpFailure | null {
  const word = call.next() ?? 'list'
  switch (keyword(word, COMMANDS)) {
    case 'list':
    case 'lst':
    case 'show': {
      const rules = call.ns.fib.rules(call.family === 6 ? 6 : 4)
      if (call.json) call.printJson(rules.map(ruleJson))
      else for (const rule of rules) call.print(`${ruleText(rule)}\n`)
      return null
    }
    case 'add':
    case 'delete': {
      const spec = readRule(call)
      if (spec instanceof IpFailure) return spec
      const error = word.startsWith('a') ? call.ns.fib.addRule(spec) : call.ns.fib.delRule(spec)
      return error ? answers(error === 'ESRCH' ? 'ENOENT' : error) : null
    }
    case 'flush':
      for (const rule of call.ns.fib.rules(call.family === 6 ? 6 : 4)) if (rule.priority !== 0) call.ns.fib.delRule({ ...rule })
      return null
    case 'help':
      return new IpFailure('Usage: ip rule { add | del } SELECTOR ACTION\n       ip rule { flush | save | restore }\n       ip rule [ list [ SELECTOR ]]\n', 255)
  }
  return unknownCommand(word, 'rule')
}

function readRule(call: IpCall): RuleSpec | IpFailure {
  const spec: RuleSpec = { family: call.family === 6 ? 6 : 4 }
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (word === 'not') {
      spec.invert = true
      continue
    }
    if (word === 'blackhole' || word === 'unreachable' || word === 'prohibit') {
      spec.action = word
      continue
    }
    if (!SELECTORS.includes(word)) return invalidArgument(word, 'Failed to parse rule type\n')
    const value = call.value()
    if (value instanceof IpFailure) return value
    switch (word) {
      case 'from':
      case 'to': {
        if (value === 'all' || value === 'any' || value === 'default') {
          spec[word] = null
          break
        }
        const prefix = readPrefix(value, call.family)
        if (prefix instanceof IpFailure) return prefix
        if (typeof prefix.addr === 'bigint') spec.family = 6
        spec[word] = prefix
        break
      }
      case 'iif':
      case 'dev':
        spec.iif = value
        break
      case 'oif':
        spec.oif = value
        break
      case 'fwmark': {
        const [mark, mask] = value.split('/').map(Number)
        if (Number.isNaN(mark) || Number.isNaN(mask ?? 0)) return invalidArgument(value, 'fwmark value is invalid\n')
        spec.fwmark = mark
        if (mask !== undefined) spec.fwmask = mask
        break
      }
      case 'table':
      case 'lookup': {
        const table = tableNumber(value)
        if (table === null) return invalidArgument(value, 'invalid table ID\n')
        spec.table = table
        break
      }
      case 'pref':
      case 'preference':
      case 'priority':
      case 'order': {
        const priority = wholeNumber(value)
        if (priority === null) return invalidArgument(value, 'preference value is invalid\n')
        spec.priority = priority
        break
      }
      case 'type':
        if (value === 'blackhole' || value === 'unreachable' || value === 'prohibit') spec.action = value
        break
    }
  }
  return spec
}

function selectorText(prefix: Prefix): string {
  return prefix.length === addressBits(prefix.addr) ? formatIp(prefix.addr) : formatPrefix(prefix)
}

function markText(rule: RoutingRule): string {
  const mask = rule.fwmask === 0xffffffff ? '' : `/0x${rule.fwmask.toString(16)}`
  return `0x${rule.fwmark.toString(16)}${mask}`
}

function ruleText(rule: RoutingRule): string {
  let text = `${rule.priority}:\t${rule.invert ? 'not ' : ''}from ${rule.from ? selectorText(rule.from) : 'all'}`
  if (rule.to) text += ` to ${selectorText(rule.to)}`
  if (rule.fwmark !== 0 || rule.fwmask !== 0) text += ` fwmark ${markText(rule)}`
  if (rule.iif !== '') text += ` iif ${rule.iif}`
  if (rule.oif !== '') text += ` oif ${rule.oif}`
  return `${text} ${rule.action === 'lookup' ? `lookup ${tableName(rule.table)}` : rule.action}`
}

function ruleJson(rule: RoutingRule): Json {
  const length = (prefix: Prefix | null): number | undefined =>
    prefix && prefix.length !== addressBits(prefix.addr) ? prefix.length : undefined
  return {
    priority: rule.priority,
    not: rule.invert ? null : undefined,
    src: rule.from ? formatIp(rule.from.addr) : 'all',
    srclen: length(rule.from),
    dst: rule.to ? formatIp(rule.to.addr) : undefined,
    dstlen: length(rule.to),
    fwmark: rule.fwmark !== 0 ? `0x${rule.fwmark.toString(16)}` : undefined,
    fwmask: rule.fwmark !== 0 && rule.fwmask !== 0xffffffff ? `0x${rule.fwmask.toString(16)}` : undefined,
    iif: rule.iif === '' ? undefined : rule.iif,
    oif: rule.oif === '' ? undefined : rule.oif,
    table: rule.action === 'lookup' ? tableName(rule.table) : undefined,
    action: rule.action === 'lookup' ? undefined : rule.action,
  }
}
