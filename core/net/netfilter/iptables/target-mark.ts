/**
 * Targets that mark and go on: MARK, CONNMARK, and those that only watch or trim: LOG, NFLOG, TRACE, CT, NOTRACK, TTL, HL, TCPMSS,
 * TOS, DSCP. Truth: iptables-extensions(8), xt_mark.c, xt_connmark.c, xt_CT.c, xt_TCPMSS.c.
 *
 * Omits: LOG and NFLOG write to no log (the trace shows each rule that matched); CT without --notrack; zones.
 */
import { TCP_SYN } from '../../packet/packet.ts'
import { optionShapes, Refusal, type TargetDefinition, type Uses } from './extension.ts'
import type { RuleContext, TargetAction } from './rule.ts'
import { hex, quoted, unsigned, valueAndMask } from './words.ts'

/** `(mark & ~mask) ^ value`: what all of MARK's and CONNMARK's options come down to. */
interface MarkChange {
  readonly value: number
  readonly mask: number
}

const MARK_OPTIONS = ['set-xmark=1', 'set-mark=1', 'and-mark=1', 'or-mark=1', 'xor-mark=1']

function markChange(name: string, uses: Uses): MarkChange | null | Refusal {
  const use = uses.all.find((each) => /^(set|and|or|xor)-/.test(each.name))
  if (!use) return null
  const text = use.values[0]
  const parsed = valueAndMask(text)
  if (!parsed) return new Refusal(`${name}: bad mark value for option "--${use.name}", or out of range.\n`)
  const { value, mask } = parsed
  switch (use.name) {
    case 'set-xmark':
      return { value, mask }
    case 'set-mark':
      return { value, mask: (mask | value) >>> 0 }
    case 'and-mark':
      return { value: 0, mask: ~value >>> 0 }
    case 'or-mark':
      return { value, mask: value }
    default:
      return { value, mask: 0 }
  }
}

function changed(mark: number, change: MarkChange): number {
  return ((mark & ~change.mask) ^ change.value) >>> 0
}

function changeList({ value, mask }: MarkChange): string {
  if (mask === 0) return `xor ${hex(value)}`
  if (mask === 0xffffffff) return `set ${hex(value)}`
  if (value === 0) return `and ${hex(~mask)}`
  return value === mask ? `or ${hex(value)}` : `xset ${hex(value)}/${hex(mask)}`
}

export const markTarget: TargetDefinition = {
  name: 'MARK',
  options: optionShapes(MARK_OPTIONS),
  build(uses) {
    const change = markChange('MARK', uses)
    if (change instanceof Refusal) return change
    if (!change) return new Refusal('MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required')
    return {
      name: 'MARK',
      run({ packet }) {
        packet.mark = changed(packet.mark, change)
        return 'CONTINUE'
      },
      text: ` --set-xmark ${hex(change.value)}/${hex(change.mask)}`,
      list: () => `MARK ${changeList(change)}`,
    }
  },
}

export const connmarkTarget: TargetDefinition = {
  name: 'CONNMARK',
  needsConntrack: true,
  options: optionShapes([...MARK_OPTIONS, 'save-mark=0', 'restore-mark=0', 'nfmask=1', 'ctmask=1', 'mask=1']),
  build(uses) {
    const change = markChange('CONNMARK', uses)
    if (change instanceof Refusal) return change
    if (change) {
      return {
        name: 'CONNMARK',
        run(context) {
          if (context.packet.ct) context.netfilter.conntrack.setMark(context.packet.ct, changed(context.packet.ct.mark, change))
          return 'CONTINUE'
        },
        text: ` --set-xmark ${hex(change.value)}/${hex(change.mask)}`,
        list: () => `CONNMARK ${changeList(change)}`,
      }
    }
    const save = uses.has('save-mark')
    if (!save && !uses.has('restore-mark')) return new Refusal('CONNMARK target: No operation specified')
    const masks: number[] = []
    for (const name of ['nfmask', 'ctmask']) {
      const text = uses.value(name) ?? uses.value('mask')
      const mask = text === undefined ? 0xffffffff : unsigned(text, 0xffffffff)
      if (mask === null) return new Refusal(`CONNMARK: bad value for option "--${name}", or out of range.\n`)
      masks.push(mask)
    }
    const [nfmask, ctmask] = masks
    const verb = save ? 'save' : 'restore'
    const listed =
      nfmask === 0xffffffff && ctmask === 0xffffffff
        ? ''
        : nfmask === ctmask
          ? ` mask ${hex(nfmask)}`
          : save
            ? ` nfmask ${hex(nfmask)} ctmask ~${hex(ctmask)}`
            : ` ctmask ${hex(ctmask)} nfmask ~${hex(nfmask)}`
    return {
      name: 'CONNMARK',
      run({ packet, netfilter }) {
        const { ct } = packet
        if (!ct) return 'CONTINUE'
        if (save) netfilter.conntrack.setMark(ct, ((ct.mark & ~ctmask) ^ (packet.mark & nfmask)) >>> 0)
        else packet.mark = ((packet.mark & ~nfmask) ^ (ct.mark & ctmask)) >>> 0
        return 'CONTINUE'
      },
      text: ` --${verb}-mark --nfmask ${hex(nfmask)} --ctmask ${hex(ctmask)}`,
      list: () => `CONNMARK ${verb}${listed}`,
    }
  },
}

