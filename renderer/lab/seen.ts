import { t } from '../i18n/i18n.svelte.ts'
import { CATALOGUE, type Key } from '../i18n/catalogue.ts'

/** Words what a check saw: a code with what was there and what was expected. */
export function saySeen(json: string, nameOf = (answer: string) => answer): string {
  let seen: { code?: string; actual?: string; expected?: string }
  try {
    seen = JSON.parse(json) as typeof seen
  } catch {
    return ''
  }
  const key = `seen.${seen.code ?? ''}`
  if (!Object.hasOwn(CATALOGUE, key)) return seen.actual ?? ''
  if (seen.code === 'unanswered') return ''
  if (seen.code === 'not-found' && !seen.expected) return t('seen.nothing')
  const actual = seen.code === 'wrong-answer' ? nameOf(seen.actual ?? '') : seen.actual
  return t(key as Key, { actual: actual || '∅', expected: seen.expected ?? '' })
}

/** The answer that a check refused, or ''. */
export function answered(json: string): string {
  try {
    const seen = JSON.parse(json) as { code?: string; actual?: string }
    return seen.code === 'wrong-answer' ? (seen.actual ?? '') : ''
  } catch {
    return ''
  }
}
