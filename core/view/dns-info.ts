/**
 * Reads a DNS message far enough for the Info column and the display filter: header, questions, answers.
 *
 * Truth: RFC 1035 section 4 (format), 3596 (AAAA), 2782 (SRV).
 * Omits: authority and additional records, EDNS options.
 */
export interface DnsView {
  id: number
  response: boolean
  rcode: number
  questions: { name: string; type: string }[]
  answers: { name: string; type: string; data: string }[]
}

const TYPES = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [12, 'PTR'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV'],
])
const RCODES = ['No error', 'Format error', 'Server failure', 'No such name', 'Not implemented', 'Refused']
const RECORDS_MAX = 64
const LABELS_MAX = 128

export function readDns(payload: string): DnsView | null {
  if (payload.length < 12) return null
  const flags = word(payload, 2)
  const view: DnsView = { id: word(payload, 0), response: (flags & 0x8000) !== 0, rcode: flags & 15, questions: [], answers: [] }
  let offset = 12
  for (let index = 0; index < Math.min(word(payload, 4), RECORDS_MAX); index += 1) {
    const name = readName(payload, offset)
    if (name === null || name.next + 4 > payload.length) return null
    view.questions.push({ name: name.text, type: typeName(word(payload, name.next)) })
    offset = name.next + 4
  }
  for (let index = 0; index < Math.min(word(payload, 6), RECORDS_MAX); index += 1) {
    const name = readName(payload, offset)
    if (name === null || name.next + 10 > payload.length) return view
    const type = typeName(word(payload, name.next))
    const length = word(payload, name.next + 8)
    const start = name.next + 10
    view.answers.push({ name: name.text, type, data: recordData(payload, type, start, length) })
    offset = start + length
  }
  return view
}

export function dnsSummary(payload: string): string | null {
  const view = readDns(payload)
  if (view === null) return null
  const id = `0x${view.id.toString(16).padStart(4, '0')}`
  const question = view.questions.map((one) => `${one.type} ${one.name}`).join(' ')
  if (!view.response) return `Standard query ${id} ${question}`
  const error = view.rcode === 0 ? '' : ` ${RCODES[view.rcode] ?? `rcode ${view.rcode}`}`
  return [`Standard query response ${id}${error} ${question}`, ...view.answers.map((one) => `${one.type} ${one.data}`)].join(' ').trimEnd()
}

function recordData(payload: string, type: string, start: number, length: number): string {
  if (type === 'A' && length === 4) return [0, 1, 2, 3].map((index) => payload.charCodeAt(start + index)).join('.')
  if (type === 'AAAA' && length === 16) {
    return Array.from({ length: 8 }, (_, index) => word(payload, start + index * 2).toString(16))
      .join(':')
      .replace(/(^|:)0(:0)+(:|$)/, '::')
  }
  if (type === 'CNAME' || type === 'PTR' || type === 'NS') return readName(payload, start)?.text ?? ''
  if (type === 'SRV')
    return `${word(payload, start)} ${word(payload, start + 2)} ${word(payload, start + 4)} ${readName(payload, start + 6)?.text ?? ''}`
  return ''
}

function readName(payload: string, offset: number): { text: string; next: number } | null {
  const labels: string[] = []
  let at = offset
  let next = -1
  for (let count = 0; count < LABELS_MAX; count += 1) {
    if (at >= payload.length) return null
    const length = payload.charCodeAt(at)
    if (length === 0) return { text: labels.join('.') || '<Root>', next: next < 0 ? at + 1 : next }
    if (length >= 0xc0) {
      if (next < 0) next = at + 2
      at = word(payload, at) & 0x3fff
    } else {
      labels.push(payload.slice(at + 1, at + 1 + length))
      at += length + 1
    }
  }
  return null
}

function word(payload: string, offset: number): number {
  return (payload.charCodeAt(offset) << 8) | payload.charCodeAt(offset + 1)
}

function typeName(type: number): string {
  return TYPES.get(type) ?? `TYPE${type}`
}
