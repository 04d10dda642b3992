import type { LabSummary } from '../../preload/contract.ts'
import { t, tt } from '../i18n/i18n.svelte.ts'

/** A session's name in the reader's language: the host names sessions in English, people name them as they like. */
export function sessionTitle(saved: { title: string; lab: string }, labs: readonly LabSummary[]): string {
  const lab = labs.find((one) => one.id === saved.lab)
  if (lab !== undefined && (saved.title === '' || saved.title.startsWith(lab.title.en)))
    return tt(lab.title) + saved.title.slice(lab.title.en.length)
  const empty = /^(\d+) workers · (.*)$/.exec(saved.title)
  if (empty !== null) return t('start.recent.workers', { count: Number(empty[1]), cni: empty[2]! })
  return saved.title || t('start.recent.empty')
}
