/** diff(1) of GNU diffutils: normal and unified; -q, -r, -i, -w, -b, -B, -N, -s. Omits: -c, -y, merging of hunks by heuristics. */
import { isErrno, strerror } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import { basename } from '../../linux/path.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { strftime } from '../calendar.ts'
import { gnuOptions, readWhole } from '../command.ts'
import type { Options } from '../options.ts'
import { editScript, type Edit } from './edit-script.ts'

const DEPTH_MAX = 32

const manual = {
  spec: {
    short: 'u::U:qrbBwiaNsc',
    long: {
      'unified=?': 'U', brief: 'q', recursive: 'r', 'ignore-space-change': 'b', 'ignore-all-space': 'w', 'ignore-blank-lines': 'B', 'ignore-case': 'i',
      'new-file': 'N', 'report-identical-files': 's', 'label=': 'label', 'color=?': 'color', normal: 'normal', text: 'a',
    },
  },
  usage: 'diff [OPTION]... FILES\nCompare FILES line by line.',
  version: 'diff (GNU diffutils) 3.8',
  wrongUsage: 2,
}

export const diff: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, manual)
    if (typeof options === 'number') return options
    if (options.operands.length < 2) {
      proc.error(`diff: missing operand after '${options.operands[0] ?? argv[0]}'\ndiff: Try 'diff --help' for more information.\n`)
      return 2
    }
    let [a, b] = options.operands
    const directories = [a, b].map((name) => name !== '-' && proc.fs.isDirectory(proc.path(name)))
    if (directories[0] && directories[1]) return yield* compareDirectories(proc, options, a, b, argv, 0)
    if (directories[0]) a = `${a.replace(/\/$/, '')}/${basename(b)}`
    if (directories[1]) b = `${b.replace(/\/$/, '')}/${basename(a)}`
    return yield* compareFiles(proc, options, a, b, '')
  },
}

function* compareFiles(proc: Process, options: Options, a: string, b: string, title: string): Generator<Wait, number, unknown> {
  const texts: string[] = []
  let failed = false
  for (const name of [a, b]) {
    const whole = yield* readWhole(proc, name)
    if (isErrno(whole)) {
      if (options.has('N') && whole === 'ENOENT') texts.push('')
      else {
        proc.error(`diff: ${name}: ${strerror(whole)}\n`)
        failed = true
      }
    } else texts.push(whole.text)
  }
  if (failed) return 2
  const [left, right] = texts.map(splitLines)
  const key = (line: string): string => {
    let text = line
    if (options.has('w')) text = text.replace(/\s+/g, '')
    else if (options.has('b')) text = text.replace(/\s+/g, ' ').replace(/ $/, '')
    return options.has('i') ? text.toLowerCase() : text
  }
  const edits = editScript(left.map(key), right.map(key))
  const hunks = edits.filter((edit) => !options.has('B') || [...left.slice(edit.a, edit.a + edit.deleted), ...right.slice(edit.b, edit.b + edit.inserted)].some((line) => line.trim() !== ''))
  if (hunks.length === 0) {
    if (options.has('s')) proc.print(`Files ${a} and ${b} are identical\n`)
    return 0
  }
  if (options.has('q')) {
    proc.print(`Files ${a} and ${b} differ\n`)
    return 1
  }
  proc.print(title)
  const unified = options.has('u', 'U')
  const context = unified ? Number(options.value('U') || options.value('u') || 3) : 0
  if (unified) {
    const labels = options.values('label')
    const head = (name: string, i: number): string => labels[i] ?? `${name}\t${stamp(proc, name)}`
    proc.print(`--- ${head(a, 0)}\n+++ ${head(b, 1)}\n${unifiedText(left, right, hunks, context)}`)
  } else proc.print(normalText(left, right, hunks))
  return (yield* proc.flush()) ? 1 : 141
}

/** Lines with a mark (a final NUL) where the last one has no newline. */
function splitLines(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  else lines[lines.length - 1] += '\0'
  return lines
}

function shown(mark: string, line: string): string {
  return line.endsWith('\0') ? `${mark}${line.slice(0, -1)}\n\\ No newline at end of file\n` : `${mark}${line}\n`
}

