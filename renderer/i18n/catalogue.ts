import { LAB_WORDS } from './lab-words.ts'
import { PANEL_WORDS } from './panel-words.ts'
import { SHELL_WORDS } from './shell-words.ts'

/** English, Chinese, and Russian where it exists: a string without Russian shows in English. */
export type Entry = readonly [en: string, zh: string, ru?: string]

export const CATALOGUE = { ...SHELL_WORDS, ...LAB_WORDS, ...PANEL_WORDS } as const satisfies Record<string, Entry>

export type Key = keyof typeof CATALOGUE