const LOG_LEVELS = ['emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug']
const LOG_FLAGS: readonly (readonly [option: string, bit: number, listed: string])[] = [
  ['log-tcp-sequence', 1, 'tcp-sequence'],
  ['log-tcp-options', 2, 'tcp-options'],
  ['log-ip-options', 4, 'ip-options'],
  ['log-uid', 8, 'uid'],
  ['log-macdecode', 32, 'macdecode'],
]
const LOG_PREFIX_MAX = 29
const LOG_LEVEL_DEFAULT = 4

function passive(name: string, text: string, list: (numeric: boolean) => string, more: Partial<TargetAction> = {}): TargetAction {
  return { name, run: () => 'CONTINUE', text, list, ...more }
}

export const logTarget: TargetDefinition = {
  name: 'LOG',
  options: optionShapes(['log-level=1', 'log-prefix=1', ...LOG_FLAGS.map(([option]) => `${option}=0`)]),
  build(uses) {
    const word = (uses.value('log-level') ?? String(LOG_LEVEL_DEFAULT)).toLowerCase()
    const named = LOG_LEVELS.indexOf(word === 'panic' ? 'emerg' : word === 'err' ? 'error' : word === 'warning' ? 'warn' : word)
    const level = named >= 0 ? named : unsigned(word, 7)
    if (level === null) return new Refusal(`log-level "${word}" unknown`)
    const prefix = (uses.value('log-prefix') ?? '').slice(0, LOG_PREFIX_MAX)
    const flags = LOG_FLAGS.filter(([option]) => uses.has(option))
    const bits = flags.reduce((sum, [, bit]) => sum | bit, 0)
    const savedPrefix = prefix === '' ? '' : ` --log-prefix ${quoted(prefix)}`
    const savedLevel = level === LOG_LEVEL_DEFAULT ? '' : ` --log-level ${level}`
    const saved = `${savedPrefix}${savedLevel}${flags.map(([option]) => ` --${option}`).join('')}`
    const shownPrefix = prefix === '' ? '' : ` prefix "${prefix}"`
    return passive('LOG', saved, (numeric) =>
      numeric
        ? `LOG flags ${bits} level ${level}${shownPrefix}`
        : `LOG level ${LOG_LEVELS[level]}${flags.map(([, , listed]) => ` ${listed}`).join('')}${shownPrefix}`,
    )
  },
}

export const nflogTarget: TargetDefinition = {
  name: 'NFLOG',
  options: optionShapes(['nflog-group=1', 'nflog-prefix=1', 'nflog-size=1', 'nflog-threshold=1']),
  build(uses) {
    const prefix = uses.value('nflog-prefix')
    const words = [
      ...(prefix === undefined ? [] : [`nflog-prefix ${quoted(prefix.slice(0, 63))}`]),
      ...['nflog-group', 'nflog-size', 'nflog-threshold'].filter((name) => uses.has(name)).map((name) => `${name} ${uses.value(name)}`),
    ]
    return passive('NFLOG', words.map((word) => ` --${word}`).join(''), () => words.join(' '))
  },
}

export const traceTarget: TargetDefinition = {
  name: 'TRACE',
  options: new Map(),
  build: () => passive('TRACE', '', () => '', { tables: ['raw'] }),
}

function notrack(context: RuleContext): 'CONTINUE' {
  context.netfilter.untrack(context.packet)
  return 'CONTINUE'
}

export const notrackTarget: TargetDefinition = {
  name: 'NOTRACK',
  options: new Map(),
  build: () => ({ name: 'NOTRACK', listName: 'CT', run: notrack, text: '', list: () => 'NOTRACK', tables: ['raw'] }),
}

export const ctTarget: TargetDefinition = {
  name: 'CT',
  options: optionShapes(['notrack=0', 'zone=1', 'helper=1']),
  build(uses) {
    if (uses.has('notrack')) return { name: 'CT', run: notrack, text: ' --notrack', list: () => 'CT notrack', tables: ['raw'] }
    const words = uses.all.map(({ name, values }) => `${name} ${values[0]}`)
    return passive('CT', words.map((word) => ` --${word}`).join(''), () => `CT ${words.join(' ')}`.trimEnd(), { tables: ['raw'] })
  },
}

