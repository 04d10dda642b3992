/**
 * Fills the gaps of a catalogue's sentence: `{name}` is a field, `{count#packet|packets}` picks a form by the language's rule for
 * counting. Truth: the forms' rules are CLDR's for English, Chinese and Russian. Omits: number formatting.
 */
export type Language = 'en' | 'zh' | 'ru'
export type Params = Readonly<Record<string, string | number>>

const GAP = /\{(\w+)(?:#([^}]*))?\}/g

export function say(language: Language, sentence: string, params: Params = {}): string {
  return sentence.replace(GAP, (_, name: string, forms: string | undefined) => {
    const value = Object.hasOwn(params, name) ? params[name]! : ''
    if (forms === undefined) return String(value)
    const list = forms.split('|')
    return list[Math.min(formOf(language, Number(value)), list.length - 1)]!
  })
}

function formOf(language: Language, count: number): number {
  if (language === 'zh') return 0
  if (language === 'en') return count === 1 ? 0 : 1
  const tens = count % 100
  const ones = count % 10
  if (ones === 1 && tens !== 11) return 0
  return ones >= 2 && ones <= 4 && (tens < 12 || tens > 14) ? 1 : 2
}
