/** Who may import whom. Type imports count. Where the table says no, pass a handle upwards instead, or move the file to the room it belongs to. */
import { expect, test } from 'vitest'
import { importsOf, isTest, sourcesOf } from '../support/sources.ts'

/** Room → rooms that it may know. A room always knows itself. */
const MAY_KNOW: Record<string, readonly string[]> = {
  'core/base': [],
  'core/sim': ['core/base'],
  'core/net': ['core/base', 'core/sim'],
  'core/api': ['core/base', 'core/sim'],
  'core/linux': ['core/base', 'core/sim', 'core/net'],
  'core/shell': ['core/base', 'core/sim', 'core/net', 'core/linux'],
  'core/commands': ['core/base', 'core/sim', 'core/net', 'core/api', 'core/linux', 'core/shell'],
  'core/control': ['core/base', 'core/sim', 'core/api'],
  'core/node': ['core/base', 'core/sim', 'core/net', 'core/api', 'core/linux'],
  // The container runtime says what an image is; images are made to that shape.
  'core/images': ['core/base', 'core/sim', 'core/net', 'core/api', 'core/linux', 'core/shell', 'core/commands', 'core/node'],
  'core/cluster': ['core/base', 'core/sim', 'core/net', 'core/api', 'core/linux', 'core/shell', 'core/commands', 'core/control', 'core/images', 'core/node'],
  'core/lab': ['core/base', 'core/sim', 'core/api', 'core/commands', 'core/cluster'],
  'core/session': ['core/base', 'core/sim', 'core/net', 'core/api', 'core/linux', 'core/commands', 'core/cluster', 'core/lab'],
  // The view reads trace events; the schema and the YAML gate are data and grammar, not the world.
  'core/view': ['core/base', 'core/sim'],
  main: ['core/base', 'core/sim', 'core/cluster', 'core/lab', 'core/session', 'core/view', 'preload'],
  preload: ['core/base', 'core/sim'],
  renderer: ['core/base', 'core/sim', 'core/view', 'preload'],
}

/** Single files that a room may know beyond the table, with the reason. */
const EXCEPTIONS: Record<string, readonly { to: RegExp; because: string }[]> = {
  'core/view': [{ to: /^core\/api\/schema\//, because: 'the schema is data; manifest diagnostics read it' }],
  renderer: [{ to: /^core\/api\/schema\/.*\.json$/, because: 'the schema is an asset that the editor loads' }],
  'core/session': [{ to: /^core\/images\/cluster-handle\.ts$/, because: 'probes find a container by it' }],
}

/** Rooms whose folders are strangers to each other. */
const STRANGERS = ['core/commands', 'core/images', 'core/control']

/** Packages that a room may use, with the reason. Everything in core must be synchronous and deterministic. */
const PACKAGES: Record<string, Record<string, string>> = {
  'core/sim': { 'pure-rand': 'a seeded generator whose state can be kept' },
  'core/base': { yaml: 'a YAML parser with positions, limits and 1.1 scalars' },
  'core/api': { rfc6902: 'JSON Patch with an error per operation' },
}

const NOT_CORE = /^(main|preload|renderer|test)\//

function roomOf(path: string): string {
  const core = /^core\/[^/]+/.exec(path)
  return core ? core[0] : path.split('/')[0]
}

const files = sourcesOf('core', 'main', 'preload', 'renderer').filter((file) => !isTest(file.path))

test('every folder of core is a room that the table knows', () => {
  const unknown = [...new Set(files.map((file) => roomOf(file.path)))].filter((room) => !Object.hasOwn(MAY_KNOW, room))
  expect(unknown).toEqual([])
})

test('imports keep to the table', () => {
  const broken: string[] = []
  for (const file of files) {
    const room = roomOf(file.path)
    for (const { to, own } of importsOf(file)) {
      if (!own) continue
      const target = roomOf(to)
      if (target === room || MAY_KNOW[room].includes(target)) continue
      if (EXCEPTIONS[room]?.some((exception) => exception.to.test(to))) continue
      broken.push(`${file.path} imports ${to}: ${room} may not know ${target}; pass a handle upwards, or move the file`)
    }
  }
  expect(broken).toEqual([])
})

test('siblings are strangers', () => {
  const broken: string[] = []
  for (const file of files) {
    const room = STRANGERS.find((each) => file.path.startsWith(`${each}/`))
    const sibling = file.path.split('/')
    if (!room || sibling.length < 4) continue
    for (const { to, own } of importsOf(file)) {
      const other = to.split('/')
      if (own && to.startsWith(`${room}/`) && other.length > 3 && other[2] !== sibling[2]) {
        broken.push(`${file.path} imports ${to}: what two siblings share belongs into a file of ${room}/ itself`)
      }
    }
  }
  expect(broken).toEqual([])
})

test('core knows no package but those of the list, and no Node', () => {
  const broken: string[] = []
  for (const file of files) {
    if (NOT_CORE.test(file.path)) continue
    for (const { to, own } of importsOf(file)) {
      const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : to.split('/')[0]
      if (!own && !Object.hasOwn(PACKAGES[roomOf(file.path)] ?? {}, name)) broken.push(`${file.path} imports ${to}`)
    }
  }
  expect(broken).toEqual([])
})

test("only Electron's entry and the preload script import electron", () => {
  const broken = files.flatMap((file) => importsOf(file).filter(({ to }) => to === 'electron' && !/import type/.test(file.text.slice(0, file.text.indexOf("'electron'")).split('\n').at(-1) ?? '')).map(() => file.path))
  expect(broken.sort()).toEqual(['main/index.ts', 'preload/index.ts'])
})
