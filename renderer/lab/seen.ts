import { t } from '../i18n/i18n.svelte.ts'
import { CATALOGUE, type Key } from '../i18n/catalogue.ts'

/** Words what a check saw: a code with what was there and what was expected. */
export function saySeen(json: string): string {
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
  return t(key as Key, { actual: seen.actual || '∅', expected: seen.expected ?? '' })
}
