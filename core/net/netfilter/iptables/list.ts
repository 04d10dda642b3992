/**
 * Prints rules: iptables-save, `iptables -S` and the columns of `iptables -L` (xshared.c print_rule_details, nft-shared.c,
 * iptables 1.8.9 with the nft backend).
 *
 * Omits: looking addresses up by name.
 */
import type { Chain, Rule, Table } from './rule.ts'
import { sortedChains } from './ruleset.ts'
import { interfaceText } from './parse-command.ts'
import { protocolName } from './words.ts'
import type { IpFamily } from './family.ts'

export interface ListStyle {
  readonly family: IpFamily
  readonly numeric: boolean
  readonly verbose: boolean
  readonly exact: boolean
  readonly lineNumbers: boolean
}

/** One table as iptables-save prints it, without the comments around it. */
export function saveTable(table: Table, counters: boolean): string {
  const lines: string[] = [`*${table.name}`]
  const chains = sortedChains(table)
  for (const chain of chains) {
    lines.push(chain.hook === '' ? `:${chain.name} - [0:0]` : `:${chain.name} ${chain.policy} [${chain.packets}:${chain.bytes}]`)
  }
  for (const chain of chains) {
    for (const rule of chain.rules) lines.push(counters ? `[${rule.packets}:${rule.bytes}] ${rule.line}` : rule.line)
  }
  lines.push('COMMIT')
  return `${lines.join('\n')}\n`
}

/** `iptables -S`. */
export function listRules(chains: readonly Chain[], number: number, withCounters: boolean): string {
  const lines: string[] = []
  const counted = (packets: number, bytes: number) => (withCounters ? ` -c ${packets} ${bytes}` : '')
  if (number === 0) {
    for (const chain of chains) {
      if (chain.hook !== '') lines.push(`-P ${chain.name} ${chain.policy}${counted(chain.packets, chain.bytes)}`)
      else lines.push(`-N ${chain.name}`)
    }
  }
  for (const chain of chains) {
    const rules = number === 0 ? chain.rules : chain.rules.slice(number - 1, number)
    for (const rule of rules) lines.push(withCounters ? withCount(rule, counted(rule.packets, rule.bytes)) : rule.line)
  }
  return lines.map((line) => `${line}\n`).join('')
}

/** `-v -S` puts the counters between the matches and the target. */
function withCount(rule: Rule, count: string): string {
  const head = `-A ${rule.chain.name} ${rule.spec.matchText}`.trimEnd()
  return `${head}${count}${rule.line.slice(head.length)}`
}

/** `iptables -L`. */
export function listTable(chains: readonly Chain[], number: number, style: ListStyle): string {
  const parts: string[] = []
  for (const chain of chains) {
    const lines: string[] = []
    if (number === 0) {
      lines.push(chainHeader(chain, style), columnHeader(style))
    }
    chain.rules.forEach((rule, at) => {
      if (number === 0 || number === at + 1) lines.push(`${listRule(rule, at + 1, style)}\n`)
    })
    parts.push(lines.join(''))
  }
  return parts.join(number === 0 ? '\n' : '')
}

function chainHeader(chain: Chain, style: ListStyle): string {
  if (chain.hook === '') return `Chain ${chain.name} (${chain.references} references)\n`
  const counters = style.verbose ? ` ${count(chain.packets, style.exact, true)}packets, ${count(chain.bytes, style.exact, true)}bytes` : ''
  return `Chain ${chain.name} (policy ${chain.policy}${counters})\n`
}

function columnHeader({ lineNumbers, verbose, exact }: ListStyle): string {
  const counters = verbose
    ? exact
      ? `${'pkts'.padStart(8)} ${'bytes'.padStart(10)} `
      : `${'pkts'.padStart(5)} ${'bytes'.padStart(5)} `
    : ''
  const interfaces = verbose ? `${'in'.padEnd(6)} ${'out'.padEnd(6)}  ` : ''
  const ends = `${'source'.padEnd(19)}  ${'destination'.padEnd(19)} \n`
  return `${lineNumbers ? 'num  ' : ''}${counters}${'target'.padEnd(9)}  prot opt ${interfaces}${ends}`
}

/** xtables_print_num: five columns, then K, M, G, T. */
function count(value: number, exact: boolean, bare = false): string {
  if (exact) return `${bare ? value : String(value).padStart(8)} `
  if (value <= 99999) return `${bare ? value : String(value).padStart(5)} `
  let rest = value
  for (const unit of ['K', 'M', 'G', 'T']) {
    rest = Math.floor((rest + 500) / 1000)
    if (rest <= 9999 || unit === 'T') return `${bare ? rest : String(rest).padStart(4)}${unit} `
  }
  return ''
}

function listRule(rule: Rule, number: number, style: ListStyle): string {
  const { spec } = rule
  const { numeric } = style
  const v6 = style.family === 'ipv6'
  const target =
    spec.target === 'none'
      ? ''
      : spec.target === 'action'
        ? (spec.action?.listName ?? spec.action?.name ?? '')
        : (rule.jump?.name ?? spec.target)
  const protocol = numeric ? String(spec.protocol) : protocolName(spec.protocol)
  const fragment = spec.fragment === '' ? '--' : spec.fragment === 'yes' ? '-f' : '!f'
  const anywhere = numeric ? (v6 ? '::/0' : '0.0.0.0/0') : 'anywhere'
  const address = (test: typeof spec.src) => `${test?.invert ? '!' : ' '}${(test?.listText ?? anywhere).padEnd(19)} `
  const through = (test: typeof spec.inInterface) => `${test ? `${test.invert ? '!' : ''}${interfaceText(test)}` : '*'}`.padEnd(6)
  const words: string[] = []
  for (const matcher of spec.matchers) words.push(` ${matcher.list(numeric)}`)
  if (spec.action) {
    const listed = spec.action.list(numeric)
    if (listed !== '') words.push(` ${listed}`)
  }
  return (
    (style.lineNumbers ? `${String(number).padEnd(4)} ` : '') +
    (style.verbose ? count(rule.packets, style.exact) + count(rule.bytes, style.exact) : '') +
    `${target.padEnd(9)} ${spec.protocolInvert ? '!' : ' '}${protocol.padEnd(4)} ${fragment} ` +
    (style.verbose ? ` ${through(spec.inInterface)} ${through(spec.outInterface)} ` : '') +
    address(spec.src) +
    address(spec.dst) +
    (spec.target === 'goto' ? '[goto] ' : '') +
    words.join('')
  )
}

/** What `-v` echoes when a rule is added or deleted. */
export function echoRule(rule: { spec: Rule['spec']; chainName: string }): string {
  const { spec } = rule
  const address = (test: typeof spec.src) => `${test?.invert ? '!' : ''}${test?.listText ?? '0.0.0.0/0'}`
  const through = (test: typeof spec.inInterface) => (test ? `${test.invert ? '!' : ''}${interfaceText(test)}` : '*')
  const target =
    spec.target === 'none'
      ? ''
      : spec.target === 'action'
        ? spec.action?.name
        : spec.target === 'jump' || spec.target === 'goto'
          ? spec.chainName
          : spec.target
  const words = spec.matchers.map((matcher) => ` ${matcher.list(true)}`)
  if (spec.action) words.push(` ${spec.action.list(true)}`)
  const head = `${target}  ${protocolName(spec.protocol)} opt ${spec.fragment === 'yes' ? '-f' : '--'}`
  const path = `in ${through(spec.inInterface)} out ${through(spec.outInterface)}  ${address(spec.src)}  -> ${address(spec.dst)}`
  return `${head} ${path}  ${words.join('')}\n`
}
