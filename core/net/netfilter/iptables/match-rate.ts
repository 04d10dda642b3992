/**
 * Matches that remember: statistic, limit, recent. Truth: iptables-extensions(8), xt_statistic.c, xt_limit.c, xt_recent.c,
 * and libxt_*.c for the texts.
 *
 * Omits: the files of /proc/net/xt_recent.
 */
import { formatIp, type IpAddr, parseIp } from '../../addr/ip.ts'
import { bang, type MatchDefinition, optionShapes, Refusal, type RuleHead, type Uses } from './extension.ts'
import type { Matcher } from './rule.ts'
import { unsigned } from './words.ts'

const PROBABILITY_ONE = 0x80000000

export const statisticMatch: MatchDefinition = {
  name: 'statistic',
  options: optionShapes(['mode=1', 'probability=1!', 'every=1!', 'packet=1']),
  build(uses) {
    const mode = uses.value('mode')
    if (mode === undefined) return new Refusal('statistic: option "--mode" must be specified\n')
    if (mode === 'random') return randomMatcher(uses)
    if (mode === 'nth') return nthMatcher(uses)
    return new Refusal(`Bad mode "${mode}"`)
  },
}

function randomMatcher(uses: Uses): Matcher | Refusal {
  const use = uses.get('probability')
  if (!use) return new Refusal('--probability must be specified when using random mode')
  const probability = /^\d*\.?\d*(e-?\d+)?$/i.test(use.values[0]) && use.values[0] !== '' ? Number(use.values[0]) : Number.NaN
  if (!(probability >= 0 && probability <= 1))
    return new Refusal('statistic: bad value for option "--probability", or out of range (0-1).\n')
  const threshold = Math.floor(probability * PROBABILITY_ONE + 0.5)
  const shown = (threshold / PROBABILITY_ONE).toFixed(11)
  return {
    match: ({ netfilter }) => netfilter.random.below(PROBABILITY_ONE) < threshold !== use.inverted,
    text: `-m statistic --mode random ${bang(use.inverted)}--probability ${shown}`,
    list: () => `statistic mode random ${bang(use.inverted)}probability ${shown}`,
  }
}

function nthMatcher(uses: Uses): Matcher | Refusal {
  const use = uses.get('every')
  if (!use) return new Refusal('--every must be specified when using nth mode')
  if (!uses.has('packet')) return new Refusal('statistic: option "--every" also requires "--packet".\n')
  const every = unsigned(use.values[0], 0xffffffff)
  if (every === null || every === 0) return new Refusal('statistic: bad value for option "--every", or out of range (1-4294967295).\n')
  const packet = unsigned(uses.value('packet') ?? '', 0xffffffff)
  if (packet === null) return new Refusal('statistic: bad value for option "--packet", or out of range (0-4294967295).\n')
  if (packet >= every) return new Refusal('the --packet p must be 0 <= p <= n-1')
  const matcher: Matcher = {
    match(context) {
      const memory = context.rule.remember(matcher, () => [every - 1 - packet])
      memory[0] = memory[0] === every - 1 ? 0 : memory[0] + 1
      return (memory[0] === 0) !== use.inverted
    },
    text: `-m statistic --mode nth ${bang(use.inverted)}--every ${every} --packet ${packet}`,
    list: () => `statistic mode nth ${bang(use.inverted)}every ${every}${packet > 0 ? ` packet ${packet}` : ''}`,
  }
  return matcher
}

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['sec', 1],
  ['min', 60],
  ['hour', 3600],
  ['day', 86400],
]

/** `5/min` as microseconds per packet and canonical text. */
function parseRate(text: string): { costUs: number; shown: string } | null {
  const rate = /^(\d{1,9})(?:\/([a-z]*))?$/.exec(text)
  if (!rate) return null
  const count = Number(rate[1])
  const long = ['second', 'minute', 'hour', 'day']
  const at = rate[2] === undefined ? 0 : long.findIndex((name) => rate[2] !== '' && name.startsWith(rate[2]))
  if (count === 0 || at < 0) return null
  const [name, seconds] = UNITS[at]
  const costUs = Math.floor((seconds * 1_000_000) / count)
  return costUs === 0 ? null : { costUs, shown: `${count}/${name}` }
}

const LIMIT_BURST = 5

export const limitMatch: MatchDefinition = {
  name: 'limit',
  options: optionShapes(['limit=1', 'limit-burst=1']),
  build(uses) {
    const text = uses.value('limit') ?? '3/hour'
    const rate = parseRate(text)
    if (!rate) return new Refusal(`bad rate "${text}"'`)
    const burst = unsigned(uses.value('limit-burst') ?? String(LIMIT_BURST), 10000)
    if (burst === null) return new Refusal('limit: bad value for option "--limit-burst", or out of range (0-10000).\n')
    const { costUs, shown } = rate
    const full = costUs * Math.max(1, burst)
    const matcher: Matcher = {
      match(context) {
        const { nowUs } = context.ns.world.clock
        const memory = context.rule.remember(matcher, () => [full, nowUs])
        const tokens = Math.min(full, memory[0] + nowUs - memory[1])
        memory[1] = nowUs
        memory[0] = tokens < costUs ? tokens : tokens - costUs
        return tokens >= costUs
      },
      text: `-m limit --limit ${shown}${burst === LIMIT_BURST ? '' : ` --limit-burst ${burst}`}`,
      list: () => `limit: avg ${shown} burst ${burst}`,
    }
    return matcher
  },
}

