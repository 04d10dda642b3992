import type { Text } from '../../preload/contract.ts'
import { say, type Language, type Params } from '../../core/view/words/say.ts'
import { CATALOGUE, type Key } from './catalogue.ts'

/** The language that the page speaks now. */
class I18n {
  language = $state<Language>('en')

  choose(wish: Language | 'system'): void {
    this.language = wish === 'system' ? systemLanguage() : wish
    document.documentElement.lang = this.language
  }
}

function systemLanguage(): Language {
  const tag = navigator.language.slice(0, 2).toLowerCase()
  return tag === 'zh' || tag === 'ru' ? tag : 'en'
}

export const i18n = new I18n()

/** A string of the catalogue in the reader's language; a language without it falls back to English. */
export function t(key: Key, params?: Params): string {
  const [en, zh, ru] = CATALOGUE[key] as readonly [string, string, string?]
  const { language } = i18n
  const sentence = language === 'zh' ? zh : language === 'ru' ? (ru ?? en) : en
  return say(ru === undefined && language === 'ru' ? 'en' : language, sentence, params)
}

/** A text of a lab in the reader's language. */
export function tt(text: Text): string {
  return text[i18n.language] ?? text.en
}
