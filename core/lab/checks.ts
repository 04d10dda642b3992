/** Judges one check. State and packets are read from the live world; lines and flows run on a fork, which is then thrown away. */
import type { ApiClient } from '../api/client/api-client.ts'
import { StatusError } from '../api/meta/status.ts'
import { evaluateJsonPath } from '../commands/kubectl/jsonpath.ts'
import { type CheckResult, fail, PASS, waiting } from './check-result.ts'
import type { FlowExpectation, FlowRequest, FlowResult } from './flow.ts'
import type { Journey, Journeys } from './journeys.ts'
import type { PacketCheck, QuestionCheck, RunCheck, StateCheck } from './lab-definition.ts'

/** What a check may do to a fork. */
export interface ForkedWorld {
  runLine(machine: string, line: string, limitUs: number): { stdout: string; stderr: string; exitCode: number }
  sendFlow(flow: FlowRequest): FlowResult
}

/** Virtual time that a check's line may take. */
const RUN_US_MAX = 60_000_000

export function checkState(check: StateCheck, client: ApiClient): CheckResult {
  const [resource, namespace = '', name = ''] = check.object.split('/')
  let found: unknown[]
  try {
    if (name !== '') found = [client.get(resource, namespace, name)]
    else found = client.list(resource, { namespace, ...(check.selector !== '' && { labelSelector: check.selector }) }).items
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    if (check.exists === false) return PASS
    return fail('not-found', check.object)
  }
  if (check.exists === false) return found.length === 0 ? PASS : fail('value', check.object, 'absent')
  const values = check.path === '' ? found : found.flatMap((object) => jsonPathValues(check.path, object))
  if (check.count !== undefined) return values.length === check.count ? PASS : fail('count', String(values.length), String(check.count))
  if (check.exists === true) return values.length > 0 ? PASS : fail('not-found', check.object)
  if (values.length === 0) return fail('not-found', `${check.object} ${check.path}`)
  const text = values.map(asText).join(' ')
  if (check.atLeast !== undefined) return Number(text) >= check.atLeast ? PASS : fail('value', text, `≥ ${check.atLeast}`)
  if (check.equals !== undefined) return text === check.equals ? PASS : fail('value', text, check.equals)
  return new RegExp(check.matches ?? '', 'u').test(text) ? PASS : fail('value', text, check.matches ?? '')
}

export function checkRun(check: RunCheck, world: ForkedWorld): CheckResult {
  const { stdout, stderr, exitCode } = world.runLine(check.on, check.line, RUN_US_MAX)
  if (exitCode !== check.exitCode) return fail('exit-code', `${exitCode} ${(stderr || stdout).trim()}`, String(check.exitCode))
  if (check.stdout !== '' && !new RegExp(check.stdout, 'u').test(stdout)) return fail('output', stdout.trim(), check.stdout)
  return PASS
}

export function checkFlow(flow: FlowRequest, expect: FlowExpectation, world: ForkedWorld): CheckResult {
  const result = world.sendFlow(flow)
  if (expect.verdict !== '' && result.verdict !== expect.verdict) return fail('verdict', result.verdict, expect.verdict)
  if (expect.server !== '' && !new RegExp(expect.server, 'u').test(result.server)) return fail('server', result.server, expect.server)
  if (expect.seenSource !== '' && !new RegExp(expect.seenSource, 'u').test(result.seenSource)) return fail('source', result.seenSource, expect.seenSource)
  for (const chain of expect.crossed) {
    if (!result.rules.some((rule) => matchesName(chain, rule.chain))) return fail('not-crossed', '', chain)
  }
  if (expect.body !== '' && !new RegExp(expect.body, 'u').test(result.http?.body ?? '')) return fail('body', result.http?.body ?? '', expect.body)
  return PASS
}

/** The best that any packet since `fromUs` did. */
export function checkPackets(check: PacketCheck, journeys: Journeys, fromUs: number): CheckResult {
  let best = waiting('no-packet')
  for (const journey of journeys.all()) {
    if (journey.atUs < fromUs || !isAskedFor(check, journey, journeys)) continue
    const result = judge(check, journey, journeys)
    if (result.state === 'pass') return result
    best = result
  }
  return best
}

export function checkQuestion(check: QuestionCheck, answer: string | undefined): CheckResult {
  if (answer === undefined) return waiting('unanswered')
  return answer === check.answer ? PASS : fail('wrong-answer', answer)
}

const PROTOCOL_NUMBERS = new Map([['ICMP', 1], ['TCP', 6], ['UDP', 17], ['ARP', 0]])

function isAskedFor(check: PacketCheck, journey: Journey, journeys: Journeys): boolean {
  const { born } = journey
  if (check.protocol !== '' && born.protocol !== PROTOCOL_NUMBERS.get(check.protocol)) return false
  if (check.dport !== 0 && born.dport !== check.dport) return false
  if (check.dst !== '' && !matchesName(check.dst, born.dst)) return false
  return check.from === '' || matchesName(check.from, journeys.nameOf(born.netns))
}

function judge(check: PacketCheck, journey: Journey, journeys: Journeys): CheckResult {
  for (const chain of check.crossed) {
    if (!journey.steps.some((step) => step.at === 'rule' && matchesName(chain, step.rule.chain))) return fail('not-crossed', '', chain)
  }
  const path = journeys.path(journey.born.packet)
  for (const place of check.passed) {
    if (!path.some((name) => matchesPlace(place, name))) return fail('not-passed', path.join(' '), place)
  }
  const snat = journey.steps.some((step) => step.at === 'nat' && step.nat.nat === 'snat')
  if (check.snat === 'yes' && !snat) return fail('no-snat')
  if (check.snat === 'no' && snat) return fail('was-snat')
  if (check.delivered === 'yes' && !journey.delivered) return fail('not-delivered', journeys.dropOf(journey.born.packet)?.reason ?? '')
  if (check.delivered === 'no' && journey.delivered) return fail('was-delivered')
  return PASS
}

function matchesName(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

/** `MACHINE:INTERFACE`, split at the last colon; either part may end in `*`. */
function matchesPlace(pattern: string, place: string): boolean {
  const [a, b] = splitPlace(pattern)
  const [x, y] = splitPlace(place)
  return matchesName(a, x) && matchesName(b, y)
}

function splitPlace(place: string): [string, string] {
  const at = place.lastIndexOf(':')
  return at < 0 ? [place, '*'] : [place.slice(0, at), place.slice(at + 1)]
}

function jsonPathValues(path: string, object: unknown): unknown[] {
  const result = evaluateJsonPath(path, object)
  return typeof result === 'string' ? (result === '' ? [] : [result]) : result
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
