/**
 * ip(8) of iproute2 6.1: addresses, links, routes, rules, neighbours, namespaces. Its outputs are those of the real tool, trailing
 * blanks included.
 * Omits: monitor, tunnel, xfrm, tuntap, maddress, netconf, token, vrf, batch files, colours, time stamps.
 */
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { ipAddress } from './ip-address.ts'
import { type Family, IpCall, IpFailure, keyword } from './ip-call.ts'
import { ipLink } from './ip-link.ts'
import { ipNeigh } from './ip-neigh.ts'
import { ipNetns } from './ip-netns.ts'
import { ipRoute } from './ip-route.ts'
import { ipRule } from './ip-rule.ts'
import { namespaceNamed } from './namespace-name.ts'

const USAGE = `Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
where  OBJECT := { address | link | neighbour | netns | route | rule }
       OPTIONS := { -V | -s | -d | -j | -p | -4 | -6 | -br | -o | -n NAME | -f FAMILY }
`

const OBJECTS = ['address', 'route', 'rule', 'neighbor', 'neighbour', 'link', 'netns', 'help']

const OPTIONS = ['version', 'statistics', 'stats', 'details', 'resolve', 'human-readable', 'json', 'pretty', 'family', 'oneline', 'brief', 'netns', 'Numeric', 'all', 'color', 'iec', 'timestamp', 'force']

export const ip: Executable = {
  *program(proc, argv) {
    return yield* run(proc, argv.slice(1))
  },
  complete: (_proc, words, index) => {
    const before = words.slice(1, index).filter((word) => !word.startsWith('-'))
    if (before.length === 0) return ['addr', 'address', 'link', 'neigh', 'netns', 'route', 'rule']
    const commands: Record<string, string[]> = {
      address: ['add', 'del', 'flush', 'show'],
      link: ['add', 'delete', 'set', 'show'],
      neighbor: ['add', 'del', 'flush', 'replace', 'show'],
      netns: ['add', 'delete', 'exec', 'identify', 'list', 'pids'],
      route: ['add', 'append', 'del', 'flush', 'get', 'replace', 'show'],
      rule: ['add', 'del', 'list'],
    }
    const object = keyword(before[0], OBJECTS) ?? ''
    if (before.length === 1) return commands[object] ?? []
    if (object === 'netns') return [..._proc.netns.world.namespaces.values()].filter((ns) => ns.machine === _proc.machine.name).map((ns) => ns.name)
    const last = words[index - 1]
    if (last === 'dev' || last === 'show' || last === 'set' || last === 'master' || last === 'delete') {
      return [..._proc.netns.links().map((device) => device.name), ...(last === 'dev' ? [] : ['dev'])]
    }
    return ['dev', 'via', 'table', 'up', 'down', 'mtu', 'master', 'scope', 'metric']
  },
}

function* run(proc: Process, args: readonly string[]): Generator<Wait, number, unknown> {
  const call = new IpCall(proc, args)
  while (call.words[0]?.startsWith('-')) {
    const word = call.next() as string
    const failure = yield* globalOption(call, word)
    if (failure !== null) return failure
    if (word === '-n' || word === '-netns' || word === '--netns') {
      const name = call.next() ?? ''
      const target = namespaceNamed(proc, name)
      if (!target) {
        proc.error(`Cannot open network namespace "${name}": No such file or directory\n`)
        return 255
      }
      const inside = { ...proc.context, netns: target, init: -1 }
      return yield* proc.run({ argv: ['ip', ...args.slice(0, args.indexOf(word)), ...call.words], executable: ip, context: inside, env: proc.env, cwd: proc.cwd })
    }
  }
  const word = call.next()
  if (word === undefined) {
    proc.error(USAGE)
    return 255
  }
  if (keyword(word, OBJECTS) === 'netns') return yield* ipNetns(call)
  const failure = dispatch(call, word)
  if (!failure) return 0
  proc.error(failure.message)
  return failure.exitCode
}

function dispatch(call: IpCall, word: string): IpFailure | null {
  switch (keyword(word, OBJECTS)) {
    case 'address':
      return ipAddress(call)
    case 'route':
      return ipRoute(call)
    case 'rule':
      return ipRule(call)
    case 'neighbor':
    case 'neighbour':
      return ipNeigh(call)
    case 'link':
      return ipLink(call)
    case 'help':
      return new IpFailure(USAGE, 255)
  }
  return new IpFailure(`Object "${word}" is unknown, try "ip help".\n`, 1)
}

/** An exit code when the option ends the command, null to go on. */
function* globalOption(call: IpCall, word: string): Generator<Wait, number | null, unknown> {
  yield* []
  const name = word.replace(/^--?/, '')
  if (name === '4' || name === '6') {
    call.family = Number(name) as Family
    return null
  }
  if (name === '0' || name === 'B') return null
  if (name === 'V' || name === 'Version') {
    call.proc.print('ip utility, iproute2-6.1.0, libbpf 1.1.2\n')
    return 0
  }
  if (/^s+$/.test(name)) {
    call.stats += name.length
    return null
  }
  const option = name === 'n' ? 'netns' : name === 'br' ? 'brief' : name.startsWith('c') ? 'color' : keyword(name, OPTIONS)
  switch (option) {
    case 'statistics':
    case 'stats':
      call.stats += 1
      return null
    case 'details':
      call.details = true
      return null
    case 'json':
      call.json = true
      return null
    case 'pretty':
      call.pretty = true
      return null
    case 'oneline':
      call.oneline = true
      return null
    case 'brief':
      call.brief = true
      return null
    case 'family': {
      const family = call.next()
      call.family = family === 'inet' ? 4 : family === 'inet6' ? 6 : 0
      return null
    }
    case null:
      call.proc.error(`Option "${word}" is unknown, try "ip -help".\n`)
      return 255
  }
  return null
}
