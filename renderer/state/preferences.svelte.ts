import type { Preferences } from '../../preload/contract.ts'
import { i18n } from '../i18n/i18n.svelte.ts'
import { connection } from './connection.svelte.ts'

const SAVE_AFTER_MS = 400

/** Theme, language and the sizes of panels: kept by the host, so that every window has the same. */
class PreferencesState {
  theme = $state<Preferences['theme']>('system')
  language = $state<Preferences['language']>('system')
  layout = $state<Record<string, unknown>>({})
  #systemDark = $state(true)
  #timer: ReturnType<typeof setTimeout> | undefined

  readonly dark = $derived(this.theme === 'dark' || (this.theme === 'system' && this.#systemDark))

  load(preferences: Preferences): void {
    this.theme = preferences.theme
    this.language = preferences.language
    this.layout = preferences.layout
    const query = matchMedia('(prefers-color-scheme: dark)')
    this.#systemDark = query.matches
    query.addEventListener('change', (change) => {
      this.#systemDark = change.matches
    })
    i18n.choose(this.language)
  }

  setTheme(theme: Preferences['theme']): void {
    this.theme = theme
    void connection.api.setPreferences({ theme })
  }

  setLanguage(language: Preferences['language']): void {
    this.language = language
    i18n.choose(language)
    void connection.api.setPreferences({ language })
  }

  size(name: string, fallback: number): number {
    const value = this.layout[name]
    return typeof value === 'number' ? value : fallback
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.layout[name]
    return typeof value === 'boolean' ? value : fallback
  }

  keep(name: string, value: unknown): void {
    if (this.layout[name] === value) return
    this.layout[name] = value
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => void connection.api.setPreferences({ layout: $state.snapshot(this.layout) }).catch(() => {}),
      SAVE_AFTER_MS,
    )
  }
}

export const preferences = new PreferencesState()