/** Module parameters of xt_recent: addresses per list, and packets remembered per address. */
const RECENT_ADDRESSES_MAX = 100
const RECENT_STAMPS_MAX = 20

interface RecentEntry {
  ttl: number
  /** Seconds and microseconds of virtual time, newest last. */
  stampsUs: number[]
}

/** One list of `-m recent`, in the order in which its addresses were last seen. */
export class RecentList {
  readonly #entries = new Map<IpAddr, RecentEntry>()

  find(address: IpAddr): RecentEntry | undefined {
    return this.#entries.get(address)
  }

  touch(address: IpAddr, ttl: number, nowUs: number): void {
    const entry = this.#entries.get(address) ?? { ttl, stampsUs: [] }
    this.#entries.delete(address)
    if (this.#entries.size >= RECENT_ADDRESSES_MAX) this.#entries.delete(this.#entries.keys().next().value as IpAddr)
    this.#entries.set(address, entry)
    entry.ttl = ttl
    entry.stampsUs.push(nowUs)
    if (entry.stampsUs.length > RECENT_STAMPS_MAX) entry.stampsUs.shift()
  }

  remove(address: IpAddr): void {
    this.#entries.delete(address)
  }

  /** recent_entry_reap: forgets the address that was seen longest ago, when that was before `beforeUs`. */
  reap(beforeUs: number): void {
    const oldest = this.#entries.entries().next().value
    if (oldest && (oldest[1].stampsUs.at(-1) ?? 0) < beforeUs) this.#entries.delete(oldest[0])
  }
}

const RECENT_WORDS: ReadonlyMap<string, string> = new Map([
  ['set', 'SET'],
  ['rcheck', 'CHECK'],
  ['update', 'UPDATE'],
  ['remove', 'REMOVE'],
])

export const recentMatch: MatchDefinition = {
  name: 'recent',
  options: optionShapes([
    'set=0!',
    'rcheck=0!',
    'update=0!',
    'remove=0!',
    'seconds=1',
    'hitcount=1',
    'rttl=0',
    'name=1',
    'rsource=0',
    'rdest=0',
    'reap=0',
    'mask=1',
  ]),
  build: (uses, head) => buildRecent(uses, head),
}

function buildRecent(uses: Uses, head: RuleHead): Matcher | Refusal {
  const verb = uses.all.find((use) => RECENT_WORDS.has(use.name))
  if (!verb) return new Refusal("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'")
  const seconds = unsigned(uses.value('seconds') ?? '0', 0xffffffff)
  const hits = unsigned(uses.value('hitcount') ?? '0', 0xffffffff)
  if (seconds === null || hits === null) return new Refusal('recent: bad value for option "--seconds", or out of range.\n')
  const name = uses.value('name') ?? 'DEFAULT'
  const reap = uses.has('reap')
  const checkTtl = uses.has('rttl')
  const side = uses.has('rdest') ? 'dst' : 'src'
  const v6 = head.family === 'ipv6'
  const allOnes: IpAddr = v6 ? (1n << 128n) - 1n : 0xffffffff
  const mask = uses.has('mask') ? parseIp(uses.value('mask') ?? '') : allOnes
  if (mask === null) return new Refusal('recent: bad value for option "--mask"\n')
  const words: readonly (readonly [given: boolean, saved: string, listed: string])[] = [
    [seconds > 0, ` --seconds ${seconds}`, ` seconds: ${seconds}`],
    [reap, ' --reap', ' reap'],
    [hits > 0, ` --hitcount ${hits}`, ` hit_count: ${hits}`],
    [checkTtl, ' --rttl', ' TTL-Match'],
  ]
  const given = words.filter(([isGiven]) => isGiven)
  const options = given.map(([, saved]) => saved).join('')
  const sideWord = side === 'src' ? 'source' : 'dest'
  const listed = `${given.map(([, , shown]) => shown).join('')} name: ${name} side: ${sideWord} mask: ${formatIp(mask)}`
  const where = `--mask ${formatIp(mask)} --${side === 'src' ? 'rsource' : 'rdest'}`
  return {
    match({ packet, netfilter, ns }) {
      const list = netfilter.recentList(name)
      const address = maskAddress(packet[side], mask)
      const { nowUs } = ns.world.clock
      const ttl = packet.ttl
      const found = list.find(address)
      const entry = found && (!checkTtl || found.ttl === ttl) ? found : undefined
      if (verb.name === 'set') {
        list.touch(address, ttl, nowUs)
        return !verb.inverted
      }
      if (!entry) return verb.inverted
      if (verb.name === 'remove') {
        list.remove(address)
        return !verb.inverted
      }
      const since = nowUs - seconds * 1_000_000
      const fresh = seconds === 0 ? entry.stampsUs.length : entry.stampsUs.filter((at) => at >= since).length
      const matched = (fresh > 0 && fresh >= hits) !== verb.inverted
      if (verb.name === 'update' && matched) list.touch(address, ttl, nowUs)
      if (reap) list.reap(since)
      return matched
    },
    text: `-m recent ${bang(verb.inverted)}--${verb.name}${options} --name ${name} ${where}`,
    list: () => `${bang(verb.inverted)}recent: ${RECENT_WORDS.get(verb.name)}${listed}`,
  }
}

function maskAddress(address: IpAddr, mask: IpAddr): IpAddr {
  return typeof address === 'bigint' ? address & BigInt(mask) : (address & Number(mask)) >>> 0
}
