/**
 * Text of `kubectl describe` while it grows: lines at indent levels whose cells are aligned in the end, and the blocks that many kinds
 * share. Truth: k8s.io/kubectl/pkg/describe/describe.go (PrefixWriter, print…Multiline, DescribeEvents).
 */
import { humanDuration, parseTime, formatTime, calendar } from '../../../api/meta/timestamp.ts'
import { formatSelector, selectorFromObject } from '../../../api/meta/labels.ts'
import type { LabelSelector, Toleration } from '../../../api/types/index.ts'
import { byText } from '../../../base/text-order.ts'
import { eventAge, type EventObject, lastSeenMs } from '../commands/events.ts'
import { DESCRIBE_STYLE, tabbed } from '../print/tab-writer.ts'

type Pairs = Readonly<Record<string, string>> | undefined

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const annotationLengthMax = 140

export class Description {
  #text = ''

  /** One or more whole lines; `\t` separates cells. The indent belongs to the first line. */
  line(level: number, text: string): void {
    this.#text += `${'  '.repeat(level)}${text}\n`
  }

  /** Without aligned cells: where upstream writes tabs as they are. */
  rawText(): string {
    return this.#text
  }

  text(): string {
    return tabbed(this.#text, DESCRIBE_STYLE)
  }

  labels(title: string, labels: Pairs): void {
    this.#multiline(
      title,
      Object.keys(labels ?? {})
        .sort(byText)
        .map((key) => `${key}=${(labels as Record<string, string>)[key]}`),
    )
  }

  annotations(title: string, annotations: Pairs): void {
    const lines: string[] = []
    for (const key of Object.keys(annotations ?? {})
      .filter((each) => each !== LAST_APPLIED)
      .sort(byText)) {
      const value = (annotations as Record<string, string>)[key].replace(/\n$/, '')
      if (value.length + key.length + 2 <= annotationLengthMax && !value.includes('\n')) lines.push(`${key}: ${value}`)
      else lines.push(`${key}:`, ...value.split('\n').map((part) => `  ${shorten(part, annotationLengthMax - 2)}`))
    }
    this.#multiline(title, lines)
  }

  tolerations(title: string, tolerations: readonly Toleration[] | undefined): void {
    this.#multiline(
      title,
      [...(tolerations ?? [])]
        .sort((a, b) => byText(a.key ?? '', b.key ?? ''))
        .map((each) => {
          const named = (each.key ?? '') !== '' || (each.effect ?? '') !== ''
          const exists = each.operator === 'Exists' && !each.value ? (named ? ' op=Exists' : 'op=Exists') : ''
          return `${each.key ?? ''}${each.value ? `=${each.value}` : ''}${each.effect ? `:${each.effect}` : ''}${exists}${each.tolerationSeconds !== undefined ? ` for ${each.tolerationSeconds}s` : ''}`
        }),
    )
  }

  #multiline(title: string, lines: readonly string[]): void {
    if (lines.length === 0) this.line(0, `${title}:\t<none>`)
    else lines.forEach((text, i) => this.line(0, i === 0 ? `${title}:\t${text}` : `\t${text}`))
  }

  /** Null: the server was not asked. */
  events(events: readonly EventObject[] | null, nowMs: number): void {
    if (events === null) return
    if (events.length === 0) {
      this.line(0, 'Events:\t<none>')
      return
    }
    // What stands above keeps its own columns.
    this.#text = tabbed(this.#text, DESCRIBE_STYLE)
    this.line(0, 'Events:')
    this.line(1, 'Type\tReason\tAge\tFrom\tMessage')
    this.line(1, '----\t------\t----\t----\t-------')
    for (const event of [...events].sort((a, b) => lastSeenMs(a) - lastSeenMs(b))) {
      this.line(
        1,
        `${event.type ?? ''}\t${event.reason ?? ''}\t${eventAge(event, nowMs)}\t${event.source?.component || (event.reportingComponent ?? '')}\t${(event.message ?? '').trim()}`,
      )
    }
  }

  conditions(conditions: readonly { type: string; status: string; reason?: string }[] | undefined): void {
    if (!conditions || conditions.length === 0) return
    this.line(0, 'Conditions:')
    this.line(1, 'Type\tStatus\tReason')
    this.line(1, '----\t------\t------')
    for (const each of conditions) this.line(1, `${each.type} \t${each.status}\t${each.reason ?? ''}`)
  }
}

function shorten(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}...` : text
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** RFC 1123 with a numeric zone: `Thu, 01 Jan 2026 00:00:00 +0000`. Go's zero time when there is none. */
export function longTime(text: string | null | undefined): string {
  const ms = parseTime(text)
  if (ms === undefined) return 'Mon, 01 Jan 0001 00:00:00 +0000'
  const { year, month, day, weekday } = calendar(ms)
  return `${DAYS[weekday]}, ${String(day).padStart(2, '0')} ${MONTHS[month - 1]} ${year} ${formatTime(ms).slice(11, 19)} +0000`
}

export function since(text: string | null | undefined, nowMs: number): string {
  const ms = parseTime(text)
  return ms === undefined ? '<unknown>' : humanDuration(nowMs - ms)
}

/** `a=b,c=d` of a map, `<none>` when empty: labels.FormatLabels. */
export function pairsText(pairs: Pairs): string {
  const keys = Object.keys(pairs ?? {}).sort(byText)
  return keys.length === 0 ? '<none>' : keys.map((key) => `${key}=${(pairs as Record<string, string>)[key]}`).join(',')
}

/** metav1.FormatLabelSelector. */
export function selectorText(selector: LabelSelector | undefined): string {
  const text = formatSelector(selectorFromObject(selector ?? {}))
  return text === '' ? '<none>' : text
}

export function boolText(value: boolean | undefined): string {
  return value === undefined ? '<unset>' : value ? 'True' : 'False'
}
