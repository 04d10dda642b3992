/**
 * less(1) and more(1): a page at a time on a terminal, cat elsewhere. Keys: space f b d u j k enter g G / n q and the arrows.
 * Omits: marks, options, horizontal scrolling, searching backwards.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Tty } from '../../linux/tty.ts'
import type { Wait } from '../../linux/wait.ts'
import { readWhole } from '../command.ts'

export const less: Executable = {
  *program(proc, argv) {
    const files = argv.slice(1).filter((word) => !/^[-+]./.test(word))
    if (files.length === 0 && proc.fds.get(0)?.tty) {
      proc.error(`Missing filename ("${argv[0]} --help" for help)\n`)
      return 1
    }
    let text = ''
    for (const file of files.length > 0 ? files : ['-']) {
      const whole = yield* readWhole(proc, file)
      if (isErrno(whole)) {
        proc.error(whole === 'EISDIR' ? `${file} is a directory\n` : `${file}: ${strerror(whole)}\n`)
        if (files.length === 1) return 1
      } else text += whole.text
    }
    const terminal = proc.fds.get(1)?.tty ?? null
    if (!terminal || !proc.tty) {
      proc.print(text)
      return (yield* proc.flush()) ? 0 : 141
    }
    return yield* page(proc, proc.tty, text, files[0] ?? '')
  },
}

function* page(proc: Process, tty: Tty, text: string, name: string): Generator<Wait, number, unknown> {
  const lines = text.replace(/\n$/, '').split('\n')
  const keyboard = tty.asFile()
  const raw = tty.raw
  tty.raw = true
  let top = 0
  let pattern = ''
  let message = name
  proc.print('\x1b[?1049h')
  try {
    for (;;) {
      const rows = Math.max(tty.rows - 1, 1)
      const bottom = Math.max(lines.length - rows, 0)
      top = Math.max(0, Math.min(top, bottom))
      const shown = lines.slice(top, top + rows).map((line) => line.slice(0, tty.columns))
      const prompt = message !== '' ? message : top >= bottom ? '(END)' : ':'
      proc.print(`\x1b[H\x1b[2J${shown.map((line) => `${line}\r\n`).join('')}${'~\r\n'.repeat(Math.max(rows - shown.length, 0))}\x1b[7m${prompt}\x1b[27m`)
      message = ''
      const key = yield* readKey(keyboard)
      if (key === null || key === 'q' || key === 'Q' || key === '\x03') return 0
      if (key === ' ' || key === 'f' || key === '\x1b[6~') top += rows
      else if (key === 'b' || key === '\x1b[5~') top -= rows
      else if (key === 'd' || key === '\x04') top += Math.floor(rows / 2)
      else if (key === 'u') top -= Math.floor(rows / 2)
      else if (key === 'j' || key === '\r' || key === '\n' || key === '\x1b[B' || key === '\x1bOB') top += 1
      else if (key === 'k' || key === 'y' || key === '\x1b[A' || key === '\x1bOA') top -= 1
      else if (key === 'g' || key === '\x1b[H') top = 0
      else if (key === 'G' || key === '\x1b[F') top = bottom
      else if (key === '/' || key === 'n') {
        if (key === '/') pattern = yield* readPattern(proc, keyboard)
        const found = lines.findIndex((line, i) => i > top && pattern !== '' && line.includes(pattern))
        if (found >= 0) top = found
        else message = 'Pattern not found'
      }
    }
  } finally {
    tty.raw = raw
    keyboard.close()
    proc.print('\x1b[?1049l')
  }
}

type Keyboard = ReturnType<Tty['asFile']>

/** One key; an escape sequence counts as one. */
function* readKey(keyboard: Keyboard): Generator<Wait, string | null, unknown> {
  for (;;) {
    const got = keyboard.read(64)
    if (got === null) return null
    if (got !== undefined && got !== '') {
      const key = /^\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/.exec(got)?.[0] ?? got[0]
      keyboard.unread(got.slice(key.length))
      return key
    }
    yield keyboard.readable.wait
  }
}

function* readPattern(proc: Process, keyboard: Keyboard): Generator<Wait, string, unknown> {
  let pattern = ''
  proc.print('\r\x1b[K/')
  for (;;) {
    const key = yield* readKey(keyboard)
    if (key === null || key === '\r' || key === '\n') return pattern
    if (key === '\x7f' || key === '\b') {
      pattern = pattern.slice(0, -1)
      proc.print(`\r\x1b[K/${pattern}`)
    } else if (key >= ' ') {
      pattern += key
      proc.print(key)
    }
  }
}