function stamp(proc: Process, name: string): string {
  const stat = name === '-' ? 'ENOENT' : proc.fs.stat(proc.path(name))
  const atMs = isErrno(stat) ? proc.world.epochMs + proc.world.clock.nowUs / 1000 : proc.world.epochMs + stat.mtimeUs / 1000
  return strftime('%Y-%m-%d %H:%M:%S.%N +0000', atMs)
}

function normalText(left: readonly string[], right: readonly string[], edits: readonly Edit[]): string {
  const range = (start: number, count: number): string => (count <= 1 ? String(count === 0 ? start : start + 1) : `${start + 1},${start + count}`)
  let text = ''
  for (const edit of edits) {
    const letter = edit.deleted === 0 ? 'a' : edit.inserted === 0 ? 'd' : 'c'
    text += `${range(edit.a, edit.deleted)}${letter}${range(edit.b, edit.inserted)}\n`
    text += left.slice(edit.a, edit.a + edit.deleted).map((line) => shown('< ', line)).join('')
    if (letter === 'c') text += '---\n'
    text += right.slice(edit.b, edit.b + edit.inserted).map((line) => shown('> ', line)).join('')
  }
  return text
}

function unifiedText(left: readonly string[], right: readonly string[], edits: readonly Edit[], context: number): string {
  let text = ''
  for (let i = 0; i < edits.length; ) {
    let last = i
    while (last + 1 < edits.length && edits[last + 1].a - (edits[last].a + edits[last].deleted) <= 2 * context) last += 1
    const startA = Math.max(edits[i].a - context, 0)
    const startB = edits[i].b - (edits[i].a - startA)
    const endA = Math.min(edits[last].a + edits[last].deleted + context, left.length)
    const endB = edits[last].b + edits[last].inserted + (endA - edits[last].a - edits[last].deleted)
    const range = (start: number, count: number): string => (count === 1 ? String(start + 1) : `${count === 0 ? start : start + 1},${count}`)
    text += `@@ -${range(startA, endA - startA)} +${range(startB, endB - startB)} @@\n`
    let at = startA
    for (let n = i; n <= last; n += 1) {
      const edit = edits[n]
      text += left.slice(at, edit.a).map((line) => shown(' ', line)).join('')
      text += left.slice(edit.a, edit.a + edit.deleted).map((line) => shown('-', line)).join('')
      text += right.slice(edit.b, edit.b + edit.inserted).map((line) => shown('+', line)).join('')
      at = edit.a + edit.deleted
    }
    text += left.slice(at, endA).map((line) => shown(' ', line)).join('')
    i = last + 1
  }
  return text
}

function* compareDirectories(proc: Process, options: Options, a: string, b: string, argv: readonly string[], depth: number): Generator<Wait, number, unknown> {
  const [left, right] = [a, b].map((name) => proc.fs.list(proc.path(name)))
  if (isErrno(left) || isErrno(right) || depth > DEPTH_MAX) return 2
  let exitCode = 0
  const flags = argv.slice(1).filter((word) => word.startsWith('-') && word !== '-').join(' ')
  for (const name of [...new Set([...left, ...right])].sort(byText)) {
    const [pathA, pathB] = [`${a.replace(/\/$/, '')}/${name}`, `${b.replace(/\/$/, '')}/${name}`]
    if ((!left.includes(name) || !right.includes(name)) && !options.has('N')) {
      proc.print(`Only in ${left.includes(name) ? a : b}: ${name}\n`)
      exitCode = Math.max(exitCode, 1)
      continue
    }
    const [inA, inB] = [proc.fs.isDirectory(proc.path(pathA)), proc.fs.isDirectory(proc.path(pathB))]
    let code = 0
    if (inA && inB) {
      if (options.has('r')) code = yield* compareDirectories(proc, options, pathA, pathB, argv, depth + 1)
      else proc.print(`Common subdirectories: ${pathA} and ${pathB}\n`)
    } else if (inA !== inB && left.includes(name) && right.includes(name)) {
      proc.print(`File ${pathA} is a ${inA ? 'directory' : 'regular file'} while file ${pathB} is a ${inB ? 'directory' : 'regular file'}\n`)
      code = 1
    } else code = yield* compareFiles(proc, options, pathA, pathB, `diff ${flags === '' ? '' : `${flags} `}${pathA} ${pathB}\n`)
    exitCode = Math.max(exitCode, code)
  }
  return exitCode
}
