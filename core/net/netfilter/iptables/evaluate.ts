/**
 * Walks a packet through one base chain: nft_do_chain (net/netfilter/nf_tables_core.c) for rules that iptables wrote. Says
 * each rule that matched, as `-j TRACE` would.
 *
 * Omits: policy records of chains that hold no rule, which say nothing.
 */
import { assert } from '../../../base/assert.ts'
import type { PacketRule } from '../../../sim/trace-event.ts'
import type { NetDevice } from '../../device/net-device.ts'
import { ipLength, type Packet } from '../../packet/packet.ts'
import type { AddressTest, Chain, InterfaceTest, Rule, RuleContext, RuleSpec, TargetResult } from './rule.ts'

/** NFT_JUMP_STACK_SIZE: deeper rule sets are refused when they are loaded. */
export const JUMP_DEPTH_MAX = 16

/** Shorter chains are walked rule by rule. */
const INDEXED_MIN = 16

export interface ChainVerdict {
  verdict: TargetResult
  /** `table chain: rule` of a rule that dropped. */
  detail: string
}

const ACCEPTED: ChainVerdict = { verdict: 'ACCEPT', detail: '' }

export function evaluateChain(table: string, base: Chain, context: RuleContext): ChainVerdict {
  if (base.rules.length === 0) {
    base.packets += 1
    base.bytes += ipLength(context.packet)
    return base.policy === 'ACCEPT' ? ACCEPTED : policyVerdict(table, base, context)
  }
  const { packet } = context
  const bytes = ipLength(packet)
  const callers: Chain[] = []
  const places: number[] = []
  let chain = base
  let at = 0
  const dst = typeof packet.dst === 'number' ? packet.dst : 0
  const v4 = typeof packet.dst === 'number'
  for (;;) {
    if (v4 && chain.rules.length >= INDEXED_MIN) {
      const { mask, value } = chain.index
      const { length } = mask
      while (at < length && (dst & mask[at]) !== value[at]) at += 1
    }
    if (at >= chain.rules.length) {
      const caller = callers.pop()
      if (!caller) break
      chain = caller
      at = places.pop() as number
      continue
    }
    const rule = chain.rules[at]
    at += 1
    if (!matches(rule, context)) continue
    rule.packets += 1
    rule.bytes += bytes
    const { spec } = rule
    switch (spec.target) {
      case 'none':
        say(table, rule, at, 'CONTINUE', '', context)
        break
      case 'ACCEPT':
        say(table, rule, at, 'ACCEPT', '', context)
        return ACCEPTED
      case 'DROP':
        say(table, rule, at, 'DROP', '', context)
        return { verdict: 'DROP', detail: `${table} ${chain.name}: ${rule.line}` }
      case 'RETURN': {
        say(table, rule, at, 'RETURN', '', context)
        const caller = callers.pop()
        if (!caller) return policyVerdict(table, base, context)
        chain = caller
        at = places.pop() as number
        break
      }
      case 'jump':
      case 'goto': {
        assert(rule.jump, `a rule jumps to chain ${spec.chainName}, which is not there`)
        say(table, rule, at, spec.target === 'jump' ? 'JUMP' : 'GOTO', rule.jump.name, context)
        if (spec.target === 'jump') {
          assert(callers.length < JUMP_DEPTH_MAX, 'rule sets deeper than the jump stack are refused when loaded')
          callers.push(chain)
          places.push(at)
        }
        chain = rule.jump
        at = 0
        break
      }
      default: {
        const action = spec.action
        assert(action, 'an action has a body')
        context.rule = rule
        const line = at
        const result = action.run(context)
        say(table, rule, line, result === 'CONTINUE' ? 'CONTINUE' : action.name, '', context)
        if (result === 'CONTINUE') break
        return result === 'ACCEPT' ? ACCEPTED : { verdict: result, detail: `${table} ${chain.name}: ${rule.line}` }
      }
    }
  }
  return policyVerdict(table, base, context)
}

function policyVerdict(table: string, base: Chain, context: RuleContext): ChainVerdict {
  const { packet, hook, ns } = context
  if (base.rules.length > 0) {
    base.packets += 1
    base.bytes += ipLength(packet)
  }
  const rule = `policy ${base.policy}`
  ns.world.trace.emit({
    kind: 'packet.rule',
    packet: packet.id,
    netns: ns.id,
    hook,
    table,
    chain: base.name,
    number: 0,
    rule,
    verdict: base.policy,
    to: '',
    mark: packet.mark,
  })
  return base.policy === 'ACCEPT' ? ACCEPTED : { verdict: 'DROP', detail: `${table} ${base.name}: ${rule}` }
}

function say(table: string, rule: Rule, number: number, verdict: string, to: string, context: RuleContext): void {
  const { packet, hook, ns } = context
  const event: PacketRule = {
    kind: 'packet.rule',
    packet: packet.id,
    netns: ns.id,
    hook,
    table,
    chain: rule.chain.name,
    number,
    rule: rule.line,
    verdict,
    to,
    mark: packet.mark,
  }
  ns.world.trace.emit(event)
}

/** Addresses first: they tell most of a service's rules apart. */
function matches(rule: Rule, context: RuleContext): boolean {
  const spec: RuleSpec = rule.spec
  const packet: Packet = context.packet
  if (spec.dst !== null && !addressFits(spec.dst, packet.dst)) return false
  if (spec.protocol !== 0 && (packet.protocol === spec.protocol) === spec.protocolInvert) return false
  if (spec.src !== null && !addressFits(spec.src, packet.src)) return false
  if (spec.inInterface !== null && !interfaceFits(spec.inInterface, context.inDev)) return false
  if (spec.outInterface !== null && !interfaceFits(spec.outInterface, context.outDev)) return false
  if (spec.fragment !== '' && packet.fragmentOffset > 0 !== (spec.fragment === 'yes')) return false
  const matchers = spec.matchers
  if (matchers.length === 0) return true
  context.rule = rule
  for (let i = 0; i < matchers.length; i += 1) if (!matchers[i].match(context)) return false
  return true
}

export function addressFits(test: AddressTest, address: number | bigint): boolean {
  const inside = typeof address === 'number' ? (address & test.mask) === test.value : (address & test.mask6) === test.value6
  return inside !== test.invert
}

export function interfaceFits(test: InterfaceTest, device: NetDevice | null): boolean {
  const name = device === null ? '' : device.name
  return (test.wildcard ? name.startsWith(test.name) : name === test.name) !== test.invert
}