function ttlTargetOf(name: 'TTL' | 'HL', option: 'ttl' | 'hl'): TargetDefinition {
  return {
    name,
    family: name === 'TTL' ? 'ipv4' : 'ipv6',
    options: optionShapes([`${option}-set=1`, `${option}-dec=1`, `${option}-inc=1`]),
    build(uses) {
      const use = uses.all[0]
      if (!use) return new Refusal(`${name}: You must specify an action`)
      const value = unsigned(use.values[0], 255)
      if (value === null) return new Refusal(`${name}: bad value for option "--${use.name}", or out of range (0-255).\n`)
      const verb = use.name.slice(-3)
      return {
        name,
        run({ packet }) {
          const ttl = verb === 'set' ? value : verb === 'dec' ? packet.ttl - value : packet.ttl + value
          packet.ttl = ttl < 0 ? 0 : ttl > 255 ? 255 : ttl
          return 'CONTINUE'
        },
        text: ` --${use.name} ${value}`,
        list: () => `${name} ${verb === 'set' ? 'set to' : verb === 'dec' ? 'decrement by' : 'increment by'} ${value}`,
        tables: ['mangle'],
      }
    },
  }
}

export const ttlTarget = ttlTargetOf('TTL', 'ttl')
export const hlTarget = ttlTargetOf('HL', 'hl')

export const tcpmssTarget: TargetDefinition = {
  name: 'TCPMSS',
  options: optionShapes(['set-mss=1', 'clamp-mss-to-pmtu=0']),
  build(uses, head) {
    const text = uses.value('set-mss')
    const fixed = text === undefined ? 0 : unsigned(text, 65535)
    if (fixed === null) return new Refusal('TCPMSS: bad value for option "--set-mss", or out of range (0-65535).\n')
    if (text === undefined && !uses.has('clamp-mss-to-pmtu')) return new Refusal('TCPMSS target: At least one parameter is required')
    const headers = head.family === 'ipv6' ? 60 : 40
    return {
      name: 'TCPMSS',
      run({ packet, outDev, inDev }) {
        if ((packet.flags & TCP_SYN) === 0) return 'CONTINUE'
        const mtu = Math.min(outDev?.mtu ?? 65535, inDev?.mtu ?? 65535)
        const mss = text === undefined ? mtu - headers : fixed
        // tcpmss_mangle_packet: an option is made smaller, never larger, when clamping.
        if (packet.mss > 0 && (text !== undefined || packet.mss > mss)) packet.mss = Math.min(packet.mss, mss)
        return 'CONTINUE'
      },
      text: text === undefined ? ' --clamp-mss-to-pmtu' : ` --set-mss ${fixed}`,
      list: () => (text === undefined ? 'TCPMSS clamp to PMTU' : `TCPMSS set ${fixed}`),
      // find_syn_match
      fits: (spec) => spec.matchers.some((matcher) => /^-m tcp .*--tcp-flags \S+ \S*SYN/.test(matcher.text)),
    }
  },
}

const hex2 = (bits: number): string => `0x${bits.toString(16).padStart(2, '0')}`

export const tosTarget: TargetDefinition = {
  name: 'TOS',
  options: optionShapes(['set-tos=1']),
  build(uses) {
    const [valueText, maskText = '0xff'] = (uses.value('set-tos') ?? '').split('/')
    const value = unsigned(valueText, 255)
    const mask = unsigned(maskText, 255)
    if (value === null || mask === null) return new Refusal('TOS: An action is required')
    return {
      name: 'TOS',
      run({ packet }) {
        packet.tos = (packet.tos & ~mask) ^ value
        return 'CONTINUE'
      },
      text: ` --set-tos ${hex2(value)}/${hex2(mask)}`,
      list: () => `TOS set ${hex2(value)}/${hex2(mask)}`,
      tables: ['mangle'],
    }
  },
}

export const dscpTarget: TargetDefinition = {
  name: 'DSCP',
  options: optionShapes(['set-dscp=1']),
  build(uses) {
    const value = unsigned(uses.value('set-dscp') ?? '', 63)
    if (value === null) return new Refusal('DSCP target: Parameter --set-dscp is required')
    return {
      name: 'DSCP',
      run({ packet }) {
        packet.tos = (packet.tos & 3) | (value << 2)
        return 'CONTINUE'
      },
      text: ` --set-dscp ${hex2(value)}`,
      list: () => `DSCP set ${hex2(value)}`,
      tables: ['mangle'],
    }
  },
}
