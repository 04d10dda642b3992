/** What the host accepts from a page: a schema per method's arguments. Anything else is refused before it is looked at. */
import * as v from 'valibot'
import type { HostApi } from './contract.ts'

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(200))
const name = v.pipe(v.string(), v.maxLength(300))
const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const size = v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(2000))
const path = v.pipe(v.string(), v.startsWith('/'), v.maxLength(1024))
/** As much as a person can paste; more is refused with a message. */
const text = v.pipe(v.string(), v.maxLength(4 << 20))

export const inputSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('tty.open'), tty: id, machine: name, pod: name, columns: size, rows: size }),
  v.strictObject({ kind: v.literal('tty.data'), tty: id, data: text }),
  v.strictObject({ kind: v.literal('tty.resize'), tty: id, columns: size, rows: size }),
  v.strictObject({ kind: v.literal('tty.close'), tty: id }),
  v.strictObject({ kind: v.literal('file.write'), machine: name, path, content: text }),
  v.strictObject({ kind: v.literal('file.rename'), machine: name, from: path, to: path }),
  v.strictObject({ kind: v.literal('file.remove'), machine: name, path }),
  v.strictObject({ kind: v.literal('exec'), exec: id, machine: name, line: text }),
  v.strictObject({ kind: v.literal('link.set'), machine: name, link: name, up: v.boolean() }),
  v.strictObject({ kind: v.literal('lab.hint'), step: id }),
  v.strictObject({ kind: v.literal('lab.goto'), step: id }),
  v.strictObject({ kind: v.literal('lab.answer'), step: id, check: id, answer: name }),
  v.strictObject({ kind: v.literal('note'), text: name }),
])

const targetSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('lab'), lab: id }),
  v.strictObject({
    kind: v.literal('empty'),
    workers: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(20)),
    cni: v.picklist(['host-gw', 'bridge', 'vxlan']),
    proxyMode: v.literal('iptables'),
    seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)),
  }),
  v.strictObject({ kind: v.literal('session'), session: id }),
])

const preferencesSchema = v.strictObject({
  theme: v.optional(v.picklist(['system', 'light', 'dark'])),
  language: v.optional(v.picklist(['system', 'en', 'zh', 'ru'])),
  layout: v.optional(v.pipe(v.record(v.string(), v.unknown()), v.check((layout) => JSON.stringify(layout).length <= 100_000, 'the layout is too large'))),
})

export const ARGUMENTS: { [K in keyof HostApi]: v.GenericSchema<unknown, unknown> } = {
  hello: v.strictTuple([]),
  listLabs: v.strictTuple([]),
  listSessions: v.strictTuple([]),
  openSession: v.strictTuple([targetSchema]),
  closeSession: v.strictTuple([]),
  renameSession: v.strictTuple([id, name]),
  deleteSession: v.strictTuple([id]),
  exportSession: v.strictTuple([id]),
  submit: v.strictTuple([inputSchema]),
  play: v.strictTuple([v.pipe(v.number(), v.minValue(0.0001), v.maxValue(1000))]),
  pause: v.strictTuple([]),
  step: v.strictTuple([v.picklist(['packet', 'control', 'drop', 'event'])]),
  seek: v.strictTuple([time]),
  stepBack: v.strictTuple([]),
  present: v.strictTuple([]),
  takeOver: v.strictTuple([]),
  replaySession: v.strictTuple([id]),
  rules: v.strictTuple([time]),
  setPreferences: v.strictTuple([preferencesSchema]),
}
