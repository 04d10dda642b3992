/**
 * Words the codes of hops and drops in a language. Truth: `reasons-en.ts` and its translations.
 * Omits: a Russian catalogue; Russian readers see English until it exists.
 */
import type { Hop } from '../journey.ts'
import { REASONS_EN, type ReasonKey } from './reasons-en.ts'
import { REASONS_ZH } from './reasons-zh.ts'
import { say, type Language, type Params } from './say.ts'

export function sayReason(language: Language, key: string, params: Params = {}): string {
  if (!isReason(key)) return key
  return say(language, language === 'zh' ? REASONS_ZH[key] : REASONS_EN[key], params)
}

export function sayDrop(language: Language, reason: string, detail: string): string {
  const key = `drop.${reason}`
  const sentence = isReason(key) ? sayReason(language, key) : sayReason(language, 'drop.unknown', { reason })
  return detail === '' ? sentence : sayReason(language, 'drop.detail', { sentence, detail })
}

/** Where: `PREROUTING`, `eth0`, or a translated word. */
export function sayStage(language: Language, hop: Hop): string {
  const key = `stage.${hop.stage}`
  return isReason(key) ? sayReason(language, key) : hop.stage
}

/** Why it went on as it did: the main clause first. */
export function hopClauses(language: Language, hop: Hop): string[] {
  if (hop.code === 'drop') return [sayDrop(language, String(hop.params.reason ?? ''), String(hop.params.detail ?? ''))]
  const clauses = [sayReason(language, hop.code, hop.params)]
  if (hop.params.probability !== undefined) clauses.push(sayReason(language, 'hook.probability', hop.params))
  if (hop.params.mark !== undefined) clauses.push(sayReason(language, 'hook.mark', hop.params))
  if (hop.params.conntrack !== undefined && hop.nat.length === 0) clauses.push(sayReason(language, 'hook.conntrack', hop.params))
  return clauses
}

export function sayHop(language: Language, hop: Hop): string {
  return hopClauses(language, hop).join(language === 'zh' ? '；' : '; ')
}

function isReason(key: string): key is ReasonKey {
  return Object.hasOwn(REASONS_EN, key)
}
